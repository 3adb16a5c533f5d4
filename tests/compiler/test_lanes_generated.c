/* Random C programs in lanes, with their forward and reverse modes: to the last bit what they are one at a time.
 * UDE_PROGRAMS sets their number, UDE_SEED the first seed; a failure names the seed. */
#include "compiler/lanes_check.h"
#include "compiler/random_program.h"

enum { BATCH = 20 };

static long setting(const char *name, long otherwise) {
  const char *text = getenv(name);
  return text ? strtol(text, NULL, 10) : otherwise;
}

START_TEST(programs) {
  static rp_program program;
  bool              single[BATCH];
  long              total = setting("UDE_PROGRAMS", 20), first = setting("UDE_SEED", 1);
  for (long start = 0; start < total; start += BATCH) {
    ude_text text = {0};
    ude_text_append(&text, "%s", rp_preamble);
    for (int k = 0; k < BATCH; k++) {
      rp_generate(&program, (uint64_t)(first + start + k));
      rp_write_program(&program, k, &text);
      single[k] = program.single;
      free(program.pool);
    }
    if (!lab_try(&l, text.data, LAB_FORWARD | LAB_LANES | LAB_QUICK)) {
      fputs(text.data, stderr);
      ck_abort_msg("seeds from %ld: %s", first + start, l.error.message);
    }
    for (int k = 0; k < BATCH; k++) {
      char map[32];
      snprintf(map, sizeof map, "map_%d", k);
      lanes_single = single[k];
      for (int n = 0; n < 6; n++) {
        check_map(map, RP_OUTPUTS, RP_STATES, RP_PARAMS, 0.37 * n, 0);
      }
    }
    ude_text_free(&text);
    ude_text_free(&lab_refused);
    lab_close(&l);
  }
  ck_assert_int_gt(in_lanes, (int)total); /* most of the three functions at six points each */
}
END_TEST

int main(void) {
  Suite *suite = suite_create("lanes_generated");
  TCase *tests = tcase_create("programs");
  tcase_set_timeout(tests, 0);
  tcase_add_test(tests, programs);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
