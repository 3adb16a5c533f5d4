/* Networks of ude/nn.h against the formulas written out, as plain C and as a compiled model. */
#include <ude/nn.h>

#include "support/model_files.h"

/* One layer by the definition: out_j = f(b_j + sum_i w_ij in_i). */
static void layer(int n, int m, const double *w, const double *b, double (*f)(double),
                  const double *in, double *out) {
  for (int j = 0; j < m; j++) {
    double z = b[j];
    for (int i = 0; i < n; i++) {
      z += w[i * m + j] * in[i];
    }
    out[j] = f(z);
  }
}

static void fill(double *values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    values[i] = sin(1 + 3.7 * (double)i) / 2;
  }
}

START_TEST(three_layers) {
  struct {
    UDE_MLP(2, 5, 4, 3) net;
  } p;
  ck_assert_uint_eq(sizeof p, (2 * 5 + 5 + 5 * 4 + 4 + 4 * 3 + 3) * sizeof(double));
  fill(&p.net.w1[0][0], sizeof p / sizeof(double));
  const double in[2] = {0.3, -1.2};
  double       a[5];
  double       b[4];
  double       expected[3];
  double       out[3];
  layer(2, 5, &p.net.w1[0][0], p.net.b1, tanh, in, a);
  layer(5, 4, &p.net.w2[0][0], p.net.b2, tanh, a, b);
  layer(4, 3, &p.net.w3[0][0], p.net.b3, ude_identity, b, expected);
  ude_mlp(&p.net, in, out);
  ck_arrays_close(out, expected, 3, 1e-15, 1e-15);
  layer(2, 5, &p.net.w1[0][0], p.net.b1, ude_rbf, in, a);
  layer(5, 4, &p.net.w2[0][0], p.net.b2, ude_swish, a, b);
  layer(4, 3, &p.net.w3[0][0], p.net.b3, ude_identity, b, expected);
  ude_mlp_with(&p.net, in, out, ude_rbf, ude_swish);
  ck_arrays_close(out, expected, 3, 1e-15, 1e-15);
}
END_TEST

START_TEST(one_and_six_layers) {
  struct {
    UDE_MLP(3, 2) one;
    UDE_MLP(1, 2, 3, 4, 3, 2, 1) six;
  } p;
  const double in[3] = {1, 2, 3};
  double       out[2];
  double       expected[2];
  double       h[2][4];
  fill(&p.one.w1[0][0], sizeof p / sizeof(double));
  layer(3, 2, &p.one.w1[0][0], p.one.b1, ude_identity, in, expected);
  ude_mlp(&p.one, in, out);
  ck_arrays_close(out, expected, 2, 1e-15, 1e-15);
  layer(1, 2, &p.six.w1[0][0], p.six.b1, sin, in, h[0]);
  layer(2, 3, &p.six.w2[0][0], p.six.b2, sin, h[0], h[1]);
  layer(3, 4, &p.six.w3[0][0], p.six.b3, sin, h[1], h[0]);
  layer(4, 3, &p.six.w4[0][0], p.six.b4, sin, h[0], h[1]);
  layer(3, 2, &p.six.w5[0][0], p.six.b5, sin, h[1], h[0]);
  layer(2, 1, &p.six.w6[0][0], p.six.b6, ude_identity, h[0], expected);
  ude_mlp_with(&p.six, in, out, ude_sin);
  ck_arrays_close(out, expected, 1, 1e-15, 1e-15);
}
END_TEST

START_TEST(float_weights) {
  struct {
    UDE_MLP_FLOAT(2, 3, 1) net;
  } p;
  double       wide[13];
  const float  in[2]   = {0.5F, -0.25F};
  const double same[2] = {0.5, -0.25};
  float        out;
  double       h[3];
  double       expected;
  ck_assert_uint_eq(sizeof p, 13 * sizeof(float));
  fill(wide, 13);
  for (int i = 0; i < 13; i++) {
    float *to = &p.net.w1[0][0];
    to[i]     = (float)wide[i];
  }
  ude_mlp(&p.net, in, &out);
  layer(2, 3, wide, wide + 6, tanh, same, h);
  layer(3, 1, wide + 9, wide + 12, ude_identity, h, &expected);
  ck_assert_double_eq_tol((double)out, expected, 1e-6);
}
END_TEST

