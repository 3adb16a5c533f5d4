/* The CSV reader: what it accepts, and that everything else is refused with its place. */
#include <stdio.h>

#include "support/ude_check.h"

static ude_status parse(const char *text, ude_table **table, ude_error *error) {
  return ude_table_parse("data.csv", text, strlen(text), table, error);
}

START_TEST(reads_plain_tables) {
  ude_table *table = NULL;
  ude_error  error = {0};
  ck_ok(parse("t,prey , predator\n0,1.5,2e-3\n\n", &table, &error), &error);
  ck_assert_int_eq(table->rows, 1);
  ck_assert_int_eq(table->columns, 3);
  ck_assert_str_eq(table->names[1], "prey");
  ck_assert_int_eq(ude_table_column(table, "predator"), 2);
  ck_assert_int_eq(ude_table_column(table, "Predator"), -1);
  ck_arrays_close(table->values, ((double[]){0, 1.5, 2e-3}), 3, 0, 0);
  ck_assert_int_eq(table->lines[0], 2);
  ude_table_free(table);
}
END_TEST

START_TEST(missing_cells) {
  ude_table *table = NULL;
  ude_error  error = {0};
  ck_ok(parse("a,b,c,d\n1,,NA,nan\n , NaN ,na,\"\"", &table, &error), &error);
  ck_assert_int_eq(table->rows, 2);
  ck_assert(table->values[0] == 1);
  for (int i = 1; i < 8; i++) {
    ck_assert_msg(isnan(table->values[i]), "cell %d", i);
  }
  ude_table_free(table);
}
END_TEST

START_TEST(comments_quotes_and_line_ends) {
  ude_table *table = NULL;
  ude_error  error = {0};
  ck_ok(
      parse(
          "\xEF\xBB\xBF# made by hand\r\n\"a, \"\"b\"\"\",\"c\nd\"\r\n# between\r\n1,\"2\"\r\n\r\n",
          &table, &error),
      &error);
  ck_assert_str_eq(table->names[0], "a, \"b\"");
  ck_assert_str_eq(table->names[1], "c\nd");
  ck_arrays_close(table->values, ((double[]){1, 2}), 2, 0, 0);
  ck_assert_int_eq(table->lines[0], 5);
  ude_table_free(table);
}
END_TEST

static const struct {
  const char *text, *place, *cause;
} refused[] = {
    {"", "data.csv", "empty"},
    {" \n\n", "data.csv", "empty"},
    {"# only a comment\n", "data.csv", "empty"},
    {"a,b\n", "data.csv", "no rows"},
    {"a,b\n1,2\n3\n", "data.csv:3", "1 cells, but the header names 2"},
    {"a,b\n1,2,3\n", "data.csv:2", "3 cells, but the header names 2"},
    {"a,b\n1,2\n\n3,4\n", "data.csv:3", "1 cells"},
    {"a,b\n1,x\n", "data.csv:2: column 2 ('b')", "'x' is not a number"},
    {"a,b\n1,2;3\n", "data.csv:2: column 2 ('b')", "'2;3' is not a number"},
    {"a,b\n1,1 000\n", "data.csv:2: column 2 ('b')", "not a number"},
    {"a\n0x10\n", "data.csv:2: column 1 ('a')", "not a number"},
    {"a\n1e999\n", "data.csv:2: column 1 ('a')", "not finite"},
    {"a\n-inf\n", "data.csv:2: column 1 ('a')", "not finite"},
    {"a,a\n1,2\n", "data.csv:1", "both named 'a'"},
    {"a,,c\n1,2,3\n", "data.csv:1: column 2", "no name"},
    {"a,b,\n1,2,3\n", "data.csv:1: column 3", "no name"},
    {"1,2\n3,4\n", "data.csv:1", "only numbers"},
    {"\"a\n1\n", "data.csv:1: column 1", "not closed"},
    {"a\n\"1\"2\n", "data.csv:2: column 1", "after the closing quote"},
};

START_TEST(refuses_with_the_place) {
  ude_table *table = (ude_table *)&refused;
  ude_error  error = {0};
  ck_fails(parse(refused[_i].text, &table, &error), UDE_BAD_DATA, &error, refused[_i].place,
           refused[_i].cause);
  ck_assert_ptr_null(table);
}
END_TEST

