/* Derivatives inside models (ude_jvp, ude_vjp, ude_gradient): their values against formulas, and the derivatives of the
 * maps that hold them, forwards and in reverse, against differences. */
#include "compiler/random_interpreter.h"

#define MAP(name)  \
  "void map_" name \
  "(double *restrict y, const double *restrict u, const double *restrict p, double t) "

static const char preamble[] =
    "#include <ude/nn.h>\n"
    "#include <stdlib.h>\n"
    "#include <string.h>\n"
    "#define APART static __attribute__((noinline))\n";

typedef struct inner_case {
  const char *name;
  int         rows, columns, params;
  const char *text;     /* functions and the map */
  const char *expected; /* map with the same values by formulas; NULL: none */
  double      tolerance;
} inner_case;

static const inner_case cases[] = {
    {"partial", 2, 2, 1,
     "static double f(double x, double z, const double *p) { return sin(x * z) * p[0]; }\n" MAP(
         "partial") "{ y[0] = ude_jvp(f, (u[0], u[1], p), (1, 0, 0));\n"
                    "  y[1] = ude_jvp(f, (u[0], u[1], p), (u[1], 2, 0)); }\n",
     "{ y[0] = cos(u[0] * u[1]) * u[1] * p[0];\n"
     "  y[1] = cos(u[0] * u[1]) * (u[1] * u[1] + 2 * u[0]) * p[0]; }",
     0},

    {"third", 1, 2, 1,
     "static double f(double x) { return exp(x) * x * x; }\n"
     "static double g(double x) { return ude_jvp(f, (x), (1)); }\n"
     "static double h(double x) { return ude_jvp(g, (x), (1)); }\n" MAP(
         "third") "{ y[0] = ude_jvp(h, (u[0] * u[1]), (1)) + h(p[0]) + f(t); }\n",
     "{ double x = u[0] * u[1], z = p[0];\n"
     "  y[0] = exp(x) * (x * x + 6 * x + 6) + exp(z) * (z * z + 4 * z + 2) + exp(t) * t * t; }",
     0},

    /* The residual of Burgers' equation for a network: second derivatives of it, gradients of those. */
    {"pinn", 1, 2, 41,
     "struct net { UDE_MLP(2, 4, 4, 1) of; };\n"
     "static double field(double x, double t, const struct net *n) {\n"
     "  double in[2] = {x, t}, out[1];\n"
     "  ude_mlp(&n->of, in, out);\n"
     "  return out[0];\n"
     "}\n"
     "static double field_x(double x, double t, const struct net *n) {\n"
     "  return ude_jvp(field, (x, t, n), (1, 0, 0));\n"
     "}\n" MAP("pinn") "{\n"
                       "  struct net n;\n"
                       "  memcpy(&n, p, sizeof n);\n"
                       "  double loss = 0;\n"
                       "  for (int i = 0; i < 3; i++) {\n"
                       "    double x = u[0] + 0.1 * i, s = u[1] - 0.2 * i, v = field(x, s, &n);\n"
                       "    double v_t = ude_jvp(field, (x, s, &n), (0, 1, 0));\n"
                       "    double v_xx = ude_jvp(field_x, (x, s, &n), (1, 0, 0));\n"
                       "    double r = v_t + v * field_x(x, s, &n) - 0.1 * v_xx;\n"
                       "    loss += r * r;\n"
                       "  }\n"
                       "  y[0] = loss;\n"
                       "}\n",
     NULL, 0},

    {"gradient", 3, 3, 2,
     "static double energy(const double *q, double k, int n) {\n"
     "  double e = 0;\n"
     "  for (int i = 0; i < n; i++) e += k * q[i] * q[i] * q[i] + q[i] * q[(i + 1) % n];\n"
     "  return e;\n"
     "}\n" MAP("gradient") "{\n"
                           "  double bar[3] = {0, 1, 0}, k_bar = 5;\n"
                           "  y[0] = ude_gradient(energy, (u, p[0], 3), (bar, &k_bar, 0));\n"
                           "  y[0] += k_bar;\n"
                           "  y[1] = bar[0] + bar[1];\n"
                           "  y[2] = bar[2] * p[1];\n"
                           "}\n",
     "{ double k = p[0], c = u[0] * u[0] * u[0] + u[1] * u[1] * u[1] + u[2] * u[2] * u[2];\n"
     "  y[0] = k * c + u[0] * u[1] + u[1] * u[2] + u[2] * u[0] + 5 + c;\n"
     "  y[1] = 1 + 3 * k * (u[0] * u[0] + u[1] * u[1]) + 2 * u[2] + u[0] + u[1];\n"
     "  y[2] = (3 * k * u[2] * u[2] + u[1] + u[0]) * p[1]; }",
     0},

    /* A Hamiltonian system with loops whose number of turns depends on the data, on the tape. */
    {"hamiltonian", 4, 4, 3,
     "APART double potential(const double *q, const double *p) {\n"
     "  double v = 0, s = q[0];\n"
     "  for (int i = 0; i < 6 && s < 40; i++) {\n"
     "    s = s * 1.3 + p[i % 3] * q[i % 2];\n"
     "    v += s * s * 0.1 / (1 + q[1] * q[1]);\n"
     "  }\n"
     "  return v;\n"
     "}\n"
     "APART double hamiltonian(const double *x, const double *p) {\n"
     "  return 0.5 * (x[2] * x[2] + x[3] * x[3]) + potential(x, p);\n"
     "}\n" MAP("hamiltonian") "{\n"
                              "  double g[4] = {0};\n"
                              "  double h = ude_gradient(hamiltonian, (u, p), (g, 0));\n"
                              "  y[0] = g[2];\n"
                              "  y[1] = g[3];\n"
                              "  y[2] = -g[0];\n"
                              "  y[3] = -g[1] * h;\n"
                              "}\n",
     NULL, 0},

    {"vjp", 3, 3, 2,
     "static void rotate(double *restrict out, const double *restrict in, const double *p) {\n"
     "  for (int i = 0; i < 3; i++) out[i] = in[(i + 1) % 3] * in[i] + p[i % 2] * in[i];\n"
     "}\n"
     "static double weigh(double x, double z) { return x * x * z; }\n" MAP(
         "vjp") "{\n"
                "  double out[3], out_bar[3] = {1, 2, p[0]}, in_bar[3] = {0}, p_bar[2] = {0}, "
                "z_bar = 0;\n"
                "  ude_vjp(rotate, (out, u, p), (out_bar, in_bar, p_bar));\n"
                "  y[0] = in_bar[0] + out_bar[0] + out_bar[1] + out_bar[2];\n"
                "  y[1] = out[1] * p_bar[1] + in_bar[1];\n"
                "  y[2] = ude_vjp(weigh, (u[0], u[1]), (0, &z_bar), p[1]) + z_bar;\n"
                "}\n",
     "{ y[0] = u[1] + p[0] + p[0] * u[2];\n"
     "  y[1] = (u[2] * u[1] + p[1] * u[1]) * 2 * u[1] + u[0] + 2 * (u[2] + p[1]);\n"
     "  y[2] = u[0] * u[0] * (u[1] + p[1]); }",
     0},

    {"arrays", 4, 2, 2,
     "static void spread(double *out, const double *in, const double *p) {\n"
     "  for (int i = 0; i < 4; i++) out[i] = sin(in[i % 2] * (i + 1)) * p[i / 2];\n"
     "}\n" MAP("arrays") "{\n"
                         "  double out[4], out_dot[4], dot[2] = {1, u[0]};\n"
                         "  ude_jvp(spread, (out, u, p), (out_dot, dot, 0));\n"
                         "  for (int i = 0; i < 4; i++) y[i] = out[i] * out_dot[3 - i];\n"
                         "}\n",
     "{ for (int i = 0; i < 4; i++) { int j = 3 - i;\n"
     "  y[i] = sin(u[i % 2] * (i + 1)) * p[i / 2] * cos(u[j % 2] * (j + 1)) * (j + 1) *\n"
     "         (j % 2 ? u[0] : 1) * p[j / 2]; } }",
     0},

    {"in_place", 3, 3, 1,
     "APART void prefix(double *x, int n) {\n"
     "  for (int i = 1; i < n; i++) x[i] *= x[i - 1];\n"
     "}\n" MAP("in_place") "{\n"
                           "  double x[3], x_dot[3] = {1, p[0], 0}, z[3], bar[3] = {0, 0, 1};\n"
                           "  memcpy(x, u, sizeof x);\n"
                           "  memcpy(z, u, sizeof z);\n"
                           "  ude_jvp(prefix, (x, 3), (x_dot, 0));\n"
                           "  ude_vjp(prefix, (z, 3), (bar, 0));\n"
                           "  y[0] = x_dot[2];\n"
                           "  y[1] = x[2] * bar[0] + z[1];\n"
                           "  y[2] = bar[1] + bar[2] * x_dot[1];\n"
                           "}\n",
     "{ y[0] = u[1] * u[2] + u[0] * p[0] * u[2];\n"
     "  y[1] = u[0] * u[1] * u[2] * u[1] * u[2] + u[0] * u[1];\n"
     "  y[2] = u[0] * u[2] + u[0] * u[1] * (u[1] + u[0] * p[0]); }",
     0},

    {"structs", 2, 3, 1,
     "struct body { double x[3]; double mass; int n; };\n"
     "struct pair { double a, b; };\n"
     "static double total(const struct body *b) {\n"
     "  double s = 0;\n"
     "  for (int i = 0; i < b->n; i++) s += b->mass * b->x[i] * b->x[i];\n"
     "  return s;\n"
     "}\n"
     "static struct pair both(struct pair q, struct body b) {\n"
     "  return (struct pair){q.a * q.b, total(&b) * q.a};\n"
     "}\n" MAP("structs") "{\n"
                          "  struct body b = {{u[0], u[1], u[2]}, p[0], 2}, b_bar = {{0}}, b_dot = "
                          "{{1, 0, 0}, 0, 0};\n"
                          "  struct pair q = {u[0], u[1]}, q_dot = {0, 1};\n"
                          "  double e = ude_gradient(total, (&b), (&b_bar));\n"
                          "  struct pair d = ude_jvp(both, (q, b), (q_dot, b_dot));\n"
                          "  y[0] = b_bar.x[1] * b_bar.mass + b_bar.x[2];\n"
                          "  y[1] = d.a * d.b + e;\n"
                          "}\n",
     "{ double m = p[0], s = u[0] * u[0] + u[1] * u[1];\n"
     "  y[0] = 2 * m * u[1] * s;\n"
     "  y[1] = u[0] * (2 * m * u[0] * u[0]) + m * s; }",
     0},

    /* A Hessian-vector product inside the model: forward over reverse, then both modes over that. */
    {"second", 3, 3, 1,
     "APART double cost(const double *x, double a) {\n"
     "  double s = a;\n"
     "  for (int i = 0; i < 3; i++) s = s * cos(x[i]) + x[i] * x[(i + 1) % 3];\n"
     "  return s * s;\n"
     "}\n"
     "APART void slope(double *g, const double *x, double a) {\n"
     "  g[0] = g[1] = g[2] = 0;\n"
     "  ude_gradient(cost, (x, a), (g, 0));\n"
     "}\n" MAP("second") "{\n"
                         "  double g[3], g_dot[3], v[3] = {1, p[0], u[2]};\n"
                         "  ude_jvp(slope, (g, u, p[0]), (g_dot, v, 0));\n"
                         "  for (int i = 0; i < 3; i++) y[i] = g_dot[i] + g[2 - i];\n"
                         "}\n",
     NULL, 0},

    /* Reverse over reverse twice: the gradient of the squared norm of a gradient. */
    {"norm", 2, 2, 2,
     "static double well(const double *x, const double *p) {\n"
     "  double s = 0;\n"
     "  for (int i = 0; i < 5; i++) s += sin(x[i % 2] * p[0] + i) * x[1];\n"
     "  return s;\n"
     "}\n"
     "static double norm(const double *x, const double *p) {\n"
     "  double g[2] = {0};\n"
     "  ude_gradient(well, (x, p), (g, 0));\n"
     "  return g[0] * g[0] + g[1] * g[1];\n"
     "}\n" MAP("norm") "{\n"
                       "  double g[2] = {0}, p_bar[2] = {0};\n"
                       "  y[0] = ude_gradient(norm, (u, p), (g, p_bar));\n"
                       "  y[1] = g[0] * g[1] + p_bar[0];\n"
                       "}\n",
     NULL, 0},

    {"floats", 2, 2, 1,
     "static float f(float x, const float *w) { return sinf(x) * w[0] + x * w[1]; }\n" MAP(
         "floats") "{\n"
                   "  float w[2] = {(float)u[0], (float)p[0]}, bar[2] = {0}, x_bar = 0;\n"
                   "  float d = ude_jvp(f, ((float)u[1], w), (1, 0));\n"
                   "  ude_gradient(f, ((float)u[1], w), (&x_bar, bar));\n"
                   "  y[0] = (double)(d * bar[1]);\n"
                   "  y[1] = (double)(x_bar + bar[0]);\n"
                   "}\n",
     NULL, 2e-2},

    {"libm", 2, 2, 0,
     MAP("libm") "{\n"
                 "  double b = 0;\n"
                 "  y[0] = ude_jvp(sin, (u[0]), (1)) * ude_jvp(pow, (u[0], u[1]), (1, 1));\n"
                 "  y[1] = ude_gradient(hypot, (u[0], u[1]), (0, &b)) * b;\n"
                 "}\n",
     "{ y[0] = cos(u[0]) * pow(u[0], u[1]) * (u[1] / u[0] + log(u[0]));\n"
     "  y[1] = u[1]; }",
     0},

    {"heap", 1, 3, 1,
     "APART double sum(const double *x, int n) {\n"
     "  double *w = malloc((size_t)n * sizeof *w), s = 0;\n"
     "  if (!w) return 0;\n"
     "  for (int i = 0; i < n; i++) w[i] = x[i] * (i ? w[i - 1] : 1);\n"
     "  for (int i = 0; i < n; i++) s += w[i] * w[n - 1 - i];\n"
     "  free(w);\n"
     "  return s;\n"
     "}\n" MAP("heap") "{\n"
                       "  double g[3] = {0};\n"
                       "  for (int n = 1; n <= 3; n++) ude_gradient(sum, (u, n), (g, 0));\n"
                       "  y[0] = g[0] * g[1] + g[2] * p[0];\n"
                       "}\n",
     NULL, 0},

    /* A derivative in the arguments of a derivative, and as an argument of the function itself. */
    {"nested_text", 1, 2, 0,
     "static double f(double x, double z) { return x * x * x * z; }\n" MAP(
         "nested_text") "{ y[0] = ude_jvp(f, (ude_jvp(f, (u[0], u[1]), (1, 0)), f(u[1], u[0])),\n"
                        "  (f(1, u[0]), ude_jvp(f, (1, 1), (0, 1)))); }\n",
     "{ double a = 3 * u[0] * u[0] * u[1], b = u[1] * u[1] * u[1] * u[0];\n"
     "  y[0] = 3 * a * a * b * u[0] + a * a * a; }",
     0},

    /* Used by two functions, through another function, and with an inactive argument in one of them. */
    {"shared", 2, 2, 1,
     "static double f(double x, const double *p) { return x * x * x * p[0]; }\n"
     "APART double df(double x, const double *p) { return ude_jvp(f, (x, p), (1, 0)); }\n" MAP(
         "shared") "{\n"
                   "  double c[1] = {2};\n"
                   "  y[0] = df(u[0], p) + df(u[1], c);\n"
                   "  y[1] = df(1, c) * u[0] + ude_jvp(f, (u[0], c), (1, 0));\n"
                   "}\n",
     "{ y[0] = 3 * u[0] * u[0] * p[0] + 6 * u[1] * u[1]; y[1] = 6 * u[0] + 6 * u[0] * u[0]; }", 0},

    /* Newton's method with the derivative by ude. */
    {"newton", 1, 2, 1,
     "static double f(double x, double a) { return x * exp(x) - a; }\n" MAP(
         "newton") "{\n"
                   "  double x = 1;\n"
                   "  for (int i = 0; i < 30; i++) {\n"
                   "    double d = f(x, u[0] * p[0]) / ude_jvp(f, (x, u[0] * p[0]), (1, 0));\n"
                   "    x -= d;\n"
                   "    if (fabs(d) < 1e-12) break;\n"
                   "  }\n"
                   "  y[0] = x * u[1];\n"
                   "}\n",
     NULL, 0},
};

