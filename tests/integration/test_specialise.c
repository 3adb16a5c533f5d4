/* Steps with the model in them take the same steps to the same numbers, up to rounding, as the general ones, and leave to these what they do
 * not know. */
#include <ude/solve.h>

#include "support/model_files.h"

enum { METHODS = 9, MOST = 70, TIMES = 5 };

static const char *const methods[METHODS] = {"tsit5", "dp5",    "vern6",        "vern7",  "dop853",
                                             "vern9", "rodas4", "rosenbrock23", "rodas5p"};

/* Coupled, not autonomous, with off-diagonal terms larger than the diagonal, so that rows are exchanged; W = 0: no decay. */
static const char source[] =
    "#include <math.h>\n"
    "struct state { double x[N]; };\nstruct param { double a, b, c; };\n"
    "const struct param p0 = {0.8, 1.7, 0.3};\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t)\n"
    "{\n"
    "  for (int i = 0; i < N; i++) {\n"
    "    double left = u->x[(i + N - 1) % N], right = u->x[(i + 1) % N];\n"
    "    du->x[i] = p->b * (right - left) - p->a * u->x[i] * u->x[i] + p->c * sin(t + 0.2 * i)"
    " + 40 * (left * right - u->x[i]) / (1 + i);\n"
    "  }\n"
    "}\n";

static const char blow_up[] =
    "struct state { double x; };\nstruct param { double a; };\nconst struct param p0 = {1};\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t)\n"
    "{ du->x = p->a * u->x * u->x; }\n";

static const char stiff_then_not[] =
    "struct state { double x, y; };\nstruct param { double mu; };\nconst struct param p0 = {200};\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t)\n"
    "{ du->x = u->y; du->y = p->mu * ((1 - u->x * u->x) * u->y) - u->x; }\n";

static ude_model *make(const char *text, int n, const char *const *names, size_t count) {
  char                flag[32];
  const char         *flags[] = {flag};
  ude_model          *model   = NULL;
  const char         *file    = files_path("model.c");
  ude_compile_options options = {.derivatives      = UDE_DERIVATIVE_JVP,
                                 .flags            = flags,
                                 .flag_count       = 1,
                                 .specialise       = names,
                                 .specialise_count = count};
  snprintf(flag, sizeof flag, "-DN=%d", n);
  files_write("model.c", text);
  ck_assert_msg(ude_model_compile(&file, 1, &options, &model, &files_error) == UDE_OK, "%s",
                files_error.message);
  return model;
}

typedef struct outcome {
  double           at[TIMES * MOST], end[MOST];
  ude_solve_result result;
  ude_status       status;
} outcome;

static void run(const ude_vector_field *field, const ude_solve_options *options, double t0,
                double t1, const double *p, outcome *to) {
  double          u0[MOST], times[TIMES];
  ude_integrator *integrator = NULL;
  for (int i = 0; i < field->state.count; i++) {
    u0[i] = 0.5 + 0.4 * sin(1.0 + i);
  }
  for (int i = 0; i < TIMES; i++) {
    times[i] = t0 + (t1 - t0) * (i + 0.5) / TIMES;
  }
  ck_assert_int_eq(ude_integrator_create(field, options, &integrator, &files_error), UDE_OK);
  *to        = (outcome){0};
  to->status = ude_integrator_run(integrator, u0, p, t0, t1, times, TIMES, to->at, to->end,
                                  &to->result, &files_error);
  ude_integrator_free(integrator);
}

