/** @file reflect.h
 *  @brief Parts of the reflection (private to it). */
#ifndef UDE_COMPILER_REFLECT_H
#define UDE_COMPILER_REFLECT_H

#include "compiler/debug_info.h"
#include "compiler/reflection.h"

/** Through typedef, const, volatile, restrict to the type itself; *is_const is set if one was const. */
const char *ude_reflect_strip(const ude_debug_info *info, const char *type, bool *is_const);
/** The complete struct of that name; shape->defined stays false if there is none. */
ude_status ude_reflect_struct(const ude_debug_info *info, const char *name, ude_struct_shape *shape,
                              ude_error *error);
/** Prototypes of the contract's functions, and learned functions. */
ude_status ude_reflect_functions(const ude_debug_info *info, LLVMModuleRef module,
                                 ude_reflection *reflection, ude_error *error);
ude_status ude_reflect_learned(const ude_debug_info *info, LLVMModuleRef module,
                               ude_reflection *reflection, ude_error *error);
/** The definition of a function, or NULL. */
const char *ude_reflect_subprogram(const ude_debug_info *info, const char *name);
/** "const struct param *", "double", ... */
void ude_reflect_type_text(const ude_debug_info *info, const char *type, char *buffer, size_t size);

/** Counts and arrays of events; the prototypes of the maps have been checked. */
ude_status ude_reflect_events(const ude_debug_info *info, LLVMModuleRef module,
                              ude_reflection *reflection, ude_error *error);

#endif
