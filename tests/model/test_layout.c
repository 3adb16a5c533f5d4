/* Names, lookups and consistency of a vector field. */
#include <stdio.h>

#include <ude/vector_field.h>

#include "support/ude_check.h"

static const ude_member members[] = {
    {.name = "prey", .first = 0, .count = 1},
    {.name = "grid", .first = 1, .count = 20, .rank = 2, .extents = {4, 5}},
    {.name = "gridded", .first = 21, .count = 1},
    {.name = "body[0].q", .first = 22, .count = 3, .rank = 1, .extents = {3}},
    {.name = "body[1].q", .first = 25, .count = 3, .rank = 1, .extents = {3}},
    {.name = "cube", .first = 28, .count = 24, .rank = 3, .extents = {2, 3, 4}},
};
static const ude_layout named   = {.count = 52, .members = 6, .member = members};
static const ude_layout unnamed = {.count = 12};

static void check_name(const ude_layout *layout, int64_t i, const char *expected) {
  char buffer[64];
  ck_assert_str_eq(ude_layout_name(layout, i, "u", buffer, sizeof buffer), expected);
  ck_assert_int_eq(ude_layout_find(layout, expected, "u"), i);
}

START_TEST(names_as_c_writes_them) {
  check_name(&named, 0, "prey");
  check_name(&named, 1, "grid[0][0]");
  check_name(&named, 1 + 3 * 5 + 4, "grid[3][4]");
  check_name(&named, 21, "gridded");
  check_name(&named, 26, "body[1].q[1]");
  check_name(&named, 28 + 1 * 12 + 2 * 4 + 3, "cube[1][2][3]");
  check_name(&unnamed, 0, "u[0]");
  check_name(&unnamed, 11, "u[11]");
}
END_TEST

START_TEST(every_name_is_found_again) {
  char buffer[64];
  for (int64_t i = 0; i < named.count; i++) {
    ude_layout_name(&named, i, "u", buffer, sizeof buffer);
    ck_assert_int_eq(ude_layout_find(&named, buffer, "u"), i);
    const ude_member *member = ude_layout_member(&named, i);
    ck_assert(member && i >= member->first && i < member->first + member->count);
  }
  ck_assert_ptr_null(ude_layout_member(&named, -1));
  ck_assert_ptr_null(ude_layout_member(&named, named.count));
  ck_assert_ptr_null(ude_layout_member(&unnamed, 0));
}
END_TEST

START_TEST(other_names_are_not_found) {
  static const char *const absent[] = {"",
                                       "predator",
                                       "grid",
                                       "grid[3]",
                                       "grid[4][0]",
                                       "grid[0][5]",
                                       "grid[-1][0]",
                                       "grid[0][0]x",
                                       "grid[0][0][0]",
                                       "grid[ 1][0]",
                                       "prey[0]",
                                       "pre",
                                       "body[2].q[0]",
                                       "body[0].q",
                                       "grid[1][",
                                       "grid[1]2]",
                                       "grid[+1][0]",
                                       "u[0]",
                                       "grid[99999999999999999999][0]"};
  for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
    ck_assert_msg(ude_layout_find(&named, absent[i], "u") == -1, "'%s' was found", absent[i]);
  }
  ck_assert_int_eq(ude_layout_find(&unnamed, "u[12]", "u"), -1);
  ck_assert_int_eq(ude_layout_find(&unnamed, "p[1]", "u"), -1);
  ck_assert_int_eq(ude_layout_find(&unnamed, "u", "u"), -1);
}
END_TEST

START_TEST(names_are_cut_not_overrun) {
  char buffer[16];
  for (size_t size = 1; size < 12; size++) {
    memset(buffer, '#', sizeof buffer);
    ude_layout_name(&named, 20, "u", buffer, size);
    ck_assert_uint_eq(strlen(buffer), size - 1 < 10 ? size - 1 : 10);
    ck_assert_int_eq(buffer[size], '#');
    ck_assert(strncmp(buffer, "grid[3][4]", strlen(buffer)) == 0);
  }
}
END_TEST

