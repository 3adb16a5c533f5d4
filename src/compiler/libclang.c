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
  found = find(library, "clang_Cursor_getNumArguments", &functions.Cursor_getNumArguments) && found;
  found = find(library, "clang_Cursor_getArgument", &functions.Cursor_getArgument) && found;
}

const ude_libclang *ude_libclang_get(ude_error *error) {
  pthread_once(&once, load);
  if (!found) {
    ude_fail(error, UDE_UNSUPPORTED, "libclang ('%s') cannot be loaded: install libclang of the version "
                                     "of clang", UDE_LIBCLANG);
    return NULL;
  }
  return &functions;
}

CXTranslationUnit ude_libclang_parse(const ude_libclang *clang, CXIndex index, const char *file,
                                     const ude_compile_options *options, ude_error *error) {
  char         buffer[4096];
  const char  *include = ude_include_dir(options, buffer, sizeof buffer);
  size_t       n       = 0;
  const char **list    = ude_clang_arguments(options, include, 4, &n);
  if (!list) {
    ude_fail_memory(error, "the arguments of clang");
    return NULL;
  }
  list[n++] = "-resource-dir";
  list[n++] = UDE_CLANG_RESOURCES;
  CXTranslationUnit unit =
      clang->parseTranslationUnit(index, file, list, (int)n, NULL, 0, CXTranslationUnit_None);
  free(list);
  if (!unit) {
    ude_fail(error, UDE_COMPILE, "%s: libclang cannot parse it", file);
  }
  return unit;
}

bool ude_libclang_named(const ude_libclang *clang, CXCursor cursor, const char *name) {
  CXString    spelling = clang->getCursorSpelling(cursor);
  const char *text     = clang->getCString(spelling);
  bool        same     = text && strcmp(text, name) == 0;
  clang->disposeString(spelling);
  return same;
}
