/* Training on samples when memory runs out at the k-th allocation. */
#include <unistd.h>

#include "support/fault.h"

#include "batch_field.h"
#include "fit_fields.h"

static ude_status train(void *context, ude_error *error) {
  ude_vector_field  field   = line_field();
  ude_batch_options options = {.batch      = 4,
                               .iterations = 30,
                               .samples    = 10,
                               .threads    = 1,
                               .folder     = context,
                               .balance    = true};
  ude_batch_result  result;
  double            p[2] = {0, 0}, terms[2];
  return ude_batch_fit(&field, &options, p, terms, &result, error);
}

static ude_status evaluate(void *context, ude_error *error) {
  ude_vector_field field = line_field();
  double           p[2]  = {0, 0}, terms[2];
  (void)context;
  return ude_batch_terms(&field, p, 10, 1, 1, terms, error);
}

START_TEST(training_survives) {
  char folder[40];
  make_folder(folder);
  fault_every_allocation(train, folder, 20);
  remove_folder(folder);
}
END_TEST

START_TEST(terms_survive) {
  fault_every_allocation(evaluate, NULL, 4);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("batch_fault");
  TCase *all   = tcase_create("all");
  tcase_set_timeout(all, 60);
  tcase_add_test(all, training_survives);
  tcase_add_test(all, terms_survive);
  suite_add_tcase(suite, all);
  return ude_check_run(suite);
}
