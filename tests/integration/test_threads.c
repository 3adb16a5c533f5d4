/* One model in many threads at once: solves, gradients, fits and compilations give the bits that one thread gives. */
#include <pthread.h>
#include <ude/fit.h>

#include "support/model_files.h"

enum { THREADS = 6, STATES = 2, PARAMS = 3, POINTS = 9 };

static const char source[] =
    "struct state { double x, y; };\nstruct param { double a, b, c; };\n"
    "const struct state u0 = {1, 2};\nconst struct param p0 = {1.1, 0.6, 1.4};\n"
    "static double mixed(const struct state *u) { double s = 0; for (int i = 0; i < 3; i++) "
    "s += u->x * u->y / (i + 1); return s; }\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t)\n"
    "{ du->x = p->a * u->x - p->b * mixed(u); du->y = mixed(u) * p->b - p->c * u->y; }\n"
    "double terminal_cost(const struct state *u, const struct param *p, double t)\n"
    "{ return u->x * u->x + u->y * p->c; }\n";

static const char data[] =
    "t,x,y\n0,1,2\n0.5,0.7,1.9\n1,0.6,1.4\n1.5,0.7,1\n2,0.9,0.8\n3,1.6,0.7\n";

/* What a thread computes; compared as bytes. */
typedef struct answer {
  double at[POINTS * STATES], cost, u_bar[STATES], p_bar[PARAMS], forward[PARAMS];
  double jacobian[STATES * STATES], fitted[PARAMS], loss;
} answer;

typedef struct task {
  const ude_vector_field *field; /* NULL: compile it */
  answer                  found;
  ude_error               error;
} task;

static ude_status solve(const ude_vector_field *field, answer *to, ude_error *error) {
  double times[POINTS];
  for (int i = 0; i < POINTS; i++) {
    times[i] = i * 1.25;
  }
  ude_solve_options options = {
      .rtol = 1e-8, .save = UDE_SAVE_AT, .saveat = times, .saveat_count = POINTS};
  ude_solution *solution = NULL;
  ude_status    status = ude_solve(field, field->u0, field->p0, 0, 10, &options, &solution, error);
  for (int64_t i = 0; status == UDE_OK && i < POINTS; i++) {
    memcpy(to->at + i * STATES, ude_solution_state(solution, i), STATES * sizeof(double));
  }
  ude_solution_free(solution);
  return status;
}

static ude_status derive(const ude_vector_field *field, answer *to, ude_error *error) {
  ude_status     status = UDE_OK;
  const ude_cost cost   = {.terminal = true};
  for (int mode = 0; mode < 2 && status == UDE_OK; mode++) {
    ude_sensitivity        *s       = NULL;
    ude_sensitivity_options options = {.method = mode ? UDE_SENSITIVITY_FORWARD
                                                      : UDE_SENSITIVITY_ADJOINT};
    ude_solve_result        result;
    status = ude_sensitivity_create(field, &options, &s, error);
    if (status == UDE_OK) {
      status = ude_cost_gradient(s, field->u0, field->p0, 0, 5, &cost, &to->cost, to->u_bar,
                                 mode ? to->forward : to->p_bar, &result, error);
    }
    ude_sensitivity_free(s);
  }
  return status ? status
                : ude_jacobian(&field->rhs, PARAMS, field->u0, field->p0, 0, false, true,
                               to->jacobian, error);
}

static ude_status fit(const ude_vector_field *field, answer *to, ude_error *error) {
  ude_table      *table = NULL;
  ude_dataset    *set   = NULL;
  const char     *name  = "data";
  ude_fit_result  result;
  ude_fit_options options = {.adam = 5, .iterations = 10, .seed = 3};
  ude_status      status  = ude_table_parse(name, data, strlen(data), &table, error);
  if (status == UDE_OK) {
    status = ude_dataset_from_tables((const ude_table *const *)&table, &name, 1, field, NULL, &set,
                                     error);
  }
  memcpy(to->fitted, field->p0, sizeof to->fitted);
  if (status == UDE_OK) {
    status   = ude_fit(field, set, &options, to->fitted, NULL, &result, error);
    to->loss = result.loss;
  }
  ude_dataset_free(set);
  ude_table_free(table);
  return status;
}

static void *work(void *context) {
  task                   *t      = context;
  ude_model              *model  = NULL;
  const ude_vector_field *field  = t->field;
  ude_status              status = UDE_OK;
  if (!field) {
    char                path[256], cache[256];
    const char         *file    = path;
    ude_compile_options options = {.derivatives = UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP,
                                   .cache_dir   = cache};
    snprintf(path, sizeof path, "%s/m.c", files_folder);
    snprintf(cache, sizeof cache, "%s/cache", files_folder);
    status = ude_model_compile(&file, 1, &options, &model, &t->error);
    field  = status ? NULL : ude_model_vector_field(model);
  }
  status = status ? status : solve(field, &t->found, &t->error);
  status = status ? status : derive(field, &t->found, &t->error);
  status = status ? status : fit(field, &t->found, &t->error);
  ude_model_free(model);
  return status ? t : NULL;
}

static void together(task *tasks, const answer *expected) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &tasks[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    void *failed = NULL;
    pthread_join(threads[i], &failed);
    ck_assert_msg(!failed, "thread %d: %s", i, tasks[i].error.message);
    ck_assert_msg(memcmp(&tasks[i].found, expected, sizeof *expected) == 0,
                  "thread %d found other bits", i);
  }
}

START_TEST(one_model) {
  static task         alone, tasks[THREADS];
  ude_model          *model   = NULL;
  const char         *file    = files_path("m.c");
  ude_error           error   = {0};
  ude_compile_options options = {.derivatives = UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP};
  ck_ok(ude_model_compile(&file, 1, &options, &model, &error), &error);
  alone.field = ude_model_vector_field(model);
  ck_assert_msg(!work(&alone), "%s", alone.error.message);
  for (int i = 0; i < PARAMS; i++) {
    ck_assert_double_eq_tol(alone.found.forward[i], alone.found.p_bar[i], 1e-12);
  }
  ck_assert(alone.found.fitted[0] != alone.field->p0[0] && alone.found.loss < 1);
  for (int i = 0; i < THREADS; i++) {
    tasks[i].field = alone.field;
  }
  together(tasks, &alone.found);
  ude_model_free(model);
}
END_TEST

/* All compile at once into an empty cache; then all take what is there. */
START_TEST(one_cache) {
  static task alone, cold[THREADS], warm[THREADS];
  char        cache[256];
  snprintf(cache, sizeof cache, "%s", files_path("cache"));
  ck_assert_msg(!work(&alone), "%s", alone.error.message);
  nftw(cache, files_remove_one, 8, FTW_DEPTH | FTW_PHYS);
  together(cold, &alone.found);
  together(warm, &alone.found);
}
END_TEST

static void begin(void) {
  files_open();
  files_write("m.c", source);
}

int main(void) {
  Suite *suite = suite_create("threads");
  TCase *tcase = tcase_create("threads");
  tcase_set_timeout(tcase, 60);
  tcase_add_checked_fixture(tcase, begin, files_close);
  suite_add_tcase(suite, tcase);
  tcase_add_test(tcase, one_model);
  tcase_add_test(tcase, one_cache);
  return ude_check_run(suite);
}
