/* Gradients through events of compiled models: tangents against the adjoint for every method, against closed forms, against finite differences
 * of the same steps; times that parameters schedule, start and end of the span, terminal events, events that coincide. */
#include <math.h>
#include <string.h>

#include <ude/fit.h>

#include "support/model_files.h"

enum { MOST = 16 };

/* A ball with drag on a moving floor, which bounces, is pushed at times of its own parameters, and whose gravity jumps. */
static const char pushed[] =
    "#include <math.h>\n"
    "struct state { double y, v, work; };\n"
    "struct param { double g, drag, bounce, push, when, apart, jump, height; };\n"
    "const struct param p0 = {9.81, 0.1, 0.8, 1.5, 0.33, 0.4, 0.71, 1.0};\n"
    "const double tspan[2] = {0.05, 1.9};\n"
    "void initial(struct state *u, const struct param *p) { u->y = p->height; u->v = 0; u->work = "
    "0; }\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t)\n"
    "{ double g = t < p->jump ? p->g : 1.3 * p->g;\n"
    "  du->y = u->v; du->v = -g - p->drag * u->v * fabs(u->v) + 0.5 * sin(7 * t); du->work = u->v "
    "* u->v * t; }\n"
    "const int event_count = 2;\n"
    "const int event_direction[2] = {-1, 0};\n"
    "void events(double *g, const struct state *u, const struct param *p, double t)\n"
    "{ g[0] = u->y - 0.1 * p->push * sin(3 * t); g[1] = u->work - 2.5 * p->bounce; }\n"
    "const int schedule_count = 2;\n"
    "void schedule(double *times, const struct param *p)\n"
    "{ times[0] = p->when + 2 * p->apart * p->apart; times[1] = p->when; }\n"
    "const int discontinuity_count = 1;\n"
    "void discontinuities(double *times, const struct param *p) { times[0] = p->jump; }\n"
    "void affect(struct state *u, const struct param *p, double t, int event)\n"
    "{ if (event == 0) u->v = -p->bounce * u->v + 0.1 * p->push * t;\n"
    "  else if (event == 1) u->y += 0.05 * u->work * p->drag;\n"
    "  else u->v += p->push * (event - 1) * 0.5; }\n"
    "double terminal_cost(const struct state *u, const struct param *p, double t)\n"
    "{ return u->y * u->y + 0.3 * u->v + 0.01 * u->work * t; }\n"
    "double running_cost(const struct state *u, const struct param *p, double t) { return u->y * "
    "cos(t) * p->bounce; }\n";

static const double data_times[] = {0.05, 0.2, 0.33, 0.45, 0.71, 1.0, 1.55, 1.9};
enum { DATA = sizeof data_times / sizeof data_times[0] };

static int at_data(int64_t i, double t, const double *u, const double *p, double *value,
                   double *u_bar, double *p_bar, void *context) {
  (void)context;
  double x = u[0] - 0.3 * (double)i;
  *value   = x * x + 0.1 * u[1] * sin(t) + 0.01 * p[3] * u[2];
  if (u_bar) {
    u_bar[0] = 2 * x;
    u_bar[1] = 0.1 * sin(t);
    u_bar[2] = 0.01 * p[3];
  }
  if (p_bar) {
    p_bar[3] += 0.01 * u[2];
  }
  return 0;
}

typedef struct answer {
  double value, u0_bar[MOST], p_bar[MOST], t0_bar, t1_bar;
} answer;

