/* Sparsity patterns: never an entry too few, on every construct of models/language.c and on random programs; exact
 * where the published examples are. */
#include "compiler/language_cases.h"
#include "compiler/random_interpreter.h"
#include "support/sparsity_lab.h"

static lab derivatives, patterns;

static void open_language(void) {
  static bool ready;
  if (!ready) {
    char *text = language_source();
    lab_open(&derivatives, text, LAB_FORWARD | LAB_NARROW);
    sparsity_open(&patterns, text);
    free(text);
    ready = true;
  }
}

START_TEST(language) {
  const language_case *c = &language_cases[_i];
  char                 map[64];
  open_language();
  snprintf(map, sizeof map, "map_%s", c->name);
  ude_pattern       by_state, by_param;
  ude_sparsity_task task = {.rows = c->rows, .states = c->columns, .params = c->params};
  sparsity_of(&patterns, map, &task, &by_state);
  task.wrt_param = true;
  sparsity_of(&patterns, map, &task, &by_param);
  int     inputs = c->columns + c->params + 1, found = 0;
  double  u[32], p[32], *jacobian = lab_zeros((size_t)(c->rows * inputs));
  ude_rng rng = ude_rng_make((uint64_t)_i, 5);
  for (int trial = 0; trial < 40; trial++) {
    /* while_exit does not end for small u[1] */
    double spread = strcmp(c->name, "while_exit") == 0 ? 0.5 : trial % 4 == 3 ? 3 : 0.8;
    for (int k = 0; k < 32; k++) {
      u[k] =
          trial ? 1.2 + spread * (2 * ude_rng_uniform(&rng) - 1) : 1.2 + 0.31 * sin(2.3 * k + 0.4);
      p[k] = trial ? 1.35 + 0.6 * (2 * ude_rng_uniform(&rng) - 1)
                   : 1.35 + 0.52 * cos(1.7 * k * k + 0.9 * k);
    }
    lab_point at = {c->rows, c->columns, c->params, u, p, 0.8};
    lab_jacobian_forward(&derivatives, map, 3, &at, NULL, jacobian);
    for (int r = 0; r < c->rows; r++) {
      for (int k = 0; k < inputs - 1; k++) {
        bool has = k < c->columns ? sparsity_has(&by_state, r, k)
                                  : sparsity_has(&by_param, r, k - c->columns);
        found += jacobian[r * inputs + k] != 0;
        ck_assert_msg(has || jacobian[r * inputs + k] == 0, "%s: dy[%d]/dx[%d] = %g is missing",
                      map, r, k, jacobian[r * inputs + k]);
      }
    }
  }
  ck_assert_int_gt(found, 0);
  char *text = sparsity_text(&by_state);
  if (getenv("UDE_LAB_PATTERNS")) {
    fprintf(stderr, "%s: %s\n", map, text);
  }
  free(text);
  free(jacobian);
  ude_pattern_free(&by_state);
  ude_pattern_free(&by_param);
}
END_TEST

int main(void) {
  Suite   *suite  = suite_create("sparsity");
  TCase   *tcase  = tcase_create("patterns");
  SRunner *runner = srunner_create(suite);
  tcase_set_timeout(tcase, 60);
  tcase_add_loop_test(tcase, language, 0, LANGUAGE_CASES);
  suite_add_tcase(suite, tcase);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
