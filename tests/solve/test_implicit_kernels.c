/* Steps of the implicit methods as kernels: coefficients, order with fixed steps, tangents against transposes. */
#include "solve/erk.h"
#include "solve/radau.h"
#include "solve/rosenbrock.h"
#include "solve/sdirk.h"

#include "support/polynomial.h"
#include "support/problems.h"
#include "support/ude_check.h"

/* ----------------------------------------------------------------------------- coefficients -- */

/* alpha_ij and gamma_ij from the transformed coefficients: Gamma^-1 = diag(1/gamma) - C, alpha = a Gamma. */
static void untransform(const ude_rosenbrock_tableau *m, double alpha[8][8], double gamma[8][8],
                        double b[8]) {
  int s = m->stages;
  for (int c = 0; c < s; c++) { /* columns of Gamma by forward substitution */
    for (int r = 0; r < s; r++) {
      double sum = r == c ? 1 : 0;
      for (int j = c; j < r; j++) {
        sum += m->c[r * s + j] * gamma[j][c];
      }
      gamma[r][c] = r < c ? 0 : sum * m->gamma;
    }
  }
  for (int c = 0; c < s; c++) {
    b[c] = 0;
    for (int r = 0; r < s; r++) {
      alpha[r][c] = 0;
      for (int j = 0; j < r; j++) {
        alpha[r][c] += m->a[r * s + j] * gamma[j][c];
      }
      b[c] += m->m[r] * gamma[r][c];
    }
  }
}

/* Order conditions of Rosenbrock methods (Hairer, Wanner II, IV.7, table 7.1), the sums of alpha and gamma. */
START_TEST(test_rosenbrock_conditions) {
  const ude_rosenbrock_tableau *const methods[] = {&ude_rosenbrock23, &ude_rodas4, &ude_rodas5p};
  for (int k = 0; k < 3; k++) {
    const ude_rosenbrock_tableau *m = methods[k];
    int                           s = m->stages;
    double                        alpha[8][8], gamma[8][8], b[8], beta[8][8], row[8];
    untransform(m, alpha, gamma, b);
    for (int i = 0; i < s; i++) {
      double sum_alpha = 0, sum_gamma = 0;
      row[i] = 0;
      for (int j = 0; j < s; j++) {
        beta[i][j] = alpha[i][j] + gamma[i][j];
        row[i] += beta[i][j];
        sum_alpha += alpha[i][j];
        sum_gamma += gamma[i][j];
      }
      ck_assert_double_eq_tol(sum_alpha, m->alpha[i], 3e-13);
      ck_assert_double_eq_tol(sum_gamma, m->gamma_sum[i], 3e-12);
    }
    double got[8] = {0};
    for (int i = 0; i < s; i++) {
      double a        = m->alpha[i];
      double inner[3] = {0};
      for (int j = 0; j < s; j++) {
        double aj = m->alpha[j];
        inner[0] += alpha[i][j] * row[j];
        inner[1] += beta[i][j] * aj * aj;
        for (int l = 0; l < s; l++) {
          inner[2] += beta[i][j] * beta[j][l] * row[l];
        }
        got[3] += b[i] * beta[i][j] * row[j];
      }
      got[0] += b[i];
      got[1] += b[i] * row[i];
      got[2] += b[i] * a * a;
      got[4] += b[i] * a * a * a;
      got[5] += b[i] * a * inner[0];
      got[6] += b[i] * inner[1];
      got[7] += b[i] * inner[2];
    }
    const double expected[8] = {1, 1.0 / 2, 1.0 / 3, 1.0 / 6, 1.0 / 4, 1.0 / 8, 1.0 / 12, 1.0 / 24};
    int          count       = m->order == 2 ? 2 : 8;
    ck_arrays_close(got, expected, count, 0, 2e-13);
    double weights[8];
    ude_rosenbrock_weights(m, 1, weights);
    ck_arrays_close(weights, m->m, s, 0, 1e-15);
    ude_rosenbrock_weights(m, 0, weights);
    ck_assert_double_eq(weights[0], 0);
  }
}
END_TEST

