/* Reverse mode on every construct of models/language.c, against forward mode and differences. */
#include "compiler/language_cases.h"

START_TEST(language) {
  static lab  l;
  static bool ready;
  if (!ready) {
    char *text = language_source();
    lab_open(&l, text, LAB_BOTH);
    free(text);
    ready = true;
  }
  language_check(&l, &language_cases[_i], LAB_BOTH);
}
END_TEST

int main(void) {
  Suite   *suite  = suite_create("reverse");
  TCase   *tcase  = tcase_create("language");
  SRunner *runner = srunner_create(suite);
  tcase_set_timeout(tcase, 60);
  tcase_add_loop_test(tcase, language, 0, LANGUAGE_CASES);
  suite_add_tcase(suite, tcase);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
