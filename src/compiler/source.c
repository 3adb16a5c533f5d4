/* Array extents of learned functions' arguments. */
#include "compiler/source.h"

#include "compiler/libclang.h"

typedef struct search {
  const ude_libclang *clang;
  ude_reflection     *reflection;
} search;

static enum CXChildVisitResult visit(CXCursor cursor, CXCursor parent, CXClientData context) {
  const search *in = context;
  (void)parent;
  if (in->clang->getCursorKind(cursor) != CXCursor_FunctionDecl ||
      !in->clang->isCursorDefinition(cursor)) {
    return CXChildVisit_Continue;
  }
  for (int64_t i = 0; i < in->reflection->learned_count; i++) {
    ude_learned_shape *learned = &in->reflection->learned[i];
    if (ude_libclang_named(in->clang, cursor, learned->name)) {
      for (int j = 0; j < learned->arguments; j++) {
        CXType type = in->clang->getCursorType(in->clang->Cursor_getArgument(cursor, (unsigned)j));
        ude_learned_argument *argument = &learned->argument[j];
        if (argument->kind == UDE_ARGUMENT_INPUT || argument->kind == UDE_ARGUMENT_OUTPUT) {
          argument->count = in->clang->getArraySize(type);
        }
      }
    }
  }
  return CXChildVisit_Continue;
}

static ude_status count(ude_learned_shape *learned, ude_error *error) {
  learned->rows    = learned->returns ? 1 : 0;
  learned->columns = 0;
  for (int j = 0; j < learned->arguments; j++) {
    const ude_learned_argument *argument = &learned->argument[j];
    if (argument->kind == UDE_ARGUMENT_PARAM) {
      continue;
    }
    if (argument->count < 1) {
      return ude_fail(
          error, UDE_COMPILE,
          "learned function '%s': argument '%s' must be an array of known length, such as "
          "'%sdouble %s[2]'",
          learned->name, argument->name, argument->kind == UDE_ARGUMENT_INPUT ? "const " : "",
          argument->name);
    }
    if (argument->kind == UDE_ARGUMENT_OUTPUT) {
      learned->rows += argument->count;
    } else {
      learned->columns += argument->count;
    }
  }
  if (learned->rows == 0) {
    return ude_fail(error, UDE_COMPILE,
                    "learned function '%s' has no output: return a double or take 'double out[N]'",
                    learned->name);
  }
  return UDE_OK;
}

ude_status ude_source_extents(const char *const *files, size_t file_count,
                              const ude_compile_options *options, ude_reflection *reflection,
                              ude_error *error) {
  if (reflection->learned_count == 0) {
    return UDE_OK;
  }
  const ude_libclang *clang = ude_libclang_get(error);
  if (!clang) {
    return UDE_UNSUPPORTED;
  }
  CXIndex    index  = clang->createIndex(0, 0);
  ude_status status = UDE_OK;
  search     in     = {clang, reflection};
  for (size_t i = 0; i < file_count && status == UDE_OK; i++) {
    CXTranslationUnit unit = ude_libclang_parse(clang, index, files[i], options, error);
    status                 = unit ? UDE_OK : error->status;
    if (unit) {
      clang->visitChildren(clang->getTranslationUnitCursor(unit), visit, &in);
      clang->disposeTranslationUnit(unit);
    }
  }
  clang->disposeIndex(index);
  for (int64_t i = 0; i < reflection->learned_count && status == UDE_OK; i++) {
    status = count(&reflection->learned[i], error);
  }
  return status;
}
