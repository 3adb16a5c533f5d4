/**
 * @file hand_fields.h
 * @brief Vector fields written by hand for the tests of the room uncertain.
 */
#ifndef UDE_TESTS_UNCERTAIN_HAND_FIELDS_H
#define UDE_TESTS_UNCERTAIN_HAND_FIELDS_H

#include <math.h>
#include <ude/uncertain.h>

/* The linear pendulum theta' = omega, omega' = -(g/L) theta with parameters g, L. */
static int pendulum(double *du, const double *u, const double *p, double t, void *context) {
  (void)t;
  (void)context;
  du[0] = u[1];
  du[1] = -p[0] / p[1] * u[0];
  return 0;
}

static int pendulum_jvp(double *du, double *du_dot, const double *u, const double *u_dot,
                        const double *p, const double *p_dot, double t, const double *t_dot,
                        void *context) {
  (void)t_dot;
  double q     = p[0] / p[1];
  double q_dot = p_dot ? (p_dot[0] - q * p_dot[1]) / p[1] : 0;
  du_dot[0]    = u_dot ? u_dot[1] : 0;
  du_dot[1]    = -q_dot * u[0] - (u_dot ? q * u_dot[0] : 0);
  return pendulum(du, u, p, t, context);
}

/* Observed: theta - theta, theta + omega, g * theta. */
static int observe(double *y, const double *u, const double *p, double t, void *context) {
  (void)t;
  (void)context;
  y[0] = u[0] - u[0];
  y[1] = u[0] + u[1];
  y[2] = p[0] * u[0];
  return 0;
}

static int observe_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                       const double *p, const double *p_dot, double t, const double *t_dot,
                       void *context) {
  (void)t_dot;
  y_dot[0] = u_dot[0] - u_dot[0];
  y_dot[1] = u_dot[0] + u_dot[1];
  y_dot[2] = p_dot[0] * u[0] + p[0] * u_dot[0];
  return observe(y, u, p, t, context);
}

/* Starts at theta = 0, omega = p[2]. */
static int initial(double *u0, const double *u, const double *p, double t, void *context) {
  (void)u;
  (void)t;
  (void)context;
  u0[0] = 0;
  u0[1] = p[2];
  return 0;
}

static int initial_jvp(double *u0, double *u0_dot, const double *u, const double *u_dot,
                       const double *p, const double *p_dot, double t, const double *t_dot,
                       void *context) {
  (void)u_dot;
  (void)t_dot;
  u0_dot[0] = 0;
  u0_dot[1] = p_dot[2];
  return initial(u0, u, p, t, context);
}

static inline ude_vector_field pendulum_field(void) {
  return (ude_vector_field){
      .state       = {.count = 2},
      .param       = {.count = 3},
      .observation = {.count = 3},
      .rhs         = {.rows = 2, .columns = 2, .value = pendulum, .jvp = pendulum_jvp},
      .observe     = {.rows = 3, .columns = 2, .value = observe, .jvp = observe_jvp},
      .initial     = {.rows = 2, .columns = 0, .value = initial, .jvp = initial_jvp},
  };
}

/* omega = s cos(w t), theta = s/w sin(w t), w = sqrt(g/L): value and derivatives with respect to s, g, L. */
static inline void pendulum_exact(double t, double s, double g, double length, double value[2],
                                  double slope[2][3]) {
  double w    = sqrt(g / length);
  double w_g  = w / (2 * g);
  double w_l  = -w / (2 * length);
  value[0]    = s / w * sin(w * t);
  value[1]    = s * cos(w * t);
  double th_w = s / w * (t * cos(w * t) - sin(w * t) / w);
  double om_w = -s * t * sin(w * t);
  slope[0][0] = sin(w * t) / w;
  slope[1][0] = cos(w * t);
  slope[0][1] = th_w * w_g;
  slope[1][1] = om_w * w_g;
  slope[0][2] = th_w * w_l;
  slope[1][2] = om_w * w_l;
}

#endif
