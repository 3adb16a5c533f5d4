/**
 * @file bouncing.h
 * @brief A ball with all kinds of events as a table of callbacks with their derivatives: it bounces at the floor, is pushed at a time that is a
 *        parameter, and its gravity doubles at a declared time.
 */
#ifndef UDE_TESTS_BOUNCING_H
#define UDE_TESTS_BOUNCING_H

#include "support/problems.h"

/** Parameters: gravity, restitution, time of the push. */
enum { BOUNCING_N = 2, BOUNCING_NP = 3 };
static const double                bouncing_u0[BOUNCING_N] = {1, 0};
static const double                bouncing_p[BOUNCING_NP] = {9.81, 0.8, 0.2};
PROBLEM_UNUSED static const double bouncing_end            = 1.3;

static double bouncing_factor(double t) {
  return t < 0.9 ? 1 : 2;
}

PROBLEM_RHS(bouncing_rhs) {
  (void)context;
  du[0] = u[1];
  du[1] = -bouncing_factor(t) * p[0];
  return 0;
}

static int bouncing_rhs_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                            const double *p, const double *p_dot, double t, const double *t_dot,
                            void *context) {
  (void)t_dot;
  y_dot[0] = u_dot ? u_dot[1] : 0;
  y_dot[1] = p_dot ? -bouncing_factor(t) * p_dot[0] : 0;
  return bouncing_rhs(y, u, p, t, context);
}

static int bouncing_rhs_vjp(const double *u, const double *p, double t, const double *y_bar,
                            double *u_bar, double *p_bar, double *t_bar, void *context) {
  (void)u;
  (void)p;
  (void)t_bar;
  (void)context;
  if (u_bar) {
    u_bar[1] += y_bar[0];
  }
  if (p_bar) {
    p_bar[0] -= bouncing_factor(t) * y_bar[1];
  }
  return 0;
}

static int bouncing_rhs_hvp(const double *u, const double *u_dot, const double *p,
                            const double *p_dot, double t, const double *t_dot, const double *y_bar,
                            double *u_bar_dot, double *p_bar_dot, double *t_bar_dot,
                            void *context) { /* linear */
  (void)u;
  (void)u_dot;
  (void)p;
  (void)p_dot;
  (void)t;
  (void)t_dot;
  (void)y_bar;
  (void)u_bar_dot;
  (void)p_bar_dot;
  (void)t_bar_dot;
  (void)context;
  return 0;
}

static int bouncing_roots(double *g, const double *u, const double *p, double t, void *context) {
  (void)p;
  (void)t;
  (void)context;
  g[0] = u[0];
  return 0;
}

static int bouncing_roots_jvp(double *g, double *g_dot, const double *u, const double *u_dot,
                              const double *p, const double *p_dot, double t, const double *t_dot,
                              void *context) {
  (void)p_dot;
  (void)t_dot;
  g_dot[0] = u_dot ? u_dot[0] : 0;
  return bouncing_roots(g, u, p, t, context);
}

static int bouncing_roots_vjp(const double *u, const double *p, double t, const double *g_bar,
                              double *u_bar, double *p_bar, double *t_bar, void *context) {
  (void)u;
  (void)p;
  (void)t;
  (void)p_bar;
  (void)t_bar;
  (void)context;
  if (u_bar) {
    u_bar[0] += g_bar[0];
  }
  return 0;
}

static int bouncing_affect(double *y, const double *u, const double *p, double t, void *context) {
  (void)t;
  (void)context;
  y[0] = u[0];
  y[1] = u[2] == 0 ? -p[1] * u[1] : u[1] + 1;
  return 0;
}

static int bouncing_affect_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                               const double *p, const double *p_dot, double t, const double *t_dot,
                               void *context) {
  double v_dot = u_dot ? u_dot[1] : 0;
  (void)t_dot;
  y_dot[0] = u_dot ? u_dot[0] : 0;
  y_dot[1] = u[2] == 0 ? -p[1] * v_dot - (p_dot ? p_dot[1] * u[1] : 0) : v_dot;
  return bouncing_affect(y, u, p, t, context);
}

