/* Numbers as text: exact round trips, strictness, locales with another decimal point. */
#include <float.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "support/ude_check.h"

static bool parses(const char *text, double *value) {
  return ude_parse_real(text, strlen(text), value);
}

static void check_round_trips(void) {
  static const double values[] = {0,       -0.0,    1,        -1,     0.1,   1.0 / 3, 1e-300,
                                  DBL_MIN, DBL_MAX, -DBL_MAX, 5e-324, 1e22,  1e23,    123456.789,
                                  M_PI,    M_E,     2e-308,   0.4425, 87.25, 1e15,    0.1 + 0.2};
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    char   buffer[32];
    double back = NAN;
    ude_format_real(values[i], buffer);
    ck_assert_msg(strchr(buffer, ',') == NULL, "%s", buffer);
    ck_assert_msg(parses(buffer, &back), "%s does not parse", buffer);
    ck_assert_msg(memcmp(&back, &values[i], sizeof back) == 0, "%s became %.17g", buffer, back);
  }
  double value = 0;
  ck_assert(parses("1.5", &value) && value == 1.5);
  ck_assert(parses(" \t-2.5e-3 ", &value) && value == -2.5e-3);
  ck_assert(!parses("1,5", &value));
}

START_TEST(round_trips) {
  check_round_trips();
}
END_TEST

START_TEST(strict) {
  static const char *const bad[] = {"",     " ",   ".",   "-",   "1.2.3", "1 2",  "1x",  "x",
                                    "0x10", "1e",  "e5",  "--1", "+-1",   "1,5",  "1_0", "nan(1)",
                                    "1;",   "1\n", "1e+", "1..", "0b1",   "1.0f", "one", "1'000"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    double value = 7;
    ck_assert_msg(!parses(bad[i], &value), "'%s' was read as %g", bad[i], value);
    ck_assert_msg(value == 7, "'%s' changed the value", bad[i]);
  }
  char long_text[400];
  memset(long_text, '1', sizeof long_text);
  double value = 0;
  ck_assert(!ude_parse_real(long_text, sizeof long_text, &value));
  ck_assert(ude_parse_real("12345", 3, &value) && value == 123);
}
END_TEST

/* localedef (libc-bin) compiles a locale with a decimal comma, so that none has to be installed. It
 * warns of the categories that the source does not define; what counts is whether it can be set. */
static bool comma_locale(void) {
  int code = system("localedef --no-archive -c -f " UDE_SOURCE_DIR
                    "/tests/support/ascii.charmap -i " UDE_SOURCE_DIR
                    "/tests/support/comma.locale ./comma >/dev/null 2>&1");
  if (code == -1 || WEXITSTATUS(code) == 127) {
    return false;
  }
  setenv("LOCPATH", ".", 1);
  ck_assert_msg(setlocale(LC_NUMERIC, "comma") != NULL, "the locale cannot be set");
  return true;
}

START_TEST(comma_decimal_locale) {
  if (!comma_locale()) {
    puts("passed over: there is no localedef");
    return;
  }
  char printed[32];
  snprintf(printed, sizeof printed, "%.1f", 1.5);
  ck_assert_str_eq(printed, "1,5");
  check_round_trips();
  ude_table  *table   = NULL;
  ude_error   error   = {0};
  const char *names[] = {"x"};
  ck_ok(ude_table_create(1, 1, names, &table, &error), &error);
  table->values[0] = 0.25;
  ck_ok(ude_table_write(table, "comma_locale.csv", &error), &error);
  ude_table_free(table);
  ck_ok(ude_table_read("comma_locale.csv", &table, &error), &error);
  ck_assert(table->values[0] == 0.25);
  ude_table_free(table);
  remove("comma_locale.csv");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("number");
  TCase *tcase = tcase_create("number");
  suite_add_tcase(suite, tcase);
  tcase_add_test(tcase, round_trips);
  tcase_add_test(tcase, strict);
  tcase_add_test(tcase, comma_decimal_locale);
  return ude_check_run(suite);
}
