/* Every rule of the table, in double and float, forwards and backwards, against differences of the same function in
 * long double with high order; kinks and extremes; zero seeds. */
#include <math.h>

#include "compiler/rule_values.h"
#include "compiler/rules.h"
#include "support/ir_lab.h"

typedef long double (*wide1)(long double);
typedef long double (*wide2)(long double, long double);

/* A function of one or two reals: C text of the call, the same in long double, points. */
typedef struct rule_case {
  const char *name; /* row of the table that this covers */
  const char *text; /* in u[0], u[1], with F() around libm names */
  wide1       one;
  wide2       two;
  double      points[4][2];
  double      wide_tolerance; /* 0: 1e-9; libm or differences are worse where it is set */
} rule_case;

static long double w_exp10(long double x) {
  return expl(x * logl(10));
}
static long double w_fma(long double x, long double y) {
  return fmal(x, y, x);
}
static long double w_fmod(long double x, long double y) {
  return fmodl(x, y);
}
static long double w_ldexp(long double x) {
  return ldexpl(x, 3);
}
static long double w_scalbn(long double x) {
  return scalbnl(x, -2);
}
static long double w_frexp(long double x) {
  int e;
  return frexpl(x, &e);
}
static long double w_modf(long double x) {
  long double whole;
  return modfl(x, &whole) + 2 * whole;
}
static long double w_remquo(long double x, long double y) {
  int q;
  return remquol(x, y, &q);
}
static long double w_jn(long double x) {
  return jnl(2, x);
}
static long double w_yn(long double x) {
  return ynl(3, x);
}
static long double w_nextafter(long double x) {
  return x;
}
static long double w_powi(long double x) {
  return x * x * x;
}
static long double w_maximum(long double x, long double y) {
  return x > y ? x : y;
}
static long double w_minimum(long double x, long double y) {
  return x < y ? x : y;
}
static long double w_fmuladd(long double x, long double y) {
  return x * y + x;
}
static long double w_same(long double x) {
  return x;
}
static long double w_abs(long double x, long double y) {
  return hypotl(x, y);
}
static long double w_arg(long double x, long double y) {
  return atan2l(y, x);
}
static long double w_sincos(long double x) {
  return sinl(x) * cosl(x);
}

#define ONE(f, a, b, c, d) {#f, "F(" #f ")(X)", f##l, NULL, {{a}, {b}, {c}, {d}}, 0}
#define TWO(f, ...) {#f, "F(" #f ")(X, Y)", NULL, f##l, {__VA_ARGS__}, 0}