/* The gradient of all parts of the cost, `initial` included. */
static void gradient(const ude_vector_field *field, const ude_solve_options *solve,
                     ude_sensitivity_method mode, size_t memory, const double *p, double t0,
                     double t1, bool data, answer *to, ude_solve_result *result) {
  ude_sensitivity_options options = {.solve = *solve, .method = mode, .memory_bytes = memory};
  ude_sensitivity        *s       = NULL;
  ude_error               error   = {0};
  double                  u0[MOST];
  ude_cost                cost = {.terminal = field->terminal_cost.value != NULL,
                                  .running  = field->running_cost.value != NULL,
                                  .t0_bar   = &to->t0_bar,
                                  .t1_bar   = &to->t1_bar};
  if (data) {
    cost.count = DATA;
    cost.times = data_times;
    cost.at    = at_data;
  }
  ck_ok(ude_initial_state(field, p, t0, u0, &error), &error);
  ck_ok(ude_sensitivity_create(field, &options, &s, &error), &error);
  ck_ok(
      ude_cost_gradient(s, u0, p, t0, t1, &cost, &to->value, to->u0_bar, to->p_bar, result, &error),
      &error);
  ck_ok(ude_initial_pullback(field, p, t0, to->u0_bar, to->p_bar, &error), &error);
  ude_sensitivity_free(s);
}

static double value_of(const ude_vector_field *field, const ude_solve_options *solve,
                       const double *p, double t0, double t1, bool data) {
  ude_sensitivity_options options = {.solve = *solve};
  ude_sensitivity        *s       = NULL;
  ude_error               error   = {0};
  double                  u0[MOST];
  double                  value = 0;
  ude_cost                cost  = {.terminal = field->terminal_cost.value != NULL,
                                   .running  = field->running_cost.value != NULL};
  if (data) {
    cost.count = DATA;
    cost.times = data_times;
    cost.at    = at_data;
  }
  ck_ok(ude_initial_state(field, p, t0, u0, &error), &error);
  ck_ok(ude_sensitivity_create(field, &options, &s, &error), &error);
  ck_ok(ude_cost_value(s, u0, p, t0, t1, &cost, &value, NULL, &error), &error);
  ude_sensitivity_free(s);
  return value;
}

static ude_model *compile(const char *source) {
  files_write("model.c", source);
  const char               *file[]  = {files_path("model.c")};
  ude_model                *model   = NULL;
  ude_error                 error   = {0};
  const ude_compile_options options = {.derivatives = UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP |
                                                      UDE_DERIVATIVE_HVP};
  ck_ok(ude_model_compile(file, 1, &options, &model, &error), &error);
  return model;
}

static double largest(const answer *a, int64_t n, int64_t np) {
  double most = fmax(fabs(a->t0_bar), fabs(a->t1_bar));
  for (int64_t i = 0; i < n; i++) {
    most = fmax(most, fabs(a->u0_bar[i]));
  }
  for (int64_t i = 0; i < np; i++) {
    most = fmax(most, fabs(a->p_bar[i]));
  }
  return most;
}

static void same(const answer *a, const answer *b, int64_t n, int64_t np, double tolerance,
                 const char *what) {
  double size = largest(a, n, np);
  for (int64_t i = 0; i < n; i++) {
    ck_assert_msg(fabs(a->u0_bar[i] - b->u0_bar[i]) <= tolerance * size, "%s: u0[%d] %.17g, %.17g",
                  what, (int)i, a->u0_bar[i], b->u0_bar[i]);
  }
  for (int64_t i = 0; i < np; i++) {
    ck_assert_msg(fabs(a->p_bar[i] - b->p_bar[i]) <= tolerance * size, "%s: p[%d] %.17g, %.17g",
                  what, (int)i, a->p_bar[i], b->p_bar[i]);
  }
  ck_assert_msg(fabs(a->t0_bar - b->t0_bar) <= tolerance * size, "%s: t0 %.17g, %.17g", what,
                a->t0_bar, b->t0_bar);
  ck_assert_msg(fabs(a->t1_bar - b->t1_bar) <= tolerance * size, "%s: t1 %.17g, %.17g", what,
                a->t1_bar, b->t1_bar);
}

static const char *const methods[] = {
    "tsit5",   "bs3",    "ssprk43",      "dp5",    "vern6",    "vern7", "vern9", "dop853", "rk4",
    "rodas5p", "rodas4", "rosenbrock23", "trbdf2", "kencarp4", "radau", "auto",  "rock2",  "rock4"};