START_TEST(test_sdirk_conditions) {
  const ude_sdirk_tableau *const methods[] = {&ude_trbdf2, &ude_kencarp4};
  for (int k = 0; k < 2; k++) {
    const ude_sdirk_tableau *m       = methods[k];
    int                      s       = m->stages;
    const double *const      parts[] = {m->a, m->x};
    for (int part = 0; part < 2 && parts[part]; part++) {
      const double *a      = parts[part];
      double        got[8] = {0}, hat[8] = {0}, second = 0;
      for (int i = 0; i < s; i++) {
        double c = m->c[i], ac = 0, acc = 0, aac = 0, sum = 0;
        for (int j = 0; j < s; j++) {
          double inner = 0;
          for (int l = 0; l < s; l++) {
            inner += a[j * s + l] * m->c[l];
          }
          sum += a[i * s + j];
          ac += a[i * s + j] * m->c[j];
          acc += a[i * s + j] * m->c[j] * m->c[j];
          aac += a[i * s + j] * inner;
        }
        ck_assert_double_eq_tol(sum, c, 2e-15);
        const double values[8] = {1, c, c * c, ac, c * c * c, c * ac, acc, aac};
        for (int e = 0; e < 8; e++) {
          got[e] += m->b[i] * values[e];
          hat[e] += (m->b[i] - m->btilde[i]) * values[e];
        }
        second = fmax(second, part == 0 ? fabs(ac - c * c / 2) : 0); /* stage order 2 */
      }
      const double expected[8] = {1,       1.0 / 2, 1.0 / 3,  1.0 / 6,
                                  1.0 / 4, 1.0 / 8, 1.0 / 12, 1.0 / 24};
      ck_arrays_close(got, expected, m->order == 2 ? 2 : 8, 0, 3e-15);
      ck_arrays_close(hat, expected, 4, 0, 3e-15);
      ck_assert_double_lt(second, 1e-15);
    }
    for (double theta = 0; theta <= 1; theta += 0.125) {
      double weights[8], sums[5] = {0};
      ude_sdirk_weights(m, theta, weights);
      for (int i = 0; i < s; i++) {
        double acc = 0;
        for (int j = 0; j < s; j++) {
          acc += m->a[i * s + j] * m->c[j] * m->c[j];
        }
        const double c = m->c[i], values[5] = {1, c, c * c, c * c * c, 3 * acc};
        for (int e = 0; e < 5; e++) {
          sums[e] += weights[i] * values[e];
        }
      }
      const double t3 = theta * theta * theta, expected[5] = {1, theta, theta * theta, t3, t3};
      ck_arrays_close(sums, expected, m->dense_order == 2 ? 3 : 5, 0, 2e-14);
    }
  }
}
END_TEST

START_TEST(test_radau_coefficients) {
  double product[3][3];
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) {
      product[i][j] = 0;
      for (int k = 0; k < 3; k++) {
        for (int l = 0; l < 3; l++) {
          product[i][j] += ude_radau_t_inverse[i][k] * ude_radau_inverse[k][l] * ude_radau_t[l][j];
        }
      }
    }
  }
  const double expected[9] = {
      ude_radau_real, 0, 0, 0, ude_radau_alpha, -ude_radau_beta, 0, ude_radau_beta,
      ude_radau_alpha};
  ck_arrays_close(&product[0][0], expected, 9, 0, 2e-14);
  for (int q = 1; q <= 3; q++) { /* collocation: sum_j (A^-1)_ij c_j^q = q c_i^(q-1) */
    for (int i = 0; i < 3; i++) {
      double sum = 0;
      for (int j = 0; j < 3; j++) {
        sum += ude_radau_inverse[i][j] * pow(ude_radau_c[j], q);
      }
      ck_assert_double_eq_tol(sum, q * pow(ude_radau_c[i], q - 1), 1e-14);
    }
  }
}
END_TEST

/* ------------------------------------------------------------------------------------ order -- */

