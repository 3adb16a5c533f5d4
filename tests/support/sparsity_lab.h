/**
 * @file sparsity_lab.h
 * @brief Patterns of the maps of a lab (ir_lab.h), and the numerically nonzero entries to hold against them.
 */
#ifndef UDE_TESTS_SPARSITY_LAB_H
#define UDE_TESTS_SPARSITY_LAB_H

#include <math.h>

#include "compiler/sparsity.h"
#include "support/ir_lab.h"

/* A module in canonical form, without derivatives. */
UDE_TEST_UNUSED static void sparsity_open(lab *l, const char *text) {
  enum { MOST = 4096 };
  static LLVMValueRef maps[MOST];
  *l = (lab){.context = LLVMContextCreate()};
  ck_assert(lab_clang(l, text));
  ck_assert_msg(!ude_pipeline_target(&l->machine, &l->error), "%s", l->error.message);
  ude_coerce_structs(l->module);
  ude_clang_output          rules[UDE_RULE_FILES];
  const ude_compile_options wanted = {.derivatives = UDE_SPARSITY};
  ude_status                linked = ude_library_rules_link(l->module, &wanted, rules, &l->error);
  for (int k = 0; k < UDE_RULE_FILES; k++) {
    ude_clang_output_free(&rules[k]);
  }
  ck_assert_msg(!linked && !ude_user_rules_gather(l->module, &l->error), "%s", l->error.message);
  lab_maps(l, maps, MOST);
  ck_assert_msg(!ude_pipeline_canonical(l->module, l->machine, &l->error), "%s", l->error.message);
}

UDE_TEST_UNUSED static ude_status sparsity_try(lab *l, const char *map,
                                               const ude_sparsity_task *task,
                                               ude_pattern             *pattern) {
  LLVMValueRef primal = LLVMGetNamedFunction(l->module, map);
  ck_assert_msg(primal != NULL, "no map %s", map);
  return ude_sparsity_run(l->module, primal, task, pattern, &l->error);
}

UDE_TEST_UNUSED static void sparsity_of(lab *l, const char *map, const ude_sparsity_task *task,
                                        ude_pattern *pattern) {
  ck_assert_msg(!sparsity_try(l, map, task, pattern), "%s: %s", map, l->error.message);
}

UDE_TEST_UNUSED static bool sparsity_has(const ude_pattern *pattern, int64_t row, int64_t column) {
  for (int64_t k = pattern->start[row]; k < pattern->start[row + 1]; k++) {
    if (pattern->index[k] == column) {
      return true;
    }
  }
  return false;
}

/* The pattern as text: rows of '.' and 'x'. */
UDE_TEST_UNUSED static char *sparsity_text(const ude_pattern *pattern) {
  ude_text text = {0};
  for (int64_t i = 0; i < pattern->rows; i++) {
    for (int64_t j = 0; j < pattern->columns; j++) {
      ude_text_append(&text, "%c", sparsity_has(pattern, i, j) ? 'x' : '.');
    }
    ude_text_append(&text, "%s", i + 1 < pattern->rows ? " " : "");
  }
  ck_assert(!text.failed);
  return text.data;
}

#endif
