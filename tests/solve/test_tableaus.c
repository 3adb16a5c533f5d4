/* The coefficients: every order condition (rooted trees, Hairer, Norsett, Wanner I, II.2) of the step, of its
 * companion and of the dense output, in long double, and that the next order's conditions do not hold. */
#include "solve/erk.h"
#include "support/ude_check.h"

enum { MOST_NODES = 9, MOST_STAGES = 32 };

/* A rooted tree as the levels of its nodes in preorder, the root at 1. */
typedef struct tree {
  int nodes, level[MOST_NODES];
} tree;

/* The next tree of the same size in the order of Beyer and Hedetniemi (1980), from the path 1, 2, ..., n. */
static bool next_tree(tree *tree) {
  int p = tree->nodes - 1;
  while (p > 0 && tree->level[p] <= 2) {
    p--;
  }
  if (p <= 0) {
    return false;
  }
  int q = p - 1;
  while (tree->level[q] != tree->level[p] - 1) {
    q--;
  }
  for (int i = p; i < tree->nodes; i++) {
    tree->level[i] = tree->level[i - (p - q)];
  }
  return true;
}

static tree path(int nodes) {
  tree made = {.nodes = nodes};
  for (int i = 0; i < nodes; i++) {
    made.level[i] = i + 1;
  }
  return made;
}

/* Elementary weights of the subtree first..end-1 at each stage, sum over children products; returns its gamma. */
static long double weights_of(const ude_erk_tableau *tableau, const tree *tree, int first, int end,
                              long double *phi) {
  int         s     = tableau->dense_stages;
  long double gamma = end - first;
  for (int k = 0; k < s; k++) {
    phi[k] = 1;
  }
  for (int child = first + 1; child < end;) {
    int after = child + 1;
    while (after < end && tree->level[after] > tree->level[child]) {
      after++;
    }
    long double inner[MOST_STAGES];
    gamma *= weights_of(tableau, tree, child, after, inner);
    for (int k = 0; k < s; k++) {
      long double sum = 0;
      for (int j = 0; j < k; j++) {
        sum += (long double)tableau->a[k * s + j] * inner[j];
      }
      phi[k] *= sum;
    }
    child = after;
  }
  return gamma;
}

/* Largest violation of sum_i w_i phi_i = theta^nodes / gamma over all trees of that size. */
static double violation(const ude_erk_tableau *tableau, const long double *w, int stages, int nodes,
                        long double theta) {
  double worst = 0;
  tree   each  = path(nodes);
  do {
    long double phi[MOST_STAGES];
    long double gamma = weights_of(tableau, &each, 0, nodes, phi);
    long double sum   = -powl(theta, nodes) / gamma;
    for (int i = 0; i < stages; i++) {
      sum += w[i] * phi[i];
    }
    worst = fmax(worst, fabs((double)sum));
  } while (next_tree(&each));
  return worst;
}

static const char *const names[] = {"tsit5", "vern7"};
enum { METHODS = 2 };

START_TEST(trees_are_counted) {
  const int counts[MOST_NODES + 1] = {0, 1, 1, 2, 4, 9, 20, 48, 115, 286};
  for (int n = 1; n <= MOST_NODES; n++) {
    tree each  = path(n);
    int  count = 1;
    while (next_tree(&each)) {
      count++;
    }
    ck_assert_int_eq(count, counts[n]);
  }
}
END_TEST

START_TEST(rows_sum_to_nodes) {
  const ude_erk_tableau *tableau = ude_erk_find(names[_i], 1);
  int                    s       = tableau->dense_stages;
  for (int i = 0; i < s; i++) {
    long double sum = 0;
    for (int j = 0; j < s; j++) {
      ck_assert(j < i || tableau->a[i * s + j] == 0);
      sum += (long double)tableau->a[i * s + j];
    }
    ck_assert_double_eq_tol((double)sum, tableau->c[i], 2e-14);
  }
}
END_TEST

/* Coefficients up to 200 are rounded to doubles: that bounds what the conditions can be met to. */
static const double rounding = 3e-14;

START_TEST(step_has_its_order) {
  const ude_erk_tableau *tableau = ude_erk_find(names[_i], 1);
  long double            b[MOST_STAGES];
  long double            companion[MOST_STAGES];
  for (int i = 0; i < tableau->stages; i++) {
    b[i]         = (long double)tableau->b[i];
    companion[i] = b[i] - (long double)tableau->btilde[i];
  }
  for (int n = 1; n <= tableau->order; n++) {
    ck_assert_double_lt(violation(tableau, b, tableau->stages, n, 1), rounding);
  }
  for (int n = 1; n <= tableau->embedded_order; n++) {
    ck_assert_double_lt(violation(tableau, companion, tableau->stages, n, 1), rounding);
  }
  ck_assert_double_gt(violation(tableau, b, tableau->stages, tableau->order + 1, 1), 1e-6);
  ck_assert_double_gt(
      violation(tableau, companion, tableau->stages, tableau->embedded_order + 1, 1), 1e-5);
}
END_TEST

