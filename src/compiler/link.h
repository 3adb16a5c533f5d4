/** @file link.h
 *  @brief Bitcode of several files into one module. */
#ifndef UDE_COMPILER_LINK_H
#define UDE_COMPILER_LINK_H

#include <llvm-c/Core.h>
#include <ude/base.h>

/** Add a file's bitcode to *module (NULL before the first). A symbol defined twice: UDE_COMPILE. */
ude_status ude_link_add(LLVMContextRef context, LLVMModuleRef *module, const ude_text *bitcode,
                        const char *file, ude_error *error);
/** Is everything that the module uses defined in it, in the process, or by our runtime? UDE_COMPILE names the
 *  first use of what is not. */
ude_status ude_link_check(LLVMModuleRef module, ude_error *error);

#endif
