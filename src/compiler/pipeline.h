/** @file pipeline.h
 *  @brief LLVM passes and machine code: fixed, tested pipelines (a wrong one ends the process). */
#ifndef UDE_COMPILER_PIPELINE_H
#define UDE_COMPILER_PIPELINE_H

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

#include <ude/base.h>

/** The machine that we compile for: this one. Owned by the caller (LLVMDisposeTargetMachine). */
ude_status ude_pipeline_target(LLVMTargetMachineRef *machine, ude_error *error);
/** The machine that an object is for: `processor` NULL: any of this architecture, "native": this one, or a level of x86-64.
 *  UDE_INVALID_ARGUMENT for anything else: LLVM would print a complaint. */
ude_status ude_pipeline_processor(const char *processor, LLVMTargetMachineRef *machine,
                                  ude_error *error);
/** Text that changes whenever other code would be made: LLVM version, processor, features. Append to `text`. */
void ude_pipeline_describe(ude_text *text);

/** Make everything internal but the flat maps ("ude.*") and, if `data`, u0, p0 and tspan; forget attributes that keep functions apart. */
void ude_pipeline_internalize(LLVMModuleRef module, bool data);
/** Canonical form for the transforms: O2 without vectorisation and partial unrolling, short loops unrolled fully. */
ude_status ude_pipeline_canonical(LLVMModuleRef module, LLVMTargetMachineRef machine,
                                  ude_error *error);
/** Make everything that is defined internal. */
void ude_pipeline_hide(LLVMModuleRef module);
/** O3 and machine code. */
ude_status ude_pipeline_object(LLVMModuleRef module, LLVMTargetMachineRef machine,
                               LLVMMemoryBufferRef *object, ude_error *error);

/** Machine code of a part of a module. */
typedef struct ude_part {
  LLVMMemoryBufferRef bitcode; /**< of the whole module, borrowed */
  const char         *prefix;  /**< functions whose names start with it are the part */
  bool                data;    /**< and u0, p0, tspan */
  ude_text           *object;  /**< appended to */
  ude_status          status;
  ude_error           error;
} ude_part;

/** Make the parts side by side, in the order given where there are more of them than processors. */
ude_status ude_pipeline_parts(ude_part *parts, size_t count, ude_error *error);

#endif