enum { METHODS = sizeof methods / sizeof methods[0] };

START_TEST(tangents_and_adjoint_agree) {
  ude_model              *model = compile(pushed);
  const ude_vector_field *field = ude_model_vector_field(model);
  for (int m = 0; m < METHODS; m++) {
    ude_solve_options solve = {.method       = methods[m],
                               .rtol         = 1e-5,
                               .atol         = 1e-7,
                               .initial_step = strcmp(methods[m], "rk4") == 0 ? 0.031 : 0};
    answer            forward, adjoint, thin;
    ude_solve_result  result;
    gradient(field, &solve, UDE_SENSITIVITY_FORWARD, 0, field->p0, 0.05, 1.9, true, &forward,
             &result);
    ck_assert_int_ge(result.events, 6);
    gradient(field, &solve, UDE_SENSITIVITY_ADJOINT, 0, field->p0, 0.05, 1.9, true, &adjoint,
             &result);
    same(&forward, &adjoint, 3, 8, 1e-11, methods[m]);
    /* States recomputed between checkpoints, past events, too. */
    gradient(field, &solve, UDE_SENSITIVITY_ADJOINT, 200, field->p0, 0.05, 1.9, true, &thin,
             &result);
    /* Stages of implicit methods are solved to rounding there, to the tolerance before. */
    bool implicit = ude_method_needs_jacobian(methods[m]) && strcmp(methods[m], "auto") != 0;
    same(&adjoint, &thin, 3, 8, implicit ? 1e-4 : 1e-12, methods[m]);
  }
  ude_model_free(model);
}
END_TEST

/* The gradient is that of the steps taken: with a fixed size these are the same for neighbouring parameters. */
START_TEST(differences_of_the_same_steps) {
  ude_model              *model = compile(pushed);
  const ude_vector_field *field = ude_model_vector_field(model);
  for (int data = 0; data < 2; data++) {
    ude_solve_options solve = {.method = "rk4", .initial_step = 0.0173};
    ude_solve_result  result;
    answer            exact, differences = {0};
    double            p[MOST];
    gradient(field, &solve, UDE_SENSITIVITY_ADJOINT, 0, field->p0, 0.05, 1.9, data, &exact,
             &result);
    for (int i = 0; i < 10; i++) {
      double at[2];
      for (int side = 0; side < 2; side++) {
        double h  = (side ? -1 : 1) * 1e-5;
        double t0 = 0.05 + (i == 8 ? h : 0);
        double t1 = 1.9 + (i == 9 ? h : 0);
        memcpy(p, field->p0, 8 * sizeof *p);
        if (i < 8) {
          p[i] += h;
        }
        bool moved_span = i >= 8;
        at[side]        = moved_span && data ? 0 : value_of(field, &solve, p, t0, t1, data);
      }
      double slope = (at[0] - at[1]) / 2e-5;
      /* Data at a stop and at the ends of the span have one-sided derivatives only: the times 0.33 and 0.71 belong to parameters 4 and 6. */
      bool one_sided = data && (i == 4 || i == 6 || i >= 8);
      if (i < 8) {
        differences.p_bar[i] = one_sided ? exact.p_bar[i] : slope;
      } else {
        *(i == 8 ? &differences.t0_bar : &differences.t1_bar) =
            one_sided ? (i == 8 ? exact.t0_bar : exact.t1_bar) : slope;
      }
    }
    same(&exact, &differences, 0, 8, 1e-7, "rk4");
  }
  ude_model_free(model);
}
END_TEST

/* Converges to the derivative of the true solution: two methods at tight tolerances. */
START_TEST(converges) {
  ude_model              *model = compile(pushed);
  const ude_vector_field *field = ude_model_vector_field(model);
  ude_solve_options       tight = {.method = "vern9", .rtol = 1e-12, .atol = 1e-13};
  ude_solve_options       other = {.method = "rodas5p", .rtol = 1e-9, .atol = 1e-10};
  ude_solve_result        result;
  answer                  a, b;
  gradient(field, &tight, UDE_SENSITIVITY_FORWARD, 0, field->p0, 0.05, 1.9, true, &a, &result);
  gradient(field, &other, UDE_SENSITIVITY_ADJOINT, 0, field->p0, 0.05, 1.9, true, &b, &result);
  same(&a, &b, 3, 8, 1e-6, "tight");
  ude_model_free(model);
}
END_TEST

