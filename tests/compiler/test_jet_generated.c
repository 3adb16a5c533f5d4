/* Random C programs: coefficient 1 of their jets against forward mode, coefficient 2 against differences of coefficient 1.
 * UDE_PROGRAMS sets their number, UDE_SEED the first seed; a failure names the seed. */
#include <math.h>

#include "compiler/jet.h"
#include "compiler/random_program.h"
#include "support/ir_lab.h"

enum { BATCH = 20, ORDER = 2 };

static long setting(const char *name, long otherwise) {
  const char *text = getenv(name);
  return text ? strtol(text, NULL, 10) : otherwise;
}

/* Jets of the map along u + (s + h) du, t + s + h. */
static void jets(const ude_jet_shape *shape, const double *u, const double *du, const double *p,
                 double t, double h, double *y) {
  double curve[RP_STATES * (ORDER + 1)] = {0};
  for (int k = 0; k < RP_STATES; k++) {
    curve[k * (ORDER + 1)]     = u[k] + h * du[k];
    curve[k * (ORDER + 1) + 1] = du[k];
  }
  ck_assert_int_eq(ude_jet_map(shape, ORDER, y, curve, p, t + h), 0);
}

static int compared; /* second coefficients, where the curve has no kink nearby */

static void compare(lab *l, const rp_program *program, uint64_t seed, int id) {
  double  u[RP_STATES], du[RP_STATES], p[RP_PARAMS], zero[RP_PARAMS] = {0}, t_dot = 1;
  double  y[RP_OUTPUTS * (ORDER + 1)], value[RP_OUTPUTS], dot[RP_OUTPUTS];
  double  left[RP_OUTPUTS * (ORDER + 1)], right[RP_OUTPUTS * (ORDER + 1)];
  char    map[32];
  ude_rng rng = ude_rng_make(seed, 81);
  for (int k = 0; k < RP_STATES; k++) {
    u[k]  = 2 * ude_rng_uniform(&rng) - 0.7;
    du[k] = 2 * ude_rng_uniform(&rng) - 1;
  }
  for (int k = 0; k < RP_PARAMS; k++) {
    p[k] = 2 * ude_rng_uniform(&rng) - 0.9;
  }
  double t = ude_rng_uniform(&rng), h = 1e-5;
  snprintf(map, sizeof map, "map_%d", id);
  ude_jet_shape shape = {.value   = (ude_jet_value)lab_find(l, "", map),
                         .pass    = (ude_jet_pass)lab_find(l, "jet_", map),
                         .rows    = RP_OUTPUTS,
                         .columns = RP_STATES,
                         .params  = RP_PARAMS};
  lab_jvp_fn    jvp   = (lab_jvp_fn)lab_find(l, "jvp1_", map);
  memset(value, 0, sizeof value);
  memset(dot, 0, sizeof dot);
  jvp(value, dot, u, du, p, zero, t, &t_dot);
  jets(&shape, u, du, p, t, 0, y);
  jets(&shape, u, du, p, t, -h, left);
  jets(&shape, u, du, p, t, h, right);
  for (int r = 0; r < RP_OUTPUTS; r++) {
    const double *c = y + (ptrdiff_t)r * (ORDER + 1);
    double        a = left[r * (ORDER + 1) + 1], b = right[r * (ORDER + 1) + 1];
    if (!(fabs(value[r]) < 1e100) || !(fabs(dot[r]) < 1e100)) {
      continue;
    }
    double near = program->single ? 1e-3 : 1e-10;
    ck_assert_msg(fabs(c[1] - dot[r]) <= near * (1 + fabs(dot[r])),
                  "seed %llu: coefficient 1 of y[%d]: %.17g, forward mode %.17g",
                  (unsigned long long)seed, r, c[1], dot[r]);
    /* one-sided differences agree where there is no kink between */
    double forward = (b - c[1]) / h, backward = (c[1] - a) / h, middle = (b - a) / (2 * h);
    bool   smooth = fabs(forward - backward) <= 1e-3 * (1 + fabs(middle));
    if (!program->single && smooth && fabs(middle) < 1e6) {
      ck_assert_msg(fabs(2 * c[2] - middle) <= 1e-3 * (1 + fabs(middle)),
                    "seed %llu: twice coefficient 2 of y[%d]: %.17g, differences %.17g",
                    (unsigned long long)seed, r, 2 * c[2], middle);
      compared++;
    }
  }
}

START_TEST(programs) {
  static rp_program program[BATCH];
  long              total = setting("UDE_PROGRAMS", 40), first = setting("UDE_SEED", 1);
  for (long start = 0; start < total; start += BATCH) {
    ude_text text = {0};
    lab      l;
    ude_text_append(&text, "%s", rp_preamble);
    for (int k = 0; k < BATCH; k++) {
      rp_generate(&program[k], (uint64_t)(first + start + k));
      rp_write_program(&program[k], k, &text);
    }
    if (!lab_try(&l, text.data, LAB_FORWARD | LAB_JET | LAB_QUICK)) {
      fputs(text.data, stderr);
      ck_abort_msg("seeds from %ld: %s", first + start, l.error.message);
    }
    for (int k = 0; k < BATCH; k++) {
      compare(&l, &program[k], (uint64_t)(first + start + k), k);
      free(program[k].pool);
    }
    ude_text_free(&text);
    lab_close(&l);
  }
  ck_assert_int_gt(compared, (int)total / 2);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("jet_generated");
  TCase *tests = tcase_create("programs");
  tcase_set_timeout(tests, 0);
  tcase_add_test(tests, programs);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