/* The time-dependent problem with a closed form, with its products. */
static int closed_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                      const double *p, const double *p_dot, double t, const double *t_dot,
                      void *context) {
  static const double none[4] = {0};
  const double       *d       = u_dot ? u_dot : none;
  double              td      = t_dot ? *t_dot : 0;
  (void)p_dot;
  double root = pow(u[1], 0.2), e = exp(5 * (u[2] - 1)), l = log(u[0]);
  y_dot[0] = 2 * td * root * u[3] + 2 * t * (0.2 * root / u[1] * d[1] * u[3] + root * d[3]);
  y_dot[1] = 10 * td * e * u[3] + 10 * t * e * (5 * d[2] * u[3] + d[3]);
  y_dot[2] = 2 * td * u[3] + 2 * t * d[3];
  y_dot[3] = -2 * td * l - 2 * t * d[0] / u[0];
  return closed_rhs(y, u, p, t, context);
}

enum { ROS23, RODAS4, RODAS5P, TRBDF2, KENCARP4, RADAU, METHODS };

static const ude_rosenbrock_tableau *const rosenbrocks[] = {&ude_rosenbrock23, &ude_rodas4,
                                                            &ude_rodas5p};
static const ude_sdirk_tableau *const      sdirks[]      = {&ude_trbdf2, &ude_kencarp4};

/* `steps` equal steps from t0 to t1; the state in the middle of the last step (theta = 0.4) into dense. */
static void fixed_steps(int method, const ude_vector_field *field, const double *u0,
                        const double *p, double t0, double t1, int steps, double *u,
                        double *dense) {
  int64_t   n = field->state.count;
  double    atol[8], u_new[8], error[8], stage[64], work[8], weights[8];
  ude_stiff stiff;
  ude_sdirk sdirk;
  ude_radau radau;
  ude_error message;
  for (int l = 0; l < 8; l++) {
    atol[l] = 1e-13;
  }
  if (method < TRBDF2) {
    ck_ok(ude_stiff_open(&stiff, field, NULL, false, &message), &message);
  } else if (method < RADAU) {
    ck_ok(ude_sdirk_open(&sdirk, sdirks[method - TRBDF2], field, 1e-13, atol, &message), &message);
  } else {
    ck_ok(ude_radau_open(&radau, field, 1e-13, atol, &message), &message);
  }
  memcpy(u, u0, (size_t)n * sizeof *u);
  double h = (t1 - t0) / steps;
  for (int i = 0; i < steps; i++) {
    double t = t0 + i * h;
    if (method < TRBDF2) {
      const ude_rosenbrock_tableau *m = rosenbrocks[method];
      ck_assert_int_eq(ude_stiff_linearise(&stiff, t, u, p, true), 0);
      ck_assert_int_eq(ude_rosenbrock_stages(m, &stiff, t, h, u, p, stage, work), 0);
      ude_erk_combine(n, u, 1, m->m, m->stages, stage, u_new);
      ude_rosenbrock_weights(m, 0.4, weights);
      ude_erk_combine(n, u, 1, weights, m->stages, stage, dense);
    } else if (method < RADAU) {
      ck_assert_int_eq(ude_sdirk_try(&sdirk, t, h, u, p, u_new, error), 0);
      ude_sdirk_weights(sdirk.tableau, 0.4, weights);
      ude_erk_combine(n, NULL, 1, weights, sdirk.tableau->stages, sdirk.state, dense);
      ude_sdirk_accept(&sdirk, h);
    } else {
      ck_assert_int_eq(ude_radau_try(&radau, t, h, u, p, u_new, error), 0);
      ude_radau_weights(0.4, weights);
      ude_erk_combine(n, u, 1, weights, 3, radau.z, dense);
      ude_radau_accept(&radau, h);
    }
    memcpy(u, u_new, (size_t)n * sizeof *u);
  }
  if (method < TRBDF2) {
    ude_stiff_close(&stiff);
  } else if (method < RADAU) {
    ude_sdirk_close(&sdirk);
  } else {
    ude_radau_close(&radau);
  }
}

