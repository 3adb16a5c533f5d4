/**
 * @file long_double.h
 * @brief long double in models: the same as double, which C allows.
 *
 * Where clang can make them one type (UDE_LONG_DOUBLE_FLAG), numbers of the two are differentiated alike. What is left is
 * that the C library's functions of long double (sinl) take another type: those of double are called instead.
 */
#ifndef UDE_COMPILER_LONG_DOUBLE_H
#define UDE_COMPILER_LONG_DOUBLE_H

#include <llvm-c/Core.h>
#include <ude/base.h>

#if defined(__x86_64__)
#define UDE_LONG_DOUBLE_FLAG "-mlong-double-64"
#else
#define UDE_LONG_DOUBLE_FLAG "-fno-common" /* the default: nothing */
#endif

/** Calls of sinl and its like become calls of sin. UDE_COMPILE: one that has no such form (strtold). */
ude_status ude_long_double_calls(LLVMModuleRef module, ude_error *error);

#endif