/* ------------------------------------------------------------------------------ closed forms -- */

/* Bolus doses into one compartment: c(T) = sum_k dose exp(-k (T - t_k)), t_k = start + 8 k. */
static const char doses[] =
    "struct state { double c; };\nstruct param { double k, dose, start; };\n"
    "const struct state u0 = {0.5};\nconst struct param p0 = {0.3, 10, 1.25};\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t) { du->c = "
    "-p->k * u->c; }\n"
    "const int schedule_count = 3;\n"
    "void schedule(double *times, const struct param *p) { for (int i = 0; i < 3; i++) times[i] = "
    "p->start + 8 * i; }\n"
    "void affect(struct state *u, const struct param *p, double t, int event) { u->c += p->dose; "
    "}\n"
    "double terminal_cost(const struct state *u, const struct param *p, double t) { return u->c; "
    "}\n";

START_TEST(doses_in_closed_form) {
  ude_model              *model = compile(doses);
  const ude_vector_field *field = ude_model_vector_field(model);
  const double            k = 0.3, dose = 10, start = 1.25, t0 = 0.5, t1 = 24;
  for (int mode = 1; mode <= 2; mode++) {
    for (int m = 0; m < METHODS; m++) {
      bool              low   = strcmp(methods[m], "rk4") == 0;
      ude_solve_options solve = {
          .method = methods[m], .rtol = 1e-10, .atol = 1e-12, .initial_step = low ? 0.01 : 0};
      ude_solve_result result;
      answer           got, exact = {0};
      if (strcmp(methods[m], "rosenbrock23") == 0 || strcmp(methods[m], "trbdf2") == 0) {
        solve.rtol = 1e-8; /* of order two */
      }
      gradient(field, &solve, (ude_sensitivity_method)mode, 0, field->p0, t0, t1, false, &got,
               &result);
      exact.value     = 0.5 * exp(-k * (t1 - t0));
      exact.u0_bar[0] = exp(-k * (t1 - t0));
      exact.p_bar[0]  = -(t1 - t0) * exact.value;
      exact.t0_bar    = k * exact.value;
      exact.t1_bar    = -k * exact.value;
      for (int i = 0; i < 3; i++) {
        double since = t1 - start - 8 * i;
        double part  = dose * exp(-k * since);
        exact.value += part;
        exact.p_bar[0] -= since * part;
        exact.p_bar[1] += part / dose;
        exact.p_bar[2] += k * part;
        exact.t1_bar -= k * part;
      }
      ck_assert_double_eq_tol(got.value, exact.value, solve.rtol > 1e-9 ? 1e-5 : 1e-7);
      same(&exact, &got, 1, 3, solve.rtol > 1e-9 ? 1e-5 : 1e-7, methods[m]);
    }
  }
  ude_model_free(model);
}
END_TEST

/* Two balls; where they start from the same height they bounce at the same time, and each derivative is still that of its own ball. */
static const char balls[] =
    "struct state { double y1, v1, y2, v2; };\nstruct param { double h1, h2, e1, e2, g; };\n"
    "const struct param p0 = {1, 1, 0.8, 0.7, 9.81};\n"
    "void initial(struct state *u, const struct param *p) { u->y1 = p->h1; u->y2 = p->h2; u->v1 = "
    "u->v2 = 0; }\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t)\n"
    "{ du->y1 = u->v1; du->v1 = -p->g; du->y2 = u->v2; du->v2 = -p->g; }\n"
    "const int event_count = 2;\nconst int event_direction[2] = {-1, -1};\n"
    "void events(double *g, const struct state *u, const struct param *p, double t) { g[0] = "
    "u->y1; g[1] = u->y2; }\n"
    "void affect(struct state *u, const struct param *p, double t, int event)\n"
    "{ if (event) u->v2 *= -p->e2; else u->v1 *= -p->e1; }\n"
    "double terminal_cost(const struct state *u, const struct param *p, double t) { return u->y1 + "
    "2 * u->y2; }\n";

