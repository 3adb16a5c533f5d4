/**
 * @file coerce.h
 * @brief Structs that the calling convention packs into integer registers travel in memory instead, so that optimisation
 *        and transforms see their members.
 */
#ifndef UDE_COMPILER_COERCE_H
#define UDE_COMPILER_COERCE_H

#include <llvm-c/Core.h>

/** Rewrite functions of the module, in code as clang writes it, and direct calls of them. Functions that pointers point
 *  to keep a form with the old signature. */
void ude_coerce_structs(LLVMModuleRef module);

#endif