static const rule_case cases[] = {
    ONE(sin, 0.3, -2, 7.5, 0),
    ONE(cos, 0.3, -2, 7.5, 0),
    ONE(tan, 0.3, -1.2, 4, 0),
    ONE(asin, 0.3, -0.9, 0.95, 0),
    ONE(acos, 0.3, -0.9, 0.95, 0),
    ONE(atan, 0.3, -20, 1e3, 0),
    TWO(atan2, {1, 2}, {-1, -2}, {0.5, -3}, {-4, 1e-3}),
    ONE(sinh, 0.3, -3, 5, 0),
    ONE(cosh, 0.3, -3, 5, 0),
    ONE(tanh, 0.3, -2, 3, 0),
    ONE(asinh, 0.3, -3, 50, 0),
    ONE(acosh, 1.3, 3, 50, 1.01),
    ONE(atanh, 0.3, -0.9, 0.95, 0),
    ONE(exp, 0.3, -3, 5, 0),
    ONE(exp2, 0.3, -3, 5, 0),
    {"exp10", "F(exp10)(X)", w_exp10, NULL, {{0.3}, {-3}, {5}, {0}}, 0},
    ONE(expm1, 0.3, -20, 5, 1e-9),
    ONE(log, 0.3, 3, 50, 1e-3),
    ONE(log2, 0.3, 3, 50, 1e-3),
    ONE(log10, 0.3, 3, 50, 1e-3),
    ONE(log1p, 0.3, 3, 50, -0.9),
    TWO(pow, {2, 3}, {0.5, -1.5}, {3, 0.5}, {1.2, 20}),
    {"powi", "__builtin_powi(X, 3)", w_powi, NULL, {{0.3}, {-3}, {5}, {0.1}}, 0},
    ONE(sqrt, 0.3, 3, 50, 1e-3),
    ONE(cbrt, 0.3, -3, 50, 1e-3),
    TWO(hypot, {3, 4}, {-1, 0.5}, {0.5, 5}, {2, -2}),
    ONE(erf, 0.3, -2, 3, 0),
    ONE(erfc, 0.3, -2, 3, 0),
    ONE(lgamma, 0.3, 2.5, 50, -1.3),
    ONE(tgamma, 0.3, 2.5, 5, -1.3),
    ONE(fabs, 0.3, -2, 3, 1e-3),
    TWO(fmax, {3, 4}, {4, 3}, {-1, -2}, {0, 5}),
    TWO(fmin, {3, 4}, {4, 3}, {-1, -2}, {0, 5}),
    TWO(fdim, {3, 4}, {4, 3}, {-1, -2}, {0, 5}),
    {"fmod", "F(fmod)(X, Y)", NULL, w_fmod, {{7.5, 2}, {-7.5, 2}, {7.5, -2.2}, {0.5, 3}}, 0},
    TWO(remainder, {7.6, 2}, {-7.6, 2}, {7.6, -2.2}, {0.5, 3}),
    {"drem", "F(drem)(X, Y)", NULL, remainderl, {{7.6, 2}, {-7.6, 2}, {7.6, -2.2}, {0.5, 3}}, 0},
    {"remquo",
     "F(remquo)(X, Y, &whole)",
     NULL,
     w_remquo,
     {{7.6, 2}, {-7.6, 2}, {7.6, -2.2}, {0.5, 3}},
     0},
    {"fma", "F(fma)(X, Y, X)", NULL, w_fma, {{3, 4}, {-1, 2}, {0, 5}, {1e-3, 1}}, 0},
    TWO(copysign, {3, 4}, {-3, 4}, {3, -4}, {-3, -4}),
    ONE(floor, 0.3, -2.5, 3.7, 1e-1),
    ONE(ceil, 0.3, -2.5, 3.7, 1e-1),
    ONE(trunc, 0.3, -2.5, 3.7, 1e-1),
    ONE(round, 0.3, -2.6, 3.7, 1e-1),
    ONE(rint, 0.3, -2.6, 3.7, 1e-1),
    ONE(nearbyint, 0.3, -2.6, 3.7, 1e-1),
    ONE(logb, 0.3, -2.6, 3.7, 1.5),
    {"ldexp", "F(ldexp)(X, 3)", w_ldexp, NULL, {{0.3}, {-3}, {5}, {0}}, 0},
    {"scalbn", "F(scalbn)(X, -2)", w_scalbn, NULL, {{0.3}, {-3}, {5}, {0}}, 0},
    {"scalbln", "F(scalbln)(X, -2L)", w_scalbn, NULL, {{0.3}, {-3}, {5}, {0}}, 0},
    {"frexp", "F(frexp)(X, &whole)", w_frexp, NULL, {{0.3}, {-3}, {5}, {100.5}}, 0},
    {"modf", "F(modf)(X, &part) + 2 * part", w_modf, NULL, {{0.3}, {-3.3}, {5.5}, {100.5}}, 0},
    {"nextafter", "F(nextafter)(X, 10)", w_nextafter, NULL, {{0.3}, {-3}, {5}, {100.5}}, 0},
    ONE(j0, 0.3, -3, 8, 1e-3),
    ONE(j1, 0.3, -3, 8, 1e-3),
    {"jn", "F(jn)(2, X)", w_jn, NULL, {{0.3}, {-3}, {8}, {1}}, 0},
    ONE(y0, 0.3, 3, 8, 1),
    ONE(y1, 0.3, 3, 8, 1),
    {"yn", "F(yn)(3, X)", w_yn, NULL, {{0.7}, {3}, {8}, {1}}, 0},
    {"roundeven", "F(roundeven)(X)", rintl, NULL, {{0.3}, {-2.6}, {3.7}, {1e-1}}, 0},
    {"lgamma_r", "F(lgamma_r)(X, &whole)", lgammal, NULL, {{0.3}, {2.5}, {50}, {-1.3}}, 0},
    {"cabs",
     "F(cabs)(__builtin_complex(X, Y))",
     NULL,
     w_abs,
     {{3, 4}, {-1, 0.5}, {0.5, 5}, {2, -2}},
     0},
    {"carg",
     "F(carg)(__builtin_complex(X, Y))",
     NULL,
     w_arg,
     {{3, 4}, {-1, 0.5}, {0.5, 5}, {2, -2}},
     0},
    /* Intrinsics that no function of C has for a name, by their own. */
    {"llvm_maximum",
     "F(llvm_maximum)(X, Y)",
     NULL,
     w_maximum,
     {{3, 4}, {4, 3}, {-1, -2}, {0, 5}},
     0},
    {"llvm_minimum",
     "F(llvm_minimum)(X, Y)",
     NULL,
     w_minimum,
     {{3, 4}, {4, 3}, {-1, -2}, {0, 5}},
     0},
    {"llvm_fmuladd",
     "F(llvm_fmuladd)(X, Y, X)",
     NULL,
     w_fmuladd,
     {{3, 4}, {-1, 2}, {0, 5}, {1e-3, 1}},
     0},
    {"llvm_powi", "F(llvm_powi)(X, 3)", w_powi, NULL, {{0.3}, {-3}, {5}, {0.1}}, 0},
    {"llvm_arithmetic_fence",
     "F(llvm_arithmetic_fence)(X)",
     w_same,
     NULL,
     {{0.3}, {-3}, {5}, {0.1}},
     0},
    {"sincos",
     "(F(sincos)(X, &part, &other), part * other)",
     w_sincos,
     NULL,
     {{0.7}, {3}, {8}, {1}},
     0},
};

