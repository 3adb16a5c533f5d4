/* base under failing allocations. */
#include <stdio.h>

#include "support/fault.h"
#include "support/ude_check.h"

static ude_status parse(void *context, ude_error *error) {
  ude_table *table  = NULL;
  ude_status status = ude_table_parse("x.csv", context, strlen(context), &table, error);
  bool       agree  = (status == UDE_OK) == (table != NULL);
  ude_table_free(table);
  return agree ? status : ude_fail(error, UDE_INTERNAL, "a table in spite of failure");
}

static ude_status create(void *context, ude_error *error) {
  static const char *const names[] = {"a", "b", "c"};
  ude_table               *table   = context;
  ude_status               status  = ude_table_create(4, 3, names, &table, error);
  ude_table_free(table);
  return status;
}

static ude_status write_and_read(void *context, ude_error *error) {
  ude_table *again  = NULL;
  ude_status status = ude_table_write(context, "base_fault.csv", error);
  status            = status ? status : ude_table_read("base_fault.csv", &again, error);
  ude_table_free(again);
  return status;
}

static ude_status read_file(void *context, ude_error *error) {
  char      *data   = NULL;
  size_t     length = 0;
  ude_status status = ude_file_read(context, &data, &length, error);
  bool       agree  = (status == UDE_OK) == (data != NULL);
  free(data);
  return agree ? status : ude_fail(error, UDE_INTERNAL, "data in spite of failure");
}

static ude_status make_folder(void *context, ude_error *error) {
  return ude_folder_make(context, error);
}

static ude_status grow(void *context, ude_error *error) {
  ude_text text = {0};
  for (int i = 0; i < 500; i++) {
    ude_text_append(&text, "%s%d", (const char *)context, i);
    ude_text_append_bytes(&text, "xyz", 3);
  }
  ude_status status = text.failed ? ude_fail_memory(error, "text") : UDE_OK;
  ude_text_free(&text);
  return status;
}

START_TEST(parse_survives) {
  fault_every_allocation(parse, "a,b,\"c\"\n1,2,3\n4,,nan\n", 8);
}
END_TEST

START_TEST(create_survives) {
  fault_every_allocation(create, NULL, 6);
}
END_TEST

START_TEST(files_survive) {
  static const char *const names[] = {"a", "b"};
  ude_table               *table   = NULL;
  ck_ok(ude_table_create(100, 2, names, &table, NULL), NULL);
  fault_every_allocation(write_and_read, table, 8);
  fault_every_allocation(read_file, "base_fault.csv", 1);
  fault_every_allocation(make_folder, ".", 1);
  ude_table_free(table);
  remove("base_fault.csv");
}
END_TEST

START_TEST(text_survives) {
  fault_every_allocation(grow, "word", 4);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("base under failing allocations");
  TCase *tcase = tcase_create("fault");
  suite_add_tcase(suite, tcase);
  tcase_add_test(tcase, parse_survives);
  tcase_add_test(tcase, create_survives);
  tcase_add_test(tcase, files_survive);
  tcase_add_test(tcase, text_survives);
  return ude_check_run(suite);
}