START_TEST(test_order) {
  const double     orders[METHODS] = {2, 4, 5, 2, 4, 5};
  const double     denses[METHODS] = {2, 3, 4, 2, 3, 3};
  ude_vector_field field           = PROBLEM_FIELD(CLOSED_N, 0, closed_rhs);
  field.rhs.jvp                    = closed_jvp;
  for (int method = 0; method < METHODS; method++) {
    double errors[4], dense_errors[4], h[4];
    double u0[4], u[4], dense[4], exact[4];
    int    first = method == ROS23 || method == TRBDF2 ? 80 : 30;
    closed_exact(0, u0);
    for (int i = 0; i < 4; i++) {
      int steps = first << i;
      h[i]      = 1.0 / steps;
      fixed_steps(method, &field, u0, NULL, 0, 1, steps, u, dense);
      closed_exact(1, exact);
      errors[i] = 0;
      for (int l = 0; l < 4; l++) {
        errors[i] = fmax(errors[i], fabs(u[l] - exact[l]) / exact[l]);
      }
      closed_exact(1 - 0.6 * h[i], exact);
      dense_errors[i] = 0;
      for (int l = 0; l < 4; l++) {
        dense_errors[i] = fmax(dense_errors[i], fabs(dense[l] - exact[l]) / exact[l]);
      }
    }
    ck_order(errors, h, 4, orders[method], 0.25);
    /* The local part has one order more; what is there of the global error keeps to the method's. */
    double slope = ude_check_slope(dense_errors, h, 4);
    ck_assert_msg(slope > denses[method] - 0.2, "method %d: dense order %g (errors %g to %g)",
                  method, slope, dense_errors[0], dense_errors[3]);
  }
}
END_TEST

/* Prothero and Robinson: u' = L (u - cos t) - sin t: no order lower than the stage order as L h goes to -infinity. */
static int prothero(double *du, const double *u, const double *p, double t, void *context) {
  (void)context;
  du[0] = p[0] * (u[0] - cos(t)) - sin(t);
  return 0;
}
static int prothero_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                        const double *p, const double *p_dot, double t, const double *t_dot,
                        void *context) {
  (void)p_dot;
  y_dot[0] = p[0] * ((u_dot ? u_dot[0] : 0) + (t_dot ? *t_dot * sin(t) : 0)) -
             (t_dot ? *t_dot * cos(t) : 0);
  return prothero(y, u, p, t, context);
}

START_TEST(test_stiff_order) {
  const double     least[METHODS] = {1.8, 1.8, 2.8, 1.8, 1.8, 2.8};
  ude_vector_field field          = PROBLEM_FIELD(1, 1, prothero);
  field.rhs.jvp                   = prothero_jvp;
  const double p[1] = {-1e6}, u0[1] = {1};
  for (int method = 0; method < METHODS; method++) {
    double errors[3], h[3];
    for (int i = 0; i < 3; i++) {
      double u[1], dense[1];
      int    steps = 5 << i;
      h[i]         = 1.0 / steps;
      fixed_steps(method, &field, u0, p, 0, 1, steps, u, dense);
      errors[i] = fmax(fabs(u[0] - cos(1)), 1e-16);
      ck_assert_double_lt(fabs(dense[0] - cos(1 - 0.6 * h[i])), 0.02 / steps);
    }
    ck_assert_msg(errors[2] < 1e-9 || ude_check_slope(errors, h, 3) > least[method],
                  "method %d: %g %g %g", method, errors[0], errors[1], errors[2]);
    ck_assert_double_lt(errors[2], 1e-4);
  }
}
END_TEST

/* ------------------------------------------------------------------------------ derivatives -- */

enum { WIDE = POLYNOMIAL_WIDTH };