/* Height at T after the first bounce of a ball from h, and its derivatives by h, e, g, T. */
static double bounced(double h, double e, double g, double t, double d[4]) {
  double fall = sqrt(2 * h / g);
  double v    = sqrt(2 * g * h);
  double s    = t - fall;
  double s_h  = -1 / (g * fall);
  double s_g  = fall / (2 * g);
  double rise = e * v - g * s; /* velocity */
  d[0]        = e * (g / v) * s + rise * s_h;
  d[1]        = v * s;
  d[2]        = e * (h / v) * s - 0.5 * s * s + rise * s_g;
  d[3]        = rise;
  return e * v * s - 0.5 * g * s * s;
}

START_TEST(coinciding_events_in_closed_form) {
  ude_model              *model = compile(balls);
  const ude_vector_field *field = ude_model_vector_field(model);
  for (int mode = 1; mode <= 2; mode++) {
    for (int m = 0; m < METHODS; m++) {
      ude_solve_options solve = {.method       = methods[m],
                                 .rtol         = 1e-7,
                                 .atol         = 1e-9,
                                 .initial_step = strcmp(methods[m], "rk4") == 0 ? 0.05 : 0};
      ude_solve_result  result;
      answer            got, exact = {0};
      double            d1[4], d2[4];
      gradient(field, &solve, (ude_sensitivity_method)mode, 0, field->p0, 0, 0.9, false, &got,
               &result);
      ck_assert_int_eq(result.events, 2);
      exact.value          = bounced(1, 0.8, 9.81, 0.9, d1) + 2 * bounced(1, 0.7, 9.81, 0.9, d2);
      const double p_bar[] = {d1[0], 2 * d2[0], d1[1], 2 * d2[1], d1[2] + 2 * d2[2]};
      memcpy(exact.p_bar, p_bar, sizeof p_bar);
      exact.t1_bar = d1[3] + 2 * d2[3];
      exact.t0_bar = -exact.t1_bar;
      ck_assert_double_eq_tol(got.value, exact.value, 1e-9);
      same(&exact, &got, 0, 5, 1e-9, methods[m]);
    }
  }
  ude_model_free(model);
}
END_TEST

/* The cost at a terminal event: time of flight and range of a throw. */
static const char thrown[] =
    "struct state { double x, y; double vx, vy; };\nstruct param { double g, angle, speed; };\n"
    "#include <math.h>\n"
    "const struct param p0 = {9.81, 0.7, 12};\n"
    "void initial(struct state *u, const struct param *p)\n"
    "{ u->x = u->y = 0; u->vx = p->speed * cos(p->angle); u->vy = p->speed * sin(p->angle); }\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t)\n"
    "{ du->x = u->vx; du->y = u->vy; du->vx = 0; du->vy = -p->g; }\n"
    "void events(double *g, const struct state *u, const struct param *p, double t) { g[0] = u->y; "
    "}\n"
    "const int terminal_events[1] = {1};\n"
    "double terminal_cost(const struct state *u, const struct param *p, double t) { return u->x + "
    "3 * t; }\n";