enum { CASES = sizeof cases / sizeof *cases };

/* Derivative in long double, central differences of order 8. */
static long double truth(const rule_case *c, const double *x, int k) {
  static const long double weight[4] = {4.0L / 5, -1.0L / 5, 4.0L / 105, -1.0L / 280};
  long double h   = 2e-4L * (fabsl((long double)x[k]) < 1e-2L ? 1e-2L : fabsl((long double)x[k])),
              sum = 0;
  if (fabs(x[k]) < 1e-2 && x[k] != 0) {
    h = 1e-3L * fabsl((long double)x[k]);
  }
  for (int j = 1; j <= 4; j++) {
    for (int side = -1; side <= 1; side += 2) {
      long double z[2] = {(long double)x[0], (long double)x[1]};
      z[k] += side * j * h;
      sum += side * weight[j - 1] * (c->one ? c->one(z[0]) : c->two(z[0], z[1]));
    }
  }
  return sum / h;
}

static lab rules;

static void open_rules(void) {
  ude_text text = {0};
  ude_text_append(&text,
                  "#define _GNU_SOURCE\n#include <complex.h>\n#include <math.h>\n#define lgamma_rf "
                  "lgammaf_r\n");
  for (int single = 0; single < 2; single++) {
    static const char *const intrinsics[][2] = {{"maximum", "T, T"},
                                                {"minimum", "T, T"},
                                                {"fmuladd", "T, T, T"},
                                                {"powi", "T, int"},
                                                {"arithmetic.fence", "T"}};
    ude_text_append(&text, "#undef T\n#define T %s\n", single ? "float" : "double");
    for (size_t k = 0; k < sizeof intrinsics / sizeof *intrinsics; k++) {
      char name[32];
      snprintf(name, sizeof name, "%s", intrinsics[k][0]);
      if (strchr(name, '.')) {
        *strchr(name, '.') = '_';
      }
      ude_text_append(&text, "T llvm_%s%s(%s) __asm__(\"llvm.%s.%s%s\");\n", name,
                      single ? "f" : "", intrinsics[k][1], intrinsics[k][0], single ? "f32" : "f64",
                      strcmp(name, "powi") ? "" : ".i32");
    }
    ude_text_append(&text,
                    "#undef F\n#define F(name) name%s\n#undef X\n#define X ((T%d)u[0])\n#undef Y\n"
                    "#define Y ((T%d)u[1])\ntypedef %s T%d;\n",
                    single ? "##f" : "", single, single, single ? "float" : "double", single);
    for (int k = 0; k < CASES; k++) {
      ude_text_append(
          &text,
          "void map_%s_%d(double *restrict y, const double *restrict u, const double "
          "*restrict p, double t) {\n  int whole; T%d part, other;\n  y[0] = (double)(%s);\n}\n",
          cases[k].name, single, single, cases[k].text);
    }
  }
  ck_assert(!text.failed);
  lab_open(&rules, text.data, LAB_BOTH);
  ude_text_free(&text);
}

