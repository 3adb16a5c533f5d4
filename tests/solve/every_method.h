/**
 * @file every_method.h
 * @brief The methods that the tests of the room go through; test_tableaus.c checks that none is left out.
 */
#ifndef UDE_TESTS_SOLVE_EVERY_METHOD_H
#define UDE_TESTS_SOLVE_EVERY_METHOD_H

#include "solve/erk.h"

/** Explicit pairs with an error estimate. */
static const char *const adaptive_pairs[] = {"ssprk43", "bs3",   "tsit5",  "dp5",
                                             "vern6",   "vern7", "dop853", "vern9"};

enum { ADAPTIVE_PAIRS = sizeof adaptive_pairs / sizeof adaptive_pairs[0], MOST_STAGES = 32 };

#endif
