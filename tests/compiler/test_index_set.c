/* Index sets against tables of flags: unions, equality, hashes, collections; small sets and trees. */
#include <stdlib.h>
#include <string.h>

#include "compiler/index_set.h"
#include "support/ude_check.h"

enum { SETS = 60, RANGE = 5000 };

static void no_memory(void *context) {
  (void)context;
  ck_abort_msg("no memory");
}

static bool     flag[SETS][RANGE];
static uint32_t set[SETS];

static void compare(const ude_sets *s, int k) {
  static int64_t out[RANGE];
  size_t         count = ude_set_count(s, set[k]), wanted = 0;
  ude_set_write(s, set[k], out);
  for (int64_t i = 0; i < RANGE; i++) {
    if (flag[k][i]) {
      ck_assert_uint_lt(wanted, count);
      ck_assert_int_eq(out[wanted], i);
      wanted++;
    }
  }
  ck_assert_uint_eq(wanted, count);
}

START_TEST(against_flags) {
  ude_sets s;
  ude_rng  rng    = ude_rng_make((uint64_t)_i, 1);
  int64_t  spread = _i % 3 == 0 ? 40 : _i % 3 == 1 ? 700 : RANGE; /* dense, mixed, sparse */
  ck_assert(ude_sets_open(&s, no_memory, NULL));
  memset(flag, 0, sizeof flag);
  for (int k = 0; k < SETS; k++) {
    int64_t i  = (int64_t)(ude_rng_bits(&rng) % (uint64_t)spread);
    set[k]     = ude_set_single(i);
    flag[k][i] = true;
  }
  for (int step = 0; step < 4000; step++) {
    int a = (int)(ude_rng_bits(&rng) % SETS), b = (int)(ude_rng_bits(&rng) % SETS),
        to = (int)(ude_rng_bits(&rng) % SETS);
    if (ude_rng_uniform(&rng) < 0.15) { /* start again small */
      int64_t i = (int64_t)(ude_rng_bits(&rng) % (uint64_t)spread);
      memset(flag[to], 0, sizeof flag[to]);
      flag[to][i] = ude_rng_uniform(&rng) < 0.9;
      set[to]     = flag[to][i] ? ude_set_single(i) : 0;
      continue;
    }
    uint32_t both   = ude_set_union(&s, set[a], set[b]);
    bool     inside = true;
    for (int64_t i = 0; i < RANGE; i++) {
      inside = inside && (!flag[b][i] || flag[a][i]);
    }
    for (int64_t i = 0; i < RANGE; i++) {
      flag[to][i] = flag[a][i] || flag[b][i];
    }
    /* What adds nothing gives back the handle: a fixed point shows. */
    ck_assert(!inside || both == set[a]);
    set[to] = both;
    if (step % 50 == 0) {
      compare(&s, to);
      bool same = memcmp(flag[a], flag[to], sizeof flag[a]) == 0;
      ck_assert(ude_set_equal(&s, set[a], set[to]) == same);
      ck_assert(!same || ude_set_hash(&s, set[a]) == ude_set_hash(&s, set[to]));
    }
    if (step % 500 == 499) {
      ck_assert(ude_sets_move_begin(&s));
      for (int k = 0; k < SETS; k++) {
        set[k] = ude_sets_move(&s, set[k]);
      }
      ude_sets_move_end(&s);
    }
  }
  for (int k = 0; k < SETS; k++) {
    compare(&s, k);
  }
  ude_sets_close(&s);
}
END_TEST

/* A sum over many: memory stays far below the square of their number. */
START_TEST(grows_slowly) {
  ude_sets s;
  uint32_t all = 0;
  ck_assert(ude_sets_open(&s, no_memory, NULL));
  for (int64_t i = 0; i < 200000; i++) {
    all = ude_set_union(&s, all, ude_set_single(i));
  }
  ck_assert_uint_eq(ude_set_count(&s, all), 200000);
  ck_assert_uint_lt(s.used, 200000 * 80);
  ude_sets_close(&s);
}
END_TEST

int main(void) {
  Suite   *suite  = suite_create("index_set");
  TCase   *tcase  = tcase_create("index_set");
  SRunner *runner = srunner_create(suite);
  tcase_set_timeout(tcase, 0);
  tcase_add_loop_test(tcase, against_flags, 0, 9);
  tcase_add_test(tcase, grows_slowly);
  suite_add_tcase(suite, tcase);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
