/* Rules that models give (UDE_JVP, UDE_VJP, UDE_EXTENTS, UDE_INACTIVE): used, in both modes and for several tangents, on
 * memory that changes afterwards; composed with other derivatives; refused where their signatures are wrong. */
#include "support/ir_lab.h"

#define MAP(name)  \
  "void map_" name \
  "(double *restrict y, const double *restrict u, const double *restrict p, double t) "

/* Functions whose bodies no transform can see through. */
static const char source[] =
    "#include <ude/model.h>\n"
    "#include <stddef.h>\n"
    "#include <string.h>\n"
    "#define HIDE(x) __asm__(\"\" : \"+x\"(x))\n"
    "#define APART static __attribute__((noinline))\n"
    /* a number to a number */
    "double cube(double x) { HIDE(x); return x * x * x; }\n"
    "static double cube_jvp(double x, double x_dot, double *result_dot) {\n"
    "  *result_dot = 3 * x * x * x_dot;\n"
    "  return cube(x);\n"
    "}\n"
    "static void cube_vjp(double x, double *x_bar, double bar) {\n"
    "  if (x_bar) *x_bar += 3 * x * x * bar;\n"
    "}\n"
    "UDE_JVP(cube, cube_jvp);\nUDE_VJP(cube, cube_vjp);\n"
    MAP("number") "{ y[0] = cube(u[0] * u[1]) + cube(p[0]); y[1] = cube(2) * u[1]; }\n"
    MAP("number_loop") "{ double s = u[0];\n"
    "  for (int i = 0; i < 4 && s < 50; i++) s = 0.3 * cube(s) + u[1] * i; y[0] = s; y[1] = s * s; }\n"
    /* a struct, an integer, an array that is overwritten afterwards */
    "struct grid { double h, value[3]; int n; };\n"
    "APART double look(const struct grid *g, int k, double x) {\n"
    "  double s = g->value[k] * x * g->h;\n  HIDE(s);\n  return s;\n}\n"
    "static double look_jvp(const struct grid *g, int k, double x, const struct grid *g_dot, double x_dot,\n"
    "                       double *result_dot) {\n"
    "  *result_dot = g->value[k] * x_dot * g->h;\n"
    "  if (g_dot) *result_dot += g_dot->value[k] * x * g->h + g->value[k] * x * g_dot->h;\n"
    "  return look(g, k, x);\n"
    "}\n"
    "static void look_vjp(const struct grid *g, int k, double x, struct grid *g_bar, double *x_bar,\n"
    "                     double bar) {\n"
    "  if (x_bar) *x_bar += g->value[k] * g->h * bar;\n"
    "  if (g_bar) {\n    g_bar->value[k] += x * g->h * bar;\n    g_bar->h += g->value[k] * x * bar;\n  }\n"
    "}\n"
    "UDE_JVP(look, look_jvp);\nUDE_VJP(look, look_vjp);\n"
    MAP("record") "{\n"
    "  struct grid g = {p[0], {u[0], u[1], u[0] * u[1]}, 3};\n"
    "  double s = 1;\n"
    "  for (int i = 0; i < 5; i++) {\n"
    "    s += look(&g, i % 3, s * u[1]);\n"
    "    g.value[i % 3] = s * 0.1;\n"
    "    g.h *= 0.9;\n"
    "  }\n"
    "  y[0] = s;\n  y[1] = g.value[1] * g.h;\n"
    "}\n"
    /* in place, arrays of fixed length; the old content is read */
    "APART void mix(double x[static 3], const double w[static 2]) {\n"
    "  double a = x[0] * w[0], b = x[1] * w[1];\n  HIDE(a);\n  x[0] = a * b;\n  x[1] = x[2] * a;\n"
    "}\n"
    "static void mix_jvp(double x[static 3], const double w[static 2], double *x_dot, const double *w_dot) {\n"
    "  double a = x[0] * w[0], b = x[1] * w[1];\n"
    "  double da = (x_dot ? x_dot[0] * w[0] : 0) + (w_dot ? x[0] * w_dot[0] : 0);\n"
    "  double db = (x_dot ? x_dot[1] * w[1] : 0) + (w_dot ? x[1] * w_dot[1] : 0);\n"
    "  if (x_dot) {\n    x_dot[0] = da * b + a * db;\n    x_dot[1] = x_dot[2] * a + x[2] * da;\n  }\n"
    "  mix(x, w);\n"
    "}\n"
    "static void mix_vjp(double x[static 3], const double w[static 2], double *x_bar, double *w_bar) {\n"
    "  double a = x[0] * w[0], b = x[1] * w[1];\n"
    "  double a_bar = x_bar[0] * b + x_bar[1] * x[2], b_bar = x_bar[0] * a;\n"
    "  x_bar[2] += x_bar[1] * a;\n"
    "  x_bar[0] = a_bar * w[0];\n"
    "  x_bar[1] = b_bar * w[1];\n"
    "  if (w_bar) {\n    w_bar[0] += a_bar * x[0];\n    w_bar[1] += b_bar * x[1];\n  }\n"
    "}\n"
    "UDE_JVP(mix, mix_jvp);\nUDE_VJP(mix, mix_vjp);\n"
    MAP("in_place") "{\n"
    "  double x[3] = {u[0], u[1], u[0] + u[1]}, w[2] = {p[0], u[1]};\n"
    "  for (int i = 0; i < 3; i++) {\n    mix(x, w);\n    w[i % 2] += 0.3 * x[0];\n    x[2] *= 0.7;\n  }\n"
    "  y[0] = x[0] + x[1];\n  y[1] = x[2] * w[0];\n"
    "}\n"
    /* lengths that depend on an argument */
    "APART double dot(int n, const double *a, const double *b) {\n"
    "  double s = 0;\n  for (int i = 0; i < n; i++) s += a[i] * b[i];\n  HIDE(s);\n  return s;\n}\n"
    "static double dot_jvp(int n, const double *a, const double *b, const double *a_dot, const double *b_dot,\n"
    "                      double *result_dot) {\n"
    "  *result_dot = (a_dot ? dot(n, a_dot, b) : 0) + (b_dot ? dot(n, a, b_dot) : 0);\n"
    "  return dot(n, a, b);\n"
    "}\n"
    "static void dot_vjp(int n, const double *a, const double *b, double *a_bar, double *b_bar, double bar) {\n"
    "  for (int i = 0; i < n && a_bar; i++) a_bar[i] += b[i] * bar;\n"
    "  for (int i = 0; i < n && b_bar; i++) b_bar[i] += a[i] * bar;\n"
    "}\n"
    "static void dot_extents(int n, const double *a, const double *b, size_t *bytes) {\n"
    "  bytes[1] = bytes[2] = (size_t)n * sizeof *a;\n"
    "}\n"
    "UDE_JVP(dot, dot_jvp);\nUDE_VJP(dot, dot_vjp);\nUDE_EXTENTS(dot, dot_extents);\n"
    MAP("extents") "{\n"
    "  double a[5], s = 0;\n"
    "  for (int n = 1; n < 6; n++) {\n"
    "    for (int i = 0; i < n; i++) a[i] = u[i % 2] * (i + s);\n"
    "    s += 0.1 * dot(n - (n > 2), a, a + (n > 2)) + dot(2, u, p);\n"
    "  }\n"
    "  y[0] = s;\n  y[1] = dot(2, a, u);\n"
    "}\n"
    /* derivatives of functions with rules, through pointers and inside the model */
    MAP("pointer") "{\n"
    "  double (*f[2])(double) = {cube, cube};\n"
    "  y[0] = f[(int)p[0] & 1](u[0]) * u[1];\n  y[1] = f[1](u[1]);\n"
    "}\n"
    "static double curve(double x, const double *p) { return cube(x * p[0]) * x; }\n"
    MAP("inside") "{\n"
    "  double g[2] = {0}, b = 0;\n"
    "  y[0] = ude_jvp(curve, (u[0], p), (1, 0)) + ude_jvp(cube, (u[1]), (2));\n"
    "  y[1] = ude_gradient(curve, (u[0], u), (&b, g)) * g[0] + b;\n"
    "}\n"
    MAP("inside_arrays") "{\n"
    "  double x[3] = {u[0], u[1], 1}, x_dot[3] = {1, 0, u[1]}, w[2] = {p[0], u[0]}, w_dot[2] = {0, 1};\n"
    "  ude_jvp(mix, (x, w), (x_dot, w_dot));\n"
    "  double z[3] = {u[1], u[0], 2}, bar[3] = {1, u[0], 0}, w_bar[2] = {0};\n"
    "  ude_vjp(mix, (z, w), (bar, w_bar));\n"
    "  y[0] = x_dot[0] * x[1] + x_dot[1];\n"
    "  y[1] = bar[0] * bar[1] + w_bar[0] + z[0];\n"
    "}\n"
    /* float */
    "APART float soft(float x) { HIDE(x); return x / (1 + x * x); }\n"
    "static float soft_jvp(float x, float x_dot, float *result_dot) {\n"
    "  float d = 1 + x * x;\n  *result_dot = (1 - x * x) / (d * d) * x_dot;\n  return soft(x);\n}\n"
    "static void soft_vjp(float x, float *x_bar, float bar) {\n"
    "  float d = 1 + x * x;\n  if (x_bar) *x_bar += (1 - x * x) / (d * d) * bar;\n}\n"
    "UDE_JVP(soft, soft_jvp);\nUDE_VJP(soft, soft_vjp);\n"
    MAP("single") "{ y[0] = (double)(soft((float)u[0]) * soft((float)u[1])); y[1] = (double)soft((float)p[0]); }\n"
    /* no derivative */
    "static int calls;\n"
    "APART double measure(const double *x, int n) { double s = x[n]; HIDE(s); calls++; return s; }\n"
    "UDE_INACTIVE(measure);\n"
    "static double held(const double *u) { return measure(u, 0) > 100 ? 0 : u[0] * u[1]; }\n"
    MAP("inactive") "{ y[0] = held(u) * p[0]; y[1] = u[1]; }\n"
    MAP("dropped") "{ y[0] = measure(u, 1) * u[0]; y[1] = u[1]; }\n";