START_TEST(activations) {
  const double z[] = {-800, -30, -1.5, -1e-8, 0, 1e-8, 0.7, 40, 800};
  for (size_t i = 0; i < sizeof z / sizeof z[0]; i++) {
    long double x       = (long double)z[i];
    long double sigmoid = 1 / (1 + expl(-x));
    const struct {
      double      got;
      long double expected;
    } pairs[] = {{ude_identity(z[i]), x},
                 {ude_tanh(z[i]), tanhl(x)},
                 {ude_rbf(z[i]), expl(-x * x)},
                 {ude_sigmoid(z[i]), sigmoid},
                 {ude_softplus(z[i]), x > 60 ? x : log1pl(expl(x))},
                 {ude_relu(z[i]), x > 0 ? x : 0},
                 {ude_gelu(z[i]), x * erfcl(-x / sqrtl(2)) / 2},
                 {ude_swish(z[i]), x * sigmoid},
                 {ude_sin(z[i]), sinl(x)}};
    for (size_t j = 0; j < sizeof pairs / sizeof pairs[0]; j++) {
      ck_assert_msg(isfinite(pairs[j].got), "activation %zu at %g", j, z[i]);
      double scale = fmax(1, fabs((double)pairs[j].expected));
      ck_assert_double_eq_tol(pairs[j].got, (double)pairs[j].expected, 1e-14 * scale);
    }
  }
}
END_TEST

/* The published order: W column-major (outputs x inputs), then b, per layer; derivatives in both modes. */
START_TEST(as_a_model) {
  ude_model *model = files_model(
      "#include <ude/nn.h>\nstruct state { double x[2]; };\n"
      "struct param { UDE_MLP(2, 3, 2) net; };\n"
      "void rhs(struct state *du, const struct state *u, const struct param *p,\n"
      "  double t) { ude_mlp_with(&p->net, u->x, du->x, ude_gelu); }\n",
      UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP);
  const ude_vector_field *f = ude_model_vector_field(model);
  double                  p[17];
  double                  h[3];
  double                  y[2];
  double                  expected[2];
  double                  forward[34];
  double                  reverse[34];
  const double            u[2] = {0.4, -0.9};
  ck_assert_int_eq(f->param.count, 17);
  fill(p, 17);
  layer(2, 3, p, p + 6, ude_gelu, u, h);
  layer(3, 2, p + 9, p + 15, ude_identity, h, expected);
  ck_assert_int_eq(f->rhs.value(y, u, p, 0, f->rhs.context), 0);
  ck_arrays_close(y, expected, 2, 1e-14, 1e-14);
  ck_ok(ude_jacobian(&f->rhs, 17, u, p, 0, true, false, forward, &files_error), &files_error);
  ck_ok(ude_jacobian(&f->rhs, 17, u, p, 0, true, true, reverse, &files_error), &files_error);
  ck_arrays_close(forward, reverse, 34, 1e-13, 1e-15);
  for (int k = 0; k < 17; k++) {
    const double step = 1e-6;
    double       q[17];
    double       up[2];
    double       down[2];
    memcpy(q, p, sizeof q);
    q[k] = p[k] + step;
    f->rhs.value(up, u, q, 0, f->rhs.context);
    q[k] = p[k] - step;
    f->rhs.value(down, u, q, 0, f->rhs.context);
    ck_assert_double_eq_tol(forward[k], (up[0] - down[0]) / (2 * step), 1e-8);
    ck_assert_double_eq_tol(forward[17 + k], (up[1] - down[1]) / (2 * step), 1e-8);
  }
  ude_model_free(model);
}
END_TEST

START_TEST(too_wide_does_not_compile) {
  ude_model *model = NULL;
  ck_fails(
      files_compile(
          "#include <ude/nn.h>\nstruct state { double x; };\n"
          "struct param { UDE_MLP(1, 257, 1) net; };\n"
          "void rhs(struct state *du, const struct state *u, const struct param *p, double t)\n"
          "{ ude_mlp(&p->net, &u->x, &du->x); }\n",
          (ude_compile_options){0}, &model),
      UDE_COMPILE, &files_error, "", "");
  ck_assert_ptr_nonnull(strstr(files_said.data, "UDE_MLP_MAX_WIDTH"));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("nn");
  TCase *all   = tcase_create("all");
  tcase_set_timeout(all, 60);
  tcase_add_checked_fixture(all, files_open, files_close);
  tcase_add_test(all, three_layers);
  tcase_add_test(all, one_and_six_layers);
  tcase_add_test(all, float_weights);
  tcase_add_test(all, activations);
  tcase_add_test(all, as_a_model);
  tcase_add_test(all, too_wide_does_not_compile);
  suite_add_tcase(suite, all);
  return ude_check_run(suite);
}