/* A million scalars: a lookup that built their names would not end before Check's limit of time. */
START_TEST(lookup_in_a_large_field) {
  static const ude_member large[] = {
      {.name = "field", .first = 0, .count = 1000000, .rank = 2, .extents = {1000, 1000}}};
  const ude_layout layout = {.count = 1000000, .members = 1, .member = large};
  char             name[64];
  for (int64_t i = 0; i < layout.count; i += 9) {
    ude_layout_name(&layout, i, "u", name, sizeof name);
    ck_assert_int_eq(ude_layout_find(&layout, name, "u"), i);
  }
}
END_TEST

static int zero(double *y, const double *u, const double *p, double t, void *context) {
  (void)u;
  (void)p;
  (void)t;
  (void)context;
  y[0] = 0;
  return 0;
}

static int zero_jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                    const double *p_dot, double t, const double *t_dot, void *context) {
  (void)u_dot;
  (void)p_dot;
  (void)t_dot;
  y_dot[0] = 0;
  return zero(y, u, p, t, context);
}

static ude_vector_field minimal(void) {
  return (ude_vector_field){.state = {.count = 2}, .rhs = {.rows = 2, .columns = 2, .value = zero}};
}

START_TEST(check_accepts_what_is_complete) {
  ude_error        error = {0};
  ude_vector_field field = minimal();
  ck_ok(ude_vector_field_check(&field, &error), &error);
  field.state         = named;
  field.rhs.rows      = 52;
  field.rhs.columns   = 52;
  field.terminal_cost = (ude_map){.rows = 1, .columns = 52, .value = zero};
  field.penalty       = (ude_map){.rows = 1, .columns = 0, .value = zero};
  field.initial       = (ude_map){.rows = 52, .columns = 0, .value = zero};
  ck_ok(ude_vector_field_check(&field, &error), &error);
}
END_TEST

START_TEST(check_refuses_with_the_reason) {
  ude_error        error = {0};
  ude_vector_field field = minimal();
  ck_fails(ude_vector_field_check(NULL, &error), UDE_INVALID_ARGUMENT, &error, "rhs", "missing");
  field.rhs.value = NULL;
  ck_fails(ude_vector_field_check(&field, &error), UDE_INVALID_ARGUMENT, &error, "rhs", "missing");
  field          = minimal();
  field.rhs.rows = 3;
  ck_fails(ude_vector_field_check(&field, &error), UDE_INVALID_ARGUMENT, &error, "rhs is 3 x 2",
           "2 x 2");
  field         = minimal();
  field.penalty = (ude_map){.rows = 1, .columns = 2, .value = zero};
  ck_fails(ude_vector_field_check(&field, &error), UDE_INVALID_ARGUMENT, &error, "penalty",
           "1 x 0");
  field              = minimal();
  field.rhs.jvp_wide = zero_jvp;
  ck_fails(ude_vector_field_check(&field, &error), UDE_INVALID_ARGUMENT, &error, "jvp_wide",
           "width 0");
  field             = minimal();
  field.param.count = -1;
  ck_fails(ude_vector_field_check(&field, &error), UDE_INVALID_ARGUMENT, &error, "param",
           "negative");
  ude_member wrong[2] = {members[0], members[1]};
  field               = minimal();
  field.param         = (ude_layout){.count = 22, .members = 2, .member = wrong};
  ck_fails(ude_vector_field_check(&field, &error), UDE_INVALID_ARGUMENT, &error, "param",
           "21 of 22");
  wrong[1].first    = 2;
  field.param.count = 21;
  ck_fails(ude_vector_field_check(&field, &error), UDE_INVALID_ARGUMENT, &error, "'grid'",
           "inconsistent");
  wrong[1]      = members[1];
  wrong[1].rank = UDE_MAX_RANK + 1;
  ck_fails(ude_vector_field_check(&field, &error), UDE_INVALID_ARGUMENT, &error, "'grid'",
           "inconsistent");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("layout");
  TCase *tcase = tcase_create("layout");
  suite_add_tcase(suite, tcase);
  tcase_add_test(tcase, names_as_c_writes_them);
  tcase_add_test(tcase, every_name_is_found_again);
  tcase_add_test(tcase, other_names_are_not_found);
  tcase_add_test(tcase, names_are_cut_not_overrun);
  tcase_add_test(tcase, lookup_in_a_large_field);
  tcase_add_test(tcase, check_accepts_what_is_complete);
  tcase_add_test(tcase, check_refuses_with_the_reason);
  return ude_check_run(suite);
}