static lab rules;

static void open_rules(void) {
  if (!lab_try(&rules, source, LAB_BOTH)) {
    ck_abort_msg("%s", rules.error.message);
  }
}

static const struct {
  const char *name;
  double      tolerance;
} maps[] = {{"number", 0},        {"number_loop", 0}, {"record", 0}, {"in_place", 0},
            {"extents", 0},       {"pointer", 0},     {"inside", 0}, {"inactive", 0},
            {"inside_arrays", 0}, {"single", 2e-2}};

static const double u[2] = {0.8, 1.1}, p[2] = {0.7, 1.2};

START_TEST(agrees) {
  char map[32];
  snprintf(map, sizeof map, "map_%s", maps[_i].name);
  lab_point at = {2, 2, 2, u, p, 0.3};
  lab_agree(&rules, map, &at, LAB_BOTH, maps[_i].tolerance > 0 ? 2e-2 : 1e-3,
            maps[_i].tolerance > 0 ? maps[_i].tolerance : 1e-8);
}
END_TEST

START_TEST(inactive_has_no_derivative) {
  lab_point at = {2, 2, 2, u, p, 0.3};
  double    forward[10], reverse[10];
  lab_jacobian_forward(&rules, "map_dropped", 3, &at, NULL, forward);
  lab_jacobian_reverse(&rules, "map_dropped", &at, NULL, reverse);
  ck_assert(forward[0] == 1.1 && fabs(reverse[0] - 1.1) < 1e-15);
  ck_assert(forward[1] == 0 && reverse[1] == 0);
}
END_TEST

