/* The transforms and the code they emit when memory runs out at the k-th allocation, and in several threads. */
#include <pthread.h>

#include "compiler/jet.h"
#include "compiler/tape.h"
#include "support/fault.h"
#include "support/ir_lab.h"

static const char source[] =
    "#include <math.h>\n#include <stdlib.h>\n"
    "static __attribute__((noinline)) double helper(const double *u, int n) {\n"
    "  double x[n], s = 0;\n"
    "  for (int i = 0; i < n; i++) x[i] = sin(u[i % 4]) * (i + s);\n"
    "  for (int i = 0; i < n && s < 1e9; i++) s += x[i] * x[n - 1 - i];\n"
    "  return s;\n"
    "}\n"
    "void map_x(double *restrict y, const double *restrict u, const double *restrict p, double t) "
    "{\n"
    "  double s = 1;\n"
    "  for (int i = 0; i < 4000 && s < 1e9; i++) s = s * 0.9 + cos(u[i % 4] * s);\n"
    "  y[0] = s;\n"
    "  y[1] = helper(u, 5000) * s;\n"
    "}\n"
    "void map_heap(double *restrict y, const double *restrict u, const double *restrict p, double "
    "t) {\n"
    "  double *x = malloc(100 * sizeof *x), *z;\n"
    "  y[0] = y[1] = -1;\n"
    "  if (!x) return;\n"
    "  for (int i = 0; i < 100; i++) x[i] = u[i % 4] * i;\n"
    "  z = realloc(x, (size_t)(150 + (int)t) * sizeof *x);\n"
    "  if (z) x = z;\n"
    "  if (z) x[140] = x[3] * x[3];\n"
    "  y[0] = x[(int)t + 7] * x[50];\n"
    "  y[1] = z ? x[(int)t + 140] : -2;\n"
    "  free(x);\n"
    "}\n";

static lab_vjp_fn    vjp_x, vjp_heap;
static ude_jet_shape jet_x;
static lab_jvp_fn    jvp_heap;
static lab           ready;

static const double u[4] = {0.3, 0.7, 1.1, -0.4};

static void open_lab(void) {
  lab_open(&ready, source, LAB_BOTH | LAB_JET);
  jet_x    = (ude_jet_shape){.value   = (ude_jet_value)lab_find(&ready, "", "map_x"),
                             .pass    = (ude_jet_pass)lab_find(&ready, "jet_", "map_x"),
                             .rows    = 2,
                             .columns = 4};
  vjp_x    = (lab_vjp_fn)lab_find(&ready, "vjp_", "map_x");
  vjp_heap = (lab_vjp_fn)lab_find(&ready, "vjp_", "map_heap");
  jvp_heap = (lab_jvp_fn)lab_find(&ready, "jvp1_", "map_heap");
}

static int run(lab_vjp_fn vjp, double *gradient) {
  double y[2], y_bar[2] = {1, 0.5}, p[1] = {0}, p_bar[1] = {0}, t_bar = 0;
  for (int k = 0; k < 4; k++) {
    gradient[k] = 0;
  }
  int  failed  = vjp(y, y_bar, u, gradient, p, p_bar, 0.25, &t_bar);
  bool touched = y_bar[0] != 1 || y_bar[1] != 0.5; /* no ck_assert: Check allocates */
  for (int k = 0; k < 4; k++) {
    touched = touched || gradient[k] != 0;
  }
  if (failed && touched) {
    return -1;
  }
  return failed;
}

/* A fresh thread has no tape yet: every allocation of it is made again. */
static void *in_thread(void *argument) {
  double *gradient = argument;
  gradient[4]      = run(vjp_x, gradient);
  return NULL;
}

START_TEST(tape_out_of_memory) {
  double good[5], again[5];
  ck_assert_int_eq(run(vjp_x, good), 0);
  int failures = 0;
  for (int k = 1; k < 50; k++) {
    pthread_t thread;
    fault_arm(k, false);
    int created = pthread_create(&thread, NULL, in_thread, again);
    pthread_join(thread, NULL);
    bool fired = fault_disarm() >= k;
    ck_assert_int_eq(created, 0);
    if (!fired) {
      break;
    }
    ck_assert_int_eq((int)again[4], 1);
    failures++;
    ck_assert_int_eq(run(vjp_x, again), 0);
    for (int j = 0; j < 4; j++) {
      ck_assert(again[j] == good[j]);
    }
  }
  ck_assert_int_ge(failures, 3);
}
END_TEST

static void *many_times(void *argument) {
  double *gradient = argument, first[5];
  ck_assert_int_eq(run(vjp_x, gradient), 0);
  for (int k = 0; k < 200; k++) {
    ck_assert_int_eq(run(vjp_x, first), 0);
    for (int j = 0; j < 4; j++) {
      ck_assert(first[j] == gradient[j]);
    }
  }
  return NULL;
}

