/**
 * @file complex.h
 * @brief Functions of complex.h as C of reals (UDE_BODY of ude/model.h), in double and float.
 *
 * ude adds this file to models that call cexp, clog, csqrt, cpow, csin, ccos, ctan, csinh, ccosh, ctanh, or cabsf and cargf; every
 * transform follows these bodies. Real and imaginary part have the derivatives of real functions of two variables, branch
 * cuts as in C11 annex G. Values may differ from the library's in the last places.
 *
 * Source: Kahan 1987 (Branch cuts for complex elementary functions) for csqrt, clog and ctanh.
 */
#ifndef UDE_RULES_COMPLEX_H
#define UDE_RULES_COMPLEX_H

#include <complex.h>
#include <math.h>
#include <ude/model.h>

static inline double complex ude_complex(double re, double im) {
  double complex z;
  ((double *)&z)[0] = re;
  ((double *)&z)[1] = im;
  return z;
}

static inline double complex ude_cexp(double complex z) {
  double size = exp(creal(z)), y = cimag(z);
  return ude_complex(size * cos(y), size * sin(y));
}

/* Near |z| = 1 the logarithm of |z| is that of 1 plus something small. */
static inline double complex ude_clog(double complex z) {
  double x = creal(z), y = cimag(z), size = hypot(x, y);
  double big = fabs(x) > fabs(y) ? fabs(x) : fabs(y), small = fabs(x) > fabs(y) ? y : x;
  double re =
      size > 0.5 && size < 2 ? 0.5 * log1p((big - 1) * (big + 1) + small * small) : log(size);
  return ude_complex(re, atan2(y, x));
}

static inline double complex ude_csqrt(double complex z) {
  double x = creal(z), y = cimag(z);
  if (x == 0 && y == 0) {
    return ude_complex(0, y);
  }
  double t = sqrt(0.5 * fabs(x) + 0.5 * hypot(x, y));
  return x >= 0 ? ude_complex(t, y / (2 * t)) : ude_complex(fabs(y) / (2 * t), copysign(1, y) * t);
}

static inline double complex ude_cpow(double complex z, double complex w) {
  if (creal(z) == 0 && cimag(z) == 0) {
    return creal(w) == 0 && cimag(w) == 0 ? ude_complex(1, 0) : ude_complex(0, 0);
  }
  double complex l = ude_clog(z);
  return ude_cexp(ude_complex(creal(w) * creal(l) - cimag(w) * cimag(l),
                              creal(w) * cimag(l) + cimag(w) * creal(l)));
}

static inline double complex ude_csinh(double complex z) {
  return ude_complex(sinh(creal(z)) * cos(cimag(z)), cosh(creal(z)) * sin(cimag(z)));
}
static inline double complex ude_ccosh(double complex z) {
  return ude_complex(cosh(creal(z)) * cos(cimag(z)), sinh(creal(z)) * sin(cimag(z)));
}
static inline double complex ude_csin(double complex z) {
  return ude_complex(sin(creal(z)) * cosh(cimag(z)), cos(creal(z)) * sinh(cimag(z)));
}
static inline double complex ude_ccos(double complex z) {
  return ude_complex(cos(creal(z)) * cosh(cimag(z)), -sin(creal(z)) * sinh(cimag(z)));
}

static inline double complex ude_ctanh(double complex z) {
  double x = creal(z), y = cimag(z);
  if (fabs(x) > 20) {
    return ude_complex(copysign(1, x), 4 * sin(y) * cos(y) * exp(-2 * fabs(x)));
  }
  double t = tan(y), s = sinh(x), beta = 1 + t * t, below = 1 + beta * s * s;
  return ude_complex(beta * sqrt(1 + s * s) * s / below, t / below);
}
static inline double complex ude_ctan(double complex z) { /* -i tanh(i z) */
  double complex w = ude_ctanh(ude_complex(-cimag(z), creal(z)));
  return ude_complex(cimag(w), -creal(w));
}

#define UDE_COMPLEX(name)                                                \
  static inline float complex ude_##name##f(float complex z) {           \
    return (float complex)ude_##name(ude_complex(crealf(z), cimagf(z))); \
  }                                                                      \
  UDE_BODY(name, ude_##name);                                            \
  UDE_BODY(name##f, ude_##name##f)

UDE_COMPLEX(cexp);
UDE_COMPLEX(clog);
UDE_COMPLEX(csqrt);
UDE_COMPLEX(csin);
UDE_COMPLEX(ccos);
UDE_COMPLEX(ctan);
UDE_COMPLEX(csinh);
UDE_COMPLEX(ccosh);
UDE_COMPLEX(ctanh);

static inline float complex ude_cpowf(float complex z, float complex w) {
  return (float complex)ude_cpow(ude_complex(crealf(z), cimagf(z)),
                                 ude_complex(crealf(w), cimagf(w)));
}
UDE_BODY(cpow, ude_cpow);
UDE_BODY(cpowf, ude_cpowf);

static inline float ude_cabsf(float complex z) {
  return hypotf(crealf(z), cimagf(z));
}
static inline float ude_cargf(float complex z) {
  return atan2f(cimagf(z), crealf(z));
}
UDE_BODY(cabsf, ude_cabsf);
UDE_BODY(cargf, ude_cargf);

#endif
