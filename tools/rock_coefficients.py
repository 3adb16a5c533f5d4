#!/usr/bin/env python3
"""Coefficients of ROCK2 and ROCK4, written as the rows of src/solve/rock_tables.c.

    tools/rock_coefficients.py 2    tools/rock_coefficients.py 4        (needs numpy, scipy, mpmath; minutes)

The stability polynomial is R(z) = w(y) P(y) / (w(y0) P(y0)) with y = y0 - z / c, where w is a product of one (two) squares
(y - A)^2 + B^2 and P of degree m = s - 2 (s - 4) is orthogonal on [0, 2] with the weight w^2 / sqrt(y (2 - y)), so that w P nearly
equioscillates (Abdulle, Medovikov, Numer. Math. 90 (2001) 1; Abdulle, SIAM J. Sci. Comput. 23 (2002) 2041). A, B and y0 are those of
the longest interval on which |R| <= 0.95 beside the conditions R^(k)(0) = 1 of the order, found by sequential quadratic programming
and polished in 40 digits. They are stored times s^2, and tend to limits with growing s.

Order 4 ends with four stages whose composition with the stages before has to satisfy the eight conditions of order 4. Given C3
and C4 they determine everything else. The estimate of the error is the combination of
these stages and of the derivative at the end that vanishes in order 3; its size is set to a norm of 0.02 of the four weights of order
4.
"""
import sys

import mpmath as mp
import numpy as np
from scipy.optimize import minimize, minimize_scalar

mp.mp.dps = 40
DAMPING = 0.95
# A start for C2, and C3, C4 of the four last stages, as parts of the time that is left: near the smallest coefficients of all that look
# at no time outside of the step.
ENDING = (-0.165, 7 / 16, 3 / 4)


def recurrence(m, roots, lib):
    """nb[j] P_{j+1} = (y - al[j]) P_j - nb[j-1] P_{j-1}, orthonormal."""
    count = m + 2 * len(roots) + 2
    if lib is np:
        y = 2 * np.sin((np.arange(count) + 0.5) * np.pi / count / 2) ** 2
        before, now = np.zeros(count), np.ones(count)
    else:
        y = np.array([2 * mp.sin((k + mp.mpf(1) / 2) * mp.pi / count / 2) ** 2 for k in range(count)])
        before, now = y * 0, y * 0 + 1
    weight = now
    for a, b in roots:
        weight = weight * ((y - a) ** 2 + b * b)
    weight = weight * weight
    root = np.sqrt if lib is np else mp.sqrt
    now = now / root((weight * now * now).sum())
    al, nb, beta = [], [], 0
    for _ in range(m):
        alpha = (weight * y * now * now).sum()
        new = (y - alpha) * now - beta * before
        beta = root((weight * new * new).sum())
        al.append(alpha)
        nb.append(beta)
        before, now = now, new / beta
    return al, nb


def jet(al, nb, roots, y0, order):
    """Taylor coefficients of w P at y0 over its value."""
    before, now = [0 * y0] * (order + 1), [0 * y0] * (order + 1)
    now[0], beta = 1 + 0 * y0, 0
    for alpha, b in zip(al, nb):
        new = [((y0 - alpha) * now[k] + (now[k - 1] if k else 0) - beta * before[k]) / b for k in range(order + 1)]
        before, now, beta = now, new, b
    for a, b in roots:
        f = [(y0 - a) ** 2 + b * b, 2 * (y0 - a), 1]
        now = [sum(now[k - i] * f[i] for i in range(min(k, 2) + 1)) for k in range(order + 1)]
    return [x / now[0] for x in now]