enum { CASES = sizeof cases / sizeof *cases };

static lab inner;

static void open_inner(void) {
  ude_text text = {0};
  for (int k = 0; k < CASES; k++) {
    /* every case may use the same names */
    ude_text_append(&text, "%s", k ? "" : preamble);
    static const char *const own[] = {"f", "g", "h", "net", "pair", "body", "sum", "norm", "df"};
    for (size_t j = 0; j < sizeof own / sizeof *own; j++) {
      ude_text_append(&text, "#undef %s\n#define %s %s_%d\n", own[j], own[j], own[j], k);
    }
    ude_text_append(&text, "%s", cases[k].text);
    for (size_t j = 0; j < sizeof own / sizeof *own; j++) {
      ude_text_append(&text, "#undef %s\n", own[j]);
    }
    if (cases[k].expected) {
      ude_text_append(
          &text,
          "void map_expected_%s(double *restrict y, const double *restrict u, const double "
          "*restrict p, double t) %s\n",
          cases[k].name, cases[k].expected);
    }
  }
  ck_assert(!text.failed);
  if (!lab_try(&inner, text.data, LAB_BOTH)) {
    ck_abort_msg("%s", inner.error.message);
  }
  ude_text_free(&text);
}

START_TEST(inside) {
  const inner_case *c = &cases[_i];
  char              map[64];
  double            u[8], p[64], y[8] = {0}, z[8] = {0};
  for (int k = 0; k < 64; k++) {
    if (k < 8) {
      u[k] = 0.9 + 0.31 * sin(2.3 * k + 0.4);
    }
    p[k] = 0.75 + 0.42 * cos(1.7 * k * k + 0.9 * k);
  }
  snprintf(map, sizeof map, "map_%s", c->name);
  lab_point at = {c->rows, c->columns, c->params, u, p, 0.8};
  lab_agree(&inner, map, &at, LAB_BOTH, c->tolerance > 0 ? 2e-2 : 1e-3,
            c->tolerance > 0 ? c->tolerance : 1e-8);
  if (c->expected) {
    ((lab_value_fn)lab_find(&inner, "", map))(y, u, p, 0.8);
    snprintf(map, sizeof map, "map_expected_%s", c->name);
    ((lab_value_fn)lab_find(&inner, "", map))(z, u, p, 0.8);
    ck_arrays_close(y, z, (size_t)c->rows, 1e-13, 1e-13);
  }
}
END_TEST

