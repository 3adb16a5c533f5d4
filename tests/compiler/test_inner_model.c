/* Derivatives inside model files, compiled as users compile them: a network's residual with second derivatives as a
 * cost, a Hamiltonian system, learned functions. */
#include <math.h>

#include "support/model_files.h"

static const char model_text[] =
    "#include <ude/nn.h>\n"
    "struct state { double q[2], v[2]; };\n"
    "struct param { UDE_MLP(2, 3, 1) net; const double k; };\n"
    "const struct param p0 = {.k = 0.5};\n"
    "UDE_LEARNED double potential(const double q[2], const struct param *p) {\n"
    "  double out[1], s = 0;\n"
    "  ude_mlp(&p->net, q, out);\n"
    "  for (int i = 0; i < 3 && s < 9; i++) s = s * 0.5 + q[i % 2] * q[i % 2];\n"
    "  return out[0] + p->k * s;\n"
    "}\n"
    "static double energy(const struct state *u, const struct param *p) {\n"
    "  return 0.5 * (u->v[0] * u->v[0] + u->v[1] * u->v[1]) + potential(u->q, p);\n"
    "}\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t) {\n"
    "  struct state g = {{0}, {0}};\n"
    "  ude_gradient(energy, (u, p), (&g, 0));\n"
    "  for (int i = 0; i < 2; i++) {\n"
    "    du->q[i] = g.v[i];\n"
    "    du->v[i] = -g.q[i];\n"
    "  }\n"
    "}\n"
    "static double field(double x, double t, const struct param *p) {\n"
    "  double in[2] = {x, t}, out[1];\n"
    "  ude_mlp(&p->net, in, out);\n"
    "  return out[0];\n"
    "}\n"
    "static double field_x(double x, double t, const struct param *p) {\n"
    "  return ude_jvp(field, (x, t, p), (1, 0, 0));\n"
    "}\n"
    "double terminal_cost(const struct state *u, const struct param *p, double t) {\n"
    "  double loss = 0;\n"
    "  for (int i = 0; i < 4; i++) {\n"
    "    double x = u->q[0] + 0.2 * i;\n"
    "    double r = ude_jvp(field, (x, t, p), (0, 1, 0)) - ude_jvp(field_x, (x, t, p), (1, 0, "
    "0));\n"
    "    loss += r * r + field(x, u->q[1], p);\n"
    "  }\n"
    "  return loss;\n"
    "}\n";

enum { N = 4, M = 2 * 3 + 3 + 3 + 1 + 1, K = N + M + 1 };

static void point(double *x) {
  for (int i = 0; i < K; i++) {
    x[i] = 0.4 + 0.5 * sin(1.7 * i + 0.3);
  }
}

/* The network of the model and its derivatives, written out: out = b2 + sum w2_j tanh(z_j), z = b1 + w1^T in. */
static double field(double x, double t, const double *p, double *t1, double *x2) {
  double out = p[12];
  *t1 = *x2 = 0;
  for (int j = 0; j < 3; j++) {
    double h = tanh(p[6 + j] + p[j] * x + p[3 + j] * t), s = 1 - h * h;
    out += p[9 + j] * h;
    *t1 += p[9 + j] * s * p[3 + j];
    *x2 += p[9 + j] * -2 * h * s * p[j] * p[j];
  }
  return out;
}

START_TEST(values) {
  ude_model              *model = files_model(model_text, UDE_DERIVATIVE_NONE);
  const ude_vector_field *f     = ude_model_vector_field(model);
  double                  x[K], y = 0, du[N], truth = 0, t1, x2, t = 0.7;
  point(x);
  ck_assert_int_eq(f->terminal_cost.value(&y, x, x + N, t, f->terminal_cost.context), 0);
  for (int i = 0; i < 4; i++) {
    field(x[0] + 0.2 * i, t, x + N, &t1, &x2);
    double r = t1 - x2;
    truth += r * r + field(x[0] + 0.2 * i, x[1], x + N, &t1, &x2);
  }
  ck_assert_double_eq_tol(y, truth, 1e-13);
  ck_assert_int_eq(f->rhs.value(du, x, x + N, t, f->rhs.context), 0);
  ck_assert(du[0] == x[2] && du[1] == x[3]);
  double k = x[N + 13], force = 0;
  for (int j = 0; j < 3; j++) {
    double h = tanh(x[N + 6 + j] + x[N + j] * x[0] + x[N + 3 + j] * x[1]);
    force += x[N + 9 + j] * (1 - h * h) * x[N + j];
  }
  ck_assert_double_eq_tol(du[2], -(force + k * 2 * x[0] * 1.25), 1e-13);
  ude_model_free(model);
}
END_TEST