static void near(const outcome *a, const outcome *b, int64_t n, double tolerance,
                 const char *what) {
  ck_assert_msg(a->status == b->status && a->result.retcode == b->result.retcode, "%s: %s, %s",
                what, ude_retcode_name(a->result.retcode), ude_retcode_name(b->result.retcode));
  for (int64_t i = 0; i < n * TIMES; i++) {
    ck_assert_msg(fabs(a->at[i] - b->at[i]) <= tolerance * (1e-3 + fabs(b->at[i])),
                  "%s: output %d: %.17g, %.17g", what, (int)i, a->at[i], b->at[i]);
  }
  for (int64_t i = 0; i < n; i++) {
    ck_assert_msg(fabs(a->end[i] - b->end[i]) <= tolerance * (1e-3 + fabs(b->end[i])),
                  "%s: end %d: %.17g, %.17g", what, (int)i, a->end[i], b->end[i]);
  }
  ck_assert_msg(a->result.steps == b->result.steps && a->result.rejected == b->result.rejected &&
                    a->result.factorisations == b->result.factorisations,
                "%s: %d + %d, %d + %d steps", what, (int)a->result.steps, (int)a->result.rejected,
                (int)b->result.steps, (int)b->result.rejected);
  ck_assert_int_eq(a->result.linear_solves, b->result.linear_solves);
}

static const struct {
  int n, kernels;
} sizes[] = {{1, 9}, {2, 9}, {3, 9}, {8, 9}, {9, 9}, {20, 9}, {40, 6}, {64, 6}, {65, 0}};

START_TEST(same_steps_and_numbers) {
  int                     n     = sizes[_i].n;
  ude_model              *model = make(source, n, methods, METHODS);
  const ude_vector_field *field = ude_model_vector_field(model);
  ude_vector_field        plain = *field;
  plain.kernel_count            = 0;
  ck_assert_int_eq(field->kernel_count, sizes[_i].kernels);
  for (int m = 0; m < METHODS; m++) {
    for (int variant = 0; variant < 4; variant++) {
      static outcome    with, without;
      char              what[64];
      bool              backwards = variant == 1;
      ude_solve_options options   = {.method     = methods[m],
                                     .rtol       = 1e-6,
                                     .atol       = 1e-8,
                                     .max_step   = variant == 2 ? 0.03 : 0,
                                     .time_limit = variant == 3 ? 1000 : 0};
      snprintf(what, sizeof what, "%s, %d states, variant %d", methods[m], n, variant);
      run(field, &options, backwards ? 0.02 : 0, backwards ? 0 : 1.5, field->p0, &with);
      run(&plain, &options, backwards ? 0.02 : 0, backwards ? 0 : 1.5, field->p0, &without);
      near(&with, &without, n, 1e-9, what);
      if (m < 6) {
        ck_assert_int_eq(with.result.rhs_calls, without.result.rhs_calls);
      }
    }
  }
  ude_model_free(model);
}
END_TEST

static bool stop_at_third(void *context) {
  return ++*(int *)context == 3;
}

/* Limits, failures and requests end a solve where and as they would without. */
START_TEST(ends_are_the_same) {
  const char *const       names[] = {"tsit5", "rodas5p", "vern7", "tsit5"};
  ude_model              *model   = make(blow_up, 1, names, 4);
  const ude_vector_field *field   = ude_model_vector_field(model);
  ude_vector_field        plain   = *field;
  plain.kernel_count              = 0;
  ck_assert_int_eq(field->kernel_count, 4); /* the last finds the first's */
  for (int m = 0; m < 3; m++) {
    for (int variant = 0; variant < 4; variant++) {
      static outcome    with, without;
      int               polls[2] = {0, 0};
      ude_solve_options options  = {.method = names[m], .rtol = 1e-6};
      options.max_steps          = variant == 1 ? 17 : 0;
      options.min_step           = variant == 2 ? 1e-3 : 0;
      options.stop               = variant == 3 ? stop_at_third : NULL;
      options.stop_context       = &polls[0];
      run(field, &options, 0, 10, field->p0, &with);
      options.stop_context = &polls[1];
      run(&plain, &options, 0, 10, field->p0, &without);
      ck_assert_int_ne(with.status, UDE_OK);
      ck_assert_int_eq(polls[0], polls[1]);
      /* the error of the first steps is rounding, and the sizes follow it */
      near(&with, &without, 1, variant == 0 ? 1e-3 : 1e-6, names[m]);
      ck_assert_int_eq(with.result.component, without.result.component);
      ck_assert_double_eq_tol(with.result.t, without.result.t, 1e-7);
    }
    static outcome    nan, also;
    ude_solve_options options = {.method = names[m]};
    double            bad     = (double)NAN;
    run(field, &options, 0, 1, &bad, &nan);
    run(&plain, &options, 0, 1, &bad, &also);
    ck_assert_int_eq(nan.result.retcode, also.result.retcode);
  }
  ude_model_free(model);
}
END_TEST

