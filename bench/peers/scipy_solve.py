"""One line for each tolerance: seconds of a solve by SciPy, then the state at the end. Arguments: method, problem, tolerances."""
import sys
import time

import numpy as np
from scipy.integrate import solve_ivp

PROBLEMS = {
    "lotka_volterra": (lambda t, u: [1.5 * u[0] - u[0] * u[1], u[0] * u[1] - 3 * u[1]], [1, 1], 50),
    "lorenz": (lambda t, u: [10 * (u[1] - u[0]), u[0] * (28 - u[2]) - u[1], u[0] * u[1] - 8 / 3 * u[2]], [1, 0, 0], 10),
    "rober": (lambda t, u: [1e4 * u[1] * u[2] - 0.04 * u[0], 0.04 * u[0] - 1e4 * u[1] * u[2] - 3e7 * u[1] ** 2, 3e7 * u[1] ** 2],
              [1, 0, 0], 1e5),
}
rhs, start, end = PROBLEMS[sys.argv[2]]
for text in sys.argv[3:]:
    rtol = float(text)
    best = np.inf
    for _ in range(3):
        begin = time.process_time()
        found = solve_ivp(rhs, (0, end), start, method=sys.argv[1], rtol=rtol, atol=rtol * 1e-3)
        best = min(best, time.process_time() - begin)
    print(best, *found.y[:, -1])
