/* BLAS and LAPACK in models: every function with every flag, in C and Fortran form, double and float, both modes and
 * several tangents, against the transform of the same operation written as loops; second derivatives. */
#include "compiler/blas_cases.h"
#include "compiler/compose_lab.h"

static lab blas, second;

static void open_blas(void) {
  open_libraries();
  ude_text text = {0}, twice = {0};
  ude_text_append(&text, "#include <math.h>\n");
  ude_text_append(&twice, "#include <math.h>\n");
  for (int single = 0; single < 2; single++) {
    write_templates(&text, single);
    for (int k = 0; k < CASES; k++) {
      int many = atoi(cases[k].flags);
      for (int f = 0; f < (single ? 1 : many); f += step(many)) { /* the type changes no flag */
        for (int call = 0; call < 2; call++) {
          write_case(&text, &cases[k], call, single ? many - 1 : f, single ? "s" : "d");
        }
      }
    }
    ude_text_append(&text, "#undef at\n#undef op\n#undef tri\n#undef solve\n");
  }
  ck_assert(!text.failed);
  if (!lab_try(&blas, text.data, LAB_BOTH | LAB_QUICK | LAB_NARROW)) {
    ck_abort_msg("%s", blas.error.message);
  }
  ude_text_free(&text);
  ude_text_free(&twice);
}

static const double u[3] = {0.3, 0.9, -0.4}, p[2] = {0.7, -0.6};

static void compare(const char *type, const blas_case *c, int flags, double tolerance) {
  char      map[64];
  double    forward[2][18], reverse[2][18], y[2][3];
  lab_point at = {3, 3, 2, u, p, 0};
  for (int call = 0; call < 2; call++) {
    snprintf(map, sizeof map, "map_%s%s_%s_%d", call ? "call_" : "loop_", type, c->name, flags);
    lab_jacobian_forward(&blas, map, 3, &at, y[call], forward[call]);
    lab_jacobian_reverse(&blas, map, &at, NULL, reverse[call]);
  }
  ck_arrays_close(y[1], y[0], 3, tolerance, tolerance);
  double scale = 1;
  for (int i = 0; i < 18; i++) {
    scale = fmax(scale, fabs(forward[0][i]));
  }
  for (int i = 0; i < 18; i++) {
    ck_assert_msg(fabs(forward[1][i] - forward[0][i]) <= tolerance * scale,
                  "%s: forward[%d] %.17g, loops %.17g", map, i, forward[1][i], forward[0][i]);
    ck_assert_msg(fabs(reverse[1][i] - reverse[0][i]) <= tolerance * scale,
                  "%s: reverse[%d] %.17g, loops %.17g", map, i, reverse[1][i], reverse[0][i]);
    ck_assert_msg(fabs(reverse[1][i] - forward[1][i]) <= tolerance * scale,
                  "%s: reverse[%d] %.17g, forward %.17g", map, i, reverse[1][i], forward[1][i]);
  }
  ck_assert_msg(scale > 0, "%s", map);
}

START_TEST(against_loops) {
  const blas_case *c    = &cases[_i];
  int              many = atoi(c->flags);
  for (int f = 0; f < many; f += step(many)) {
    compare("d", c, f, 1e-11);
  }
  compare("s", c, many - 1, 3e-4);
}
END_TEST

/* Rules are C: derivatives of them serve second derivatives. */
START_TEST(second_derivatives) {
  static const char *const names[] = {"gemm", "trsv", "gesv", "potrf", "nrm2", "gemv"};
  compose_case             c[12];
  char                     text_names[12][64];
  ude_text                 text = {0};
  ude_text_append(&text, "#include <math.h>\n");
  write_templates(&text, false);
  int count = 0;
  for (int k = 0; k < CASES; k++) {
    for (int j = 0; j < 6; j++) {
      if (!strcmp(cases[k].name, names[j])) {
        for (int call = 0; call < 2; call++) {
          int flags = atoi(cases[k].flags) - 1;
          write_case(&text, &cases[k], call, flags, "d");
          snprintf(text_names[count], sizeof text_names[count], "%sd_%s_%d",
                   call ? "call_" : "loop_", cases[k].name, flags);
          c[count] = (compose_case){text_names[count], 3, 3, 2};
          count++;
        }
      }
    }
  }
  compose_open(&second, text.data, c, count, 0, true);
  for (int k = 0; k < count; k += 2) {
    double forward[2][18], reverse[2][18], gradient[2][6];
    for (int call = 0; call < 2; call++) {
      compose_second(&second, &c[k + call], u, p, 0, 3, forward[call], reverse[call],
                     gradient[call]);
    }
    double scale = 1;
    for (int i = 0; i < 18; i++) {
      scale = fmax(scale, fabs(forward[0][i]));
    }
    for (int i = 0; i < 18; i++) {
      ck_assert_msg(fabs(forward[1][i] - forward[0][i]) <= 1e-10 * scale,
                    "%s: forward over reverse [%d] %.17g, loops %.17g", c[k + 1].name, i,
                    forward[1][i], forward[0][i]);
      ck_assert_msg(fabs(reverse[1][i] - forward[0][i]) <= 1e-10 * scale,
                    "%s: reverse over forward [%d] %.17g, loops %.17g", c[k + 1].name, i,
                    reverse[1][i], forward[0][i]);
    }
  }
  ude_text_free(&text);
  lab_close(&second);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("blas");
  TCase *tcase = tcase_create("blas");
  tcase_set_timeout(tcase, 120);
  tcase_add_unchecked_fixture(tcase, open_blas, NULL);
  tcase_add_loop_test(tcase, against_loops, 0, CASES);
  tcase_add_test(tcase, second_derivatives);
  suite_add_tcase(suite, tcase);
  return ude_check_run(suite);
}
