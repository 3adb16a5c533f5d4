/* Lanes against the same functions one trajectory at a time, to the last bit, on every construct of models/language.c
 * and on divergence of every kind. */
#include "compiler/lanes_check.h"
#include "compiler/lanes_math.h"
#include "compiler/language_cases.h"
#include "support/model_files.h"

/* --------------------------------------------------------------------------------- language -- */

static void open_language(void) {
  char *text = language_source();
  lab_open(&l, text, LAB_FORWARD | LAB_LANES);
  free(text);
}

static void close_lab(void) {
  lab_close(&l);
  ude_text_free(&lab_refused);
}

/* Alone the library's functions are called, which may round otherwise than the bodies. */
static double by_bodies(const language_case *c) {
  return strcmp(c->name, "complex_functions") == 0 ? 1e-13
         : strcmp(c->name, "complex_floats") == 0  ? 1e-5
                                                   : 0;
}

START_TEST(language_together) {
  const language_case *c = &language_cases[_i];
  char                 map[64];
  snprintf(map, sizeof map, "map_%s", c->name);
  check_map(map, c->rows, c->columns, c->params, 0, by_bodies(c));
}
END_TEST

START_TEST(language_apart) {
  const language_case *c = &language_cases[_i];
  char                 map[64];
  snprintf(map, sizeof map, "map_%s", c->name);
  for (int k = 1; k <= 5; k++) {
    check_map(map, c->rows, c->columns, c->params, 0.37 * k, by_bodies(c));
  }
}
END_TEST

/* Most of the language goes into vectors; what does not says why, and where. */
START_TEST(what_is_refused) {
  int lines = 0, reasons = 0;
  for (const char *at = lab_refused.data; at && *at; at = strchr(at, '\n') + 1) {
    lines++;
  }
  for (const char *at = lab_refused.data; at && (at = strstr(at, "cannot put into lanes")); at++) {
    reasons++;
  }
  ck_assert_int_eq(lines, reasons);
  ck_assert_int_le(lines, 53);
  static const char *const vectors[] = {
      "straight",  "nested", "while_exit", "jumps",       "early_return", "recursion", "lu",
      "ping_pong", "fft",    "tables",     "irreducible", "newton",       "bisect",    "interp"};
  for (size_t k = 0; k < sizeof vectors / sizeof *vectors; k++) {
    char map[64];
    snprintf(map, sizeof map, "map_%s", vectors[k]);
    ck_assert_msg(find("", map) != NULL, "%s is not in lanes", map);
  }
}
END_TEST

/* ------------------------------------------------------------------------------- divergence -- */

