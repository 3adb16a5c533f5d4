/* BLAS and LAPACK in transforms that have no rules for them: Taylor coefficients, lanes and patterns of the calls, which
 * follow plain C bodies, against those of the same operations written as loops. */
#include <math.h>

#include "compiler/blas_cases.h"
#include "compiler/jet.h"
#include "compiler/lanes_check.h"
#include "support/sparsity_lab.h"

enum { ROWS = 3, STATES = 3, PARAMS = 2, ORDER = 4 };

/* Of many combinations of flags every fifth. */
static int stride(int many) {
  return many > 8 ? 5 : 1;
}

static void write_all(ude_text *text) {
  ude_text_append(text, "#include <math.h>\n");
  for (int single = 0; single < 2; single++) {
    write_templates(text, single);
    for (int k = 0; k < CASES; k++) {
      int many = atoi(cases[k].flags);
      for (int f = single ? many - 1 : 0; f < many; f += stride(many)) {
        for (int call = 0; call < 2; call++) {
          write_case(text, &cases[k], call, f, single ? "s" : "d");
        }
      }
    }
    ude_text_append(text, "#undef at\n#undef op\n#undef tri\n#undef solve\n");
  }
}

/* ------------------------------------------------------------------------------- Taylor mode -- */

static void coefficients(lab *of, const char *map, double *y) {
  static const double u[STATES] = {0.3, 0.9, -0.4}, p[PARAMS] = {0.7, -0.6};
  double              curve[STATES * (ORDER + 1)];
  ude_jet_shape       shape = {.value   = (ude_jet_value)lab_find(of, "", map),
                               .pass    = (ude_jet_pass)lab_find(of, "jet_", map),
                               .rows    = ROWS,
                               .columns = STATES,
                               .params  = PARAMS};
  for (int i = 0; i < STATES; i++) {
    for (int k = 0; k <= ORDER; k++) {
      curve[i * (ORDER + 1) + k] = k ? cos(1.1 * i + k) / (1 + k) : u[i];
    }
  }
  ck_assert_int_eq(ude_jet_map(&shape, ORDER, y, curve, p, 0), 0);
}

START_TEST(taylor) {
  lab      of;
  ude_text text = {0};
  write_all(&text);
  lab_open(&of, text.data, LAB_JET | LAB_QUICK);
  for (int single = 0; single < 2; single++) {
    for (int k = 0; k < CASES; k++) {
      int many = atoi(cases[k].flags);
      for (int f = single ? many - 1 : 0; f < many; f += stride(many)) {
        double y[2][ROWS * (ORDER + 1)], scale = 1;
        for (int call = 0; call < 2; call++) {
          char map[96];
          snprintf(map, sizeof map, "map_%s%s_%s_%d", call ? "call_" : "loop_", single ? "s" : "d",
                   cases[k].name, f);
          coefficients(&of, map, y[call]);
        }
        double near = single ? 1e-3 : 1e-10, most = 0;
        for (int i = 0; i < ROWS * (ORDER + 1); i++) {
          scale = fmax(scale, fabs(y[0][i]));
          most  = i % (ORDER + 1) ? fmax(most, fabs(y[0][i])) : most;
        }
        ck_assert_msg(most > 1e-3, "%s: the coefficients do not change", cases[k].name);
        for (int i = 0; i < ROWS * (ORDER + 1); i++) {
          ck_assert_msg(fabs(y[1][i] - y[0][i]) <= near * scale,
                        "%s, flags %d, %s: coefficient %d of y[%d] %.17g, loops %.17g",
                        cases[k].name, f, single ? "float" : "double", i % (ORDER + 1),
                        i / (ORDER + 1), y[1][i], y[0][i]);
        }
      }
    }
  }
  ude_text_free(&text);
  lab_close(&of);
}
END_TEST

/* ------------------------------------------------------------------------------------- lanes -- */