START_TEST(threads) {
  pthread_t thread[4];
  double    gradient[4][5];
  for (int k = 0; k < 4; k++) {
    ck_assert_int_eq(pthread_create(&thread[k], NULL, many_times, gradient[k]), 0);
  }
  for (int k = 0; k < 4; k++) {
    pthread_join(thread[k], NULL);
  }
  for (int k = 1; k < 4; k++) {
    for (int j = 0; j < 4; j++) {
      ck_assert(gradient[k][j] == gradient[0][j]);
    }
  }
}
END_TEST

/* A hot reverse sweep does not allocate: the tape keeps its memory. */
START_TEST(hot_sweeps_do_not_allocate) {
  double gradient[5];
  ck_assert_int_eq(run(vjp_x, gradient), 0);
  fault_arm(1, false);
  int  failed      = run(vjp_x, gradient);
  long allocations = fault_disarm();
  ck_assert_int_eq(failed, 0);
  ck_assert_int_eq(allocations, 0);
}
END_TEST

/* Shadows that cannot be had look to the model as if its own malloc had failed; nothing leaks. */
START_TEST(heap_shadows) {
  double gradient[4], good[4], y[2], y_dot[2], p[1] = {0}, t_dot = 0;
  ck_assert_int_eq(run(vjp_heap, good), 0);
  ck_assert(good[3] != 0);
  long live = fault_live();
  for (int k = 1; k < 6; k++) {
    fault_arm(k, false);
    run(vjp_heap, gradient);
    fault_disarm();
    fault_arm(k, false);
    jvp_heap(y, y_dot, u, u, p, p, 0.25, &t_dot);
    fault_disarm();
    ck_assert(isfinite(y_dot[0]) && isfinite(y_dot[1]));
    ck_assert_int_eq(fault_live(), live);
  }
  ck_assert_int_eq(run(vjp_heap, gradient), 0);
  for (int k = 0; k < 4; k++) {
    ck_assert(gradient[k] == good[k]);
  }
}
END_TEST

/* Jets give up without a trace where their records do not fit. */
START_TEST(jets_out_of_memory) {
  enum { ORDER = 3 };
  double curve[4 * (ORDER + 1)], good[2 * (ORDER + 1)], again[2 * (ORDER + 1)];
  for (int k = 0; k < 4 * (ORDER + 1); k++) {
    curve[k] = u[k / (ORDER + 1)] / (1 + k % (ORDER + 1));
  }
  ck_assert_int_eq(ude_jet_map(&jet_x, ORDER, good, curve, NULL, 0.25), 0);
  int  failures = 0;
  long live     = fault_live();
  for (int k = 1; k < 100; k++) {
    fault_arm(k, true);
    int  failed = ude_jet_map(&jet_x, ORDER, again, curve, NULL, 0.25);
    bool fired  = fault_disarm() >= k;
    ck_assert_int_eq(failed, fired);
    ck_assert_int_eq(fault_live(), live);
    if (!fired) {
      break;
    }
    failures++;
  }
  ck_assert_int_ge(failures, 5);
  ck_assert_mem_eq(again, good, sizeof good);
}
END_TEST

START_TEST(transforms_out_of_memory) {
  for (int mode = 0; mode < 3; mode++) {
    int failures = 0;
    for (int k = 1; k < 2000; k++) {
      lab l = {.context = LLVMContextCreate()};
      ck_assert(lab_clang(&l, source));
      LLVMValueRef map  = LLVMGetNamedFunction(l.module, "map_x");
      long         live = fault_live();
      fault_arm(k, false);
      LLVMValueRef f     = mode == 2   ? ude_emit_jet(l.module, map, "derived", &l.error)
                           : mode == 1 ? ude_emit_vjp(l.module, map, "derived", &l.error)
                                       : ude_emit_jvp(l.module, map, 2, "derived", &l.error);
      bool         fired = fault_disarm() >= k;
      ck_assert(fired == (f == NULL));
      ck_assert_int_eq(fault_live(), live);
      if (fired) {
        ck_assert_int_eq(l.error.status, UDE_OUT_OF_MEMORY);
      }
      failures += fired;
      lab_close(&l);
      if (!fired) {
        break;
      }
    }
    ck_assert_int_ge(failures, 1);
  }
}
END_TEST

int main(void) {
  Suite   *suite  = suite_create("transform_fault");
  TCase   *tcase  = tcase_create("memory");
  SRunner *runner = srunner_create(suite);
  tcase_set_timeout(tcase, 60);
  tcase_add_unchecked_fixture(tcase, open_lab, NULL);
  tcase_add_test(tcase, tape_out_of_memory);
  tcase_add_test(tcase, threads);
  tcase_add_test(tcase, hot_sweeps_do_not_allocate);
  tcase_add_test(tcase, heap_shadows);
  tcase_add_test(tcase, jets_out_of_memory);
  tcase_add_test(tcase, transforms_out_of_memory);
  suite_add_tcase(suite, tcase);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  lab_close(&ready);
  return failed != 0;
}