/* Branches and loops whose turn differs from lane to lane: u and p of the lanes are spread over their range. */
static const char *const divergent =
    "#include <math.h>\n#include <string.h>\n"
    "#define MAP(name) void map_##name(double *restrict y, const double *restrict u,\\\n"
    "                                  const double *restrict p, double t)\n"
    "#define NOINLINE __attribute__((noinline))\n"
    "MAP(nested) {\n"
    "  double s = 0;\n"
    "  for (int i = 0; i < (int)(8 * u[0]); i++) {\n"
    "    if (u[1] * i > 5) continue;\n"
    "    for (int j = i; j < (int)(6 * p[0]); j++) {\n"
    "      s += sin(u[2] * j) * i;\n"
    "      if (s > 3) break;\n"
    "      s -= 0.01 * u[(i + j) % 3];\n"
    "    }\n"
    "    if (s < -2) break;\n"
    "  }\n"
    "  y[0] = s; y[1] = s * t; y[2] = p[1];\n"
    "}\n"
    "MAP(switches) {\n"
    "  switch ((int)(5 * u[0])) {\n"
    "  case 4: y[0] = u[1]; break;\n"
    "  case 5: y[0] = u[1] * p[0]; /* fall through */\n"
    "  case 6: y[1] = u[2]; break;\n"
    "  case 7: return;\n"
    "  default: y[0] = exp(u[0]); y[2] = 1 / u[1];\n"
    "  }\n"
    "  y[2] += u[0];\n"
    "}\n"
    "MAP(gathers) {\n"
    "  static const double table[8] = {1, 4, 2, 8, 5, 7, 3, 6};\n"
    "  double w[8];\n"
    "  for (int i = 0; i < 8; i++) w[i] = u[i % 3] * table[i];\n"
    "  int k = (int)(5 * u[0]) % 8, m = (int)(7 * p[0]) & 7;\n"
    "  w[k] += table[m] * u[1];\n"
    "  w[m] *= 2;\n"
    "  y[0] = w[k] * w[m]; y[1] = table[k]; y[2] = w[7 - k];\n"
    "}\n"
    "struct pair { double a, b; };\n"
    "static NOINLINE struct pair both(double x, double z, int n) {\n"
    "  struct pair r = {x, z};\n"
    "  for (int i = 0; i < n; i++) { if (r.a > 2) return r; r.a = r.a * 1.1 + 0.1 * r.b; r.b += "
    "r.a; }\n"
    "  r.b = -r.b;\n"
    "  return r;\n"
    "}\n"
    "MAP(calls) {\n"
    "  struct pair r = {0, 1};\n"
    "  if (u[0] > 1.2) r = both(u[0], u[1], (int)(4 * u[2]));\n"
    "  if (p[0] > 1.3) { struct pair s = both(r.b, p[1], 3); r.a += s.b; }\n"
    "  y[0] = r.a; y[1] = r.b; y[2] = u[2] / p[0];\n"
    "}\n"
    "MAP(copies) {\n"
    "  double a[6], b[6];\n"
    "  memset(b, 0, sizeof b);\n"
    "  for (int i = 0; i < 6; i++) a[i] = u[i % 3] * (i + 1);\n"
    "  if (u[0] > 1.2) memcpy(b, a, sizeof b);\n"
    "  if (p[0] > 1.35) memset(a, 0, 3 * sizeof *a);\n"
    "  y[0] = a[0] + b[1]; y[1] = a[2] * b[5] + a[4]; y[2] = b[3];\n"
    "}\n"
    "static NOINLINE double collatz(double x, long n, const double *p) {\n"
    "  return n <= 1 ? x : collatz(n % 2 ? x * p[0] : x + p[1], n % 2 ? 3 * n + 1 : n / 2, p) + "
    "0.5 * x;\n"
    "}\n"
    "MAP(recursion) {\n"
    "  y[0] = collatz(u[0], (long)(9 * u[1]), p); y[1] = (long)(100 * u[2]) / (long)(7 * u[0]);\n"
    "  y[2] = u[0] > 1.25 ? (long)(100 * u[2]) % (1 + (long)(3 * u[1])) : u[1];\n"
    "}\n"
    "MAP(singles) {\n"
    "  float s = 0, w[4];\n"
    "  for (int i = 0; i < 4; i++) w[i] = (float)u[i % 3] * (float)p[0];\n"
    "  for (int i = 0; i < 4; i++) { if (w[i] > 1.5f) s += w[i] * w[i]; else s -= w[3 - i]; }\n"
    "  int e; double f = frexp(u[0] * 3, &e);\n"
    "  y[0] = s; y[1] = f + e; y[2] = ldexp(u[1], (int)(2 * u[2]));\n"
    "}\n"
    "MAP(live_out) {\n"
    "  int i = 0; double s = u[0], last = 0;\n"
    "  while (s < 20 && i < 40) { last = s; s = s * 1.3 + p[0] * 0.1; i++; }\n"
    "  do { s *= 0.9; i += 2; } while (s > u[1]);\n"
    "  y[0] = i; y[1] = s; y[2] = last;\n"
    "}\n";

static void open_divergent(void) {
  lab_open(&l, divergent, LAB_FORWARD | LAB_LANES);
  ck_assert_msg(!lab_refused.data || !strstr(lab_refused.data, "\nmap_"), "%s", lab_refused.data);
}

START_TEST(divergence) {
  static const char *const maps[] = {"nested", "switches",  "gathers", "calls",
                                     "copies", "recursion", "singles", "live_out"};
  for (size_t m = 0; m < sizeof maps / sizeof *maps; m++) {
    char map[64];
    snprintf(map, sizeof map, "map_%s", maps[m]);
    ck_assert_msg(find("", map) != NULL, "%s: %s", map, lab_refused.data);
    for (int k = 0; k <= 20; k++) {
      check_map(map, 3, 3, 2, 0.11 * k, 0);
    }
  }
}
END_TEST

/* ------------------------------------------------------------------------------ mathematics -- */

typedef struct kernel {
  const char *name;
  double (*f)(double);
  long double (*truth)(long double);
  double low, high, bound; /* units in the last place */
} kernel;

static const kernel kernels[] = {{"exp", ude_lane_exp, expl, -707, 709.5, 1},
                                 {"exp", ude_lane_exp, expl, -2, 2, 1},
                                 {"log", ude_lane_log, logl, 0.4, 2.5, 1},
                                 {"log", ude_lane_log, logl, 1e-9, 1e9, 1},
                                 {"log", ude_lane_log, logl, 0x1p-1040, 0x1p-1030, 1},
                                 {"tanh", ude_lane_tanh, tanhl, -4, 4, 2.5},
                                 {"tanh", ude_lane_tanh, tanhl, -1e-3, 1e-3, 2.5},
                                 {"tanh", ude_lane_tanh, tanhl, -40, 40, 2.5}};