START_TEST(dense_output_has_its_order) {
  const ude_erk_tableau *tableau = ude_erk_find(names[_i], 1);
  const double           theta[] = {1e-3, 0.1, 0.29, 0.5, 0.642, 0.875, 0.999};
  double                 next    = 0;
  for (int k = 0; k < 7; k++) {
    double      weights[MOST_STAGES];
    long double w[MOST_STAGES];
    int         stages = ude_erk_dense_weights(tableau, theta[k], weights);
    ck_assert_int_eq(stages, tableau->dense_stages);
    for (int i = 0; i < stages; i++) {
      w[i] = (long double)weights[i];
    }
    for (int n = 1; n <= tableau->dense_order; n++) {
      double worst = violation(tableau, w, stages, n, (long double)theta[k]);
      ck_assert_msg(worst < 3e-13, "%s: order %d at theta %g: %g", names[_i], n, theta[k], worst);
    }
    next =
        fmax(next, violation(tableau, w, stages, tableau->dense_order + 1, (long double)theta[k]));
  }
  ck_assert_double_gt(next, 1e-6);
  ck_assert_double_lt(next, 1e-2);
}
END_TEST

/* b_i(0) = 0, b_i(1) = b_i, b_i'(0) picks the first derivative and b_i'(1) that at the end: C1. */
START_TEST(dense_output_joins) {
  const ude_erk_tableau *tableau = ude_erk_find(names[_i], 1);
  int                    end     = tableau->fsal ? tableau->stages - 1 : tableau->stages;
  double                 weights[MOST_STAGES];
  ck_assert(tableau->fsal || tableau->dense_end);
  ck_assert_int_eq(ude_erk_dense_weights(tableau, 1, weights), tableau->stages);
  for (int i = 0; i < tableau->stages; i++) {
    ck_assert_double_eq(weights[i], tableau->b[i]);
  }
  ude_erk_dense_weights(tableau, 0, weights);
  for (int i = 0; i < tableau->dense_stages; i++) {
    long double value      = 0;
    long double derivative = 0;
    for (int m = 0; m < tableau->dense_degree; m++) {
      long double r = (long double)tableau->r[i * tableau->dense_degree + m];
      value += r;
      derivative += (m + 1) * r;
    }
    ck_assert_double_eq(weights[i], 0);
    ck_assert_double_eq_tol((double)value, i < tableau->stages ? tableau->b[i] : 0, 3e-13);
    ck_assert_double_eq_tol(tableau->r[i * tableau->dense_degree], i == 0, 1e-15);
    ck_assert_double_eq_tol((double)derivative, i == end, 2e-12);
  }
}
END_TEST

START_TEST(end_stage_is_the_step) {
  const ude_erk_tableau *tableau = ude_erk_find(names[_i], 1);
  int                    end     = tableau->fsal ? tableau->stages - 1 : tableau->stages;
  ck_assert_double_eq(tableau->c[end], 1);
  for (int j = 0; j < tableau->stages; j++) {
    ck_assert_double_eq(tableau->a[end * tableau->dense_stages + j], tableau->b[j]);
  }
}
END_TEST

/* As printed in the papers: that it is these pairs and no other of the order. */
START_TEST(anchors) {
  const ude_erk_tableau *tsit5 = ude_erk_find("tsit5", 1);
  ck_assert_double_eq_tol(tsit5->btilde[6], -1.0 / 66, 1e-17);
  ck_assert_double_eq_tol(tsit5->b[0] - tsit5->btilde[0], 0.09468075576583945, 1e-16);
  const ude_erk_tableau *vern7 = ude_erk_find("vern7", 1);
  ck_assert_double_eq_tol(vern7->c[5], 3480084980.0 / 5709648941.0, 1e-16);
  ck_assert_double_eq_tol(vern7->b[9] - vern7->btilde[9], 0.02029518466335628, 1e-16);
}
END_TEST

START_TEST(names_and_orders) {
  ck_assert_str_eq(ude_method_name(0), "tsit5");
  ck_assert_str_eq(ude_method_name(1), "vern7");
  ck_assert_ptr_null(ude_method_name(2));
  ck_assert_ptr_null(ude_method_name(-1));
  ck_assert_int_eq(ude_method_order("tsit5"), 5);
  ck_assert_int_eq(ude_method_dense_order("tsit5"), 4);
  ck_assert_int_eq(ude_method_order("vern7"), 7);
  ck_assert_int_eq(ude_method_dense_order("vern7"), 7);
  ck_assert_int_eq(ude_method_order("euler"), 0);
  ck_assert_int_eq(ude_method_dense_order(NULL), 0);
  ck_assert_str_eq(ude_erk_find("auto", 1e-4)->name, "tsit5");
  ck_assert_str_eq(ude_erk_find(NULL, 1e-9)->name, "vern7");
  ck_assert_ptr_null(ude_erk_find("euler", 1e-4));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("solve: tableaus");
  TCase *tests = tcase_create("coefficients");
  tcase_add_test(tests, trees_are_counted);
  tcase_add_loop_test(tests, rows_sum_to_nodes, 0, METHODS);
  tcase_add_loop_test(tests, step_has_its_order, 0, METHODS);
  tcase_add_loop_test(tests, dense_output_has_its_order, 0, METHODS);
  tcase_add_loop_test(tests, dense_output_joins, 0, METHODS);
  tcase_add_loop_test(tests, end_stage_is_the_step, 0, METHODS);
  tcase_add_test(tests, anchors);
  tcase_add_test(tests, names_and_orders);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
