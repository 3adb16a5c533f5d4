/** @file language_cases.h
 *  @brief Sizes and points of the maps of models/language.c. */
#ifndef UDE_TESTS_LANGUAGE_CASES_H
#define UDE_TESTS_LANGUAGE_CASES_H

#include "support/ir_lab.h"

typedef struct language_case {
  const char *name;
  int         rows, columns, params;
  double
      tolerance; /**< against differences; 0: 1e-8. Float maps: differences are only a rough check */
} language_case;

static const language_case language_cases[] = {
    {"straight", 3, 3, 2, 0},
    {"nested", 4, 4, 16, 0},
    {"triangular", 5, 5, 1, 0},
    {"while_exit", 2, 2, 1, 0},
    {"jumps", 2, 3, 1, 0},
    {"early_return", 3, 2, 1, 0},
    {"recursion", 2, 5, 0, 0},
    {"lu", 4, 4, 16, 0},
    {"pivot", 3, 3, 9, 0},
    {"cumulative", 6, 6, 1, 0},
    {"ping_pong", 8, 8, 1, 0},
    {"fft", 8, 16, 1, 0},
    {"array_of_structs", 12, 12, 3, 0},
    {"struct_values", 3, 3, 1, 2e-2},
    {"heap", 2, 3, 1, 0},
    {"list", 2, 3, 1, 0},
    {"vla", 2, 3, 2, 0},
    {"tables", 2, 3, 0, 0},
    {"static_buffer", 3, 3, 1, 0},
    {"function_pointers", 2, 3, 2, 0},
    {"floats", 3, 3, 1, 2e-2},
    {"integers", 2, 3, 1, 0},
    {"irreducible", 1, 3, 1, 0},
    {"printing", 1, 2, 1, 0},
    {"unions", 3, 3, 2, 0},
    {"helpers", 3, 3, 2, 0},
    {"reads_output", 3, 3, 1, 0},
    {"selects", 3, 3, 1, 0},
    {"bytes_of_structs", 2, 3, 1, 0},
    {"pointer_walk", 2, 6, 1, 0},
    {"strides", 4, 12, 2, 0},
    {"long_loop", 2, 2, 1, 0},
    {"live_out", 3, 4, 1, 0},
    {"helper_arrays", 3, 8, 1, 0},
    {"overlaps", 3, 4, 2, 0},
    {"tree_of_nodes", 2, 3, 1, 0},
    {"mixed_structs", 2, 3, 1, 2e-2},
    {"rows", 2, 3, 3, 0},
    {"complex_numbers", 2, 3, 3, 0},
    {"ptrtable", 2, 3, 3, 0},
    {"vtable", 2, 3, 3, 0},
    {"boolmask", 2, 3, 3, 0},
    {"pickptr", 2, 3, 3, 0},
    {"stencil3", 2, 3, 3, 0},
    {"newton", 2, 3, 3, 0},
    {"bisect", 2, 3, 3, 0},
    {"interp", 2, 3, 3, 0},
    {"intrec", 2, 3, 3, 0},
    {"callbacks", 2, 3, 3, 0},
    {"qsorted", 2, 3, 3, 0},
    {"own_names", 2, 3, 1, 0},
    {"packed_structs", 2, 2, 2, 2e-2},
    {"mixed_copies", 2, 2, 2, 2e-2},
    {"mixed_moves", 2, 2, 2, 2e-2},
    {"sorted_by_library", 2, 3, 2, 0},
    {"sorted_structs", 2, 3, 2, 0},
    {"complex_functions", 2, 3, 2, 0},
    {"complex_floats", 2, 3, 2, 2e-2},
    {"constant_outputs", 3, 3, 1, 0},
    {"tagged_values", 2, 3, 1, 0},
    {"long_doubles", 2, 3, 2, 0},
    {"minors_on_heap", 2, 3, 2, 0},
};

enum { LANGUAGE_CASES = sizeof language_cases / sizeof *language_cases };

UDE_TEST_UNUSED static char *language_source(void) {
  char     *text   = NULL;
  size_t    length = 0;
  ude_error error;
  ck_assert_msg(
      !ude_file_read(UDE_SOURCE_DIR "/tests/compiler/models/language.c", &text, &length, &error),
      "%s", error.message);
  return text;
}

UDE_TEST_UNUSED static void language_check(lab *l, const language_case *c, int modes) {
  char   map[64];
  double u[32], p[32];
  for (int k = 0; k < 32; k++) {
    u[k] = 1.2 + 0.31 * sin(2.3 * k + 0.4);
    p[k] = 1.35 + 0.52 * cos(1.7 * k * k + 0.9 * k);
  }
  snprintf(map, sizeof map, "map_%s", c->name);
  lab_point at = {c->rows, c->columns, c->params, u, p, 0.8};
  lab_agree(l, map, &at, modes, c->tolerance > 0 ? 2e-2 : 1e-3,
            c->tolerance > 0 ? c->tolerance : 1e-8);
}

#endif
