/* Philox4x32-10 against the known answers published with Random123 (its file kat_vectors), and the
 * streams, moments and purity of the numbers made from it. */
#include "base/philox.h"
#include "support/ude_check.h"

static const struct {
  uint32_t counter[4], key[2], answer[4];
} known[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

START_TEST(known_answers) {
  uint32_t counter[4];
  memcpy(counter, known[_i].counter, sizeof counter);
  ude_philox(counter, known[_i].key[0], known[_i].key[1]);
  for (int i = 0; i < 4; i++) {
    ck_assert_uint_eq(counter[i], known[_i].answer[i]);
  }
}
END_TEST

/* The key is the seed, the block the low half of the counter, the stream the high half. */
START_TEST(numbers_are_the_published_words) {
  ude_rng rng = ude_rng_make(0, 0);
  ck_assert_uint_eq(ude_rng_bits(&rng), 0xe169c58d6627e8d5U);
  ck_assert_uint_eq(ude_rng_bits(&rng), 0x9b00dbd8bc57ac4cU);
  rng         = ude_rng_make(0x1122334455667788U, 0x99aabbccddeeff00U);
  rng.counter = 2 * 5 + 1;

  uint32_t counter[4] = {5, 0, 0xddeeff00, 0x99aabbcc};
  ude_philox(counter, 0x55667788, 0x11223344);
  ck_assert_uint_eq(ude_rng_bits(&rng), (uint64_t)counter[2] | (uint64_t)counter[3] << 32);
}
END_TEST

START_TEST(streams_differ) {
  ude_rng a = ude_rng_make(1, 0);
  ude_rng b = ude_rng_make(1, 1);
  ude_rng c = ude_rng_make(2, 0);
  for (int i = 0; i < 1000; i++) {
    uint64_t x = ude_rng_bits(&a);
    uint64_t y = ude_rng_bits(&b);
    uint64_t z = ude_rng_bits(&c);
    ck_assert(x != y && x != z && y != z);
  }
}
END_TEST

START_TEST(pure_function_of_the_counter) {
  ude_rng  rng = ude_rng_make(42, 7);
  uint64_t first[9];
  for (int i = 0; i < 9; i++) {
    first[i] = ude_rng_bits(&rng);
  }
  for (int i = 8; i >= 0; i--) {
    ude_rng again = ude_rng_make(42, 7);
    again.counter = (uint64_t)i;
    ck_assert_uint_eq(ude_rng_bits(&again), first[i]);
  }
}
END_TEST

/* Moments of n numbers within 5 standard errors. */
START_TEST(moments) {
  enum { N = 200000 };
  ude_rng rng         = ude_rng_make(3, 0);
  double  uniform[2]  = {0};
  double  normal[4]   = {0};
  double  correlation = 0;
  double  before      = 0;
  for (int i = 0; i < N; i++) {
    double u = ude_rng_uniform(&rng);
    ck_assert(u >= 0 && u < 1);
    uniform[0] += u / N;
    uniform[1] += (u - 0.5) * (u - 0.5) / N;
  }
  for (int i = 0; i < N; i++) {
    double x = ude_rng_normal(&rng);
    ck_assert(isfinite(x));
    normal[0] += x / N;
    normal[1] += x * x / N;
    normal[2] += x * x * x / N;
    normal[3] += x * x * x * x / N;
    correlation += x * before / N;
    before = x;
  }
  double s = 5 / sqrt(N);
  ck_assert_double_eq_tol(uniform[0], 0.5, s * sqrt(1.0 / 12));
  ck_assert_double_eq_tol(uniform[1], 1.0 / 12, s * sqrt(1.0 / 180));
  ck_assert_double_eq_tol(normal[0], 0, s);
  ck_assert_double_eq_tol(normal[1], 1, s * sqrt(2));
  ck_assert_double_eq_tol(normal[2], 0, s * sqrt(15));
  ck_assert_double_eq_tol(normal[3], 3, s * sqrt(96));
  ck_assert_double_eq_tol(correlation, 0, s);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("rng");
  TCase *tcase = tcase_create("rng");
  suite_add_tcase(suite, tcase);
  tcase_add_loop_test(tcase, known_answers, 0, sizeof known / sizeof known[0]);
  tcase_add_test(tcase, numbers_are_the_published_words);
  tcase_add_test(tcase, streams_differ);
  tcase_add_test(tcase, pure_function_of_the_counter);
  tcase_add_test(tcase, moments);
  return ude_check_run(suite);
}
