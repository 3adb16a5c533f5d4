/**
 * @file libclang.h
 * @brief libclang's functions that we use, found at run time.
 *
 * Loading libclang takes longer than compiling a small model, and only `discover` needs it.
 */
#ifndef UDE_COMPILER_LIBCLANG_H
#define UDE_COMPILER_LIBCLANG_H

#include <clang-c/Index.h>

#include <ude/compiler.h>

/* clang-format off */
#define UDE_LIBCLANG_MAP(X)                                                           \
  X(createIndex) X(disposeIndex) X(parseTranslationUnit) X(disposeTranslationUnit)    \
  X(getTranslationUnitCursor) X(visitChildren) X(getCursorKind) X(getCursorSpelling)  \
  X(getCString) X(disposeString) X(getCursorType) X(getArraySize) X(getFileName)      \
  X(getExpansionLocation) X(getCursorLocation) X(getCursorReferenced) X(getCursorUSR) \
  X(getCursorSemanticParent) X(isCursorDefinition) X(getNumDiagnostics)               \
  X(getDiagnostic) X(getDiagnosticSeverity) X(formatDiagnostic) X(disposeDiagnostic)  \
  X(defaultDiagnosticDisplayOptions) X(Cursor_getNumArguments) X(Cursor_getArgument)  \
  X(Cursor_getStorageClass) X(Location_isInSystemHeader)
/* clang-format on */

typedef struct ude_libclang {
#define UDE_LIBCLANG_FIELD(name) \
  __typeof__(&clang_##name) name; /* NOLINT(bugprone-macro-parentheses) */
  UDE_LIBCLANG_MAP(UDE_LIBCLANG_FIELD)
#undef UDE_LIBCLANG_FIELD
} ude_libclang;

/** The functions, or NULL with an error. Loaded once, kept to the end of the program. */
const ude_libclang *ude_libclang_get(ude_error *error);
/** Parse one file with the options' flags; NULL with an error. */
CXTranslationUnit ude_libclang_parse(const ude_libclang *clang, CXIndex index, const char *file,
                                     const ude_compile_options *options, ude_error *error);
/** Does `text`, as the content of `file`, compile? UDE_COMPILE with the first error. */
ude_status ude_libclang_check(const ude_libclang *clang, const char *file, const ude_text *text,
                              const ude_compile_options *options, ude_error *error);
/** Does the cursor's name equal `name`? */
bool ude_libclang_named(const ude_libclang *clang, CXCursor cursor, const char *name);

#endif
