/**
 * @file model.h
 * @brief For model files: the marks that ude reads beside the plain C types.
 *
 * A model file is C11. Without ude the marks are empty, so that the same file compiles with any
 * compiler: they are clang attributes that end up in the debug information or as annotations.
 */
#ifndef UDE_MODEL_H
#define UDE_MODEL_H

#include <math.h>

#if defined(__clang__)
#define UDE_DECL_TAG(text) __attribute__((btf_decl_tag(text)))
#define UDE_ANNOTATE(text) __attribute__((annotate(text)))
#define UDE_APART __attribute__((noinline, used)) /* stays a function until ude has looked at it */
#else
#define UDE_DECL_TAG(text)
#define UDE_ANNOTATE(text)
#define UDE_APART
#endif

/** The function is an unknown term: fit trains what it depends on, discover reads it back as an
 *  equation. Inputs: `double` or `const double x[N]` arguments; outputs: `double y[M]` arguments or the
 *  return value; at most one `const struct param *`. */
#define UDE_LEARNED UDE_ANNOTATE("ude:learned") UDE_APART

/** Member of struct param that a fit keeps within [lower, upper]: UDE_RANGE(0, 1) double beta; */
#define UDE_RANGE(lower, upper) UDE_DECL_TAG("ude:range=" #lower "," #upper)

/** Member of struct state or struct observation whose measurements err by a factor rather than by an amount (counts,
 *  concentrations, populations): a fit compares logarithms. UDE_RELATIVE double hare, lynx; */
#define UDE_RELATIVE UDE_DECL_TAG("ude:error=relative")

/** Matrix member that a fit initialises with Glorot's uniform rule where p0 leaves it zero. */
#define UDE_GLOROT UDE_DECL_TAG("ude:init=glorot")

/** Member of struct loss that training reports but does not lower: an error against a known solution, ... */
#define UDE_METRIC UDE_DECL_TAG("ude:metric")

/** Random numbers for `draw(struct sample *s, ude_random *random)`. */
typedef struct ude_rng ude_random;
double                 ude_uniform(ude_random *random); /**< in [0, 1) */
double                 ude_normal(ude_random *random);  /**< mean 0, variance 1 */

/* ------------------------------------------------------------- derivatives inside the model -- */
/*
 * f is the name of a function of the model; its arguments and what belongs to them are lists in parentheses:
 *
 *     double u_x  = ude_jvp(u, (x, t, p), (1, 0, 0));                  // derivative along x
 *     ude_jvp(field, (out, in, p), (out_dot, in_dot, 0));              // arrays: writes out and out_dot
 *     double e    = ude_gradient(energy, (q, &p->net), (q_bar, 0));    // q_bar += d energy / d q
 *     double e    = ude_gradient(area, (a, b), (&a_bar, &b_bar));
 *     ude_vjp(field, (out, in, p), (out_bar, in_bar, p_bar));          // in_bar += J^T out_bar
 *
 * They may stand in functions whose derivatives are taken again, in any order: a loss may hold u_xx.
 * Another compiler accepts the same file; linking it without ude fails at the names declared here.
 */

/** Derivative of f at `point` along `direction`: the tangent of f's result, of f's type. The tangent of an argument has
 *  its type: a number, or a pointer to the tangents of what the argument points to (for outputs: where they are
 *  written). 0: none, also for integers. f is evaluated, so its outputs are written. */
#define ude_jvp(f, point, direction) UDE_JVP_AT(__COUNTER__, f, point, direction)
#define UDE_JVP_AT(id, f, point, direction)                                       \
  ((void)((__typeof__(&f))ude_derivative_point(id, (ude_any_function)(&f)))point, \
   ((__typeof__(&f))ude_jvp_direction(id, (ude_any_function)(&f)))direction)

/** Value of f, which returns double or float, at `point`; its gradient is **added** to what `bars` point to: for a
 *  number a pointer to a number of its type, for a pointer one to the same type, not const. 0: not wanted. */
#define ude_gradient(f, point, bars) UDE_VJP_AT(__COUNTER__, 1.0, f, point, bars)

/** Transposed product: as ude_gradient, times `result_bar` if f returns a number. Of memory that f writes, the bars hold
 *  the adjoints of what it wrote; they are consumed (zero afterwards). ude_vjp(f, (point), (bars)) for functions without
 *  a result, ude_vjp(f, (point), (bars), result_bar) for those with one. */
#define ude_vjp(f, ...) UDE_VJP_PICK(__VA_ARGS__, UDE_VJP_SEED, UDE_VJP_NONE, )(f, __VA_ARGS__)
#define UDE_VJP_PICK(point, bars, seed, name, ...) name
#define UDE_VJP_NONE(f, point, bars) UDE_VJP_SEED(f, point, bars, 0)
#define UDE_VJP_SEED(f, point, bars, seed) \
  UDE_VJP_AT(__COUNTER__, ude_seed((double)(seed)), f, point, bars)
#define UDE_VJP_AT(id, seed, f, point, bars)                        \
  (ude_vjp_bars(id, seed, UDE_BARS_COUNT bars, UDE_BARS_EACH bars), \
   ((__typeof__(&f))ude_derivative_point(id, (ude_any_function)(&f)))point)

#define UDE_BAR(b)                                                      \
  (void *)(b), (int)_Generic((b), double *: 8, float *: 4, default: 0), \
      (unsigned long)sizeof(*_Generic((b), int: (char *)0, default: (b)))
#define UDE_BARS_PICK(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, n, \
                      ...)                                                                      \
  n
