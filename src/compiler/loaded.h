/** @file loaded.h
 *  @brief What the room itself reads of a compiled model. */
#ifndef UDE_COMPILER_LOADED_H
#define UDE_COMPILER_LOADED_H

#include "compiler/reflection.h"

const ude_reflection *ude_model_reflection(const ude_model *model);
/** The bytes of u0 (UDE_STRUCT_STATE) or p0 (UDE_STRUCT_PARAM) as the source has them; NULL if it has none. */
const char *ude_model_image(const ude_model *model, int which);
/** The map of the contract (UDE_MAP_*), whether or not the model defines it. */
const ude_map *ude_model_map(const ude_model *model, int which);

#endif
