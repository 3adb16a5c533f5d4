/* How far names are from each other. */
#include <limits.h>

#include "support/ude_check.h"

static const struct {
  const char *name, *other;
  int         distance;
} pairs[] = {
    {"beta", "beta", 0},
    {"beta", "Beta", 0}, /* case does not count */
    {"beta", "bta", 1},
    {"bta", "beta", 1},
    {"beta", "betta", 1},
    {"beta", "bela", 1},
    {"beta", "btea", 1},         /* two swapped */
    {"predator", "predtaro", 2}, /* o moves by two */
    {"predator", "pretatro", 2},
    {"predator", "pretatroy", 3},
    {"predator", "pretatroyy", INT_MAX}, /* 4 of 8 */
    {"beta", "prey", INT_MAX},
    {"beta", "alphabet", INT_MAX},
    {"x", "y", INT_MAX}, /* a name of one letter has no neighbours */
    {"x", "x", 0},
    {"", "", 0},
    {"", "x", INT_MAX},
    {"ab", "ba", 1},
    {"kitten", "siten", 2}, /* k to s, t removed */
    {"0123456789012345678901234567890123456789012345678901234567890123",
     "0123456789012345678901234567890123456789012345678901234567890123", INT_MAX},
    {"012345678901234567890123456789012345678901234567890123456789012",
     "012345678901234567890123456789012345678901234567890123456789012", 0},
};

START_TEST(distances) {
  ck_assert_int_eq(ude_name_distance(pairs[_i].name, pairs[_i].other), pairs[_i].distance);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("nearest");
  TCase *tcase = tcase_create("nearest");
  suite_add_tcase(suite, tcase);
  tcase_add_loop_test(tcase, distances, 0, sizeof pairs / sizeof pairs[0]);
  return ude_check_run(suite);
}
