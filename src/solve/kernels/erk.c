/* Many steps of an explicit Runge-Kutta pair (solve/kernel.h). Compiled to bitcode for each pair: the build puts the pair's file before
 * this one (a, b, btilde, c), with METHOD its table, and TINY where n is at most UDE_KERNEL_TINY. */
#include "solve/erk.h"
#include "solve/kernels/pace.h"

#ifdef TINY
/* Straight code: what is beyond n falls away when n is known. */
#define EACH(l) UNROLLED for (int l = 0; l < UDE_KERNEL_TINY; l++) if (l < n)
enum { MOST = UDE_KERNEL_TINY };
#else
#define EACH(l) for (int64_t l = 0; l < n; l++)
enum { MOST = UDE_KERNEL_MOST };
#endif

enum {
  STEP_STAGES = sizeof b / sizeof b[0],
  ALL_STAGES  = sizeof c / sizeof c[0],
  ROWS        = ALL_STAGES + 1
};

/* out = u + sum (h w_j) k_j over the first `count` stages, those of weight 0 left out; u NULL: zero. What was known first is added first,
 * so that one multiplication and addition follow the last stage. */
INLINE void combine(int64_t n, const double *u, double h, const double *w, int count,
                    const double (*k)[MOST], double *out) {
  EACH(l) {
    double sum = u ? u[l] : 0;
    bool   any = u != NULL;
    UNROLLED for (int j = 0; j < STEP_STAGES; j++) {
      if (j < count && w[j] != 0) {
        double term = (h * w[j]) * k[j][l];
        sum         = any ? sum + term : term;
        any         = true;
      }
    }
    out[l] = sum;
  }
}

/* The square of ude_error_norm. unit: reciprocals of the tolerances, which are known before the error is. */
INLINE double mean_square(int64_t n, const double *e, const double *u_new, const double *unit) {
  double        sum[4] = {0, 0, 0, 0};
  const int64_t whole  = n - n % 4;
#ifdef TINY
  EACH(l) {
    double ratio = e[l] * unit[l];
    sum[l < whole ? l % 4 : 0] += ratio * ratio + (u_new[l] - u_new[l]);
  }
#else
  for (int64_t l = 0; l < whole; l += 4) {
    UNROLLED for (int lane = 0; lane < 4; lane++) {
      double ratio = e[l + lane] * unit[l + lane];
      sum[lane] += ratio * ratio + (u_new[l + lane] - u_new[l + lane]);
    }
  }
  for (int64_t l = whole; l < n; l++) {
    double ratio = e[l] * unit[l];
    sum[0] += ratio * ratio + (u_new[l] - u_new[l]);
  }
#endif
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) * (1 / (double)n);
}

/* As ude_erk_stiffness. */
INLINE double stiffness(int64_t n, double h, const double (*k)[MOST]) {
  const int one   = METHOD.pair[0];
  const int other = METHOD.pair[1];
  const int most  = one > other ? one : other;
  double    above = 0;
  double    below = 0;
  EACH(l) {
    double difference = k[one][l] - k[other][l];
    double y          = 0;
    UNROLLED for (int j = 0; j < ALL_STAGES; j++) {
      if (j < most) {
        y += (a[one][j] - a[other][j]) * k[j][l];
      }
    }
    above += difference * difference;
    below += y * y;
  }
  return below > 0 ? sqrt(above / below) / fabs(h) : (double)NAN;
}

/* The square of the error in units of the tolerance (of two estimates: erk_step.c). */
INLINE double error_of(int64_t n, double h, const double *u_new, const double *unit,
                       const double (*k)[MOST], double *e, double *low) {
  combine(n, NULL, h, METHOD.btilde, STEP_STAGES, k, e);
  double high = mean_square(n, e, u_new, unit);
  if (!METHOD.btilde_low) {
    return high;
  }
  combine(n, NULL, h, METHOD.btilde_low, STEP_STAGES, k, low);
  double sum = high + 0.01 * mean_square(n, low, u_new, unit);
  return high > 0 || !(sum < (double)INFINITY) ? high * (high / sum) : 0;
}

__attribute__((always_inline)) int ude_kernel_march(ude_march *m, const int64_t n,
                                                    ude_kernel_value f) {
  const int     last = METHOD.fsal ? STEP_STAGES - 1 : STEP_STAGES;
  const int     end  = METHOD.fsal ? STEP_STAGES - 1 : METHOD.dense_end ? STEP_STAGES : ALL_STAGES;
  const int     in_attempt = METHOD.fsal ? last : last - 1;
  const double *p          = m->p;
  double        u[MOST], u_new[MOST], unit[MOST], e[MOST], low[MOST], k[ROWS][MOST];
  pace          at = pace_begin(m);
  double        step, t_next;
  int64_t       calls = 0;
  int           stiff = m->stiff_steps;
  int           how   = UDE_MARCH_BEFORE;
  EACH(l) {
    u[l]    = m->u[l];
    k[0][l] = m->stages[l];
  }
  while (pace_attempt(m, &at, &step, &t_next)) {
    UNROLLED for (int i = 1; i < last; i++) {
      combine(n, u, step, a[i], i, k, u_new);
      f(k[i], u_new, p, at.t + c[i] * step);
    }
    combine(n, u, step, b, last, k, u_new);
    EACH(l) {
      unit[l] = 1 / (m->atol[l] + ude_error_larger(u[l], u_new[l]) * m->rtol);
    }
    if (METHOD.fsal) {
      f(k[end], u_new, p, t_next);
    }
    double error = error_of(n, step, u_new, unit, k, e, low);
    if (!(error <= 1)) {
      if (!(error < (double)INFINITY)) {
        break;
      }
      pace_reject(m, &at, error, step);
      calls += in_attempt;
      continue;
    }
    bool has_end = METHOD.fsal || t_next != m->t1;
    if (has_end) {
      double finite = 0; /* x - x is 0, or NaN where x is not finite */
      if (!METHOD.fsal) {
        f(k[end], u_new, p, t_next);
      }
      EACH(l) {
        finite += k[end][l] - k[end][l];
      }
      if (finite != 0) {
        break;
      }
    }
    pace_accept(&at, error, step);
    calls += in_attempt + (!METHOD.fsal && has_end ? 1 : 0);
    int  count = stiff;
    bool done  = pace_is_done(m, &at, t_next);
    if (m->watched && !done) {
      double radius = stiffness(n, step, k);
      radius        = m->radius > radius || isnan(radius) ? m->radius : radius;
      double reach  = fabs(step) * radius / m->stability;
      count         = isfinite(reach) ? ude_auto_count(stiff, reach) : stiff;
      done          = count >= UDE_AUTO_PATIENCE;
    }
    if (done) {
      m->step   = step;
      m->t_next = t_next;
      m->norm   = sqrt(error);
      m->ready  = STEP_STAGES + (!METHOD.fsal && METHOD.dense_end && has_end ? 1 : 0);
      EACH(l) {
        m->u_new[l] = u_new[l];
        m->error[l] = e[l];
        UNROLLED for (int i = 1; i < STEP_STAGES; i++) {
          m->stages[i * n + l] = k[i][l];
        }
        if (has_end) {
          m->stages[end * n + l] = k[end][l];
        }
      }
      how = UDE_MARCH_ACCEPTED;
      break;
    }
    stiff = count;
    at.t  = t_next;
    EACH(l) {
      u[l]    = u_new[l];
      k[0][l] = k[end][l];
    }
  }
  EACH(l) {
    m->u[l]      = u[l];
    m->stages[l] = k[0][l];
  }
  m->rhs_calls = calls;
  pace_end(m, &at, stiff);
  return how;
}
