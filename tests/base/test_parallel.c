/* Pieces of work on threads: each is done once, for any number of pieces and threads. */
#include <stdatomic.h>
#include <ude/base.h>

#include "support/ude_check.h"

enum { MOST = 1000 };

static void count_visit(size_t i, void *context) {
  atomic_int *visits = context;
  atomic_fetch_add(&visits[i], 1);
}

START_TEST(every_piece_once) {
  static const size_t counts[]  = {0, 1, 2, 7, MOST};
  static const int    threads[] = {0, 1, 2, 5, 64, 1000};
  static atomic_int   visits[MOST + 1];
  for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
    for (size_t k = 0; k < sizeof threads / sizeof threads[0]; k++) {
      for (size_t i = 0; i <= MOST; i++) {
        atomic_store(&visits[i], 0);
      }
      ude_parallel(counts[c], threads[k], count_visit, visits);
      for (size_t i = 0; i <= MOST; i++) {
        ck_assert_int_eq(atomic_load(&visits[i]), i < counts[c] ? 1 : 0);
      }
    }
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("parallel");
  TCase *tests = tcase_create("pieces");
  tcase_add_test(tests, every_piece_once);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