/* The rule is used, not the body: here it says something else. */
START_TEST(rules_come_first) {
  static const char text[] =
      "#include <ude/model.h>\n"
      "static double f(double x) { return x * x; }\n"
      "static double f_jvp(double x, double x_dot, double *dot) { *dot = 7 * x_dot; return f(x); "
      "}\n"
      "static void f_vjp(double x, double *x_bar, double bar) { *x_bar += 5 * bar; }\n"
      "UDE_JVP(f, f_jvp);\nUDE_VJP(f, f_vjp);\n"
      "static double g(double x) { return x * x; }\n"
      "static double g_jvp(double x, double x_dot, double *dot) { *dot = 7 * x_dot; return g(x); "
      "}\n"
      "UDE_JVP(g, g_jvp);\n" MAP("x") "{ y[0] = f(u[0]); y[1] = g(u[0]); }\n";
  lab       l;
  lab_point at = {2, 1, 0, u, p, 0};
  double    forward[4], reverse[4], y[2];
  lab_open(&l, text, LAB_BOTH);
  lab_jacobian_forward(&l, "map_x", 1, &at, y, forward);
  lab_jacobian_reverse(&l, "map_x", &at, NULL, reverse);
  ck_assert(y[0] == u[0] * u[0]);
  ck_assert(forward[0] == 7 && forward[2] == 7);
  ck_assert(reverse[0] == 5 &&
            fabs(reverse[2] - 2 * u[0]) < 1e-15); /* no rule for reverse: the body */
  lab_close(&l);
}
END_TEST

