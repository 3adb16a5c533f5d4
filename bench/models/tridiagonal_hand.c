/* Adjoint of tridiagonal.c: solve with the transposed matrix, which exchanges lower and upper. */
#include "tridiagonal.c"

static void solve(double *restrict x, const double *restrict u, double lower, double diagonal,
                  double upper) {
  double c[N];
  c[0] = upper / diagonal;
  x[0] = u[0] / diagonal;
  for (int i = 1; i < N; i++) {
    double inverse = 1 / (diagonal - lower * c[i - 1]);
    c[i]           = upper * inverse;
    x[i]           = (u[i] - lower * x[i - 1]) * inverse;
  }
  for (int i = N - 2; i >= 0; i--) {
    x[i] -= c[i] * x[i + 1];
  }
}

int hand(const double *state, const double *param, double t, const double *y_bar, double *u_bar,
         double *p_bar) {
  double x[N], g[N], lower = 0, diagonal = 0, upper = 0;
  (void)t;
  solve(x, state, param[0], param[1], param[2]);
  solve(g, y_bar, param[2], param[1], param[0]);
  for (int i = 0; i < N; i++) {
    u_bar[i] += g[i];
    diagonal -= g[i] * x[i];
    lower -= i ? g[i] * x[i - 1] : 0;
    upper -= i + 1 < N ? g[i] * x[i + 1] : 0;
  }
  p_bar[0] += lower;
  p_bar[1] += diagonal;
  p_bar[2] += upper;
  return 0;
}
