/**
 * @file rules_table.h
 * @brief The rows of the rule table: X(name, float name, intrinsic, arity, singular, masks, partials...).
 *
 * Sources: Abramowitz & Stegun chapters 4 (elementary), 6 (gamma), 7 (error function), 9 (Bessel); C11 7.12.
 * Forms are chosen for range: hypot instead of squares where those overflow, products of factors
 * instead of differences of squares near 1.
 */
/* clang-format off */
#define UDE_RULE_TABLE(X)                                                                          \
  X("sin", "sinf", "llvm.sin", 1, 0, 0, "cos(x)", 0, 0)                                            \
  X("cos", "cosf", "llvm.cos", 1, 0, 0, "-sin(x)", 0, 0)                                           \
  X("tan", "tanf", "llvm.tan", 1, 0, 0, "1+r*r", 0, 0)                                             \
  X("asin", "asinf", "llvm.asin", 1, 1, 0, "1/sqrt((1-x)*(1+x))", 0, 0)                            \
  X("acos", "acosf", "llvm.acos", 1, 1, 0, "-1/sqrt((1-x)*(1+x))", 0, 0)                           \
  X("atan", "atanf", "llvm.atan", 1, 0, 0, "1/(1+x*x)", 0, 0)                                      \
  X("atan2", "atan2f", 0, 2, 0, 0, "a=hypot(x,y);a==a+a?0:y/a/a", "a=hypot(x,y);a==a+a?0:-x/a/a", 0)   \
  X("sinh", "sinhf", "llvm.sinh", 1, 0, 0, "cosh(x)", 0, 0)                                        \
  X("cosh", "coshf", "llvm.cosh", 1, 0, 0, "sinh(x)", 0, 0)                                        \
  X("tanh", "tanhf", "llvm.tanh", 1, 0, 0, "(1-r)*(1+r)", 0, 0)                                    \
  X("asinh", "asinhf", 0, 1, 0, 0, "1/hypot(1,x)", 0, 0)                                           \
  X("acosh", "acoshf", 0, 1, 1, 0, "1/(sqrt(x-1)*sqrt(x+1))", 0, 0)                                \
  X("atanh", "atanhf", 0, 1, 1, 0, "1/((1-x)*(1+x))", 0, 0)                                        \
  X("exp", "expf", "llvm.exp", 1, 0, 0, "r", 0, 0)                                                 \
  X("exp2", "exp2f", "llvm.exp2", 1, 0, 0, "r*0.69314718055994530942", 0, 0)                       \
  X("exp10", "exp10f", "llvm.exp10", 1, 0, 0, "r*2.3025850929940456840", 0, 0)                     \
  X("expm1", "expm1f", 0, 1, 0, 0, "exp(x)", 0, 0)                                                 \
  X("log", "logf", "llvm.log", 1, 0, 0, "1/x", 0, 0)                                               \
  X("log2", "log2f", "llvm.log2", 1, 0, 0, "1.4426950408889634074/x", 0, 0)                        \
  X("log10", "log10f", "llvm.log10", 1, 0, 0, "0.43429448190325182765/x", 0, 0)                    \
  X("log1p", "log1pf", 0, 1, 0, 0, "1/(1+x)", 0, 0)                                                \
  X("pow", "powf", "llvm.pow", 2, 1, 0,                                                            \
    "x==0?(y==0?0:y*pow(x,y-1)):y==0?y*r/x:y*pow(x,y-1)", "r==0||x==0?0:r*log(x)", 0)              \
  X(0, 0, "llvm.powi", 2, 1, 0, "y==0?0:y*powi(x,y-1)", 0, 0)                                      \
  X("sqrt", "sqrtf", "llvm.sqrt", 1, 1, 0, "0.5/r", 0, 0)                                          \
  X("cbrt", "cbrtf", 0, 1, 1, 0, "1/(3*r*r)", 0, 0)                                                \
  X("hypot", "hypotf", 0, 2, 0, 0, "r==0?0:r==r+r?(x==r?1:x==-r?-1:0):x/r",                        \
    "r==0?0:r==r+r?(y==r?1:y==-r?-1:0):y/r", 0)                                                    \
  X("cabs", 0, 0, 2, 0, 0, "r==0?0:r==r+r?(x==r?1:x==-r?-1:0):x/r",                                \
    "r==0?0:r==r+r?(y==r?1:y==-r?-1:0):y/r", 0)                                                    \
  X("carg", 0, 0, 2, 0, 0, "a=hypot(x,y);a==a+a?0:-y/a/a", "a=hypot(x,y);a==a+a?0:x/a/a", 0)           \
  X("erf", "erff", 0, 1, 0, 0, "1.1283791670955125739*exp(-x*x)", 0, 0)                            \
  X("erfc", "erfcf", 0, 1, 0, 0, "-1.1283791670955125739*exp(-x*x)", 0, 0)                         \
  X("lgamma", "lgammaf", 0, 1, 0, 0, "ude_polygamma(0,x)", 0, 0)                                   \
  X("lgamma_r", "lgammaf_r", 0, 2, 0, 0, "ude_polygamma(0,x)", 0, 0)                               \
  X("tgamma", "tgammaf", 0, 1, 0, 0, "r*ude_polygamma(0,x)", 0, 0)                                 \
  X("ude_polygamma", "ude_polygammaf", 0, 2, 0, 0, 0, "ude_polygamma(x+1,y)", 0)                   \
  X("fabs", "fabsf", "llvm.fabs", 1, 0, 0, "x>0?1:x<0?-1:0", 0, 0)                                 \
  X("fmax", "fmaxf", "llvm.maxnum", 2, 0, 1, "x>y||y!=y?1:0", "x>y||y!=y?0:1", 0)                  \
  X("fmin", "fminf", "llvm.minnum", 2, 0, 1, "x<y||y!=y?1:0", "x<y||y!=y?0:1", 0)                  \
  X(0, 0, "llvm.maximum", 2, 0, 1, "x>y||x!=x?1:0", "x>y||x!=x?0:1", 0)                            \
  X(0, 0, "llvm.minimum", 2, 0, 1, "x<y||x!=x?1:0", "x<y||x!=x?0:1", 0)                            \
  X("fdim", "fdimf", 0, 2, 0, 1, "x>y?1:0", "x>y?-1:0", 0)                                         \
  X("fmod", "fmodf", 0, 2, 0, 0, "1", "-rint((x-r)/y)", 0)                                         \
  X("remainder", "remainderf", 0, 2, 0, 0, "1", "-rint((x-r)/y)", 0)                               \
  X("drem", "dremf", 0, 2, 0, 0, "1", "-rint((x-r)/y)", 0)                                         \
  X("remquo", "remquof", 0, 3, 0, 0, "1", "-rint((x-r)/y)", 0)                                     \
  X("fma", "fmaf", "llvm.fma", 3, 0, 0, "y", "x", "1")                                             \
  X(0, 0, "llvm.fmuladd", 3, 0, 0, "y", "x", "1")                                                  \
  X("copysign", "copysignf", "llvm.copysign", 2, 0, 0,                                             \
    "x==0?0:copysign(1,x)*copysign(1,y)", "0", 0)                                                  \
  X("floor", "floorf", "llvm.floor", 1, 0, 0, "0", 0, 0)                                           \
  X("ceil", "ceilf", "llvm.ceil", 1, 0, 0, "0", 0, 0)                                              \
  X("trunc", "truncf", "llvm.trunc", 1, 0, 0, "0", 0, 0)                                           \
  X("round", "roundf", "llvm.round", 1, 0, 0, "0", 0, 0)                                           \
  X("rint", "rintf", "llvm.rint", 1, 0, 0, "0", 0, 0)                                              \
  X("nearbyint", "nearbyintf", "llvm.nearbyint", 1, 0, 0, "0", 0, 0)                               \
  X("roundeven", "roundevenf", "llvm.roundeven", 1, 0, 0, "0", 0, 0)                               \
  X("logb", "logbf", 0, 1, 0, 0, "0", 0, 0)                                                        \
  X("ldexp", "ldexpf", "llvm.ldexp", 2, 0, 0, "ldexp(1,y)", 0, 0)                                  \
  X("scalbn", "scalbnf", 0, 2, 0, 0, "scalbn(1,y)", 0, 0)                                          \
  X("scalbln", "scalblnf", 0, 2, 0, 0, "scalbln(1,y)", 0, 0)                                       \
  X("frexp", "frexpf", 0, 2, 0, 0, "x==0?1:r/x", 0, 0)                                             \
  X("nextafter", "nextafterf", 0, 2, 0, 0, "1", "0", 0)                                            \
  X("j0", "j0f", 0, 1, 0, 0, "-j1(x)", 0, 0)                                                       \
  X("j1", "j1f", 0, 1, 0, 0, "x==0?0.5:j0(x)-r/x", 0, 0)                                           \
  X("jn", "jnf", 0, 2, 0, 0, 0, "(jn(x-1,y)-jn(x+1,y))*0.5", 0)                                    \
  X("y0", "y0f", 0, 1, 0, 0, "-y1(x)", 0, 0)                                                       \
  X("y1", "y1f", 0, 1, 0, 0, "y0(x)-r/x", 0, 0)                                                    \
  X("yn", "ynf", 0, 2, 0, 0, 0, "(yn(x-1,y)-yn(x+1,y))*0.5", 0)                                    \
  X(0, 0, "llvm.canonicalize", 1, 0, 0, "1", 0, 0)                                                 \
  X(0, 0, "llvm.arithmetic.fence", 1, 0, 0, "1", 0, 0)
/* clang-format on */
