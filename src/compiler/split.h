/** @file split.h
 *  @brief Long stretches of straight-line code in pieces, so that the time for machine code is linear in their length. */
#ifndef UDE_COMPILER_SPLIT_H
#define UDE_COMPILER_SPLIT_H

#include <llvm-c/Core.h>

/** Split the blocks of functions with a pointer parameter; to be followed by nothing but the code generator. */
void ude_split_blocks(LLVMModuleRef module);

#endif