START_TEST(rule) {
  const rule_case *c      = &cases[_i / 2];
  int              single = _i % 2, inputs = c->one ? 1 : 2;
  char             map[64];
  snprintf(map, sizeof map, "map_%s_%d", c->name, single);
  if (single && (!strcmp(c->name, "powi"))) {
    return;
  }
  for (int k = 0; k < 4; k++) {
    const double *x  = c->points[k];
    lab_point     at = {1, 2, 0, x, x, 0};
    double        forward[3], wide[3], reverse[3];
    lab_jacobian_forward(&rules, map, 1, &at, NULL, forward);
    lab_jacobian_forward(&rules, map, 3, &at, NULL, wide);
    lab_jacobian_reverse(&rules, map, &at, NULL, reverse);
    for (int j = 0; j < inputs; j++) {
      double expected  = (double)truth(c, x, j);
      double tolerance = (single ? 2e-4 : 1e-10) * (fabs(expected) + (single ? 1e-2 : 1e-4));
      ck_assert_msg(fabs(forward[j] - expected) <= tolerance,
                    "%s(%g, %g) d/dx%d: %.17g, truth %.17g", map, x[0], x[1], j, forward[j],
                    expected);
      ck_assert_msg(wide[j] == forward[j] || fabs(wide[j] - forward[j]) <= 1e-6 * fabs(forward[j]),
                    "%s by three: %g", map, wide[j]);
      ck_assert_msg(
          fabs(reverse[j] - forward[j]) <= 1e-15 + (single ? 1e-6 : 1e-14) * fabs(forward[j]),
          "%s reverse: %.17g, forward %.17g", map, reverse[j], forward[j]);
    }
  }
}
END_TEST

/* Every row of the table is covered by a case, by the name of its function or of its intrinsic. */
START_TEST(all_rows_are_tested) {
  for (const ude_rule *rule = ude_rules; rule->arity; rule++) {
    char name[64];
    snprintf(name, sizeof name, "%s", rule->name ? rule->name : rule->intrinsic);
    for (char *dot = strchr(name, '.'); dot; dot = strchr(dot, '.')) {
      *dot = '_';
    }
    /* polygamma, high_precision; x86 has no code for canonicalize, which is the identity */
    bool found = !strcmp(name, "ude_polygamma") || !strcmp(name, "llvm_canonicalize");
    for (int k = 0; k < CASES; k++) {
      found = found || !strcmp(name, cases[k].name);
    }
    ck_assert_msg(found, "no test for %s", name);
  }
}
END_TEST

/* ------------------------------------------------------------------------- kinks, extremes -- */

typedef struct kink {
  const char *text;
  double      x[2], seed[2];
  double      derivative; /* directional; NAN: not checked */
  double      gradient[2];
} kink;

