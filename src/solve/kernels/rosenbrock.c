/* Many steps of a Rosenbrock method (solve/kernel.h, rosenbrock.h), without mass matrix. Compiled to bitcode for each method: the build puts
 * the file of their coefficients before this one, with METHOD the table, STAGES its number of stages, and TINY where n is at most
 * UDE_KERNEL_TINY. The Jacobian comes from one product along all unit directions and time, whose zeros fold away. */
#include "solve/rosenbrock.h"
#include "solve/kernels/pace.h"

#ifdef TINY
/* Straight code: what is beyond n falls away when n is known. */
#define FROM(l, first) UNROLLED for (int l = 0; l < UDE_KERNEL_TINY; l++) if (l >= (first) && l < n)
enum { MOST = UDE_KERNEL_TINY };
#else
#define FROM(l, first) for (int64_t l = (first); l < n; l++)
enum { MOST = UDE_KERNEL_MOST_IMPLICIT };
#endif
#define EACH(l) FROM(l, 0)

/* W = L U with partial pivoting as linalg/lu.h, reciprocals on the diagonal. Rows are compared and exchanged one by one, so that no index
 * depends on a value: the same pivots, another order of the rows below. swapped[c][r]: rows c and r. */
#ifdef TINY
typedef bool pivots[MOST][MOST];

INLINE bool factor(const int64_t n, double w[MOST][MOST], pivots swapped) {
  bool sound = true;
  EACH(c) {
    FROM(r, c + 1) {
      bool swap     = fabs(w[r][c]) > fabs(w[c][c]);
      swapped[c][r] = swap;
      EACH(i) {
        double above = w[c][i];
        double below = w[r][i];
        w[c][i]      = swap ? below : above;
        w[r][i]      = swap ? above : below;
      }
    }
    double size = fabs(w[c][c]);
    sound       = sound && size > 0 && size <= DBL_MAX;
    w[c][c]     = 1 / w[c][c];
    FROM(r, c + 1) {
      double multiple = w[r][c] * w[c][c];
      w[r][c]         = multiple;
      FROM(i, c + 1) {
        w[r][i] -= multiple * w[c][i];
      }
    }
  }
  return sound;
}

INLINE void exchange(const int64_t n, const pivots swapped, double *x) {
  EACH(c) {
    FROM(r, c + 1) {
      double above = x[c];
      double below = x[r];
      x[c]         = swapped[c][r] ? below : above;
      x[r]         = swapped[c][r] ? above : below;
    }
  }
}
#else
typedef int64_t pivots[MOST];

INLINE bool factor(const int64_t n, double w[MOST][MOST], pivots swapped) {
  for (int64_t c = 0; c < n; c++) {
    int64_t best = c;
    double  size = fabs(w[c][c]);
    for (int64_t r = c + 1; r < n; r++) {
      double other = fabs(w[r][c]);
      best         = other > size ? r : best;
      size         = other > size ? other : size;
    }
    if (!(size > 0 && size <= DBL_MAX)) {
      return false;
    }
    swapped[c] = best;
    if (best != c) {
      for (int64_t i = 0; i < n; i++) {
        double above = w[c][i];
        w[c][i]      = w[best][i];
        w[best][i]   = above;
      }
    }
    w[c][c] = 1 / w[c][c];
    for (int64_t r = c + 1; r < n; r++) {
      if (w[r][c] != 0) { /* systems of this size are mostly zeros */
        double multiple = w[r][c] * w[c][c];
        w[r][c]         = multiple;
        for (int64_t i = c + 1; i < n; i++) {
          w[r][i] -= multiple * w[c][i];
        }
      }
    }
  }
  return true;
}

INLINE void exchange(const int64_t n, const pivots swapped, double *x) {
  for (int64_t c = 0; c < n; c++) {
    double above  = x[c];
    x[c]          = x[swapped[c]];
    x[swapped[c]] = above;
  }
}
#endif

INLINE void solve(const int64_t n, double w[MOST][MOST], pivots swapped, double *x) {
  exchange(n, swapped, x);
#ifdef TINY
  EACH(c) {
    FROM(r, c + 1) {
      x[r] -= w[r][c] * x[c];
    }
  }
  UNROLLED for (int c = MOST - 1; c >= 0; c--) {
    if (c < n) {
      x[c] *= w[c][c];
      UNROLLED for (int r = 0; r < MOST; r++) {
        if (r < c) {
          x[r] -= w[r][c] * x[c];
        }
      }
    }
  }
#else
  for (int64_t r = 1; r < n; r++) { /* by rows, which are contiguous */
    double sum = x[r];
    for (int64_t c = 0; c < r; c++) {
      sum -= w[r][c] * x[c];
    }
    x[r] = sum;
  }
  for (int64_t r = n - 1; r >= 0; r--) {
    double sum = x[r];
    for (int64_t c = r + 1; c < n; c++) {
      sum -= w[r][c] * x[c];
    }
    x[r] = sum * w[r][r];
  }
#endif
}

/* out = u + sum weight_j U_j; u NULL: zero. */
INLINE void combine(const int64_t n, const double *u, const double *weight, int count,
                    double (*stage)[MOST], double *out) {
  EACH(l) {
    double sum = 0;
    bool   any = false;
    UNROLLED for (int j = 0; j < STAGES; j++) {
      if (j < count && weight[j] != 0) {
        double term = weight[j] == 1 ? stage[j][l] : weight[j] * stage[j][l];
        sum         = any ? sum + term : term;
        any         = true;
      }
    }
    out[l] = u ? u[l] + sum : sum;
  }
}