#define UDE_BARS_COUNT(...) \
  UDE_BARS_PICK(__VA_ARGS__, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define UDE_BARS_JOIN(n) UDE_BARS_##n
#define UDE_BARS_NAME(n) UDE_BARS_JOIN(n)
#define UDE_BARS_EACH(...) UDE_BARS_NAME(UDE_BARS_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define UDE_BARS_1(b) UDE_BAR(b)
#define UDE_BARS_2(b, ...) UDE_BAR(b), UDE_BARS_1(__VA_ARGS__)
#define UDE_BARS_3(b, ...) UDE_BAR(b), UDE_BARS_2(__VA_ARGS__)
#define UDE_BARS_4(b, ...) UDE_BAR(b), UDE_BARS_3(__VA_ARGS__)
#define UDE_BARS_5(b, ...) UDE_BAR(b), UDE_BARS_4(__VA_ARGS__)
#define UDE_BARS_6(b, ...) UDE_BAR(b), UDE_BARS_5(__VA_ARGS__)
#define UDE_BARS_7(b, ...) UDE_BAR(b), UDE_BARS_6(__VA_ARGS__)
#define UDE_BARS_8(b, ...) UDE_BAR(b), UDE_BARS_7(__VA_ARGS__)
#define UDE_BARS_9(b, ...) UDE_BAR(b), UDE_BARS_8(__VA_ARGS__)
#define UDE_BARS_10(b, ...) UDE_BAR(b), UDE_BARS_9(__VA_ARGS__)
#define UDE_BARS_11(b, ...) UDE_BAR(b), UDE_BARS_10(__VA_ARGS__)
#define UDE_BARS_12(b, ...) UDE_BAR(b), UDE_BARS_11(__VA_ARGS__)
#define UDE_BARS_13(b, ...) UDE_BAR(b), UDE_BARS_12(__VA_ARGS__)
#define UDE_BARS_14(b, ...) UDE_BAR(b), UDE_BARS_13(__VA_ARGS__)
#define UDE_BARS_15(b, ...) UDE_BAR(b), UDE_BARS_14(__VA_ARGS__)
#define UDE_BARS_16(b, ...) UDE_BAR(b), UDE_BARS_15(__VA_ARGS__)

/* --------------------------------------------------------------------- rules for functions -- */
/*
 * At file scope; the function may be external, or hold what cannot be differentiated. Numbers are double or float;
 * a *bar* of an argument is a pointer to which its adjoint is added. Rule functions are C that ude differentiates
 * in its turn where higher derivatives are taken.
 *
 *     double table(double x, const struct grid *g);
 *     static double table_jvp(double x, const struct grid *g, double x_dot, const struct grid *g_dot,
 *                             double *result_dot);
 *     static void table_vjp(double x, const struct grid *g, double *x_bar, struct grid *g_bar, double result_bar);
 *     UDE_JVP(table, table_jvp);
 *     UDE_VJP(table, table_vjp);
 *
 * What pointers point to must be of known size: a struct, an array declared `x[static N]`, or by UDE_EXTENTS. It
 * holds doubles or floats, not both. Without a rule for a mode the function's body is differentiated; Taylor
 * mode and patterns have no rules and follow the body always.
 */

/** f_jvp: the arguments of f, then for each that is no integer its tangent (of the argument's type; for a pointer NULL:
 *  zero), then, if f returns a number, a pointer for the tangent of the result. It does what f does, returns what f
 *  returns, and writes the tangents of what it writes. */
#define UDE_JVP(f, f_jvp) UDE_RULE(jvp, f, f_jvp)

/** f_vjp, void: the arguments of f as they were before the call, then for each that is no integer its bar (NULL: not
 *  wanted), then the adjoint of the result if f returns a number. For memory that f overwrites the bar holds the adjoints
 *  of the new content, to be replaced by those of the old (zero if f does not read it). */
#define UDE_VJP(f, f_vjp) UDE_RULE(vjp, f, f_vjp)

/** f_extents, void: the arguments of f, then `size_t *bytes`: bytes[k] is set to the size of what argument k, a pointer,
 *  points to (k from 0; 0: nothing). */
#define UDE_EXTENTS(f, f_extents) UDE_RULE(extents, f, f_extents)

/** f_body, with the arguments and the result of f: what f computes, as C that can be differentiated. It serves where f has
 *  no body here and there is no rule for the transform: Taylor mode, patterns, lanes, a mode without its rule. */
#define UDE_BODY(f, f_body) UDE_RULE(body, f, f_body)

/** f has no derivative: its result, and what it writes, do not depend on the inputs as far as derivatives go. */
#define UDE_INACTIVE(f) UDE_RULE(inactive, f, 0)

#if defined(__GNUC__)
#define UDE_KEPT __attribute__((used))
#else
#define UDE_KEPT
#endif
#define UDE_RULE(kind, f, rule)                                                       \
  UDE_KEPT static const ude_rule_mark ude_rule_##kind##_##f = {(ude_any_function)(f), \
                                                               (ude_any_function)(rule)}

typedef void (*ude_any_function)(void);
typedef struct ude_rule_mark {
  ude_any_function f, rule;
} ude_rule_mark;
/* What the macros above leave for ude; there is no such function anywhere else. */
ude_any_function ude_derivative_point(int id, ude_any_function f);
ude_any_function ude_jvp_direction(int id, ude_any_function f);
void             ude_vjp_bars(int id, double seed, int count, ...);

static inline double ude_seed(double seed) {
  return seed;
}

#endif
