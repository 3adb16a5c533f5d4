/* Derivatives through events: each allocation failing; derivatives that a table lacks, callbacks that decline. */
#include <ude/sensitivity.h>

#include "support/bouncing.h"
#include "support/fault.h"
#include "support/ude_check.h"

static ude_status gradient(void *context, ude_error *error) {
  const ude_sensitivity_options *options = context;
  ude_vector_field               field   = bouncing_field();
  ude_sensitivity               *s       = NULL;
  double                         value, u0_bar[2], p_bar[3], start, end;
  const ude_cost cost   = {.terminal = true, .running = true, .t0_bar = &start, .t1_bar = &end};
  ude_status     status = ude_sensitivity_create(&field, options, &s, error);
  if (status == UDE_OK) {
    status = ude_cost_gradient(s, bouncing_u0, bouncing_p, 0, bouncing_end, &cost, &value, u0_bar,
                               p_bar, NULL, error);
  }
  ude_sensitivity_free(s);
  return status;
}

START_TEST(gradients_survive) {
  ude_sensitivity_options options[] = {
      {.solve = {.method = "tsit5"}, .method = UDE_SENSITIVITY_ADJOINT, .memory_bytes = 64},
      {.solve = {.method = "tsit5"}, .method = UDE_SENSITIVITY_FORWARD},
      {.solve = {.method = "radau"}, .method = UDE_SENSITIVITY_ADJOINT},
      {.solve = {.method = "trbdf2"}, .method = UDE_SENSITIVITY_FORWARD}};
  for (int i = 0; i < 4; i++) {
    fault_every_allocation(gradient, &options[i], 40);
  }
}
END_TEST

START_TEST(derivatives_that_are_missing) {
  for (int which = 0; which < 4; which++) {
    for (int mode = 1; mode <= 2; mode++) {
      ude_vector_field  field  = bouncing_field();
      ude_map *const    maps[] = {&field.events.roots, &field.events.affect, &field.events.schedule,
                                  &field.events.discontinuities};
      const char *const names[]       = {"events", "affect", "schedule", "discontinuities"};
      ude_sensitivity_options options = {.method = (ude_sensitivity_method)mode};
      ude_sensitivity        *s       = NULL;
      ude_error               error   = {0};
      double                  value, p_bar[3];
      const ude_cost          cost = {.terminal = true};
      maps[which]->jvp             = NULL;
      maps[which]->vjp             = NULL;
      ck_ok(ude_sensitivity_create(&field, &options, &s, &error), &error);
      ck_fails(ude_cost_gradient(s, bouncing_u0, bouncing_p, 0, bouncing_end, &cost, &value, NULL,
                                 p_bar, NULL, &error),
               UDE_UNSUPPORTED, &error, names[which], mode == 1 ? "vjp" : "jvp");
      ude_sensitivity_free(s);
    }
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sensitivity: allocations of events");
  TCase *tests = tcase_create("allocations");
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, gradients_survive);
  tcase_add_test(tests, derivatives_that_are_missing);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