START_TEST(lanes) {
  static const char *const names[] = {"dot", "axpy", "gemv", "gemm", "trsv", "gesv", "potrf"};
  enum { NAMES = sizeof names / sizeof *names };
  ude_text text = {0};
  ude_text_append(&text, "#include <math.h>\n");
  write_templates(&text, false);
  for (int k = 0; k < CASES; k++) {
    for (int j = 0; j < NAMES; j++) {
      if (!strcmp(cases[k].name, names[j])) {
        write_case(&text, &cases[k], 1, atoi(cases[k].flags) - 1, "d");
      }
    }
  }
  lab_open(&l, text.data, LAB_FORWARD | LAB_LANES | LAB_QUICK);
  int before = in_lanes;
  for (int k = 0; k < CASES; k++) {
    for (int j = 0; j < NAMES; j++) {
      if (!strcmp(cases[k].name, names[j])) {
        char map[96];
        snprintf(map, sizeof map, "map_call_d_%s_%d", cases[k].name, atoi(cases[k].flags) - 1);
        check_map(map, ROWS, STATES, PARAMS, 0.37, 1e-10);
      }
    }
  }
  ck_assert_int_ge(in_lanes - before, NAMES); /* values at least */
  ude_text_free(&text);
  lab_close(&l);
}
END_TEST

/* ---------------------------------------------------------------------------------- patterns -- */

#define PROTOTYPES                                                                                \
  "#include <math.h>\n"                                                                           \
  "double cblas_ddot(int, const double *, int, const double *, int);\n"                           \
  "void cblas_dtrsv(int, int, int, int, int, const double *, int, double *, int);\n"              \
  "void cblas_dgemm(int, int, int, int, int, int, double, const double *, int, const double *,\n" \
  "                 int, double, double *, int);\n"                                               \
  "void cblas_dswap(int, double *, int, double *, int);\n"                                        \
  "int LAPACKE_dgetrf(int, int, int, double *, int, int *);\n"                                    \
  "int LAPACKE_dgetrs(int, char, int, int, const double *, int, const int *, double *, int);\n"   \
  "void dgesv_(const int *, const int *, double *, const int *, int *, double *, const int *, "   \
  "int *);\n"

static const struct {
  const char *body;
  int         rows, columns;
  bool        second;
  const char *pattern;
} patterns[] = {
    {"y[0] = cblas_ddot(2, u, 1, u + 2, 1);", 1, 5, false, "xxxx."},
    {"y[0] = cblas_ddot(2, u, 1, u + 2, 1);", 1, 5, true, "..x.. ...x. x.... .x... ....."},
    /* a lower triangle */
    {"double a[9] = {2, 0, 0, 1, 2, 0, 1, 1, 2};\n"
     "for (int i = 0; i < 3; i++) y[i] = u[i];\n cblas_dtrsv(101, 122, 111, 131, 3, a, 3, y, 1);",
     3, 3, false, "x.. xx. xxx"},
    /* columns stay apart: y = a b, b by columns */
    {"double a[4] = {1, 2, 3, 4};\n"
     "cblas_dgemm(102, 111, 111, 2, 2, 2, 1, a, 2, u, 2, 0, y, 2);",
     4, 4, false, "xx.. xx.. ..xx ..xx"},
    {"for (int i = 0; i < 4; i++) y[i] = u[i];\n cblas_dswap(2, y, 1, y + 2, 1);", 4, 4, false,
     "..x. ...x x... .x.."},
    /* a solution depends on all that it is made of; its matrix is constant: linear in u */
    {"double a[4] = {1, 2, 3, 5}; int v[2];\n"
     "y[0] = u[0]; y[1] = u[1]; LAPACKE_dgetrf(102, 2, 2, a, 2, v);\n"
     "LAPACKE_dgetrs(102, 'N', 2, 1, a, 2, v, y, 2);",
     2, 3, false, "xx. xx."},
    {"double a[4] = {u[0], 2, 3, 5}; int n = 2, r = 1, v[2], info;\n"
     "y[0] = u[1]; y[1] = u[2]; dgesv_(&n, &r, a, &n, v, y, &n, &info);",
     2, 4, false, "xxx. xxx."},
};

START_TEST(sparsity) {
  ude_text text = {0};
  char     body[4096];
  snprintf(body, sizeof body,
           "%svoid map_0(double *restrict y, const double *restrict u, "
           "const double *restrict p, double t) {\n%s\n}\n",
           PROTOTYPES, patterns[_i].body);
  lab         of;
  ude_pattern found;
  sparsity_open(&of, body);
  ude_sparsity_task task = {
      .rows = patterns[_i].rows, .states = patterns[_i].columns, .second = patterns[_i].second};
  sparsity_of(&of, "map_0", &task, &found);
  char *drawn = sparsity_text(&found);
  ck_assert_str_eq(drawn, patterns[_i].pattern);
  free(drawn);
  ude_pattern_free(&found);
  ude_text_free(&text);
  lab_close(&of);
}
END_TEST