/* auto changes methods at the same steps. */
START_TEST(auto_switches_where_it_would) {
  const char *const       names[] = {"tsit5", "rodas5p"};
  ude_model              *model   = make(stiff_then_not, 2, names, 2);
  const ude_vector_field *field   = ude_model_vector_field(model);
  ude_vector_field        plain   = *field;
  static outcome          with, without;
  ude_solve_options       options = {.rtol = 1e-5, .atol = 1e-7};
  plain.kernel_count              = 0;
  run(field, &options, 0, 300, field->p0, &with);
  run(&plain, &options, 0, 300, field->p0, &without);
  ck_assert_int_eq(with.status, UDE_OK);
  ck_assert_int_ge(with.result.switches, 2);
  ck_assert_int_eq(with.result.switches, without.result.switches);
  near(&with, &without, 2, 1e-6, "auto");
  ude_model_free(model);
}
END_TEST

/* A field that is a copy with another right-hand side is not solved by steps that have the first in them. */
static int zero(double *du, const double *u, const double *p, double t, void *context) {
  (void)u, (void)p, (void)t, (void)context;
  du[0] = 0;
  return 0;
}

START_TEST(other_right_hand_sides_are_not_taken_for_this) {
  const char *const names[] = {"tsit5", "nonsense", "auto", "euler"};
  ude_model        *model   = make(blow_up, 1, names, 4);
  ude_vector_field  other   = *ude_model_vector_field(model);
  static outcome    got;
  ude_solve_options options = {.method = "tsit5"};
  ck_assert_int_eq(other.kernel_count, 1);
  other.rhs = (ude_map){.rows = 1, .columns = 1, .value = zero};
  run(&other, &options, 0, 1, other.p0, &got);
  ck_assert_double_eq(got.end[0], 0.5 + 0.4 * sin(1.0));
  ude_model_free(model);
}
END_TEST

/* With a mass matrix the implicit steps stay general; right-hand sides with loops that call. */
START_TEST(mass_is_left_alone) {
  static const char with_mass[] =
      "struct state { double x, y; };\nstruct param { double a; };\nconst struct param p0 = {1};\n"
      "const struct state mass = {1, 0};\n"
      "void rhs(struct state *du, const struct state *u, const struct param *p, double t)\n"
      "{ du->x = -u->y; du->y = u->x * p->a - u->y; }\n";
  ude_model              *model   = make(with_mass, 2, methods, METHODS);
  const ude_vector_field *field   = ude_model_vector_field(model);
  ude_solve_options       options = {.method = "rodas5p", .rtol = 1e-8, .atol = 1e-10};
  static outcome          got;
  ck_assert_int_eq(field->kernel_count, 6);
  run(field, &options, 0, 1, field->p0, &got);
  ck_assert_double_eq_tol(got.end[0], (0.5 + 0.4 * sin(1.0)) * exp(-1), 1e-7);
  ude_model_free(model);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("integration: specialised steps");
  TCase *tests = tcase_create("specialise");
  tcase_add_checked_fixture(tests, files_open, files_close);
  tcase_add_loop_test(tests, same_steps_and_numbers, 0, sizeof sizes / sizeof sizes[0]);
  tcase_add_test(tests, ends_are_the_same);
  tcase_add_test(tests, auto_switches_where_it_would);
  tcase_add_test(tests, other_right_hand_sides_are_not_taken_for_this);
  tcase_add_test(tests, mass_is_left_alone);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