def split(s, x):
    roots = [(x[2 * i] / s**2, x[2 * i + 1] / s**2) for i in range(len(x) // 2)]
    return roots, -x[-1] / s**2


def conditions(s, x, lib):
    order = len(x) - 1
    roots, y0 = split(s, x)
    al, nb = recurrence(s - order, roots, lib)
    r = jet(al, nb, roots, y0, order)
    c = -r[1]
    return (2 - y0) * c, [r[k] * (-1) ** k / c**k * mp.factorial(k) - 1 for k in range(2, order + 1)]


def amplitude(s, x):
    order = len(x) - 1
    roots, y0 = split(s, x)
    al, nb = recurrence(s - order, roots, np)
    y = np.concatenate([[y0], 2 * np.sin(np.linspace(0, np.pi, 40 * s) / 2) ** 2, 2 * np.sin(np.linspace(0, min(np.pi, 8 * np.pi / s), 400) / 2) ** 2])
    before, now, beta = 0 * y, 1 + 0 * y, 0
    for alpha, b in zip(al, nb):
        before, now, beta = now, ((y - alpha) * now - beta * before) / b, b
    for a, b in roots:
        now = now * ((y - a) ** 2 + b * b)
    return abs(now[1:] / now[0]).max()


def optimal(s, x):
    bounds = [(-30, 60), (0.01, 60)] * (len(x) // 2) + [(0, 2)]
    found = minimize(lambda v: -conditions(s, v, np)[0] / s**2, x, method="SLSQP", bounds=bounds,
                     constraints=[{"type": "eq", "fun": lambda v: np.array([float(e) for e in conditions(s, v, np)[1]])},
                                  {"type": "ineq", "fun": lambda v: DAMPING - amplitude(s, v)}],
                     options={"maxiter": 300, "ftol": 1e-12}).x
    fixed = [float("%.6f" % v) for v in found]  # A, and for order 4 the rest follows
    if len(x) == 3:
        free = [2]
    else:
        free = [1, 3, 4]

    def residual(*v):
        full = [mp.mpf(repr(f)) for f in fixed]
        for i, value in zip(free, v):
            full[i] = value
        return conditions(s, full, mp)[1]

    solved = mp.findroot(residual if len(free) > 1 else lambda v: residual(v)[0], [mp.mpf(found[i]) for i in free] if len(free) > 1 else mp.mpf(found[free[0]]), tol=1e-30)
    full = [mp.mpf(repr(f)) for f in fixed]
    for i, value in zip(free, solved if len(free) > 1 else [solved]):
        full[i] = value
    return full


# Trees of order up to 4: 1, [1], [11], [[1]], [111], [1[1]], [[11]], [[[1]]]; weights of a stage, and of h f(stage).
EXACT = [mp.mpf(1) / k for k in (1, 2, 3, 6, 4, 8, 12, 24)]
SYMMETRY = [6, 1, 2, 1]


def slope(g):
    return [mp.mpf(1), g[0], g[0] ** 2, g[1], g[0] ** 3, g[0] * g[1], g[2], g[3]]


def before_end(s, x):
    """Weights of the stage that the last four start from."""
    roots, y0 = split(s, x)
    al, nb = recurrence(s - 4, roots, mp)
    c = -jet(al, nb, roots, y0, 1)[1]
    zero = [mp.mpf(0)] * 8
    g, old, ratio, beta = zero, zero, None, mp.mpf(0)
    for alpha, b in zip(al, nb):
        up = (y0 - alpha) / b - (beta / b / ratio if ratio else 0)
        mu, nu = -1 / c / b / up, (y0 - alpha) / b / up
        f = slope(g)
        new = [mu * f[k] + nu * g[k] + (1 - nu) * old[k] for k in range(8)]
        old, g, ratio, beta = g, new, up, b
    return g


def solve(rows, right):
    try:
        return list(mp.lu_solve(mp.matrix(rows), mp.matrix(right)))
    except TypeError as error:  # mpmath of a singular matrix
        raise ZeroDivisionError from error


def ending(g, c2, c3, c4):
    """a21 a31 a32 a41 a42 a43, b1..b4, and what is missing of the last condition."""
    c = [g[0], c2, c3, c4]
    b = solve([[x**k for x in c] for k in range(4)], [EXACT[k] - g[k] for k in (0, 1, 2, 4)])
    d1, d2 = g[1], g[1] + (c2 - c[0]) * c[0]
    d3, d4 = solve([[b[2], b[3]], [b[2] * c3, b[3] * c4]], [EXACT[3] - g[3] - b[0] * d1 - b[1] * d2, EXACT[5] - g[5] - b[0] * c[0] * d1 - b[1] * c2 * d2])
    a31, a32 = solve([[1, 1], [c[0], c2]], [c3 - c[0], d3 - g[1]])
    e1, e2 = g[2], g[2] + (c2 - c[0]) * c[0] ** 2
    e3 = g[2] + a31 * c[0] ** 2 + a32 * c2**2
    e4 = (EXACT[6] - g[6] - b[0] * e1 - b[1] * e2 - b[2] * e3) / b[3]
    a4 = solve([[1, 1, 1], c[:3], [x**2 for x in c[:3]]], [c4 - c[0], d4 - g[1], e4 - g[2]])
    f = [g[3], g[3] + (c2 - c[0]) * d1, g[3] + a31 * d1 + a32 * d2, g[3] + a4[0] * d1 + a4[1] * d2 + a4[2] * d3]
    missing = sum(b[i] * f[i] for i in range(4)) + g[7] - EXACT[7]
    e5 = [[1, x, x**2, d] for x, d in zip(c + [1], [d1, d2, d3, d4, mp.mpf(1) / 2])]
    est = solve([[e5[i][k] for i in range(4)] for k in range(4)], [-e5[4][k] for k in range(4)]) + [mp.mpf(1)]
    weights = [(x**3, x * d, e, v) for x, d, e, v in zip(c + [1], [d1, d2, d3, d4, mp.mpf(1) / 2], [e1, e2, e3, e4, EXACT[2]], f + [EXACT[3]])]
    size = mp.sqrt(sum((sum(est[i] * weights[i][k] for i in range(5)) / SYMMETRY[k]) ** 2 for k in range(4)))
    est = [v * mp.mpf("0.02") / size for v in est]
    return [c2 - c[0], a31, a32] + a4 + b, est, missing


def fixed_ending(g, u, v, w):
    """With C3, C4 at the parts v, w of the time that is left, from the root near u of the last condition, for C2."""
    c1 = g[0]
    c3, c4 = c1 + (1 - c1) * mp.mpf(v), c1 + (1 - c1) * mp.mpf(w)
    u = mp.findroot(lambda z: ending(g, c1 + (1 - c1) * z, c3, c4)[2], (u, u + 0.003), solver="secant", tol=1e-30)
    return ending(g, c1 + (1 - c1) * u, c3, c4), u


def degrees(first, last):
    s, out = first, []
    while s < last:
        out.append(s)
        s = max(s + 1, round(s * 1.07))
    return out + [last]


def main():
    order = int(sys.argv[1])
    x = np.array([2.9, 3.5, 0.42]) if order == 2 else np.array([1.3, 21.0, 14.4, 7.9, 0.32])
    start = {2: degrees(3, 200), 4: degrees(5, 150)}[order]
    solved = {}
    above = [s for s in start if s >= 10]
    for s in above + sorted((s for s in start if s < 10), reverse=True):
        if s == max((q for q in start if q < 10), default=0):
            x = np.array([float(v) for v in solved[above[0]]])
        full = optimal(s, x)
        x = np.array([float(v) for v in full])
        solved[s] = full
    for s in start:
        full = solved[s]
        length = conditions(s, full, mp)[0]
        row = [mp.nstr(length, 10)] + [mp.nstr(v, 17) for v in full]
        if order == 4:
            (coefficients, estimate, _), _ = fixed_ending(before_end(s, full), *ENDING)
            row += [mp.nstr(v, 17) for v in coefficients + estimate]
        print("    {%d, {%s}}," % (s, ", ".join(row)), flush=True)


main()
