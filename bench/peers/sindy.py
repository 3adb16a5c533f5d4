#!/usr/bin/env python3
"""PySINDy on the tables that examples/sindy/showcase.sh left: sindy.py FOLDER.

Needs `pip install pysindy`; nothing else of the project does. Prints the same line for each case as the showcase: terms that are
missing or false, the largest relative error of a coefficient, and the seconds of the fit.
"""
import csv
import pathlib
import sys
import time

import numpy as np
import pysindy

DAMPED = [{"x": -0.1, "y": 2}, {"x": -2, "y": -0.1}]
CUBIC = [{"x^3": -0.1, "y^3": 2}, {"x^3": -2, "y^3": -0.1}]
LORENZ = [{"x": -10, "y": 10}, {"x": 28, "y": -1, "x z": -1}, {"z": -8 / 3, "x y": 1}]
HOPF = [
    {},
    {"y": -1, "mu x": 1, "x^3": -1, "x y^2": -1},
    {"x": 1, "mu y": 1, "x^2 y": -1, "y^3": -1},
]


def read(path):
    with open(path) as lines:
        rows = list(csv.reader(lines))
    return rows[0], np.array(rows[1:], dtype=float)


def report(name, model, truth, seconds):
    features, missing, false, worst = model.get_feature_names(), 0, 0, 0.0
    for row, want in zip(model.coefficients(), truth):
        for feature, value in zip(features, row):
            true = want.get(feature, 0)
            missing += true != 0 and value == 0
            false += true == 0 and value != 0
            if true != 0 and value != 0:
                worst = max(worst, abs(value / true - 1))
    exact = "wrong" if missing + false else "exact"
    print(f"{name:16} {exact:9} {missing} missing, {false} false, largest relative error {worst:.1e}, {seconds:.2f} s")


def fit(name, names, truth, degree, threshold, x, t, derivative=None, method=None):
    start = time.perf_counter()
    model = pysindy.SINDy(
        optimizer=pysindy.STLSQ(threshold=threshold),
        feature_library=pysindy.PolynomialLibrary(degree=degree),
        differentiation_method=method or pysindy.FiniteDifference(),
    )
    model.fit(x, t=t, x_dot=derivative, feature_names=names)
    report(name, model, truth, time.perf_counter() - start)


def main(folder):
    for name, truth, degree, threshold in (
        ("linear", DAMPED, 5, 0.05),
        ("cubic", CUBIC, 5, 0.05),
        ("linear3", DAMPED + [{"z": -0.3}], 2, 0.01),
    ):
        header, data = read(folder / f"{name}.csv")
        fit(name, header[1:], truth, degree, threshold, data[:, 1:], data[:, 0])
    for path in sorted(folder.glob("lorenz-*.csv")):
        _, data = read(path)
        fit(path.stem, ["x", "y", "z"], LORENZ, 5, 0.05, data[:, 1:4], data[:, 0], data[:, 4:7])
    for path in sorted(folder.glob("states-*.csv")):
        _, data = read(path)
        smooth = pysindy.SmoothedFiniteDifference(smoother_kws={"window_length": 41})
        fit(path.stem, ["x", "y", "z"], LORENZ, 2, 0.1, data[:, 1:4], data[:, 0], method=smooth)
    header, data = read(folder / "hopf.csv")
    runs = [data[data[:, 0] == k] for k in np.unique(data[:, 0])]
    fit("hopf", header[2:], HOPF, 3, 0.85, [r[:, 2:] for r in runs], [r[:, 1] for r in runs])


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