/* -------------------------------------------------------------------- what cannot be resolved -- */

static const struct {
  const char *text, *message;
} mistakes[] = {
    {"static double f(double x) { return x * x; }\n" MAP(
         "x") "{\n  double (*g)(double) = f;\n  y[0] = ude_jvp((*g), (u[0]), (1));\n}\n",
     "model.c:5: ude_jvp: its first argument must be the name of a function of the model, not a "
     "pointer"},
    {"double f(double x);\n" MAP("x") "{\n  y[0] = ude_jvp(f, (u[0]), (1));\n}\n",
     "cannot differentiate the call to 'f'"},
    {"static double f(double x, double z) { return x > 9 ? 0 : ude_jvp(f, (x, z), (1, 0)); }\n" MAP(
         "x") "{ y[0] = f(u[0], u[1]); }\n",
     "a function of the model takes a derivative of itself"},
    {"static double f(const double *x, int n) { return x[n]; }\n" MAP(
         "x") "{\n  float b[2] = {0};\n  y[0] = ude_gradient(f, (u, 1), (b, 0));\n}\n",
     "model.c:5: ude_gradient: adjoint 1 must be a double *"},
    {"static double f(const double *x, int n) { return x[n]; }\n" MAP(
         "x") "{\n  double b[2] = {0}, n_bar = 0;\n  y[0] = ude_gradient(f, (u, 1), (b, "
              "&n_bar));\n}\n",
     "model.c:5: ude_gradient: adjoint 2 must be 0: the argument is an integer"},
    {"static double f(double x, double z) { return x * z; }\n" MAP(
         "x") "{\n  double b = 0;\n  y[0] = ude_gradient(f, (u[0], u[1]), (&b));\n}\n",
     "model.c:5: ude_gradient: the two lists differ in length"},
    {"static int f(double x) { return (int)x; }\n" MAP(
         "x") "{\n  double b = 0;\n  y[0] = ude_gradient(f, (u[0]), (&b));\n}\n",
     "model.c:5: ude_gradient: the function must return double or float"},
    {"static void f(double *out, const double *in) { out[0] = in[0] * in[0]; }\n" MAP(
         "x") "{\n  double d[1] = {1};\n  ude_jvp(f, (y, u), (0, d));\n}\n",
     "cannot differentiate argument 1 (given as 0) in 'f': numbers that depend on the others are "
     "stored there"},
    {"struct a { double x[2]; };\nstruct b { double x[3]; };\n"
     "static double f(const struct a *a) { return a->x[0]; }\n" MAP(
         "x") "{\n  struct b b = {{0}};\n  struct a a = {{u[0]}};\n"
              "  y[0] = ude_gradient(f, (&a), (&b));\n}\n",
     "ude_gradient: adjoint 1 must point to what the argument points to"},
};

