/* The same numbers from the same integrator again, from another one, and from threads at once; the state of one
 * solve, failed or not, does not leak into the next. */
#include <pthread.h>

#include "every_method.h"
#include "support/problems.h"
#include "support/ude_check.h"

enum { TIMES = 60, RUNS = 40, THREADS = 4 };

static const ude_vector_field pleiades = PROBLEM_FIELD(28, 0, pleiades_rhs);
static const ude_vector_field lotka    = PROBLEM_FIELD(2, 4, lotka_rhs);

typedef struct answer {
  double           at[TIMES * 28], end[28];
  ude_solve_result result;
} answer;

static bool same(const answer *a, const answer *b) {
  return memcmp(a->at, b->at, sizeof a->at) == 0 && memcmp(a->end, b->end, sizeof a->end) == 0 &&
         a->result.steps == b->result.steps && a->result.rejected == b->result.rejected &&
         a->result.rhs_calls == b->result.rhs_calls && a->result.h == b->result.h &&
         a->result.error_estimate == b->result.error_estimate;
}

static void times_of(double *times) {
  for (int i = 0; i < TIMES; i++) {
    times[i] = 3.0 * i / TIMES;
  }
}

static ude_status solve(ude_integrator *integrator, answer *to) {
  double times[TIMES];
  times_of(times);
  return ude_integrator_run(integrator, pleiades_u0, NULL, 0, 3, times, TIMES, to->at, to->end,
                            &to->result, NULL);
}

static ude_integrator *make(const char *method) {
  ude_integrator   *integrator = NULL;
  ude_solve_options options    = {.method = method, .rtol = 1e-8, .atol = 1e-8};
  ck_ok(ude_integrator_create(&pleiades, &options, &integrator, NULL), NULL);
  return integrator;
}

START_TEST(runs_repeat) {
  static answer   first, other;
  ude_integrator *integrator = make(adaptive_pairs[_i]);
  ck_assert_int_eq(solve(integrator, &first), UDE_OK);
  for (int i = 0; i < 3; i++) {
    /* Between the repetitions: a shorter solve, a backward one, one that fails. */
    ude_solve_result result;
    double           u_end[28], nowhere[28];
    ude_integrator_run(integrator, pleiades_u0, NULL, 0, 0.1 * (i + 1), NULL, 0, NULL, u_end,
                       &result, NULL);
    ude_integrator_run(integrator, first.end, NULL, 3, 2, NULL, 0, NULL, u_end, &result, NULL);
    memset(nowhere, 0, sizeof nowhere); /* all bodies in one place */
    ck_assert_int_eq(
        ude_integrator_run(integrator, nowhere, NULL, 0, 1, NULL, 0, NULL, u_end, &result, NULL),
        UDE_NUMERICAL);
    ck_assert_int_eq(result.retcode, UDE_RETCODE_INITIAL_FAILURE);
    ck_assert_int_eq(solve(integrator, &other), UDE_OK);
    ck_assert(same(&first, &other));
  }
  ude_integrator_free(integrator);
  integrator = make(adaptive_pairs[_i]);
  ck_assert_int_eq(solve(integrator, &other), UDE_OK);
  ck_assert(same(&first, &other));
  ude_integrator_free(integrator);
}
END_TEST

/* Times not reached are left as they were. */
START_TEST(what_is_not_reached_is_untouched) {
  ude_integrator   *integrator = NULL;
  ude_solve_options options    = {.max_steps = 5};
  ude_solve_result  result;
  double            times[TIMES], u_at[TIMES * 2], u_end[2];
  for (int i = 0; i < TIMES; i++) {
    times[i]        = 20.0 * i / TIMES;
    u_at[2 * i]     = -77;
    u_at[2 * i + 1] = -77;
  }
  ck_ok(ude_integrator_create(&lotka, &options, &integrator, NULL), NULL);
  ck_assert_int_eq(ude_integrator_run(integrator, lotka_u0, lotka_p, 0, 20, times, TIMES, u_at,
                                      u_end, &result, NULL),
                   UDE_NUMERICAL);
  ck_assert_int_eq(result.retcode, UDE_RETCODE_MAX_STEPS);
  for (int i = 0; i < TIMES; i++) {
    ck_assert_int_eq(u_at[2 * i] == -77, times[i] > result.t);
  }
  ck_assert_double_gt(u_end[0], 0);
  ude_integrator_free(integrator);
}
END_TEST

typedef struct task {
  answer          answer;
  ude_integrator *integrator;
  bool            same;
  const answer   *expected;
} task;

static void *work(void *context) {
  task *mine = context;
  mine->same = true;
  for (int i = 0; i < RUNS; i++) {
    mine->same = mine->same && solve(mine->integrator, &mine->answer) == UDE_OK &&
                 same(&mine->answer, mine->expected);
  }
  return NULL;
}

START_TEST(threads_at_once) {
  static task   tasks[THREADS];
  static answer expected;
  pthread_t     threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    tasks[i].integrator = make("vern7");
    tasks[i].expected   = &expected;
  }
  ck_assert_int_eq(solve(tasks[0].integrator, &expected), UDE_OK);
  for (int i = 0; i < THREADS; i++) {
    ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &tasks[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    ck_assert(tasks[i].same);
    ude_integrator_free(tasks[i].integrator);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("solve: repetition");
  TCase *tests = tcase_create("repetition");
  tcase_add_loop_test(tests, runs_repeat, 0, ADAPTIVE_PAIRS);
  tcase_add_test(tests, what_is_not_reached_is_untouched);
  tcase_add_test(tests, threads_at_once);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