START_TEST(own_functions) {
  const kernel *k   = &kernels[_i];
  ude_rng       rng = ude_rng_make(3, (uint64_t)_i);
  for (int n = 0; n < 200000; n++) {
    double      x     = k->low + (k->high - k->low) * ude_rng_uniform(&rng);
    long double truth = k->truth((long double)x);
    double      last  = (double)fabsl(truth);
    double      unit  = nextafter(last, (double)INFINITY) - last;
    double      error = (double)fabsl((long double)k->f(x) - truth) / unit;
    ck_assert_msg(error <= k->bound, "%s(%.17g) is %.17g: %.2f units", k->name, x, k->f(x), error);
  }
}
END_TEST

START_TEST(special_values) {
  const double infinity = (double)INFINITY, nan = (double)NAN;
  const double at[] = {0.0, -0.0,  infinity, -infinity, nan,  1,
                       -1,  709.9, 1e9,      -744.5,    -746, 5e-324};
  for (size_t n = 0; n < sizeof at / sizeof *at; n++) {
    ck_assert_msg(same_bits(ude_lane_exp(at[n]), exp(at[n])), "exp(%g)", at[n]);
    ck_assert_msg(same_bits(ude_lane_tanh(at[n]), tanh(at[n])) ||
                      fabs(ude_lane_tanh(at[n]) - tanh(at[n])) < 1e-15,
                  "tanh(%g)", at[n]);
    double got = ude_lane_log(at[n]), expected = log(at[n]);
    ck_assert_msg(same_bits(got, expected) || fabs(got - expected) <= 2e-16 * fabs(expected),
                  "log(%g)", at[n]);
  }
  ck_assert(signbit(ude_lane_tanh(-0.0)));
}
END_TEST

/* ------------------------------------------------------------------------------------ models -- */

static const char *const model_text =
    "#include <math.h>\n#include <stdio.h>\n#include <stdlib.h>\n"
    "struct state { double a, b; float c; };\n"
    "struct param { double k, m; int n; };\n"
    "const struct param p0 = {1, 2, 3};\n"
    "void rhs(struct state *d, const struct state *u, const struct param *p, double t) {\n"
    "  double s = 0;\n"
    "  for (int i = 0; i < p->n; i++) s += pow(fabs(u->a) + i, p->m) * exp(-p->k * u->b);\n"
    "  d->a = s; d->b = u->a > 0.2 ? tanh(u->b) * t : log(2 + u->b * u->b); d->c = "
    "(float)sin(u->a) + u->c;\n"
    "}\n"
    "void initial(struct state *u, const struct param *p) { u->a = p->k; u->b = cos(p->m); u->c = "
    "1; }\n"
    "double terminal_cost(const struct state *u, const struct param *p, double t) {\n"
    "  if (u->a > 100) printf(\"never\");\n" /* one by one */
    "  return u->a * u->b * p->k + t;\n"
    "}\n";

enum { STATES = 3, PARAMS = 2, WIDEST = 32 };

typedef double lanes_of[WIDEST * 4];

static void spread(double *x, int64_t count, double frequency) {
  for (int64_t k = 0; k < count; k++) {
    x[k] = 0.3 + 0.6 * sin(frequency * (double)k + 1);
  }
}

static void lane_of(double *one, const double *all, int64_t count, int64_t lanes, int64_t lane) {
  for (int64_t k = 0; k < count; k++) {
    one[k] = all[k * lanes + lane];
  }
}

static void near(const double *all, const double *one, int64_t count, int64_t lanes, int64_t lane,
                 const char *what) {
  for (int64_t k = 0; k < count; k++) {
    double got = all[k * lanes + lane];
    ck_assert_msg(fabs(got - one[k]) <= 1e-13 * (1 + fabs(one[k])),
                  "%s[%d] of lane %d: %.17g, alone %.17g", what, (int)k, (int)lane, got, one[k]);
  }
}

