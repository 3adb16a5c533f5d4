/* The coefficients: every order condition (rooted trees, Hairer, Norsett, Wanner I, II.2) of the step, of its
 * companion and of the dense output, in long double, and that the next order's conditions do not hold. */
#include <float.h>

#include "solve/erk.h"
#include "support/ude_check.h"

enum { MOST_NODES = 10, MOST_STAGES = 32 };

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

/** A number, and the sum of the sizes of the terms that it was made of: what rounding coefficients can change. */
typedef struct sum {
  long double value, size;
} sum;

/* Elementary weights of the subtree first..end-1 at each stage, sums over children multiplied; returns its gamma. */
static long double weights_of(const ude_erk_tableau *tableau, const tree *tree, int first, int end,
                              sum *phi) {
  int         s     = tableau->dense_stages;
  long double gamma = end - first;
  for (int k = 0; k < s; k++) {
    phi[k] = (sum){1, 1};
  }
  for (int child = first + 1; child < end;) {
    int after = child + 1;
    while (after < end && tree->level[after] > tree->level[child]) {
      after++;
    }
    sum inner[MOST_STAGES];
    gamma *= weights_of(tableau, tree, child, after, inner);
    for (int k = 0; k < s; k++) {
      sum total = {0, 0};
      for (int j = 0; j < k; j++) {
        long double a = (long double)tableau->a[k * s + j];
        total.value += a * inner[j].value;
        total.size += fabsl(a) * inner[j].size;
      }
      phi[k].value *= total.value;
      phi[k].size *= total.size;
    }
    child = after;
  }
  return gamma;
}

/** Largest violation of sum_i w_i phi_i = theta^nodes / gamma over all trees of that size: as it is, and in units of
 *  what rounding to doubles allows. */
typedef struct violation {
  double plain, rounded;
} violation;

static violation violation_of(const ude_erk_tableau *tableau, const sum *w, int stages, int nodes,
                              long double theta) {
  violation worst = {0, 0};
  tree      each  = path(nodes);
  do {
    sum         phi[MOST_STAGES];
    long double gamma = weights_of(tableau, &each, 0, nodes, phi);
    sum         total = {-powl(theta, nodes) / gamma, 1};
    for (int i = 0; i < stages; i++) {
      total.value += w[i].value * phi[i].value;
      total.size += w[i].size * phi[i].size;
    }
    worst.plain = fmax(worst.plain, fabs((double)total.value));
    worst.rounded =
        fmax(worst.rounded, fabs((double)(total.value / total.size)) / (nodes * DBL_EPSILON));
  } while (next_tree(&each));
  return worst;
}

static const char *const names[] = {"euler", "rk4",   "ssprk43", "bs3",    "tsit5",
                                    "dp5",   "vern6", "vern7",   "dop853", "vern9"};
enum { METHODS = sizeof names / sizeof names[0] };

START_TEST(trees_are_counted) {
  const int counts[MOST_NODES + 1] = {0, 1, 1, 2, 4, 9, 20, 48, 115, 286, 719};
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
    sum row = {0, 0};
    for (int j = 0; j < s; j++) {
      ck_assert(j < i || tableau->a[i * s + j] == 0);
      row.value += (long double)tableau->a[i * s + j];
      row.size += fabsl((long double)tableau->a[i * s + j]);
    }
    ck_assert_double_eq_tol((double)row.value, tableau->c[i],
                            (1 + (double)row.size) * DBL_EPSILON / 2);
  }
}
END_TEST

/* Conditions hold to the rounding of the coefficients up to this order, and not in the next. */
static void check_order(const ude_erk_tableau *tableau, const long double *w, int order) {
  sum weights[MOST_STAGES];
  for (int i = 0; i < tableau->stages; i++) {
    weights[i] = (sum){w[i], fabsl(w[i])};
  }
  for (int n = 1; n <= order; n++) {
    ck_assert_double_lt(violation_of(tableau, weights, tableau->stages, n, 1).rounded, 1);
  }
  violation next = violation_of(tableau, weights, tableau->stages, order + 1, 1);
  ck_assert_double_gt(next.plain, 1e-6);
  ck_assert_double_gt(next.rounded, 1e3);
}