static int bouncing_affect_vjp(const double *u, const double *p, double t, const double *y_bar,
                               double *u_bar, double *p_bar, double *t_bar, void *context) {
  (void)t;
  (void)t_bar;
  (void)context;
  if (u_bar) {
    u_bar[0] += y_bar[0];
    u_bar[1] += u[2] == 0 ? -p[1] * y_bar[1] : y_bar[1];
  }
  if (p_bar && u[2] == 0) {
    p_bar[1] -= u[1] * y_bar[1];
  }
  return 0;
}

/* context: NULL the push, else the jump of the gravity. */
static int bouncing_times(double *times, const double *u, const double *p, double t,
                          void *context) {
  (void)u;
  (void)t;
  times[0] = context ? 0.9 : p[2];
  return 0;
}

static int bouncing_times_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                              const double *p, const double *p_dot, double t, const double *t_dot,
                              void *context) {
  (void)u_dot;
  (void)t_dot;
  y_dot[0] = !context && p_dot ? p_dot[2] : 0;
  return bouncing_times(y, u, p, t, context);
}

static int bouncing_times_vjp(const double *u, const double *p, double t, const double *y_bar,
                              double *u_bar, double *p_bar, double *t_bar, void *context) {
  (void)u;
  (void)p;
  (void)t;
  (void)u_bar;
  (void)t_bar;
  if (!context && p_bar) {
    p_bar[2] += y_bar[0];
  }
  return 0;
}

static int bouncing_cost(double *y, const double *u, const double *p, double t, void *context) {
  (void)p;
  (void)t;
  (void)context;
  y[0] = u[0] * u[0];
  return 0;
}

static int bouncing_cost_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                             const double *p, const double *p_dot, double t, const double *t_dot,
                             void *context) {
  (void)p_dot;
  (void)t_dot;
  y_dot[0] = u_dot ? 2 * u[0] * u_dot[0] : 0;
  return bouncing_cost(y, u, p, t, context);
}

static int bouncing_cost_vjp(const double *u, const double *p, double t, const double *y_bar,
                             double *u_bar, double *p_bar, double *t_bar, void *context) {
  (void)p;
  (void)t;
  (void)p_bar;
  (void)t_bar;
  (void)context;
  if (u_bar) {
    u_bar[0] += 2 * u[0] * y_bar[0];
  }
  return 0;
}

PROBLEM_UNUSED static ude_vector_field bouncing_field(void) {
  static int       jump;
  ude_vector_field field = PROBLEM_FIELD(BOUNCING_N, BOUNCING_NP, bouncing_rhs);
  const ude_map    times = {
         .rows = 1, .value = bouncing_times, .jvp = bouncing_times_jvp, .vjp = bouncing_times_vjp};
  field.rhs.jvp                        = bouncing_rhs_jvp;
  field.rhs.vjp                        = bouncing_rhs_vjp;
  field.rhs.hvp                        = bouncing_rhs_hvp;
  field.terminal_cost                  = (ude_map){.rows    = 1,
                                                   .columns = 2,
                                                   .value   = bouncing_cost,
                                                   .jvp     = bouncing_cost_jvp,
                                                   .vjp     = bouncing_cost_vjp};
  field.running_cost                   = field.terminal_cost;
  field.events                         = (ude_events){.count               = 1,
                                                      .roots               = {.rows    = 1,
                                                                              .columns = 2,
                                                                              .value   = bouncing_roots,
                                                                              .jvp     = bouncing_roots_jvp,
                                                                              .vjp     = bouncing_roots_vjp},
                                                      .schedule_count      = 1,
                                                      .schedule            = times,
                                                      .affect              = {.rows    = 2,
                                                                              .columns = 3,
                                                                              .value   = bouncing_affect,
                                                                              .jvp     = bouncing_affect_jvp,
                                                                              .vjp     = bouncing_affect_vjp},
                                                      .discontinuity_count = 1,
                                                      .discontinuities     = times};
  field.events.discontinuities.context = &jump;
  return field;
}

#endif