static const kink kinks[] = {
    {"hypot(u[0], u[1])", {0, 0}, {1, 1}, 0, {0, 0}},
    {"sqrt(u[0]) * u[1]", {0, 3}, {0, 2}, 0, {NAN, 0}},
    {"sqrt(u[0] * u[0] + u[1] * u[1])", {0, 0}, {0, 0}, 0, {NAN, NAN}},
    {"pow(u[0], 2.0) + pow(u[0], 3.0) + pow(u[0], 1.0)", {0, 0}, {1, 0}, 1, {1, 0}},
    {"pow(u[0], u[1])", {0, 2}, {1, 1}, 0, {0, 0}},
    {"pow(u[0], u[1])", {0, 0}, {0, 1}, 0, {0, 0}},
    {"pow(u[0], u[1])", {-2, 3}, {1, 0}, 12, {12, NAN}},
    {"pow(u[0], 0.0) + u[1]", {0, 1}, {1, 1}, 1, {0, 1}},
    {"cbrt(u[0]) + u[1]", {0, 1}, {0, 1}, 1, {INFINITY, 1}},
    {"fmax(u[0], u[1])", {2, 2}, {1, 0}, 0, {0, 1}},
    {"fmin(u[0], u[1])", {2, 2}, {0, 1}, 1, {0, 1}},
    {"fmax(u[0], 0.0)", {0, 0}, {1, 0}, 0, {0, 0}},
    {"fmax(u[0], u[1])", {NAN, 2}, {1, 3}, 3, {0, 1}},
    {"fmax(u[0], u[1])", {2, NAN}, {1, 3}, 1, {1, 0}},
    {"fabs(u[0])", {0, 0}, {1, 0}, 0, {0, 0}},
    {"asin(u[0]) + u[1]", {1, 0}, {0, 1}, 1, {INFINITY, 1}},
    {"acos(u[0]) + u[1]", {-1, 0}, {0, 1}, 1, {-INFINITY, 1}},
    {"atan2(u[0], u[1])", {0, 0}, {1, 1}, 0, {0, 0}},
    {"atan2(u[0], u[1])", {1e200, 1e200}, {1e200, 0}, 0.5, {5e-201, -5e-201}},
    {"hypot(u[0], u[1])", {3e200, 4e200}, {1, 0}, 0.6, {0.6, 0.8}},
    {"asinh(u[0])", {1e200, 0}, {1e200, 0}, 1, {1e-200, 0}},
    {"acosh(u[0])", {1e200, 0}, {1e200, 0}, 1, {1e-200, 0}},
    {"exp(u[0])", {-800, 0}, {1, 0}, 0, {0, 0}},
    {"expm1(u[0])", {-100, 0}, {1, 0}, 3.7200759760208356e-44, {3.7200759760208356e-44, 0}},
    {"log(u[0])", {1e-300, 0}, {1e-300, 0}, 1, {1e300, 0}},
    {"u[0] > 0 ? log(u[0]) : u[1]", {0, 2}, {1, 1}, 1, {0, 1}},
    {"fmin(u[0] * exp(u[1]), 1.0)", {1, 1000}, {0, 0}, 0, {0, 0}},
    {"fmax(sqrt(u[0]), 1.0)", {0, 0}, {1, 0}, 0, {0, 0}},
    {"(u[1] != 0 ? u[0] / u[1] : 0) + u[0]", {1, 0}, {1, 0}, 1, {1, 0}},
    {"floor(u[0]) + round(u[0]) + trunc(u[0])", {2, 0}, {1, 0}, 0, {0, 0}},
    {"u[0] * __builtin_powi(u[1], 0)", {3, 0}, {1, 1}, 1, {1, 0}},
    {"lgamma(u[0])", {100, 0}, {1, 0}, 4.6001618527380874, {4.6001618527380874, 0}},
    {"tgamma(u[0])", {5, 0}, {1, 0}, 24 * 1.5061176684318004727, {24 * 1.5061176684318004727, 0}},
    {"copysign(u[0], u[1])", {3, -1}, {1, 1}, -1, {-1, 0}},
    {"sqrt(u[0]) * u[1]", {0, 0}, {1, 1}, NAN, {0, 0}},
    {"hypot(u[0], u[1]) * u[0]", {0, 0}, {1, 1}, 0, {0, 0}},
    {"fabs(u[0]) * u[0]", {0, 0}, {1, 0}, 0, {0, 0}},
    {"atan2(u[0], u[1])", {0, -1}, {1, 0}, -1, {-1, 0}},
    {"atan2(u[0], u[1])", {1, INFINITY}, {1, 0}, 0, {0, 0}},
    {"hypot(u[0], u[1])", {INFINITY, 1}, {0, 1}, 0, {1, 0}},
    {"pow(u[0], u[1])", {0, 1}, {1, 0}, 1, {1, 0}},
    {"pow(u[0], u[1])", {0, 3}, {1, 1}, 0, {0, 0}},
    {"pow(u[0], 0.5) * u[1]", {0, 0}, {0, 1}, 0, {0, 0}},
    {"pow(u[0], -2.0)", {1e200, 0}, {1, 0}, 0, {0, 0}},
    {"pow(u[0], u[1])", {1, 1e300}, {0, 1}, 0, {1e300, 0}},
    {"fmod(u[0], u[1])", {5, INFINITY}, {1, 0}, 1, {1, 0}},
    {"remainder(u[0], u[1])", {5, 10}, {1, 1}, 1, {1, 0}},
    {"fdim(u[0], u[1])", {2, 2}, {1, 0}, 0, {0, 0}},
    {"fmin(u[0], u[1])", {-0.0, 0.0}, {0, 1}, 1, {0, 1}},
    {"fmax(u[0] / u[1], 1.0)", {0, 0}, {1, 1}, NAN, {NAN, NAN}},
    {"u[1] > 0 ? u[0] / u[1] : u[0]", {1, 0}, {1, 1}, 1, {1, 0}},
    {"u[1] > 0 ? pow(u[0], u[1]) : u[0]", {-1, 0}, {1, 1}, 1, {1, 0}},
    {"u[0] > 0 ? sqrt(u[0]) : 0.0", {0, 0}, {1, 0}, 0, {0, 0}},
    {"u[0] != 0 ? sin(u[0]) / u[0] : 1.0", {0, 0}, {1, 0}, 0, {0, 0}},
    {"tanh(u[0])", {800, 0}, {1, 0}, 0, {0, 0}},
    {"erfc(u[0])", {INFINITY, 0}, {1, 0}, 0, {0, 0}},
    {"atan(u[0])", {-INFINITY, 0}, {1, 0}, 0, {0, 0}},
    {"log1p(exp(-fabs(u[0]))) + fmax(u[0], 0.0)", {800, 0}, {1, 0}, 1, {1, 0}},
    {"log1p(exp(-fabs(u[0]))) + fmax(u[0], 0.0)", {-800, 0}, {1, 0}, 0, {0, 0}},
    {"cbrt(u[0] * u[0] * u[0])", {1e-50, 0}, {1, 0}, 1, {1, 0}},
    {"j1(u[0]) + jn(1, u[0])", {0, 0}, {1, 0}, 1, {1, 0}},
    {"ldexp(u[0], -1074) + scalbn(u[0], 3)", {0, 0}, {1, 0}, 8, {8, 0}},
    {"rint(u[0]) + nearbyint(u[0]) + logb(u[0])", {2.5, 0}, {1, 0}, 0, {0, 0}},
    {"nextafter(u[0], u[1])", {0, 1}, {1, 1}, 1, {1, 0}},
    {"fmod(u[0], u[1])", {1e15, 7}, {1, 0}, 1, {1, -142857142857142}},
    {"remainder(u[0], u[1])", {1e15 + 6, 7}, {1, 0}, 1, {1, -142857142857144}},
    {"fma(u[0], u[1], u[0])", {1e200, 1e-200}, {1e-200, 0}, 1e-200, {1, 1e200}},
    {"frexp(u[0], &(int){0})", {1e-300, 0}, {1e-300, 0}, NAN, {NAN, 0}},
    {"u[0] * copysign(1.0, u[0])", {-2, 0}, {1, 0}, -1, {-1, 0}},
};