START_TEST(step_has_its_order) {
  const ude_erk_tableau *tableau = ude_erk_find(names[_i], 1);
  long double            b[MOST_STAGES], companion[MOST_STAGES], low[MOST_STAGES];
  for (int i = 0; i < tableau->stages; i++) {
    b[i]         = (long double)tableau->b[i];
    companion[i] = tableau->btilde ? b[i] - (long double)tableau->btilde[i] : 0;
    low[i]       = tableau->btilde_low ? b[i] - (long double)tableau->btilde_low[i] : 0;
  }
  check_order(tableau, b, tableau->order);
  ck_assert_int_eq(tableau->btilde != NULL, tableau->embedded_order > 0);
  if (tableau->btilde) {
    check_order(tableau, companion, tableau->embedded_order);
  }
  if (tableau->btilde_low) {
    check_order(tableau, low, 3);
  }
}
END_TEST

START_TEST(dense_output_has_its_order) {
  const ude_erk_tableau *tableau = ude_erk_find(names[_i], 1);
  const double           theta[] = {1e-3, 0.1, 0.29, 0.5, 0.642, 0.875, 0.999};
  double                 next    = 0;
  int                    order   = tableau->dense_order;
  for (int k = 0; k < 7; k++) {
    double weights[MOST_STAGES], slopes[MOST_STAGES];
    sum    w[MOST_STAGES];
    int    stages = ude_erk_dense_weights(tableau, theta[k], weights);
    ck_assert_int_eq(stages, tableau->dense_stages);
    ude_erk_dense_slopes(tableau, theta[k], slopes);
    for (int i = 0; i < stages; i++) {
      sum slope = {0, 0};
      w[i]      = (sum){0, 0};
      for (int m = 0; m < tableau->dense_degree; m++) {
        long double r     = (long double)tableau->r[i * tableau->dense_degree + m];
        long double power = powl((long double)theta[k], m);
        w[i].value += r * power * (long double)theta[k];
        w[i].size += fabsl(r * power * (long double)theta[k]);
        slope.value += r * power * (m + 1);
        slope.size += fabsl(r * power * (m + 1));
      }
      double rounding = tableau->dense_degree * 2 * DBL_EPSILON;
      ck_assert_double_le(fabs((double)(w[i].value - (long double)weights[i])),
                          rounding * (double)w[i].size);
      ck_assert_double_le(fabs((double)(slope.value - (long double)slopes[i])),
                          rounding * (double)slope.size);
    }
    for (int n = 1; n <= order; n++) {
      double worst = violation_of(tableau, w, stages, n, (long double)theta[k]).rounded;
      ck_assert_msg(worst < 1, "%s: order %d at theta %g: %g", names[_i], n, theta[k], worst);
    }
    next = fmax(next, violation_of(tableau, w, stages, order + 1, (long double)theta[k]).plain);
  }
  ck_assert_double_gt(next, 1e-6);
  ck_assert_double_lt(next, order >= 4 ? 1e-2 : order == 3 ? 0.05 : 0.5);
}
END_TEST

/* b_i(0) = 0, b_i(1) = b_i, b_i'(0) picks the first derivative and b_i'(1) that at the end: C1. */
START_TEST(dense_output_joins) {
  const ude_erk_tableau *tableau = ude_erk_find(names[_i], 1);
  int                    end     = tableau->fsal ? tableau->stages - 1 : tableau->stages;
  double                 weights[MOST_STAGES];
  bool smooth = tableau->fsal || tableau->dense_end; /* all but the line of Euler */
  ck_assert_int_eq(smooth, _i > 0);
  ck_assert_int_eq(ude_erk_dense_weights(tableau, 1, weights), tableau->stages);
  for (int i = 0; i < tableau->stages; i++) {
    ck_assert_double_eq(weights[i], tableau->b[i]);
  }
  ude_erk_dense_weights(tableau, 0, weights);
  for (int i = 0; i < tableau->dense_stages; i++) {
    long double value      = 0;
    long double derivative = 0;
    long double size       = 1;
    for (int m = 0; m < tableau->dense_degree; m++) {
      long double r = (long double)tableau->r[i * tableau->dense_degree + m];
      value += r;
      size += fabsl(r);
      derivative += (m + 1) * r;
    }
    ck_assert_double_eq(weights[i], 0);
    double rounding = (double)size * DBL_EPSILON;
    ck_assert_double_eq_tol((double)value, i < tableau->stages ? tableau->b[i] : 0, rounding);
    ck_assert_double_eq_tol(tableau->r[i * tableau->dense_degree], i == 0, 1e-15);
    if (smooth) {
      ck_assert_double_eq_tol((double)derivative, i == end, tableau->dense_degree * rounding);
    }
  }
}
END_TEST