static void gradient(const ude_map *map, const double *x, const double *y_bar, double *bar) {
  memset(bar, 0, K * sizeof *bar);
  ck_assert_int_eq(map->vjp(x, x + N, x[K - 1], y_bar, bar, bar + N, bar + K - 1, map->context), 0);
}

START_TEST(derivatives) {
  static const double weight[4] = {4.0 / 5, -1.0 / 5, 4.0 / 105, -1.0 / 280};
  ude_model          *model     = files_model(
      model_text, UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP | UDE_DERIVATIVE_HVP | UDE_PROBE);
  const ude_vector_field *f    = ude_model_vector_field(model);
  const ude_map          *map  = _i ? &f->terminal_cost : &f->rhs;
  int                     rows = (int)map->rows;
  double                  x[K], z[K], dot[K], bar[K], hv[K] = {0}, difference[K] = {0};
  double y[N], y_dot[N], y_diff[N] = {0}, y_bar[N] = {1, -0.5, 0.3, 0.7}, along = 0;
  point(x);
  for (int i = 0; i < K; i++) {
    dot[i] = cos(0.9 * i);
  }
  for (int j = 1; j <= 4; j++) {
    for (int side = -1; side <= 1; side += 2) {
      for (int i = 0; i < K; i++) {
        z[i] = x[i] + side * j * 1e-3 * dot[i];
      }
      ck_assert_int_eq(map->value(y, z, z + N, z[K - 1], map->context), 0);
      gradient(map, z, y_bar, bar);
      for (int i = 0; i < rows; i++) {
        y_diff[i] += side * weight[j - 1] * y[i] / 1e-3;
      }
      for (int i = 0; i < K; i++) {
        difference[i] += side * weight[j - 1] * bar[i] / 1e-3;
      }
    }
  }
  ck_assert_int_eq(map->jvp(y, y_dot, x, dot, x + N, dot + N, x[K - 1], dot + K - 1, map->context),
                   0);
  ck_arrays_close(y_dot, y_diff, (size_t)rows, 1e-9, 1e-9);
  gradient(map, x, y_bar, bar);
  double back = 0;
  for (int i = 0; i < K; i++) {
    back += bar[i] * dot[i];
  }
  for (int i = 0; i < rows; i++) {
    along += y_bar[i] * y_dot[i];
  }
  ck_assert_double_eq_tol(back, along, 1e-12);
  ck_assert_int_eq(map->hvp(x, dot, x + N, dot + N, x[K - 1], dot + K - 1, y_bar, hv, hv + N,
                            hv + K - 1, map->context),
                   0);
  ck_arrays_close(hv, difference, K, 1e-8, 1e-8);
  ude_model_free(model);
}
END_TEST

static void count_call(int64_t learned, const double *in, const double *out, void *sink) {
  (void)learned;
  (void)in;
  (void)out;
  ++*(int *)sink;
}

START_TEST(learned_functions_inside) {
  ude_model              *model = files_model(model_text, UDE_PROBE);
  const ude_vector_field *f     = ude_model_vector_field(model);
  double                  x[K];
  int                     calls = 0;
  point(x);
  ck_assert_int_eq(f->probe(x, x + N, 0, count_call, &calls, f->probe_context), 0);
  ck_assert_int_ge(calls, 1);
  ude_model_free(model);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("inner_model");
  TCase *all   = tcase_create("all");
  tcase_set_timeout(all, 60);
  tcase_add_checked_fixture(all, files_open, files_close);
  tcase_add_test(all, values);
  tcase_add_loop_test(all, derivatives, 0, 2);
  tcase_add_test(all, learned_functions_inside);
  suite_add_tcase(suite, all);
  return ude_check_run(suite);
}
