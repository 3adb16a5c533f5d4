/* Errors as values, checked allocation, growing text. */
#include "support/ude_check.h"

START_TEST(every_status_has_its_text) {
  for (int i = 0; i < UDE_STATUS_COUNT; i++) {
    const char *text = ude_status_text((ude_status)i);
    ck_assert_msg(text && text[0] && strcmp(text, "unknown status") != 0, "status %d", i);
    for (int j = 0; j < i; j++) {
      ck_assert_str_ne(text, ude_status_text((ude_status)j));
    }
  }
  ck_assert_str_eq(ude_status_text((ude_status)999), "unknown status");
  ck_assert_str_eq(ude_version(), UDE_VERSION_TEXT);
}
END_TEST

START_TEST(fail_fills_and_returns) {
  ude_error error = {0};
  ck_assert_int_eq(ude_fail(&error, UDE_IO, "%s:%d", "file", 3), UDE_IO);
  ck_assert_int_eq(error.status, UDE_IO);
  ck_assert_str_eq(error.message, "file:3");
  ck_assert_int_eq(ude_error_prefix(&error, UDE_BAD_DATA, "%s: ", "reading"), UDE_BAD_DATA);
  ck_assert_str_eq(error.message, "reading: file:3");
  ck_assert_int_eq(error.status, UDE_BAD_DATA);
  ck_assert_int_eq(ude_fail_memory(&error, "a list"), UDE_OUT_OF_MEMORY);
  ck_assert_str_eq(error.message, "out of memory for a list");
  ck_assert_int_eq(ude_fail(NULL, UDE_INTERNAL, "nobody listens"), UDE_INTERNAL);
  ck_assert_int_eq(ude_error_prefix(NULL, UDE_INTERNAL, "nobody"), UDE_INTERNAL);
}
END_TEST

START_TEST(long_messages_are_cut) {
  char text[3000];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  ude_error error       = {0};
  ude_fail(&error, UDE_IO, "%s", text);
  ck_assert_uint_eq(strlen(error.message), sizeof error.message - 1);
  ude_error_prefix(&error, UDE_IO, "before: ");
  ck_assert_uint_eq(strlen(error.message), sizeof error.message - 1);
  ck_assert(strncmp(error.message, "before: xxx", 11) == 0);
  ude_error_prefix(&error, UDE_IO, "%s", text);
  ck_assert_uint_eq(strlen(error.message), sizeof error.message - 1);
}
END_TEST

START_TEST(allocation_refuses_overflow) {
  ck_assert_ptr_null(ude_calloc(SIZE_MAX / 2, 3));
  ck_assert_ptr_null(ude_calloc(SIZE_MAX, SIZE_MAX));
  char *block = ude_calloc(3, 1);
  ck_assert(block && block[0] == 0 && block[2] == 0);
  ck_assert_ptr_null(ude_realloc(block, SIZE_MAX / 2, 4));
  block[2]    = 'c';
  char *grown = ude_realloc(block, 1000, 8);
  ck_assert(grown && grown[2] == 'c');
  free(grown);
  void *nothing = ude_calloc(0, 8);
  ck_assert_ptr_nonnull(nothing);
  free(nothing);
}
END_TEST

START_TEST(text_grows) {
  ude_text text = {0};
  for (int i = 0; i < 1000; i++) {
    ude_text_append(&text, "%d,", i);
  }
  ck_assert(!text.failed);
  ck_assert_uint_eq(text.length, strlen(text.data));
  ck_assert(strncmp(text.data, "0,1,2,", 6) == 0);
  ck_assert_str_eq(text.data + text.length - 4, "999,");
  ude_text_append_bytes(&text, "a\0b", 3);
  ck_assert_uint_eq(text.length, strlen(text.data) + 2);
  ude_text_free(&text);
  ck_assert_ptr_null(text.data);
  ude_text_append_bytes(&text, NULL, 0);
  ck_assert_str_eq(text.data, "");
  ude_text_free(&text);
  ude_text_free(&text);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("error and text");
  TCase *tcase = tcase_create("error and text");
  suite_add_tcase(suite, tcase);
  tcase_add_test(tcase, every_status_has_its_text);
  tcase_add_test(tcase, fail_fills_and_returns);
  tcase_add_test(tcase, long_messages_are_cut);
  tcase_add_test(tcase, allocation_refuses_overflow);
  tcase_add_test(tcase, text_grows);
  return ude_check_run(suite);
}