/* <w, d u_new> + <v, d dense> by tangents in WIDE directions and by the transpose, and tangents by differences of replays. */
static void check_derivatives(const stiff_problem *problem, bool radau, double t, double h,
                              const double *u) {
  ude_vector_field field = stiff_field(problem);
  int64_t          n = field.state.count, np = field.param.count;
  double           atol[20], u_new[20], weights[8];
  double    u_dot[20 * WIDE], p_dot[25 * WIDE], state_dot[6 * 20 * WIDE], z_dot[6 * 20 * WIDE];
  double    w[20], v[20], bar[6 * 20] = {0}, z_bar[6 * 20], u_bar[20] = {0}, p_bar[25] = {0};
  ude_sdirk sdirk;
  ude_radau three;
  ude_error error;
  for (int64_t l = 0; l < n; l++) {
    atol[l] = 1e-12 * problem->atol[l];
    w[l]    = cos(3.0 * (double)l + 1);
    v[l]    = sin(2.0 * (double)l + 1);
  }
  for (int64_t e = 0; e < n * WIDE; e++) {
    u_dot[e] = sin(1.3 * (double)e + 0.5) * (fabs(u[e / WIDE]) + problem->atol[e / WIDE]);
  }
  for (int64_t e = 0; e < np * WIDE; e++) {
    p_dot[e] = cos(0.7 * (double)e) * problem->p[e / WIDE];
  }
  for (int which = 0; which < (radau ? 1 : 2); which++) {
    int stages;
    if (radau) {
      stages = 3;
      ck_ok(ude_radau_open(&three, &field, 1e-10, atol, &error), &error);
      ck_assert_int_eq(ude_radau_replay(&three, t, h, u, problem->p, u_new), 0);
      ck_ok(ude_radau_reserve(&three, &error), &error);
      ck_assert_int_eq(ude_radau_prepare(&three), 0);
      ck_assert_int_eq(ude_radau_tangent(&three, u_dot, p_dot, WIDE, state_dot), 0);
      ude_radau_weights(0.3, weights);
    } else {
      stages = sdirks[which]->stages;
      ck_ok(ude_sdirk_open(&sdirk, sdirks[which], &field, 1e-10, atol, &error), &error);
      ck_assert_int_eq(ude_sdirk_replay(&sdirk, t, h, u, problem->p, u_new), 0);
      ck_assert_int_eq(
          ude_sdirk_tangent(&sdirk, t, h, u_dot, problem->p, p_dot, WIDE, state_dot, z_dot), 0);
      ude_sdirk_weights(sdirks[which], 0.3, weights);
    }
    double forward[WIDE] = {0};
    for (int64_t l = 0; l < n; l++) {
      for (int lane = 0; lane < WIDE; lane++) {
        double dense = radau ? u_dot[l * WIDE + lane] : 0;
        for (int i = 0; i < stages; i++) {
          dense += weights[i] * state_dot[(i * n + l) * WIDE + lane];
        }
        double end =
            state_dot[((stages - 1) * n + l) * WIDE + lane] + (radau ? u_dot[l * WIDE + lane] : 0);
        forward[lane] += w[l] * end + v[l] * dense;
      }
    }
    memset(u_bar, 0, sizeof u_bar);
    memset(p_bar, 0, sizeof p_bar);
    for (int64_t l = 0; l < n; l++) {
      for (int i = 0; i < stages; i++) {
        bar[i * n + l] = weights[i] * v[l] + (i == stages - 1 ? w[l] : 0);
      }
      u_bar[l] = radau ? w[l] + v[l] : 0;
    }
    if (radau) {
      ck_assert_int_eq(ude_radau_transpose(&three, bar, u_bar, p_bar), 0);
      ude_radau_close(&three);
    } else {
      memset(z_bar, 0, sizeof z_bar); /* the error estimate is not wanted */
      ck_assert_int_eq(ude_sdirk_transpose(&sdirk, t, h, problem->p, bar, z_bar, u_bar, p_bar), 0);
      ude_sdirk_close(&sdirk);
    }
    for (int lane = 0; lane < WIDE; lane++) {
      double reverse = 0, size = 0;
      for (int64_t l = 0; l < n; l++) {
        reverse += u_bar[l] * u_dot[l * WIDE + lane];
        size += fabs(u_bar[l] * u_dot[l * WIDE + lane]);
      }
      for (int64_t l = 0; l < np; l++) {
        reverse += p_bar[l] * p_dot[l * WIDE + lane];
        size += fabs(p_bar[l] * p_dot[l * WIDE + lane]);
      }
      ck_assert_msg(fabs(reverse - forward[lane]) <= 1e-11 * size, "%s, %s: %.17g, %.17g (size %g)",
                    problem->name, radau ? "radau" : sdirks[which]->name, forward[lane], reverse,
                    size);
    }
  }
}