/* The square of ude_error_norm. */
INLINE double mean_square(const int64_t n, const double *e, const double *u, const double *u_new,
                          double rtol, const double *atol) {
  double sum = 0;
  EACH(l) {
    sum += ude_error_term(e[l], u[l], u_new[l], rtol, atol[l]);
  }
  return sum * (1 / (double)n);
}

/* One power iteration, as ude_stiff_radius. */
INLINE double radius_of(const int64_t n, double (*jacobian)[MOST], double *mode) {
  double image[MOST];
  double size = 0;
  double sum  = 0;
  EACH(r) {
    double y = 0;
    EACH(c) {
      y += jacobian[r][c] * mode[c];
    }
    image[r] = y;
    size += mode[r] * mode[r];
    sum += y * y;
  }
  double radius = size > 0 ? sqrt(sum / size) : 0;
  if (sum > 0 && isfinite(sum)) {
    double scale = 1 / sqrt(sum);
    EACH(l) {
      mode[l] = image[l] * scale;
    }
  }
  return radius;
}

__attribute__((always_inline)) int ude_kernel_march(ude_march *m, const int64_t n,
                                                    ude_kernel_value f, ude_kernel_jvp products,
                                                    const double *unit, const double *zeros,
                                                    const double *unit_time) {
  const double *p = m->p;
  double        u[MOST], u_new[MOST], e[MOST], stage[STAGES][MOST], at_start[MOST];
  double        tangents[MOST * (MOST + 1)], jacobian[MOST][MOST], w[MOST][MOST];
  double        mode[MOST] = {0};
  pivots        swapped;
  pace          at = pace_begin(m);
  double        step, t_next;
  int64_t       jacobians  = 0;
  int           calm       = m->stiff_steps;
  int           how        = UDE_MARCH_BEFORE;
  bool          linearised = false;
  EACH(l) {
    u[l] = m->u[l];
    if (m->mode) {
      mode[l] = m->mode[l];
    }
  }
  while (pace_attempt(m, &at, &step, &t_next)) {
    if (!linearised) {
      products(at_start, tangents, u, unit, p, zeros, at.t, unit_time);
      EACH(r) {
        EACH(c) {
          jacobian[r][c] = tangents[r * (n + 1) + c];
        }
      }
      linearised = true;
    }
    double alpha = 1 / (METHOD.gamma * step);
    double by_h  = 1 / step;
    EACH(r) {
      EACH(c) {
        w[r][c] = r == c ? alpha - jacobian[r][c] : -jacobian[r][c];
      }
    }
    if (!factor(n, w, swapped)) {
      break;
    }
    UNROLLED for (int i = 0; i < STAGES; i++) {
      if (i > 0) {
        combine(n, u, METHOD.a + i * STAGES, i, stage, u_new);
        f(stage[i], u_new, p, at.t + METHOD.alpha[i] * step);
      }
      double time_part = step * METHOD.gamma_sum[i];
      EACH(l) {
        double sum = 0;
        UNROLLED for (int j = 0; j < STAGES; j++) {
          if (j < i) {
            sum += METHOD.c[i * STAGES + j] * stage[j][l];
          }
        }
        double right = i > 0 ? stage[i][l] + by_h * sum : at_start[l];
        stage[i][l] =
            METHOD.gamma_sum[i] != 0 ? right + time_part * tangents[l * (n + 1) + n] : right;
      }
      solve(n, w, swapped, stage[i]);
    }
    combine(n, u, METHOD.m, STAGES, stage, u_new);
    combine(n, NULL, METHOD.e, STAGES, stage, e);
    double error = mean_square(n, e, u, u_new, m->rtol, m->atol);
    if (!(error <= 1)) {
      if (!(error < (double)INFINITY)) {
        break;
      }
      pace_reject(m, &at, error, step);
      continue;
    }
    jacobians++;
    pace_accept(&at, error, step);
    bool done = pace_is_done(m, &at, t_next);
    if (m->mode) {
      m->radius    = radius_of(n, jacobian, mode);
      double reach = fabs(step) * m->radius / m->stability;
      int    count = isfinite(reach) ? ude_auto_count_calm(calm, reach) : calm;
      done         = done || count >= m->patience;
      calm         = done ? calm : count;
    }
    if (done) {
      m->step   = step;
      m->t_next = t_next;
      m->norm   = sqrt(error);
      EACH(l) {
        m->u_new[l] = u_new[l];
        m->error[l] = e[l];
        UNROLLED for (int i = 0; i < STAGES; i++) {
          m->stages[i * n + l] = stage[i][l];
        }
      }
      how = UDE_MARCH_ACCEPTED;
      break;
    }
    linearised = false;
    at.t       = t_next;
    EACH(l) {
      u[l] = u_new[l];
    }
  }
  EACH(l) {
    m->u[l] = u[l];
    if (m->mode) {
      m->mode[l] = mode[l];
    }
  }
  int64_t tries     = at.steps + at.rejected;
  m->jacobians      = jacobians;
  m->rhs_calls      = 2 * jacobians + (STAGES - 1) * tries;
  m->factorisations = tries;
  m->solves         = STAGES * tries;
  pace_end(m, &at, calm);
  return how;
}
