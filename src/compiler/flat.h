/**
 * @file flat.h
 * @brief Flat maps: the functions of a model as `void f(double *y, const double *u, const double *p, double t)`.
 */
#ifndef UDE_COMPILER_FLAT_H
#define UDE_COMPILER_FLAT_H

#include "compiler/reflection.h"

enum { UDE_FLAT_NAME = 300 };

/** Names in the object: "ude.value.rhs", "ude.jvp.rhs", "ude.wide.rhs", "ude.vjp.rhs"; learned functions as
 *  "learned.NAME". */
char *ude_flat_name(char buffer[UDE_FLAT_NAME], const char *kind, const char *map);

/** Emit the flat map of a contract function into the module; NULL on failure. `constants`: "name=value" for
 *  integer members of struct param. */
LLVMValueRef ude_flat_emit(LLVMModuleRef module, const ude_reflection *reflection, int map,
                           const ude_compile_options *options, ude_error *error);
/** "ude.value.draw": y is the sample, u points to the random numbers (ude_rng), p and t are not used. */
LLVMValueRef ude_flat_emit_draw(LLVMModuleRef module, const ude_reflection *reflection,
                                const ude_compile_options *options);
/** The same of a learned function: u are its inputs, t is not used. */
LLVMValueRef ude_flat_emit_learned(LLVMModuleRef module, const ude_reflection *reflection,
                                   const ude_learned_shape   *learned,
                                   const ude_compile_options *options, ude_error *error);
/** Make every call of learned function `index` report its inputs and outputs to ude_runtime_record. */
ude_status ude_flat_probe(LLVMModuleRef module, const ude_learned_shape *learned, int64_t index,
                          ude_error *error);
/** Are the constants names of integer members of struct param, and integers? */
ude_status ude_flat_check_constants(const ude_reflection      *reflection,
                                    const ude_compile_options *options, ude_error *error);

/** Place in struct param of the integer that "name=value" or "name[i]=value" sets, and its size, in bytes; -1: none. */
int64_t ude_flat_constant(const ude_struct_shape *shape, const char *text, int64_t *size);

#endif