START_TEST(test_tangents_against_transposes) {
  const double rober_40[3] = {7.158270687194e-01, 9.185534764557e-06, 2.841637457458e-01};
  for (int radau = 0; radau < 2; radau++) {
    check_derivatives(&stiff_problems[ROBER], radau, 40, 10, rober_40);
    check_derivatives(&stiff_problems[ROBER_DAE], radau, 40, 10, rober_40);
    check_derivatives(&stiff_problems[POLLU], radau, 60, 5, pollu_end);
    check_derivatives(&stiff_problems[HIRES], radau, 300, 20, hires_end);
    check_derivatives(&stiff_problems[VDPOL6], radau, 0, 1e-3, vdpol6_end);
  }
}
END_TEST

/* Tangents of a step against central differences of replayed steps. */
START_TEST(test_tangents_against_differences) {
  const stiff_problem *problem = &stiff_problems[HIRES];
  ude_vector_field     field   = stiff_field(problem);
  const double         u[8]    = {0.5, 0.1, 0.02, 0.3, 0.05, 0.1, 0.003, 0.0027};
  double atol[8], plus[8], minus[8], u_new[8], u_dot[8], state_dot[48], z_dot[48], moved[8];
  for (int l = 0; l < 8; l++) {
    atol[l]  = 1e-10;
    u_dot[l] = cos(l) * u[l];
  }
  for (int which = 0; which < 3; which++) {
    ude_sdirk s;
    ude_radau r;
    ude_error error;
    if (which < 2) {
      ck_ok(ude_sdirk_open(&s, sdirks[which], &field, 1e-10, atol, &error), &error);
    } else {
      ck_ok(ude_radau_open(&r, &field, 1e-10, atol, &error), &error);
    }
    double h = 0.5, eps = 1e-4;
    for (int side = -1; side <= 1; side += 2) {
      for (int l = 0; l < 8; l++) {
        moved[l] = u[l] + side * eps * u_dot[l];
      }
      double *out = side < 0 ? minus : plus;
      ck_assert_int_eq(which < 2 ? ude_sdirk_replay(&s, 0, h, moved, NULL, out)
                                 : ude_radau_replay(&r, 0, h, moved, NULL, out),
                       0);
    }
    double *end = state_dot + (which < 2 ? (sdirks[which]->stages - 1) * 8 : 16);
    if (which < 2) {
      ck_assert_int_eq(ude_sdirk_replay(&s, 0, h, u, NULL, u_new), 0);
      ck_assert_int_eq(ude_sdirk_tangent(&s, 0, h, u_dot, NULL, NULL, 1, state_dot, z_dot), 0);
      ude_sdirk_close(&s);
    } else {
      ck_assert_int_eq(ude_radau_replay(&r, 0, h, u, NULL, u_new), 0);
      ck_ok(ude_radau_reserve(&r, &error), &error);
      ck_assert_int_eq(ude_radau_prepare(&r), 0);
      ck_assert_int_eq(ude_radau_tangent(&r, u_dot, NULL, 1, state_dot), 0);
      ude_radau_close(&r);
    }
    for (int l = 0; l < 8; l++) {
      double got = end[l] + (which < 2 ? 0 : u_dot[l]);
      ck_assert_double_eq_tol(got, (plus[l] - minus[l]) / (2 * eps), 1e-8);
    }
  }
}
END_TEST

