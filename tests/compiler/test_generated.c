/* Random C programs: forward mode, reverse mode and an independent interpreter over dual numbers agree.
 * UDE_PROGRAMS sets their number, UDE_SEED the first seed; a failure names the seed and writes the program. */
#include "compiler/random_interpreter.h"

enum { BATCH = 40 };

static long setting(const char *name, long otherwise) {
  const char *text = getenv(name);
  return text ? strtol(text, NULL, 10) : otherwise;
}

static void point(uint64_t seed, double *u, double *p, double *t) {
  ude_rng rng = ude_rng_make(seed, 78);
  for (int k = 0; k < RP_STATES; k++) {
    u[k] = 2 * ude_rng_uniform(&rng) - 0.7;
  }
  for (int k = 0; k < RP_PARAMS; k++) {
    p[k] = 2 * ude_rng_uniform(&rng) - 0.9;
  }
  *t = ude_rng_uniform(&rng);
}

static void report(const rp_program *program, uint64_t seed, const char *what, int r, int k,
                   double got, double truth) {
  ude_text text = {0};
  rp_write_program(program, 0, &text);
  fprintf(stderr, "%s%s", rp_preamble, text.data);
  ude_text_free(&text);
  ck_abort_msg("seed %llu: %s dy[%d]/dx[%d]: %.17g instead of %.17g", (unsigned long long)seed,
               what, r, k, got, truth);
}

static void compare(lab *l, const rp_program *program, uint64_t seed, int id) {
  double u[RP_STATES], p[RP_PARAMS], t, y[RP_OUTPUTS], z[RP_OUTPUTS];
  double forward[RP_OUTPUTS * RI_INPUTS], reverse[RP_OUTPUTS * RI_INPUTS];
  dual   truth[RP_OUTPUTS];
  char   map[32];
  snprintf(map, sizeof map, "map_%d", id);
  point(seed, u, p, &t);
  lab_point at = {RP_OUTPUTS, RP_STATES, RP_PARAMS, u, p, t};
  lab_jacobian_forward(l, map, 3, &at, y, forward);
  lab_jacobian_reverse(l, map, &at, z, reverse);
  double closest = ri_program(program, u, p, t, truth);
  if (closest < (program->single ? 1e-3 : 1e-9)) {
    return; /* at a kink: a rounding may choose either side */
  }
  for (int r = 0; r < RP_OUTPUTS; r++) {
    if (!(fabs(truth[r].v) < 1e100)) {
      return; /* the program overflows: there is nothing to compare */
    }
  }
  double near = program->single ? 2e-4 : 1e-10, far = program->single ? 2e-3 : 1e-9;
  for (int r = 0; r < RP_OUTPUTS; r++) {
    double scale = 1;
    for (int k = 0; k < RI_INPUTS; k++) {
      scale = fmax(scale, fabs(truth[r].d[k]));
    }
    if (!(fabs(y[r] - truth[r].v) <= far * (1 + fabs(y[r])))) {
      report(program, seed, "value", r, -1, y[r], truth[r].v);
    }
    if (!(fabs(y[r] - z[r]) <= near * (1 + fabs(y[r])))) {
      report(program, seed, "value of the reverse sweep", r, -1, z[r], y[r]);
    }
    for (int k = 0; k < RI_INPUTS; k++) {
      int i = r * RI_INPUTS + k;
      if (!(fabs(forward[i] - truth[r].d[k]) <= far * scale)) {
        report(program, seed, "forward", r, k, forward[i], truth[r].d[k]);
      }
      if (!(fabs(reverse[i] - forward[i]) <= near * scale)) {
        report(program, seed, "reverse", r, k, reverse[i], forward[i]);
      }
    }
  }
}

START_TEST(programs) {
  static rp_program program[BATCH];
  long              total = setting("UDE_PROGRAMS", 200), first = setting("UDE_SEED", 1);
  for (long start = 0, batch = 0, most; start < total; start += most, batch++) {
    bool quick     = batch % 10 != 0; /* the others are optimised fully, which takes longer */
    most           = quick ? BATCH : BATCH / 2;
    int      count = (int)(total - start < most ? total - start : most);
    ude_text text  = {0};
    ude_text_append(&text, "%s", rp_preamble);
    for (int k = 0; k < count; k++) {
      rp_generate(&program[k], (uint64_t)(first + start + k));
      rp_write_program(&program[k], k, &text);
    }
    ck_assert(!text.failed);
    lab l;
    if (!lab_try(&l, text.data, LAB_BOTH | LAB_NARROW | (quick ? LAB_QUICK : 0))) {
      fputs(text.data, stderr);
      ck_abort_msg("seeds from %ld: %s", first + start, l.error.message);
    }
    for (int k = 0; k < count; k++) {
      compare(&l, &program[k], (uint64_t)(first + start + k), k);
      free(program[k].pool);
    }
    ude_text_free(&text);
    lab_close(&l);
  }
}
END_TEST

int main(void) {
  Suite   *suite  = suite_create("generated");
  TCase   *tcase  = tcase_create("programs");
  SRunner *runner = srunner_create(suite);
  tcase_set_timeout(tcase, 0);
  tcase_add_test(tcase, programs);
  suite_add_tcase(suite, tcase);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
