/* hvp and hvp_wide of compiled models: against exact second derivatives, against differences of vjp; symmetry. */
#include <math.h>

#include "support/model_files.h"

static const char model_text[] =
    "#include <ude/nn.h>\n"
    "struct state { double x, v; float s; };\n"
    "struct param { double a, b; UDE_MLP(2, 3, 1) net; };\n"
    "struct observation { double y[2]; };\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t) {\n"
    "  double out[1], in[2] = {u->x, u->v};\n"
    "  ude_mlp(&p->net, in, out);\n"
    "  du->x = p->a * u->x * u->v * t + out[0];\n"
    "  du->v = sin(p->b * u->x) * u->v;\n"
    "  du->s = (float)(u->x * u->x);\n"
    "}\n"
    "void observe(struct observation *y, const struct state *u, const struct param *p, double t) "
    "{\n"
    "  for (int i = 0; i < 2; i++) {\n"
    "    double z = u->x;\n"
    "    for (int k = 0; k < 4 + i && z < 3; k++) z = z * p->a + cos(z * u->v);\n"
    "    y->y[i] = z;\n"
    "  }\n"
    "}\n"
    "double terminal_cost(const struct state *u, const struct param *p, double t) {\n"
    "  return p->a * u->x * u->x * u->v + exp(p->b * u->v) * t * t;\n"
    "}\n"
    "double penalty(const struct param *p) { return p->a * p->a * p->b * p->b * p->b; }\n";

enum { N = 3, M = 2 + 2 * 3 + 3 + 3 + 1 };

static const double u[N] = {0.7, -0.4, 0.2};
static double       p[M];

static const ude_vector_field *open_model(ude_model **model) {
  *model = files_model(model_text, UDE_DERIVATIVE_VJP | UDE_DERIVATIVE_HVP);
  for (int k = 0; k < M; k++) {
    p[k] = 0.6 + 0.4 * sin(1.9 * k + 0.2);
  }
  return ude_model_vector_field(*model);
}

START_TEST(exact_hessian) {
  ude_model              *model;
  const ude_vector_field *field = open_model(&model);
  const ude_map          *cost  = &field->terminal_cost;
  const double            t = 1.3, a = p[0], b = p[1], e = exp(b * u[1]) * t * t;
  double                  u_dot[N] = {1, 0, 0}, u_bar[N] = {10, 0, 0}, p_bar[M] = {0}, t_bar = 0;
  ck_assert_int_eq(cost->hvp(u, u_dot, p, NULL, t, NULL, NULL, u_bar, p_bar, &t_bar, cost->context),
                   0);
  const double along_x[N] = {10 + 2 * a * u[1], 2 * a * u[0], 0};
  ck_arrays_close(u_bar, along_x, N, 1e-14, 0);
  ck_assert_double_eq_tol(p_bar[0], 2 * u[0] * u[1], 1e-15);
  ck_assert(p_bar[1] == 0 && t_bar == 0);
  double t_dot = 1;
  memset(p_bar, 0, sizeof p_bar);
  ck_assert_int_eq(cost->hvp(u, NULL, p, NULL, t, &t_dot, NULL, NULL, p_bar, &t_bar, cost->context),
                   0);
  ck_assert_double_eq_tol(t_bar, 2 * e / (t * t), 1e-14);
  ck_assert_double_eq_tol(p_bar[1], 2 * u[1] * e / t, 1e-14);
  /* The penalty has no state. */
  const ude_map *penalty  = &field->penalty;
  double         p_dot[M] = {0, 1};
  memset(p_bar, 0, sizeof p_bar);
  ck_assert_int_eq(
      penalty->hvp(NULL, NULL, p, p_dot, 0, NULL, NULL, NULL, p_bar, NULL, penalty->context), 0);
  ck_assert_double_eq_tol(p_bar[0], 6 * a * b * b, 1e-14);
  ck_assert_double_eq_tol(p_bar[1], 6 * a * a * b, 1e-14);
  (void)e;
  ude_model_free(model);
}
END_TEST

static void gradient(const ude_map *map, const double *x, const double *y_bar, double *bar) {
  memset(bar, 0, (N + M + 1) * sizeof *bar);
  ck_assert_int_eq(map->vjp(x, x + N, x[N + M], y_bar, bar, bar + N, bar + N + M, map->context), 0);
}

START_TEST(against_differences) {
  static const double     weight[4] = {4.0 / 5, -1.0 / 5, 4.0 / 105, -1.0 / 280};
  ude_model              *model;
  const ude_vector_field *field  = open_model(&model);
  const ude_map          *maps[] = {&field->rhs, &field->observe, &field->terminal_cost};
  const ude_map          *map    = maps[_i];
  enum { K = N + M + 1 };
  const int    w        = (int)map->width;
  const double y_bar[3] = {0.7, -1.1, 0}; /* the float member by itself rounds */
  double       x[K], z[K], bar[K], difference[K];
  double *dot = calloc((size_t)(K * w), sizeof *dot), *wide = calloc((size_t)(K * w), sizeof *wide);
  ck_assert(dot && wide && w > 1);
  memcpy(x, u, sizeof u);
  memcpy(x + N, p, sizeof p);
  x[K - 1] = 0.8;
  for (int i = 0; i < K * w; i++) {
    dot[i] = sin(0.7 * i + 0.1);
  }
  ck_assert_int_eq(map->hvp_wide(x, dot, x + N, dot + N * w, x[K - 1], dot + (N + M) * w, y_bar,
                                 wide, wide + N * w, wide + (N + M) * w, map->context),
                   0);
  for (int k = 0; k < w; k++) {
    memset(difference, 0, sizeof difference);
    for (int j = 1; j <= 4; j++) {
      for (int side = -1; side <= 1; side += 2) {
        for (int i = 0; i < K; i++) {
          z[i] = x[i] + side * j * 1e-3 * (i == 2 ? 0 : dot[i * w + k]);
        }
        gradient(map, z, y_bar, bar);
        for (int i = 0; i < K; i++) {
          difference[i] += side * weight[j - 1] * bar[i] / 1e-3;
        }
      }
    }
    double lane[K], one[K] = {0}, along[K];
    for (int i = 0; i < K; i++) {
      along[i] = dot[i * w + k];
      lane[i]  = wide[i * w + k];
    }
    ck_arrays_close(lane, difference, K, 1e-9, 1e-9);
    ck_assert_int_eq(map->hvp(x, along, x + N, along + N, x[K - 1], along + N + M, y_bar, one,
                              one + N, one + N + M, map->context),
                     0);
    ck_arrays_close(one, lane, K, 1e-13, 1e-13);
  }
  free(dot);
  free(wide);
  ude_model_free(model);
}
END_TEST

START_TEST(absent_without_the_flag) {
  ude_model              *model = files_model(model_text, UDE_DERIVATIVE_VJP);
  const ude_vector_field *field = ude_model_vector_field(model);
  ck_assert_ptr_null(field->terminal_cost.hvp);
  ck_assert_ptr_null(field->terminal_cost.hvp_wide);
  ck_assert_int_eq(field->terminal_cost.width, 0);
  ude_model_free(model);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("second");
  TCase *all   = tcase_create("all");
  tcase_set_timeout(all, 60);
  tcase_add_checked_fixture(all, files_open, files_close);
  tcase_add_test(all, exact_hessian);
  tcase_add_loop_test(all, against_differences, 0, 3);
  tcase_add_test(all, absent_without_the_flag);
  suite_add_tcase(suite, all);
  return ude_check_run(suite);
}