enum { KINKS = sizeof kinks / sizeof *kinks };
static lab at_kinks;

static void open_kinks(void) {
  ude_text text = {0};
  ude_text_append(&text, "#include <math.h>\n");
  for (int k = 0; k < KINKS; k++) {
    ude_text_append(
        &text,
        "void map_%d(double *restrict y, const double *restrict u, const double *restrict p, "
        "double t) { y[0] = %s; }\n",
        k, kinks[k].text);
  }
  lab_open(&at_kinks, text.data, LAB_BOTH);
  ude_text_free(&text);
}

static bool agrees(double got, double expected) {
  if (isnan(expected)) {
    return true;
  }
  return got == expected || fabs(got - expected) <= 1e-12 * fabs(expected);
}

START_TEST(kinks_and_extremes) {
  const kink *c = &kinks[_i];
  char        map[16];
  double      y, y_dot, t_dot = 0, bar = 1, u_bar[2] = {0, 0}, t_bar = 0, none[1] = {0};
  snprintf(map, sizeof map, "map_%d", _i);
  ((lab_jvp_fn)lab_find(&at_kinks, "jvp1_", map))(&y, &y_dot, c->x, c->seed, none, none, 0, &t_dot);
  ck_assert_msg(agrees(y_dot, c->derivative), "%s: %.17g instead of %.17g", c->text, y_dot,
                c->derivative);
  ((lab_vjp_fn)lab_find(&at_kinks, "vjp_", map))(&y, &bar, c->x, u_bar, none, none, 0, &t_bar);
  for (int k = 0; k < 2; k++) {
    ck_assert_msg(agrees(u_bar[k], c->gradient[k]), "%s: d/du%d %.17g instead of %.17g", c->text, k,
                  u_bar[k], c->gradient[k]);
  }
  /* A zero seed and a zero adjoint contribute zero, whatever the partial derivatives are. */
  double zero[2] = {0, 0}, zeros[2] = {0, 0}, no_bar = 0;
  ((lab_jvp_fn)lab_find(&at_kinks, "jvp1_", map))(&y, &y_dot, c->x, zero, none, none, 0, &t_dot);
  if (isfinite(y)) {
    ck_assert_msg(y_dot == 0, "%s: a zero seed gives %g", c->text, y_dot);
  }
  ((lab_vjp_fn)lab_find(&at_kinks, "vjp_", map))(&y, &no_bar, c->x, zeros, none, none, 0, &t_bar);
  if (isfinite(y)) {
    ck_assert_msg(zeros[0] == 0 && zeros[1] == 0, "%s: a zero adjoint gives %g %g", c->text,
                  zeros[0], zeros[1]);
  }
}
END_TEST

