/**
 * @file tableaus.h
 * @brief The coefficient tables, one file each.
 */
#ifndef UDE_SOLVE_TABLEAUS_H
#define UDE_SOLVE_TABLEAUS_H

#include "solve/erk.h"

extern const ude_erk_tableau ude_euler, ude_rk4, ude_ssprk43, ude_bs3, ude_tsit5, ude_dp5,
    ude_vern6, ude_vern7, ude_dop853, ude_vern9;

#endif