START_TEST(mistaken) {
  ude_text text = {0};
  lab      l;
  ude_text_append(&text, "#include <ude/model.h>\n%s", mistakes[_i].text);
  bool done = lab_try(&l, text.data, LAB_BOTH);
  ck_assert_msg(!done, "accepted: %s", mistakes[_i].text);
  ck_assert_msg(strstr(l.error.message, mistakes[_i].message) != NULL, "'%s' instead of '%s'",
                l.error.message, mistakes[_i].message);
  ude_text_free(&text);
  lab_close(&l);
}
END_TEST

/* ---------------------------------------------------------------------------- random programs -- */

enum { PROGRAMS = 20 };

/* The map of the gradient of the sum of outputs: its Jacobian is a Hessian, by forward over reverse and reverse over
 * reverse; against differences of the interpreter's gradient. */
START_TEST(gradients_of_programs) {
  static rp_program   program[PROGRAMS];
  static const double weight[2] = {2.0 / 3, -1.0 / 12};
  const char         *seed      = getenv("UDE_SEED");
  long                first     = seed ? strtol(seed, NULL, 10) : 9000;
  ude_text            text      = {0};
  lab                 l;
  ude_text_append(&text, "#include <ude/model.h>\n%s", rp_preamble);
  for (int k = 0; k < PROGRAMS; k++) {
    rp_generate(&program[k], (uint64_t)(first + k));
    rp_write_program(&program[k], k, &text);
    ude_text_append(
        &text,
        "static double sum_%d(const double *u, const double *p, double t) {\n"
        "  double y[3];\n  map_%d(y, u, p, t);\n  return y[0] + y[1] + y[2];\n}\n"
        "void map_g%d(double *restrict y, const double *restrict u, const double *restrict "
        "p, double t) {\n"
        "  for (int i = 0; i < 8; i++) y[i] = 0 * u[0];\n"
        "  ude_gradient(sum_%d, (u, p, t), (y, y + 4, y + 7));\n}\n",
        k, k, k, k);
  }
  if (!lab_try(&l, text.data, LAB_BOTH | LAB_NARROW | LAB_QUICK)) {
    fputs(text.data, stderr);
    ck_abort_msg("%s", l.error.message);
  }
  int checked = 0;
  for (int k = 0; k < PROGRAMS; k++) {
    char   map[32];
    double x[RI_INPUTS], z[RI_INPUTS], truth[RI_INPUTS], closest = 1, scale = 1;
    double forward[RI_INPUTS * RI_INPUTS], reverse[RI_INPUTS * RI_INPUTS];
    dual   out[RP_OUTPUTS];
    for (int i = 0; i < RI_INPUTS; i++) {
      x[i] = 0.35 + 0.8 * sin(1.1 * i + 0.9 * k);
    }
    snprintf(map, sizeof map, "map_g%d", k);
    lab_point at = {RI_INPUTS, RP_STATES, RP_PARAMS, x, x + RP_STATES, x[RI_INPUTS - 1]};
    lab_jacobian_forward(&l, map, 3, &at, NULL, forward);
    lab_jacobian_reverse(&l, map, &at, NULL, reverse);
    for (int i = 0; i < RI_INPUTS * RI_INPUTS; i++) {
      scale = fmax(scale, fabs(forward[i]));
    }
    double near = program[k].single ? 5e-3 : 1e-9;
    for (int i = 0; i < RI_INPUTS * RI_INPUTS && scale < 1e100; i++) {
      ck_assert_msg(fabs(forward[i] - reverse[i]) <= near * scale, "program %d: H[%d]: %.17g %.17g",
                    k, i, forward[i], reverse[i]);
    }
    for (int c = 0; c < RI_INPUTS && !program[k].single; c++) {
      memset(truth, 0, sizeof truth);
      closest = 1;
      for (int j = 1; j <= 2; j++) {
        for (int side = -1; side <= 1; side += 2) {
          memcpy(z, x, sizeof z);
          z[c] += side * j * 1e-4;
          closest = fmin(closest, ri_program(&program[k], z, z + RP_STATES, z[RI_INPUTS - 1], out));
          for (int i = 0; i < RI_INPUTS; i++) {
            truth[i] += side * weight[j - 1] * (out[0].d[i] + out[1].d[i] + out[2].d[i]) / 1e-4;
          }
        }
      }
      for (int i = 0; i < RI_INPUTS && closest > 1e-2 && scale < 1e100; i++) {
        ck_assert_msg(fabs(forward[i * RI_INPUTS + c] - truth[i]) <= 1e-6 * scale,
                      "program %d: d2/d%d d%d: %.17g, differences %.17g", k, i, c,
                      forward[i * RI_INPUTS + c], truth[i]);
        checked++;
      }
    }
    free(program[k].pool);
  }
  ck_assert_int_gt(checked, 100);
  ude_text_free(&text);
  lab_close(&l);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("inner");
  TCase *tcase = tcase_create("inner");
  tcase_set_timeout(tcase, 60);
  tcase_add_unchecked_fixture(tcase, open_inner, NULL);
  tcase_add_loop_test(tcase, inside, 0, CASES);
  tcase_add_loop_test(tcase, mistaken, 0, sizeof mistakes / sizeof *mistakes);
  tcase_add_test(tcase, gradients_of_programs);
  suite_add_tcase(suite, tcase);
  return ude_check_run(suite);
}