/* Values from Abramowitz & Stegun, tables 6.1 and 6.2, and exact forms. */
START_TEST(polygamma) {
  static const double pi = 3.14159265358979323846, euler = 0.57721566490153286061,
                      zeta3 = 1.2020569031595942854;
  static const struct {
    double n, x, value;
  } known[] = {{0, 1, -0.57721566490153286061},   {0, 2, 0.42278433509846713939},
               {0, 0.5, -1.9635100260214234794},  {1, 1, 1.6449340668482264365},
               {1, 0.5, 4.9348022005446793094},   {2, 1, -2.4041138063191885708},
               {0, -0.5, 0.03648997397857652056}, {1, -0.5, 8.9348022005446793094},
               {3, 1, 6.4939394022668291491}};
  (void)pi;
  (void)euler;
  (void)zeta3;
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    double got = ude_polygamma(known[k].n, known[k].x);
    ck_assert_msg(fabs(got - known[k].value) <= 2e-14 * (1 + fabs(known[k].value)),
                  "polygamma(%g, %g) = %.17g, not %.17g", known[k].n, known[k].x, got,
                  known[k].value);
  }
  ck_assert(isnan(ude_polygamma(0, 0)));
  ck_assert(isnan(ude_polygamma(1, -3)));
}
END_TEST

/* -------------------------------------------------------------------------- high precision -- */

typedef struct rule_value {
  const char *name;
  double      x[2], derivative[2];
  int         arguments;
} rule_value;

#define VALUE_1(f, x, d) {#f, {x, 0}, {d, 0}, 1},
#define VALUE_2(f, x, y, dx, dy) {#f, {x, y}, {dx, dy}, 2},
static const rule_value values[] = {RULE_VALUES_1(VALUE_1) RULE_VALUES_2(VALUE_2)};
#undef VALUE_1
#undef VALUE_2

enum { VALUES = sizeof values / sizeof *values };
static lab of_values;

