/** @file specialise.h
 *  @brief Steps of methods with the model in them (src/solve/kernel.h). */
#ifndef UDE_COMPILER_SPECIALISE_H
#define UDE_COMPILER_SPECIALISE_H

#include <llvm-c/TargetMachine.h>

#include "compiler/reflection.h"

/** The method's own (static) name if there is a kernel for it, else NULL. */
const char *ude_specialise_name(const char *method);

/** From a canonical module of flat maps: *made is a module with "ude.kernel.METHOD" for each of options->specialise that there is a
 *  form for; NULL if there is none. */
ude_status ude_specialise(LLVMModuleRef module, LLVMTargetMachineRef machine,
                          const ude_reflection *reflection, const ude_compile_options *options,
                          LLVMModuleRef *made, ude_error *error);

/** Link the bitcode of a method's kernel into the module, for `states`; the function's name there is "ude_kernel_march". */
ude_status ude_specialise_link(LLVMModuleRef module, const char *method, int64_t states,
                               ude_error *error);

#endif
