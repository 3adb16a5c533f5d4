/* Gradient of gmm.c: softmax weights of each point, then one pass over the factors; only the products of one point are kept. */
#include "gmm.c"

int hand(const double *state, const double *param, double t, const double *y_bar, double *u_bar,
         double *p_bar) {
  const struct state *restrict u = (const struct state *)state;
  struct state *restrict out     = (struct state *)u_bar;
  static _Thread_local double diagonal[K][D], products[K][D], centred[K][D], q_bar[K][D];
  double                      sums[K], term[K], frobenius_sum = 0, bar = y_bar[0], gamma = param[0];
  (void)t;
  for (int k = 0; k < K; k++) {
    sums[k] = 0;
    for (int i = 0; i < D; i++) {
      sums[k] += u->icf[k * FACTORS + i];
      diagonal[k][i] = exp(u->icf[k * FACTORS + i]);
      q_bar[k][i]    = 0;
    }
  }
  for (int n = 0; n < N; n++) {
    for (int k = 0; k < K; k++) {
      const double *restrict lower = &u->icf[k * FACTORS + D];
      for (int i = 0; i < D; i++) {
        centred[k][i]  = points[n][i] - u->means[k * D + i];
        products[k][i] = diagonal[k][i] * centred[k][i];
      }
      for (int i = 0, at = 0; i < D; i++) {
        for (int j = i + 1; j < D; j++) {
          products[k][j] += lower[at++] * centred[k][i];
        }
      }
      term[k] = u->alphas[k] + sums[k] - 0.5 * square_norm(D, products[k]);
    }
    double m = largest(K, term), sum = 0;
    for (int k = 0; k < K; k++) {
      term[k] = exp(term[k] - m);
      sum += term[k];
    }
    for (int k = 0; k < K; k++) {
      double w = bar * term[k] / sum, g[D];
      out->alphas[k] += w;
      const double *restrict lower = &u->icf[k * FACTORS + D];
      double *restrict lower_bar   = &out->icf[k * FACTORS + D];
      for (int i = 0; i < D; i++) {
        g[i] = -w * products[k][i];
        out->icf[k * FACTORS + i] += w;
        q_bar[k][i] += g[i] * centred[k][i];
      }
      for (int i = 0, at = 0; i < D; i++) {
        double x_bar = g[i] * diagonal[k][i];
        for (int j = i + 1; j < D; j++, at++) {
          lower_bar[at] += g[j] * centred[k][i];
          x_bar += g[j] * lower[at];
        }
        out->means[k * D + i] -= x_bar;
      }
    }
  }
  double m = largest(K, u->alphas), sum = 0;
  for (int k = 0; k < K; k++) {
    sum += exp(u->alphas[k] - m);
  }
  for (int k = 0; k < K; k++) {
    out->alphas[k] -= bar * N * exp(u->alphas[k] - m) / sum;
    for (int i = 0; i < D; i++) {
      double d = diagonal[k][i];
      frobenius_sum += d * d;
      out->icf[k * FACTORS + i] += d * (q_bar[k][i] + bar * gamma * gamma * d) - bar * WISHART_M;
    }
    for (int i = D; i < FACTORS; i++) {
      double x = u->icf[k * FACTORS + i];
      frobenius_sum += x * x;
      out->icf[k * FACTORS + i] += bar * gamma * gamma * x;
    }
  }
  p_bar[0] += bar * gamma * frobenius_sum;
  return 0;
}