/* ------------------------------------------------------------------------------ rules of models -- */

/* Without a rule for the transform the body that a model gives serves; without one the refusal says what would help. */
START_TEST(bodies_of_models) {
  static const char *const text =
      "#include <ude/model.h>\n"
      "double significand(double x);\n" /* of the C library, without a row in the rule table */
      "static double its_jvp(double x, double x_dot, double *dot) {\n"
      "  *dot = significand(x) / x * x_dot; return significand(x); }\n"
      "UDE_JVP(significand, its_jvp);\n"
      "static double its_body(double x) { while (x >= 2) x /= 2; return x; }\n"
      "UDE_BODY(significand, its_body);\n"
      "void map_0(double *restrict y, const double *restrict u, const double *restrict p, "
      "double t) { y[0] = significand(u[0]) * u[1]; y[1] = 2; }\n";
  lab of;
  lab_open(&of, text, LAB_REVERSE); /* no UDE_VJP either */
  lab_vjp_fn   vjp  = (lab_vjp_fn)lab_find(&of, "vjp_", "map_0");
  const double u[2] = {6, 5}, p[1] = {0};
  double       y[2] = {0}, y_bar[2] = {1, 1}, u_bar[2] = {0}, p_bar[1] = {0}, t_bar = 0;
  ck_assert_int_eq(vjp(y, y_bar, u, u_bar, p, p_bar, 0, &t_bar), 0);
  ck_assert(fabs(u_bar[0] - 1.25) < 1e-12 && fabs(u_bar[1] - 1.5) < 1e-12);
  lab_close(&of);
  ude_pattern found;
  sparsity_open(&of, text);
  sparsity_of(&of, "map_0", &(ude_sparsity_task){.rows = 2, .states = 2, .second = true}, &found);
  char *drawn = sparsity_text(&found);
  ck_assert_str_eq(drawn, ".x x.");
  free(drawn);
  ude_pattern_free(&found);
  lab_close(&of);
}
END_TEST

START_TEST(refusals) {
  static const char *const text =
      "#include <ude/model.h>\n"
      "double opaque(double x);\n"
      "static double opaque_jvp(double x, double x_dot, double *dot) { *dot = x_dot; return x; }\n"
      "static void opaque_vjp(double x, double *x_bar, double bar) { if (x_bar) *x_bar += bar; }\n"
      "UDE_JVP(opaque, opaque_jvp);\nUDE_VJP(opaque, opaque_vjp);\n"
      "void map_0(double *restrict y, const double *restrict u, const double *restrict p, "
      "double t) {\n  y[0] = opaque(u[0]);\n}\n";
  lab of;
  ck_assert(!lab_try(&of, text, LAB_JET));
  ck_assert_msg(strstr(of.error.message, "model.c:8") && strstr(of.error.message, "UDE_BODY") &&
                    !strstr(of.error.message, "add UDE_VJP"),
                "%s", of.error.message);
  lab_close(&of);
  ude_pattern found;
  sparsity_open(&of, text);
  ck_assert_int_eq(sparsity_try(&of, "map_0", &(ude_sparsity_task){.rows = 1, .states = 1}, &found),
                   UDE_NOT_DIFFERENTIABLE);
  ck_assert_msg(strstr(of.error.message, "model.c:8") && strstr(of.error.message, "UDE_BODY"), "%s",
                of.error.message);
  lab_close(&of);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("blas_plain");
  TCase *tcase = tcase_create("blas_plain");
  tcase_set_timeout(tcase, 120);
  tcase_add_unchecked_fixture(tcase, open_libraries, NULL);
  tcase_add_test(tcase, taylor);
  tcase_add_test(tcase, lanes);
  tcase_add_loop_test(tcase, sparsity, 0, sizeof patterns / sizeof *patterns);
  tcase_add_test(tcase, bodies_of_models);
  tcase_add_test(tcase, refusals);
  suite_add_tcase(suite, tcase);
  return ude_check_run(suite);
}