START_TEST(refuses_binary_and_absent_files) {
  ude_table *table = NULL;
  ude_error  error = {0};
  ck_fails(ude_table_parse("x.csv", "a\n1\0\n", 5, &table, &error), UDE_BAD_DATA, &error, "x.csv",
           "zero byte");
  ck_fails(ude_table_read("no_such_file.csv", &table, &error), UDE_IO, &error, "no_such_file.csv",
           "No such file");
  ck_fails(ude_table_create(2, 0, NULL, &table, &error), UDE_INVALID_ARGUMENT, &error, "table",
           "column");
}
END_TEST

START_TEST(write_and_read_back) {
  static const char *const names[]  = {"t", "a, \"b\"", "#c", "\xEF\xBB\xBF_d", "e\nf"};
  static const double      values[] = {0, 1.0 / 3, -1e-300, 5e-324, 1e300, NAN, 0.1, NAN, -0.0, 2};
  ude_table               *table    = NULL;
  ude_table               *again    = NULL;
  ude_error                error    = {0};
  ck_ok(ude_table_create(2, 5, names, &table, &error), &error);
  for (int i = 0; i < 10; i++) {
    ck_assert(table->values[i] == 0);
    table->values[i] = values[i];
  }
  ck_ok(ude_table_write(table, "table_write.csv", &error), &error);
  ck_ok(ude_table_read("table_write.csv", &again, &error), &error);
  ck_assert_int_eq(again->rows, 2);
  ck_assert_int_eq(again->columns, 5);
  for (int j = 0; j < 5; j++) {
    ck_assert_str_eq(again->names[j], names[j]);
  }
  ck_arrays_close(again->values, values, 10, 0, 0);
  ude_table_free(table);
  ude_table_free(again);
  remove("table_write.csv");
}
END_TEST

/* One column: a missing value must not become a blank line. */
START_TEST(missing_in_a_single_column) {
  static const char *const names[] = {"x"};
  ude_table               *table   = NULL;
  ude_error                error   = {0};
  ck_ok(ude_table_create(3, 1, names, &table, &error), &error);
  table->values[1] = table->values[2] = NAN;
  ck_ok(ude_table_write(table, "table_single.csv", &error), &error);
  ude_table_free(table);
  ck_ok(ude_table_read("table_single.csv", &table, &error), &error);
  ck_assert_int_eq(table->rows, 3);
  ck_assert(isnan(table->values[2]));
  ude_table_free(table);
  remove("table_single.csv");
}
END_TEST

START_TEST(many_rows_and_columns) {
  enum { ROWS = 1000, COLUMNS = 60 };
  ude_text text = {0};
  for (int i = -1; i < ROWS; i++) {
    for (int j = 0; j < COLUMNS; j++) {
      ude_text_append(&text, i < 0 ? "%sc%d" : "%s%d", j ? "," : "", i < 0 ? j : i * COLUMNS + j);
    }
    ude_text_append(&text, "\n");
  }
  ude_table *table = NULL;
  ude_error  error = {0};
  ck_ok(ude_table_parse("big", text.data, text.length, &table, &error), &error);
  ck_assert_int_eq(table->rows, ROWS);
  for (int i = 0; i < ROWS * COLUMNS; i++) {
    ck_assert(table->values[i] == i);
  }
  ck_assert_int_eq(table->lines[ROWS - 1], ROWS + 1);
  ude_table_free(table);
  ude_text_free(&text);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("table");
  TCase *tcase = tcase_create("table");
  suite_add_tcase(suite, tcase);
  tcase_add_test(tcase, reads_plain_tables);
  tcase_add_test(tcase, missing_cells);
  tcase_add_test(tcase, comments_quotes_and_line_ends);
  tcase_add_loop_test(tcase, refuses_with_the_place, 0, sizeof refused / sizeof refused[0]);
  tcase_add_test(tcase, refuses_binary_and_absent_files);
  tcase_add_test(tcase, write_and_read_back);
  tcase_add_test(tcase, missing_in_a_single_column);
  tcase_add_test(tcase, many_rows_and_columns);
  return ude_check_run(suite);
}
