/* libclang at run time. */
#include "compiler/libclang.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/driver.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static ude_libclang   functions;
static bool           found;

static bool find(void *library, const char *name, void *to) {
  void *address = dlsym(library, name);
  memcpy(to, &address, sizeof address);
  return address != NULL;
}

static void load(void) {
  void *library = UDE_LIBCLANG[0] ? dlopen(UDE_LIBCLANG, RTLD_NOW | RTLD_LOCAL) : NULL;
  if (!library) {
    return;
  }
  found = true;
#define UDE_LIBCLANG_FIND(name) found = find(library, "clang_" #name, &functions.name) && found;
  UDE_LIBCLANG_MAP(UDE_LIBCLANG_FIND)
#undef UDE_LIBCLANG_FIND
}

const ude_libclang *ude_libclang_get(ude_error *error) {
  pthread_once(&once, load);
  if (!found) {
    ude_fail(error, UDE_UNSUPPORTED,
             "libclang ('%s') cannot be loaded: install libclang of the version "
             "of clang",
             UDE_LIBCLANG);
    return NULL;
  }
  return &functions;
}

static CXTranslationUnit parse(const ude_libclang *clang, CXIndex index, const char *file,
                               struct CXUnsavedFile *content, const ude_compile_options *options,
                               ude_error *error) {
  char         buffer[4096];
  const char  *include = ude_include_dir(options, buffer, sizeof buffer);
  size_t       n       = 0;
  const char **list    = ude_clang_arguments(options, include, 4, &n);
  if (!list) {
    ude_fail_memory(error, "the arguments of clang");
    return NULL;
  }
  list[n++]              = "-resource-dir";
  list[n++]              = UDE_CLANG_RESOURCES;
  CXTranslationUnit unit = clang->parseTranslationUnit(index, file, list, (int)n, content,
                                                       content ? 1 : 0, CXTranslationUnit_None);
  free(list);
  if (!unit) {
    ude_fail(error, UDE_COMPILE, "%s: libclang cannot parse it", file);
  }
  return unit;
}

CXTranslationUnit ude_libclang_parse(const ude_libclang *clang, CXIndex index, const char *file,
                                     const ude_compile_options *options, ude_error *error) {
  return parse(clang, index, file, NULL, options, error);
}

ude_status ude_libclang_check(const ude_libclang *clang, const char *file, const ude_text *text,
                              const ude_compile_options *options, ude_error *error) {
  struct CXUnsavedFile content = {file, text->data, (unsigned long)text->length};
  CXIndex              index   = clang->createIndex(0, 0);
  CXTranslationUnit    unit    = parse(clang, index, file, &content, options, error);
  ude_status           status  = unit ? UDE_OK : error->status;
  unsigned             count   = unit ? clang->getNumDiagnostics(unit) : 0;
  for (unsigned i = 0; i < count && status == UDE_OK; i++) {
    CXDiagnostic diagnostic = clang->getDiagnostic(unit, i);
    if (clang->getDiagnosticSeverity(diagnostic) >= CXDiagnostic_Error) {
      CXString said = clang->formatDiagnostic(diagnostic, clang->defaultDiagnosticDisplayOptions());
      status        = ude_fail(error, UDE_COMPILE, "the rewritten model does not compile: %s",
                               clang->getCString(said));
      clang->disposeString(said);
    }
    clang->disposeDiagnostic(diagnostic);
  }
  if (unit) {
    clang->disposeTranslationUnit(unit);
  }
  clang->disposeIndex(index);
  return status;
}

bool ude_libclang_named(const ude_libclang *clang, CXCursor cursor, const char *name) {
  CXString    spelling = clang->getCursorSpelling(cursor);
  const char *text     = clang->getCString(spelling);
  bool        same     = text && strcmp(text, name) == 0;
  clang->disposeString(spelling);
  return same;
}