static const struct {
  const char *text, *message;
  int         mode;
} mistakes[] = {
    {"static double f(double x, int n, const double *w) { return x * w[n]; }\n"
     "static double g(double x, int n, const double *w, double d, double *r) { return *r = d; }\n"
     "UDE_JVP(f, g);\n" MAP("x") "{ y[0] = f(u[0], 1, p); }\n",
     "model.c:3: UDE_JVP(f, g): 'g' must return double and take (double, integer of 32 bits, "
     "pointer, "
     "double, pointer, pointer): the arguments of 'f', then their tangents and a pointer to the "
     "result's",
     0},
    {"static double f(double x) { return x; }\n"
     "static void g(double x, double *b) { *b = x; }\n"
     "UDE_VJP(f, g);\n" MAP("x") "{ y[0] = f(u[0]); }\n",
     "model.c:3: UDE_VJP(f, g): 'g' must return void and take (double, pointer, double)", 0},
    {"static double f(double x) { return x; }\n"
     "static double g(double x, double d, double *r) { return *r = d * x; }\n"
     "static double h(double x, double d, double *r) { return *r = d; }\n"
     "UDE_JVP(f, g);\nstatic double (*const k)(double) = f;\n"
     "static const ude_rule_mark ude_rule_jvp_again __attribute__((used)) = {(ude_any_function)f, "
     "(ude_any_function)h};\n" MAP("x") "{ y[0] = k(u[0]); }\n",
     "the function has another such rule already", 0},
    {"double f(const double *x);\n"
     "static void g(const double *x, double *b, double r) { b[0] += r; }\n"
     "UDE_VJP(f, g);\n" MAP(
         "x") "{ double x[2] = {u[0], 1}; y[0] = f(x); x[0] = 2; y[1] = x[0]; }\n",
     "its rule does not say how long the array of argument 1 is", LAB_REVERSE},
    {"double f(double x);\n"
     "static void g(double x, double *b, double r) { *b += r; }\n"
     "UDE_VJP(f, g);\n" MAP("x") "{ y[0] = f(u[0]); }\n",
     "cannot differentiate the call to 'f' in 'map_x': it has a rule for reverse mode only; add "
     "UDE_JVP",
     LAB_FORWARD},
    {"void f(double *x);\nUDE_INACTIVE(f);\n" MAP(
         "x") "{ double x[2] = {u[0], 1}; f(x); y[0] = x[0]; }\n",
     "it is marked UDE_INACTIVE but may write to memory that depends on the inputs", 0},
    {"struct s { double a, b, c; };\nstatic double f(struct s x) { return x.a; }\n"
     "static void g(double *b) { *b = 0; }\nUDE_VJP(f, g);\n" MAP(
         "x") "{ y[0] = f((struct s){1, 2, 3}); }\n",
     "a rule is for a function of numbers and pointers", 0},
};

START_TEST(mistaken) {
  ude_text text = {0};
  lab      l;
  ude_text_append(&text, "#include <ude/model.h>\n%s", mistakes[_i].text);
  bool done = lab_try(&l, text.data, mistakes[_i].mode ? mistakes[_i].mode : LAB_BOTH);
  ck_assert_msg(!done, "accepted: %s", mistakes[_i].text);
  ck_assert_msg(strstr(l.error.message, mistakes[_i].message) != NULL, "'%s' instead of '%s'",
                l.error.message, mistakes[_i].message);
  ude_text_free(&text);
  lab_close(&l);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("user_rule");
  TCase *tcase = tcase_create("user_rule");
  tcase_set_timeout(tcase, 60);
  tcase_add_unchecked_fixture(tcase, open_rules, NULL);
  tcase_add_loop_test(tcase, agrees, 0, sizeof maps / sizeof *maps);
  tcase_add_test(tcase, inactive_has_no_derivative);
  tcase_add_test(tcase, rules_come_first);
  tcase_add_loop_test(tcase, mistaken, 0, sizeof mistakes / sizeof *mistakes);
  suite_add_tcase(suite, tcase);
  return ude_check_run(suite);
}
