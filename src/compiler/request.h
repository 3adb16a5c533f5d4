/**
 * @file request.h
 * @brief Calls of derivatives from inside model code: ude_jvp, ude_vjp, ude_gradient of ude/model.h.
 *
 * The macros leave pairs of marked calls. They are gathered into single calls of declared functions, *requests*,
 * before any optimisation, so that optimisation sees a call like any other; a request is given its body when the code
 * that it differentiates holds no requests itself, innermost first, with an optimisation in between.
 */
#ifndef UDE_COMPILER_REQUEST_H
#define UDE_COMPILER_REQUEST_H

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

#include <ude/base.h>

/** Prefix of everything that stands in a module for something of ude's own. */
#define UDE_REQUEST_PREFIX "ude.request."

/** Replace the marked calls of the macros by requests, in code as clang writes it. UDE_COMPILE (place, what is
 *  wrong), UDE_OUT_OF_MEMORY. */
ude_status ude_request_gather(LLVMModuleRef module, ude_error *error);

/** Are there requests without a body? */
bool ude_request_any(LLVMModuleRef module);

/** Give all requests their bodies; optimises the module (canonical form) before each level, not after the last.
 *  UDE_NOT_DIFFERENTIABLE and the errors of the transforms. */
ude_status ude_request_resolve(LLVMModuleRef module, LLVMTargetMachineRef machine,
                               ude_error *error);

#endif
