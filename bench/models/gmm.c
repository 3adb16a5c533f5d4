/* Gaussian mixture model: negative of the log posterior's opposite as ADBench defines it (Srajer, Kukelova, Fitzgibbon
 * 2018): N points, K components of dimension D; inverse covariance factors with logarithms on the diagonal. */
#include <ude/model.h>

#include "gmm_data.h" /* static const double points[N][D] */

enum { FACTORS = D * (D + 1) / 2, WISHART_M = 0 };

struct state {
  double alphas[K], means[K * D], icf[K * FACTORS];
};

struct param {
  double gamma;
};

const struct param p0 = {1};

static double largest(int n, const double *x) {
  double m = x[0];
  for (int i = 1; i < n; i++) {
    if (m < x[i]) {
      m = x[i];
    }
  }
  return m;
}

static double square_norm(int n, const double *x) {
  double sum = 0;
  for (int i = 0; i < n; i++) {
    sum += x[i] * x[i];
  }
  return sum;
}

static double log_sum_exp(int n, const double *x) {
  double m = largest(n, x), sum = 0;
  for (int i = 0; i < n; i++) {
    sum += exp(x[i] - m);
  }
  return log(sum) + m;
}

static void factor_times(const double *diagonal, const double *lower, const double *x,
                         double *out) {
  for (int i = 0; i < D; i++) {
    out[i] = diagonal[i] * x[i];
  }
  int at = 0;
  for (int i = 0; i < D; i++) {
    for (int j = i + 1; j < D; j++) {
      out[j] += lower[at++] * x[i];
    }
  }
}

double terminal_cost(const struct state *u, const struct param *p, double t) {
  double diagonal[K * D], sums[K], centred[D], product[D], term[K];
  (void)t;
  for (int k = 0; k < K; k++) {
    sums[k] = 0;
    for (int i = 0; i < D; i++) {
      double q = u->icf[k * FACTORS + i];
      sums[k] += q;
      diagonal[k * D + i] = exp(q);
    }
  }
  double total = 0;
  for (int n = 0; n < N; n++) {
    for (int k = 0; k < K; k++) {
      for (int i = 0; i < D; i++) {
        centred[i] = points[n][i] - u->means[k * D + i];
      }
      factor_times(&diagonal[k * D], &u->icf[k * FACTORS + D], centred, product);
      term[k] = u->alphas[k] + sums[k] - 0.5 * square_norm(D, product);
    }
    total += log_sum_exp(K, term);
  }
  double prior = 0;
  for (int k = 0; k < K; k++) {
    double frobenius =
        square_norm(D, &diagonal[k * D]) + square_norm(FACTORS - D, &u->icf[k * FACTORS + D]);
    prior += 0.5 * p->gamma * p->gamma * frobenius - WISHART_M * sums[k];
  }
  return total - N * log_sum_exp(K, u->alphas) + prior;
}