static void check_field(const ude_map *map) {
  lanes_of u, p, t, u_dot, p_dot, t_dot, y, y_dot, y_bar, u_bar, p_bar, t_bar;
  lanes_of u_sum, p_sum, t_sum;
  int64_t  n = map->lanes;
  ck_assert_int_ge(n, 8);
  ck_assert_int_le(n, WIDEST);
  spread(u, STATES * n, 1.3);
  spread(p, PARAMS * n, 1.7);
  spread(t, n, 1.1);
  spread(u_dot, STATES * n, 2.3);
  spread(p_dot, PARAMS * n, 2.7);
  spread(t_dot, n, 2.1);
  spread(y_bar, map->rows * n, 0.7);
  for (int nothing = 0; nothing < 2; nothing++) {
    spread(u_bar, STATES * n, 0.9);
    spread(p_bar, PARAMS * n, 0.8);
    spread(t_bar, n, 0.6);
    memcpy(u_sum, u_bar, sizeof u_sum);
    memcpy(p_sum, p_bar, sizeof p_sum);
    memcpy(t_sum, t_bar, sizeof t_sum);
    ck_assert_int_eq(map->jvp_lanes(y, y_dot, u, nothing ? NULL : u_dot, p, nothing ? NULL : p_dot,
                                    t, nothing ? NULL : t_dot, map->context),
                     0);
    ck_assert_int_eq(map->vjp_lanes(u, p, t, y_bar, u_bar, nothing ? NULL : p_bar,
                                    nothing ? NULL : t_bar, map->context),
                     0);
    for (int64_t l = 0; l < n; l++) {
      double u1[4], p1[4], ud[4], pd[4], yb[4], v[4], vd[4], ub[4], pb[4], tb;
      lane_of(u1, u, map->columns, n, l);
      lane_of(p1, p, PARAMS, n, l);
      lane_of(ud, u_dot, map->columns, n, l);
      lane_of(pd, p_dot, PARAMS, n, l);
      lane_of(yb, y_bar, map->rows, n, l);
      lane_of(ub, u_sum, map->columns, n, l);
      lane_of(pb, p_sum, PARAMS, n, l);
      tb = t_sum[l];
      map->jvp(v, vd, u1, nothing ? NULL : ud, p1, nothing ? NULL : pd, t[l],
               nothing ? NULL : &t_dot[l], map->context);
      near(y, v, map->rows, n, l, "y");
      near(y_dot, vd, map->rows, n, l, "y_dot");
      map->vjp(u1, p1, t[l], yb, ub, nothing ? NULL : pb, nothing ? NULL : &tb, map->context);
      near(u_bar, ub, map->columns, n, l, "u_bar");
      near(p_bar, pb, PARAMS, n, l, "p_bar");
      near(t_bar, &tb, 1, n, l, "t_bar");
    }
  }
  memset(y, 0, sizeof y);
  ck_assert_int_eq(map->value_lanes(y, u, p, NULL, map->context), 0);
  for (int64_t l = 0; l < n; l++) {
    double u1[4], p1[4], v[4];
    lane_of(u1, u, map->columns, n, l);
    lane_of(p1, p, PARAMS, n, l);
    map->value(v, u1, p1, 0, map->context);
    near(y, v, map->rows, n, l, "y");
  }
}

START_TEST(fields) {
  ude_model *model = files_model(model_text, UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP | UDE_LANES);
  const ude_vector_field *field = ude_model_vector_field(model);
  ck_assert(field->rhs.lanes_in_vectors);
  ck_assert(field->initial.lanes_in_vectors);
  ck_assert(!field->terminal_cost.lanes_in_vectors);
  check_field(&field->rhs);
  check_field(&field->initial);
  check_field(&field->terminal_cost);
  ude_model_free(model);
  model = files_model(model_text, UDE_LANES);
  field = ude_model_vector_field(model);
  ck_assert_ptr_nonnull(field->rhs.value_lanes);
  ck_assert_ptr_null(field->rhs.jvp_lanes);
  ck_assert_ptr_null(field->rhs.vjp_lanes);
  ude_model_free(model);
  model = files_model(model_text, UDE_DERIVATIVE_JVP);
  ck_assert_int_eq(ude_model_vector_field(model)->rhs.lanes, 0);
  ude_model_free(model);
}
END_TEST

static TCase *cases(Suite *suite, const char *name) {
  TCase *tests = tcase_create(name);
  tcase_set_timeout(tests, 60);
  suite_add_tcase(suite, tests);
  return tests;
}

int main(void) {
  Suite *suite = suite_create("lanes");
  TCase *tests = cases(suite, "language");
  tcase_add_unchecked_fixture(tests, open_language, close_lab);
  tcase_add_loop_test(tests, language_together, 0, LANGUAGE_CASES);
  tcase_add_loop_test(tests, language_apart, 0, LANGUAGE_CASES);
  tcase_add_test(tests, what_is_refused);
  tests = cases(suite, "divergence");
  tcase_add_unchecked_fixture(tests, open_divergent, close_lab);
  tcase_add_test(tests, divergence);
  tests = cases(suite, "mathematics");
  tcase_add_loop_test(tests, own_functions, 0, sizeof kernels / sizeof *kernels);
  tcase_add_test(tests, special_values);
  tests = cases(suite, "models");
  tcase_add_checked_fixture(tests, files_open, files_close);
  tcase_add_test(tests, fields);
  return ude_check_run(suite);
}