/* The same for Rosenbrock steps, whose derivatives need those of the Jacobian; and against differences of steps. */
static void check_rosenbrock(const stiff_problem *problem, const ude_rosenbrock_tableau *m,
                             double h, const double *u, double differences) {
  ude_vector_field field = stiff_field(problem);
  int64_t          n = field.state.count, np = field.param.count;
  double    stage[160], stage_dot[160], bar[160], weights[8], work[200], u_dot[20], p_dot[25];
  double    u_bar[20] = {0}, p_bar[25] = {0}, w[20], moved[20], moved_p[25], forward = 0;
  ude_stiff stiff;
  ude_error error;
  ck_ok(ude_rosenbrock_can_differentiate(&field.rhs, &error), &error);
  ck_ok(ude_stiff_open(&stiff, &field, NULL, false, &error), &error);
  ude_rosenbrock_weights(m, 0.7, weights);
  for (int64_t l = 0; l < n; l++) {
    w[l]     = cos(3.0 * (double)l + 1) / (fabs(u[l]) + problem->atol[l]);
    u_dot[l] = sin(1.3 * (double)l + 0.5) * (fabs(u[l]) + problem->atol[l]);
  }
  for (int64_t l = 0; l < np; l++) {
    p_dot[l] = cos(0.7 * (double)l) * problem->p[l];
  }
  double sides[3] = {0};
  for (int side = -1; side <= 1; side++) { /* 0 last: its stages stay */
    int    which = side == -1 ? -1 : side == 0 ? 1 : 0;
    double eps   = 1e-5;
    for (int64_t l = 0; l < n; l++) {
      moved[l] = u[l] + which * eps * u_dot[l];
    }
    for (int64_t l = 0; l < np; l++) {
      moved_p[l] = problem->p[l] + which * eps * p_dot[l];
    }
    ck_assert_int_eq(ude_stiff_linearise(&stiff, 1, moved, moved_p, true), 0);
    ck_assert_int_eq(ude_rosenbrock_stages(m, &stiff, 1, h, moved, moved_p, stage, work), 0);
    for (int64_t l = 0; l < n; l++) {
      sides[which + 1] += w[l] * moved[l];
      for (int i = 0; i < m->stages; i++) {
        sides[which + 1] += w[l] * weights[i] * stage[i * n + l];
      }
    }
  }
  ck_assert_int_eq(ude_rosenbrock_tangent(m, &stiff, 1, h, u, u_dot, problem->p, p_dot, 1, stage,
                                          stage_dot, work),
                   0);
  for (int64_t l = 0; l < n; l++) {
    forward += w[l] * u_dot[l];
    u_bar[l] = w[l];
    for (int i = 0; i < m->stages; i++) {
      forward += w[l] * weights[i] * stage_dot[i * n + l];
      bar[i * n + l] = weights[i] * w[l];
    }
  }
  ck_assert_int_eq(
      ude_rosenbrock_transpose(m, &stiff, 1, h, u, problem->p, stage, bar, u_bar, p_bar, work), 0);
  double reverse = 0, size = 0;
  for (int64_t l = 0; l < n; l++) {
    reverse += u_bar[l] * u_dot[l];
    size += fabs(u_bar[l] * u_dot[l]);
  }
  for (int64_t l = 0; l < np; l++) {
    reverse += p_bar[l] * p_dot[l];
    size += fabs(p_bar[l] * p_dot[l]);
  }
  ck_assert_msg(fabs(reverse - forward) <= 1e-11 * size, "%s, %s: %.17g, %.17g (size %g)",
                problem->name, m->name, forward, reverse, size);
  ck_assert_msg(fabs((sides[2] - sides[0]) / 2e-5 - forward) <= differences * size,
                "%s, %s: %.17g, by differences %.17g (size %g)", problem->name, m->name, forward,
                (sides[2] - sides[0]) / 2e-5, size);
  ude_stiff_close(&stiff);
}

START_TEST(test_rosenbrock_derivatives) {
  const double hires[8] = {0.5, 0.1, 0.02, 0.3, 0.05, 0.1, 0.003, 0.0027};
  const double rober[3] = {0.9, 2e-5, 0.1};
  for (int k = 0; k < 3; k++) {
    check_rosenbrock(&stiff_problems[HIRES], rosenbrocks[k], 0.02, hires, 1e-7);
    check_rosenbrock(&stiff_problems[ROBER], rosenbrocks[k], 0.1, rober, 1e-7);
    check_rosenbrock(&stiff_problems[ROBER_DAE], rosenbrocks[k], 0.1, rober, 1e-6);
    check_rosenbrock(&stiff_problems[POLLU], rosenbrocks[k], 0.1, pollu_end, 1e-6);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("implicit_kernels");
  TCase *tests = tcase_create("implicit_kernels");
  tcase_add_test(tests, test_rosenbrock_conditions);
  tcase_add_test(tests, test_sdirk_conditions);
  tcase_add_test(tests, test_radau_coefficients);
  tcase_add_test(tests, test_order);
  tcase_add_test(tests, test_stiff_order);
  tcase_add_test(tests, test_tangents_against_transposes);
  tcase_add_test(tests, test_tangents_against_differences);
  tcase_add_test(tests, test_rosenbrock_derivatives);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
