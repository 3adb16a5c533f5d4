/**
 * @file library_rules.h
 * @brief Rules that ude brings along for libraries: added to a model that calls them.
 */
#ifndef UDE_COMPILER_LIBRARY_RULES_H
#define UDE_COMPILER_LIBRARY_RULES_H

#include <llvm-c/Core.h>

#include <ude/compiler.h>

#include "compiler/driver.h"

enum { UDE_RULE_FILES = 3 };

/** Link the rules of BLAS and LAPACK (ude/rules/blas.h), and the bodies of complex functions (ude/rules/complex.h) and of qsort (ude/rules/sort.h), for what
 *  the module calls of them, and for what those call; nothing if it calls none. Calls of sinl become calls of sin (long_double.h). Rules of the model come first.
 *  `outputs` gets what clang said of the files that were read (dependencies), each to be released by ude_clang_output_free. UDE_COMPILE, UDE_IO,
 *  UDE_OUT_OF_MEMORY. */
ude_status ude_library_rules_link(LLVMModuleRef module, const ude_compile_options *options,
                                  ude_clang_output outputs[UDE_RULE_FILES], ude_error *error);

#endif