static void open_values(void) {
  ude_text text = {0};
  ude_text_append(
      &text,
      "#define _GNU_SOURCE\n#include <complex.h>\n#include <math.h>\n"
      "double ude_polygamma(double, double);\ndouble powi(double, int) "
      "__asm__(\"llvm.powi.f64.i32\");\n"
      "#define jn_5(x) jn(5, x)\n#define yn_2(x) yn(2, x)\n#define lgamma_sign(x) lgamma_r(x, "
      "&sign)\n"
      "#define polygamma_0(x) ude_polygamma(0, x)\n#define polygamma_2(x) ude_polygamma(2, x)\n"
      "#define powi_7(x) powi(x, 7)\n#define powi_m3(x) powi(x, -3)\n"
      "#define cabs_of(x, y) cabs(__builtin_complex(x, y))\n"
      "#define carg_of(x, y) carg(__builtin_complex(x, y))\n");
  for (int k = 0; k < VALUES; k++) {
    bool known = false;
    for (int j = 0; j < k; j++) {
      known = known || !strcmp(values[j].name, values[k].name);
    }
    if (!known) {
      ude_text_append(
          &text,
          "void map_%s(double *restrict y, const double *restrict u, const double *restrict p, "
          "double t) { int sign; y[0] = %s(u[0]%s); }\n",
          values[k].name, values[k].name, values[k].arguments > 1 ? ", u[1]" : "");
    }
  }
  ck_assert(!text.failed);
  lab_open(&of_values, text.data, LAB_BOTH | LAB_QUICK);
  ude_text_free(&text);
}

/* As exact as the formula allows: rounding of x itself changes exp(-x^2) by x^2 roundings, pow by y. */
static double rounding(const rule_value *v) {
  double grows = fmax(fabs(v->x[0]) < 1e3 ? v->x[0] * v->x[0] : 1, 1);
  return 8 * 2.3e-16 * (v->arguments > 1 ? 4 : grows > 1e3 ? 1e3 : grows) + 4e-14;
}

START_TEST(high_precision) {
  const rule_value *v = &values[_i];
  char              map[64];
  double            forward[3], reverse[3];
  lab_point         at = {1, 2, 0, v->x, v->x, 0};
  snprintf(map, sizeof map, "map_%s", v->name);
  lab_jacobian_forward(&of_values, map, 1, &at, NULL, forward);
  ((lab_vjp_fn)lab_find(&of_values, "vjp_", map))(reverse + 2, (double[]){1}, v->x,
                                                  memset(reverse, 0, 2 * sizeof *reverse), v->x,
                                                  (double[]){0}, 0, (double[]){0});
  for (int k = 0; k < v->arguments; k++) {
    /* That of tanh is made from its value: exact to a rounding of 1, not of itself. */
    double least   = strcmp(v->name, "tanh") ? 5e-324 : 2.3e-16;
    double allowed = rounding(v) * fabs(v->derivative[k]) + least;
    ck_assert_msg(fabs(forward[k] - v->derivative[k]) <= allowed || forward[k] == v->derivative[k],
                  "%s(%.17g, %.17g) d%d: forward %.17g, true %.17g", v->name, v->x[0], v->x[1], k,
                  forward[k], v->derivative[k]);
    ck_assert_msg(fabs(reverse[k] - v->derivative[k]) <= allowed || reverse[k] == v->derivative[k],
                  "%s(%.17g, %.17g) d%d: reverse %.17g, true %.17g", v->name, v->x[0], v->x[1], k,
                  reverse[k], v->derivative[k]);
  }
}
END_TEST

int main(void) {
  Suite   *suite  = suite_create("rules");
  TCase   *tcase  = tcase_create("rules");
  SRunner *runner = srunner_create(suite);
  tcase_set_timeout(tcase, 60);
  tcase_add_unchecked_fixture(tcase, open_rules, NULL);
  tcase_add_unchecked_fixture(tcase, open_kinks, NULL);
  tcase_add_unchecked_fixture(tcase, open_values, NULL);
  tcase_add_test(tcase, all_rows_are_tested);
  tcase_add_test(tcase, polygamma);
  tcase_add_loop_test(tcase, rule, 0, 2 * CASES);
  tcase_add_loop_test(tcase, kinks_and_extremes, 0, KINKS);
  tcase_add_loop_test(tcase, high_precision, 0, VALUES);
  suite_add_tcase(suite, tcase);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  lab_close(&rules);
  lab_close(&at_kinks);
  lab_close(&of_values);
  return failed != 0;
}
