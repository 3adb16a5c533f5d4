/**
 * @file tableaus.h
 * @brief The coefficient tables, one file each.
 */
#ifndef UDE_SOLVE_TABLEAUS_H
#define UDE_SOLVE_TABLEAUS_H

#include "solve/erk.h"

extern const ude_erk_tableau ude_tsit5, ude_vern7;

#endif