START_TEST(terminal_event_in_closed_form) {
  ude_model              *model = compile(thrown);
  const ude_vector_field *field = ude_model_vector_field(model);
  const double            g = 9.81, a = 0.7, v = 12;
  for (int mode = 1; mode <= 2; mode++) {
    for (int m = 0; m < METHODS; m++) {
      ude_solve_options solve = {.method       = methods[m],
                                 .rtol         = 1e-7,
                                 .initial_step = strcmp(methods[m], "rk4") == 0 ? 0.3 : 0};
      ude_solve_result  result;
      answer            got, exact = {0};
      gradient(field, &solve, (ude_sensitivity_method)mode, 0, field->p0, 1, 9, false, &got,
               &result);
      ck_assert_int_eq(result.retcode, UDE_RETCODE_TERMINATED);
      double       flight  = 2 * v * sin(a) / g;
      const double p_bar[] = {-v * v * sin(2 * a) / (g * g) - 3 * flight / g,
                              2 * v * v * cos(2 * a) / g + 6 * v * cos(a) / g,
                              2 * v * sin(2 * a) / g + 6 * sin(a) / g};
      memcpy(exact.p_bar, p_bar, sizeof p_bar);
      exact.t0_bar = 3; /* a later start is a later end; the end of the span does not matter */
      ck_assert_double_eq_tol(got.value, v * v * sin(2 * a) / g + 3 * (1 + flight), 1e-8);
      same(&exact, &got, 0, 3, 1e-9, methods[m]);
      /* Data that are never reached are an error, not a zero. */
      ude_sensitivity_options options = {.solve = solve};
      ude_sensitivity        *s       = NULL;
      ude_error               error   = {0};
      const double            late    = 8;
      double                  u0[4], value;
      ude_cost                cost = {.count = 1, .times = &late, .at = at_data};
      ck_ok(ude_initial_state(field, field->p0, 1, u0, &error), &error);
      ck_ok(ude_sensitivity_create(field, &options, &s, &error), &error);
      ck_fails(ude_cost_value(s, u0, field->p0, 1, 9, &cost, &value, NULL, &error), UDE_NUMERICAL,
               &error, "event 0 ended the solve", "before the data at t = 8");
      ude_sensitivity_free(s);
    }
  }
  ude_model_free(model);
}
END_TEST

/* A root that is only touched has a time without a derivative. */
static const char touched[] =
    "struct state { double x; };\nstruct param { double a; };\n"
    "const struct state u0 = {0};\nconst struct param p0 = {1};\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t) { du->x = "
    "p->a; }\n"
    "void events(double *g, const struct state *u, const struct param *p, double t)\n"
    "{ double d = u->x - 0.5; g[0] = d * d; }\n"
    "void affect(struct state *u, const struct param *p, double t, int event) { u->x += 1; }\n"
    "double terminal_cost(const struct state *u, const struct param *p, double t) { return u->x; "
    "}\n";

START_TEST(no_derivative) {
  ude_model              *model = compile(touched);
  const ude_vector_field *field = ude_model_vector_field(model);
  for (int mode = 1; mode <= 2; mode++) {
    /* Steps that end on the root itself: its slope is zero to the last bit. */
    ude_sensitivity_options options = {.solve  = {.method = "euler", .initial_step = 0.25},
                                       .method = (ude_sensitivity_method)mode};
    ude_sensitivity        *s       = NULL;
    ude_error               error   = {0};
    double                  value, p_bar;
    ude_cost                cost = {.terminal = true};
    ck_ok(ude_sensitivity_create(field, &options, &s, &error), &error);
    ck_fails(
        ude_cost_gradient(s, field->u0, field->p0, 0, 1, &cost, &value, NULL, &p_bar, NULL, &error),
        UDE_NUMERICAL, &error, "event 0 at t = 0.5", "touches zero");
    ude_sensitivity_free(s);
  }
  ude_model_free(model);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("integration: gradients through events");
  TCase *tests = tcase_create("events");
  tcase_add_checked_fixture(tests, files_open, files_close);
  tcase_set_timeout(tests, 120);
  tcase_add_test(tests, tangents_and_adjoint_agree);
  tcase_add_test(tests, differences_of_the_same_steps);
  tcase_add_test(tests, converges);
  tcase_add_test(tests, doses_in_closed_form);
  tcase_add_test(tests, coinciding_events_in_closed_form);
  tcase_add_test(tests, terminal_event_in_closed_form);
  tcase_add_test(tests, no_derivative);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
