/* Derivatives of derivatives of every construct of models/language.c: forward and reverse mode over forward mode,
 * twice, against differences; second derivatives (forward over reverse) against reverse over forward. */
#include "compiler/compose_lab.h"
#include "compiler/language_cases.h"

/* Widely different points: directions and parameters lie in the same vectors. */
static double u[128], p[128];

static void open_language(lab *l) {
  static compose_case cases[LANGUAGE_CASES];
  for (int k = 0; k < LANGUAGE_CASES; k++) {
    const language_case *c = &language_cases[k];
    cases[k]               = (compose_case){c->name, c->rows, c->columns, c->params};
  }
  char *text = language_source();
  compose_open(l, text, cases, LANGUAGE_CASES, true);
  free(text);
  for (int k = 0; k < 128; k++) {
    u[k] = 1.2 + 0.31 * sin(2.3 * k + 0.4);
    p[k] = 1.35 + 0.52 * cos(1.7 * k * k + 0.9 * k);
  }
}

static lab language;

static void open_once(void) {
  open_language(&language);
}

/* The directional map's own inputs: point, then direction. */
static void two(const double *x, int n, double *out) {
  memcpy(out, x, (size_t)n * sizeof *out);
  for (int k = 0; k < n; k++) {
    out[n + k] = compose_direction(k, 1);
  }
}

START_TEST(over_forward) {
  const language_case *c     = &language_cases[_i / 2];
  int                  order = 1 + _i % 2;
  compose_case         now   = {c->name, c->rows, c->columns, c->params};
  double               x[256], q[256], y[256], z[256];
  memcpy(x, u, sizeof u);
  memcpy(q, p, sizeof p);
  for (int k = 0; k < order; k++) {
    two(x, now.columns, y);
    two(q, now.params, z);
    z[2 * now.params] = 0.7;
    now               = compose_next(&now, c->name);
    memcpy(x, y, (size_t)now.columns * sizeof *x);
    memcpy(q, z, (size_t)now.params * sizeof *q);
  }
  char map[64];
  snprintf(map, sizeof map, "d%d_%s", order, c->name);
  lab_point at = {now.rows, now.columns, now.params, x, q, 0.8};
  lab_agree(&language, map, &at, LAB_BOTH, c->tolerance > 0 ? 2e-2 : 1e-3,
            c->tolerance > 0 ? c->tolerance : 1e-7);
}
END_TEST

START_TEST(second) {
  const language_case *c     = &language_cases[_i / 2];
  int                  width = _i % 2 ? 3 : 1, inputs = c->columns + c->params + 1;
  compose_case         at = {c->name, c->rows, c->columns, c->params};
  double               forward[256], reverse[256], gradient[128], plain[128] = {0};
  compose_second(&language, &at, u, p, 0.8, width, forward, reverse, gradient);
  double y[32] = {0}, y_bar[32];
  for (int r = 0; r < c->rows; r++) {
    y_bar[r] = 1.0 / (1 + r);
  }
  char map[64];
  snprintf(map, sizeof map, "map_%s", c->name);
  lab_vjp_fn vjp = (lab_vjp_fn)lab_find(&language, "vjp_", map);
  ck_assert_int_eq(vjp(y, y_bar, u, plain, p, plain + c->columns, 0.8, &plain[inputs - 1]), 0);
  double near = c->tolerance > 0 ? 1e-4 : 1e-11, scale = 1e-300, large = 1e-300;
  for (int i = 0; i < inputs * width; i++) {
    scale = fmax(scale, fabs(reverse[i]));
  }
  for (int i = 0; i < inputs; i++) {
    large = fmax(large, fabs(plain[i]));
  }
  for (int i = 0; i < inputs; i++) {
    ck_assert_msg(fabs(gradient[i] - plain[i]) <= near * large, "%s: gradient[%d] %.17g, not %.17g",
                  c->name, i, gradient[i], plain[i]);
  }
  for (int i = 0; i < inputs * width; i++) {
    ck_assert_msg(fabs(forward[i] - reverse[i]) <= near * scale,
                  "%s: second[%d]: forward over reverse %.17g, reverse over forward %.17g", c->name,
                  i, forward[i], reverse[i]);
  }
}
END_TEST

int main(void) {
  Suite   *suite  = suite_create("compose");
  TCase   *tcase  = tcase_create("language");
  SRunner *runner = srunner_create(suite);
  tcase_set_timeout(tcase, 120);
  tcase_add_unchecked_fixture(tcase, open_once, NULL);
  tcase_add_loop_test(tcase, over_forward, 0, 2 * LANGUAGE_CASES);
  tcase_add_loop_test(tcase, second, 0, 2 * LANGUAGE_CASES);
  suite_add_tcase(suite, tcase);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  lab_close(&language);
  return failed != 0;
}
