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

#endif
