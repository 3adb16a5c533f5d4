#!/usr/bin/env python3
"""Writes jet_series.h: series of every function of the rule table by mpmath, in 60 digits."""
from mpmath import mp, mpf, taylor
import mpmath as m

mp.dps = 60
ORDER = 14
X = [mpf("0.5"), mpf("-0.25"), mpf("0.125")]
Y = [mpf("0.375"), mpf("0.25"), mpf("-0.125")]


def along(start, slopes):
    return lambda s: start + slopes[0] * s + slopes[1] * s**2 + slopes[2] * s**3


# row of the table, C text, function, start of x, start of y
CASES = [
    ("sin", "F(sin)(X)", lambda x, y: m.sin(x), 0.5, 0),
    ("cos", "F(cos)(X)", lambda x, y: m.cos(x), -1.25, 0),
    ("tan", "F(tan)(X)", lambda x, y: m.tan(x), 0.5, 0),
    ("asin", "F(asin)(X)", lambda x, y: m.asin(x), 0.25, 0),
    ("acos", "F(acos)(X)", lambda x, y: m.acos(x), -0.5, 0),
    ("atan", "F(atan)(X)", lambda x, y: m.atan(x), 1.5, 0),
    ("atan2", "F(atan2)(X, Y)", lambda x, y: m.atan2(x, y) if False else m.atan(x / y), 0.5, 1.25),
    ("sinh", "F(sinh)(X)", lambda x, y: m.sinh(x), 0.5, 0),
    ("cosh", "F(cosh)(X)", lambda x, y: m.cosh(x), -1.5, 0),
    ("tanh", "F(tanh)(X)", lambda x, y: m.tanh(x), 0.75, 0),
    ("asinh", "F(asinh)(X)", lambda x, y: m.asinh(x), -0.75, 0),
    ("acosh", "F(acosh)(X)", lambda x, y: m.acosh(x), 2.5, 0),
    ("atanh", "F(atanh)(X)", lambda x, y: m.atanh(x), 0.25, 0),
    ("exp", "F(exp)(X)", lambda x, y: m.exp(x), 1.5, 0),
    ("exp2", "F(exp2)(X)", lambda x, y: mpf(2) ** x, 1.5, 0),
    ("exp10", "F(exp10)(X)", lambda x, y: mpf(10) ** x, 0.5, 0),
    ("expm1", "F(expm1)(X)", lambda x, y: m.expm1(x), 0.0625, 0),
    ("log", "F(log)(X)", lambda x, y: m.log(x), 2.5, 0),
    ("log2", "F(log2)(X)", lambda x, y: m.log(x) / m.log(2), 2.5, 0),
    ("log10", "F(log10)(X)", lambda x, y: m.log(x) / m.log(10), 2.5, 0),
    ("log1p", "F(log1p)(X)", lambda x, y: m.log1p(x), 0.5, 0),
    ("pow", "F(pow)(X, Y)", lambda x, y: x**y, 2.5, 1.5),
    ("pow", "F(pow)(X, -1.5)", lambda x, y: x ** mpf("-1.5"), 2.5, 0),
    ("pow", "F(pow)(X, 3)", lambda x, y: x**3, 0, 0),
    ("pow", "F(pow)(X - 1, 2)", lambda x, y: (x - 1) ** 2, 1, 0),
    ("pow", "F(pow)(X * X, 4)", lambda x, y: x**8, 0, 0),
    ("pow", "F(pow)(-X, 5)", lambda x, y: -(x**5), 1.5, 0),
    ("pow", "F(pow)(1.5, Y)", lambda x, y: mpf("1.5") ** y, 0, 1.5),
    ("powi", "__builtin_powi(X, 3)", lambda x, y: x**3, -1.5, 0),
    ("powi", "__builtin_powi(X, -2)", lambda x, y: x**-2, 1.5, 0),
    ("sqrt", "F(sqrt)(X)", lambda x, y: m.sqrt(x), 2.25, 0),
    ("cbrt", "F(cbrt)(X)", lambda x, y: m.cbrt(x), 2.5, 0),
    ("cbrt", "F(cbrt)(X)", lambda x, y: -m.cbrt(-x), -2.5, 0),
    ("hypot", "F(hypot)(X, Y)", lambda x, y: m.sqrt(x * x + y * y), 1.5, -0.5),
    ("erf", "F(erf)(X)", lambda x, y: m.erf(x), 0.5, 0),
    ("erfc", "F(erfc)(X)", lambda x, y: m.erfc(x), 1.25, 0),
    ("lgamma", "F(lgamma)(X)", lambda x, y: m.loggamma(x), 3.5, 0),
    ("tgamma", "F(tgamma)(X)", lambda x, y: m.gamma(x), 2.5, 0),
    ("tgamma", "F(tgamma)(X)", lambda x, y: m.gamma(x), -1.5, 0),
    ("fabs", "F(fabs)(X)", lambda x, y: -x, -1.5, 0),
    ("fmax", "F(fmax)(X, Y)", lambda x, y: y, 1, 2),
    ("fmin", "F(fmin)(X, Y)", lambda x, y: x, 1, 2),
    ("fdim", "F(fdim)(X, Y)", lambda x, y: x - y, 3, 2),
    ("fmod", "F(fmod)(X, Y)", lambda x, y: x - 3 * y, 7, 2),
    ("remainder", "F(remainder)(X, Y)", lambda x, y: x - 4 * y, 7.5, 2),
    ("remquo", "F(remquo)(X, Y, &whole)", lambda x, y: x - 4 * y, 7.5, 2),
    ("drem", "F(drem)(X, Y)", lambda x, y: x - 4 * y, 7.5, 2),
    ("fma", "F(fma)(X, Y, X)", lambda x, y: x * y + x, 1.5, 2),
    ("copysign", "F(copysign)(X, Y)", lambda x, y: -x, 1.5, -2),
    ("floor", "F(floor)(X)", lambda x, y: mpf(1), 1.5, 0),
    ("ceil", "F(ceil)(X)", lambda x, y: mpf(2), 1.5, 0),
    ("trunc", "F(trunc)(X)", lambda x, y: mpf(1), 1.5, 0),
    ("round", "F(round)(X)", lambda x, y: mpf(2), 1.75, 0),
    ("rint", "F(rint)(X)", lambda x, y: mpf(2), 1.75, 0),
    ("nearbyint", "F(nearbyint)(X)", lambda x, y: mpf(2), 1.75, 0),
    ("roundeven", "F(roundeven)(X)", lambda x, y: mpf(2), 1.75, 0),
    ("logb", "F(logb)(X)", lambda x, y: mpf(2), 4.75, 0),
    ("ldexp", "F(ldexp)(X, 3)", lambda x, y: 8 * x, 1.5, 0),
    ("scalbn", "F(scalbn)(X, -2)", lambda x, y: x / 4, 1.5, 0),
    ("scalbln", "F(scalbln)(X, -2)", lambda x, y: x / 4, 1.5, 0),
    ("frexp", "F(frexp)(X, &whole)", lambda x, y: x / 4, 2.5, 0),
    ("nextafter", "F(nextafter)(X, 9)", lambda x, y: x, 1.5, 0),
    ("j0", "F(j0)(X)", lambda x, y: m.besselj(0, x), 1.5, 0),
    ("j1", "F(j1)(X)", lambda x, y: m.besselj(1, x), 1.5, 0),
    ("j1", "F(j1)(X)", lambda x, y: m.besselj(1, x), 0, 0),
    ("jn", "F(jn)(3, X)", lambda x, y: m.besselj(3, x), 2.5, 0),
    ("y0", "F(y0)(X)", lambda x, y: m.bessely(0, x), 2.5, 0),
    ("y1", "F(y1)(X)", lambda x, y: m.bessely(1, x), 2.5, 0),
    ("yn", "F(yn)(2, X)", lambda x, y: m.bessely(2, x), 2.5, 0),
    ("cabs", "cabs(X + I * Y)", lambda x, y: m.sqrt(x * x + y * y), 1.5, -0.5),
    ("carg", "carg(X + I * Y)", lambda x, y: m.atan(y / x), 1.5, -0.5),
    ("lgamma_r", "F2(lgamma)(X, &whole)", lambda x, y: m.loggamma(x), 3.5, 0),
    # arithmetic, and functions of functions
    ("", "X / Y - 2 / X", lambda x, y: x / y - 2 / x, 1.5, 2),
    ("", "(X - Y) * (3 - X) / 7 - -X", lambda x, y: (x - y) * (3 - x) / 7 + x, 1.5, 2),
    ("", "F(sin)(F(exp)(X)) * F(log)(1 + Y * Y)", lambda x, y: m.sin(m.exp(x)) * m.log(1 + y * y), 0.25, 1.5),
    ("", "F(sqrt)(F(cosh)(X) + F(tanh)(X * Y))", lambda x, y: m.sqrt(m.cosh(x) + m.tanh(x * y)), 0.25, 1.5),
]


def number(v):
    v = mpf(v.real) if hasattr(v, "real") else mpf(v)
    return m.nstr(v, 20, min_fixed=0, max_fixed=0) if v else "0"


print("/* Written by jet_series.py: row of the table, C text, start of x and y, coefficients 0 to %d. */" % ORDER)
print("/* clang-format off */")
for row, text, f, x0, y0 in CASES:
    x, y = along(mpf(x0), X), along(mpf(y0), Y)
    series = taylor(lambda s: f(x(s), y(s)), 0, ORDER)
    print('{"%s", "%s", %s, %s,\n {%s}},' % (row, text, x0, y0, ", ".join(number(c) for c in series)))