START_TEST(end_stage_is_the_step) {
  const ude_erk_tableau *tableau = ude_erk_find(names[_i], 1);
  int                    end     = tableau->fsal ? tableau->stages - 1 : tableau->stages;
  if (!tableau->fsal && !tableau->dense_end) {
    return;
  }
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
  const ude_erk_tableau *dop853 = ude_erk_find("dop853", 1);
  ck_assert_double_eq_tol(dop853->c[1], 0.0526001519587677, 1e-15);
  ck_assert_double_eq_tol(dop853->b[0] - dop853->btilde_low[0], 0.244094488188976378, 1e-15);
  const ude_erk_tableau *vern6 = ude_erk_find("vern6", 1);
  ck_assert_double_eq_tol(vern6->c[2], 1439.0 / 15000, 1e-16);
  ck_assert_double_eq_tol(vern6->c[6], 0.9995, 1e-16);
  const ude_erk_tableau *vern9 = ude_erk_find("vern9", 1);
  ck_assert_double_eq_tol(vern9->c[1], 0.03462, 1e-17);
  ck_assert_double_eq_tol(vern9->c[13], 0.9012, 1e-16);
}
END_TEST

/* R(z) = 1 + z b^T (1 - z A)^-1 1: |R| <= 1 on [-stability, 0], and not beyond. */
static double amplification(const ude_erk_tableau *tableau, double z) {
  double k[MOST_STAGES];
  double end = 1;
  for (int i = 0; i < tableau->stages; i++) {
    double y = 1;
    for (int j = 0; j < i; j++) {
      y += z * ude_erk_row(tableau, i)[j] * k[j];
    }
    k[i] = y;
    end += z * tableau->b[i] * y;
  }
  return fabs(end);
}

START_TEST(stability_is_as_stated) {
  const ude_erk_tableau *tableau = ude_erk_find(names[_i], 1);
  const ude_method      *method  = ude_method_find(names[_i], 1);
  for (double z = 0; z <= tableau->stability; z += 1e-3) {
    ck_assert_double_le(amplification(tableau, -z), 1 + 1e-12);
  }
  ck_assert_double_gt(amplification(tableau, -tableau->stability * 1.0001), 1);
  ck_assert_double_eq(method->stability, tableau->stability);
}
END_TEST

START_TEST(entries_of_the_table) {
  const ude_erk_tableau *tableau = ude_erk_find(names[_i], 1);
  const ude_method      *method  = ude_method_find(names[_i], 1);
  ck_assert_str_eq(method->name, names[_i]);
  ck_assert_str_eq(tableau->name, names[_i]);
  ck_assert_int_eq(method->order, tableau->order);
  ck_assert_int_eq(method->dense_order, tableau->dense_order);
  ck_assert_int_eq(method->error_order, tableau->embedded_order > 0 ? tableau->order : 0);
  ck_assert(tableau->pair[0] == tableau->pair[1] ||
            _i == 3 || /* bs3 has no two stages at one time */
            tableau->c[tableau->pair[0]] == tableau->c[tableau->pair[1]]);
  ck_assert_int_eq(tableau->pair[0] != tableau->pair[1], _i > 0);
}
END_TEST

START_TEST(names_and_orders) {
  int count = 0;
  while (ude_method_name(count)) {
    ck_assert_int_gt(ude_method_order(ude_method_name(count)), 0);
    ck_assert_int_gt(ude_method_dense_order(ude_method_name(count)), 0);
    ck_assert_ptr_eq(ude_method_at(count), ude_method_find(ude_method_name(count), 1));
    count++;
  }
  int explicit_pairs = 0;
  for (int i = 0; i < count; i++) {
    explicit_pairs += ude_erk_find(ude_method_name(i), 1) != NULL;
  }
  ck_assert_int_eq(explicit_pairs, METHODS); /* none of them is left out here */
  ck_assert_ptr_null(ude_method_name(-1));
  ck_assert_int_eq(ude_method_order("tsit5"), 5);
  ck_assert_int_eq(ude_method_dense_order("tsit5"), 4);
  ck_assert_int_eq(ude_method_order("no such method"), 0);
  ck_assert_int_eq(ude_method_dense_order(NULL), 0);
  ck_assert_ptr_null(ude_erk_find("no such method", 1e-4));
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
  tcase_add_loop_test(tests, stability_is_as_stated, 0, METHODS);
  tcase_add_loop_test(tests, entries_of_the_table, 0, METHODS);
  tcase_add_test(tests, anchors);
  tcase_add_test(tests, names_and_orders);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
