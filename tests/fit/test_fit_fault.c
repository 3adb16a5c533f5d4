/* Each allocation failing in the entry points of the room; none while a loss is evaluated. */
#include <unistd.h>

#include "support/fault.h"

#include "fit_fields.h"

/** What the bodies share. */
typedef struct setting {
  ude_vector_field field;
  ude_dataset     *data;
  ude_table       *table;
  ude_fit_options  options;
  char             folder[40], csv[64], params[64];
} setting;

static void remove_files(const char *folder) {
  static const char *const names[] = {"checkpoint.json", "data.csv",      "history.csv",
                                      "params.json",     "predicted.csv", "trajectory.csv"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    unlink(path);
  }
}

static void open_setting(setting *s) {
  static const char text[] = "trajectory,t,x\n0,0,.1\n0,1,.3\n0,2,.8\n1,0,.2\n1,2,1.1\n";
  static const char p[] =
      "{\"params\": {\"r\": 1, \"k\": 2}, \"starts\": "
      "[{\"u0\": {\"x\": 1}}, {\"u0\": {\"x\": 2}}]}";
  ude_error error = {0};
  *s              = (setting){.field = logistic()};
  make_folder(s->folder);
  snprintf(s->csv, sizeof s->csv, "%s/in.csv", s->folder);
  snprintf(s->params, sizeof s->params, "%s/in.json", s->folder);
  ck_ok(ude_file_write(s->csv, text, sizeof text - 1, &error), &error);
  ck_ok(ude_file_write(s->params, p, sizeof p - 1, &error), &error);
  ck_ok(ude_table_read(s->csv, &s->table, &error), &error);
  s->data = data_of(text, &s->field);
}

static void close_setting(setting *s) {
  ude_dataset_free(s->data);
  ude_table_free(s->table);
  remove_folder(s->folder);
}

static ude_status read_data(void *context, ude_error *error) {
  const setting *s      = context;
  const char    *path   = s->csv;
  ude_dataset   *data   = NULL;
  ude_status     status = ude_dataset_read(&path, 1, &s->field, NULL, &data, error);
  if ((status == UDE_OK) != (data != NULL)) {
    status = ude_fail(error, UDE_INTERNAL, "the data set is%s set", data ? "" : " not");
  }
  ude_dataset_free(data);
  return status;
}

static ude_status from_tables(void *context, ude_error *error) {
  const setting   *s       = context;
  const char      *names[] = {"a.csv", "b.csv"};
  const ude_table *both[]  = {s->table, s->table};
  ude_dataset     *data    = NULL;
  ude_status       status  = ude_dataset_from_tables(both, names, 2, &s->field, NULL, &data, error);
  ude_dataset_free(data);
  return status;
}

static ude_status read_params(void *context, ude_error *error) {
  const setting *s    = context;
  double         p[2] = {7, 8}, starts[2] = {0};
  bool           found  = false;
  ude_status     status = ude_params_read(s->params, &s->field, p, error);
  if (status && (p[0] != 7 || p[1] != 8)) {
    return ude_fail(error, UDE_INTERNAL, "a failed reading changed the parameters");
  }
  status = status ? status : ude_starts_read(s->params, &s->field, s->data, starts, &found, error);
  return status == UDE_OK && (!found || starts[1] != 2)
             ? ude_fail(error, UDE_INTERNAL, "the starts were not read")
             : status;
}

static ude_status use_loss(void *context, ude_error *error) {
  const setting *s    = context;
  const double   p[2] = {1, 2};
  ude_loss      *loss = NULL;
  double         theta[8], g[8], r[16], jacobian[128], value = 0, p_bar[2], u0_bar[2];
  ude_status     status = ude_loss_create(&s->field, s->data, &s->options, p, &loss, error);
  if (status == UDE_OK) {
    ude_loss_start(loss, theta);
    status = ude_loss_evaluate(loss, theta, &value, g, error);
  }
  status = status ? status : ude_loss_residuals(loss, theta, r, NULL, error);
  status = status ? status : ude_loss_residuals(loss, theta, r, jacobian, error);
  status = status ? status : ude_loss_gradient(loss, p, &value, p_bar, u0_bar, NULL, error);
  ude_loss_free(loss);
  return status;
}

static ude_status use_fit(void *context, ude_error *error) {
  setting       *s    = context;
  double         p[2] = {0.5, 1.5}, u0[2];
  ude_fit_result result;
  if (!s->options.resume) {
    remove_files(s->folder);
  }
  ude_status status = ude_fit(&s->field, s->data, &s->options, p, u0, &result, error);
  if (status && (p[0] != 0.5 || p[1] != 1.5)) {
    return ude_fail(error, UDE_INTERNAL, "a failed fit changed the parameters");
  }
  return status;
}

START_TEST(data_and_parameters_survive) {
  setting s;
  open_setting(&s);
  fault_every_allocation(read_data, &s, 10);
  fault_every_allocation(from_tables, &s, 10);
  fault_every_allocation(read_params, &s, 3);
  close_setting(&s);
}
END_TEST

START_TEST(losses_survive) {
  setting s;
  open_setting(&s);
  s.options.initial = _i % 2 ? UDE_INITIAL_TRAINED : UDE_INITIAL_AUTO;
  s.options.segment = _i / 2;
  fault_every_allocation(use_loss, &s, 20);
  close_setting(&s);
}
END_TEST

START_TEST(fits_survive) {
  static const ude_optimizer optimizers[] = {UDE_OPTIMIZER_BFGS, UDE_OPTIMIZER_LBFGS,
                                             UDE_OPTIMIZER_LM};
  setting                    s;
  open_setting(&s);
  s.options = (ude_fit_options){.optimizer  = optimizers[_i],
                                .adam       = 2,
                                .iterations = 2,
                                .segment    = 1,
                                .initial    = UDE_INITIAL_TRAINED};
  fault_every_allocation(use_fit, &s, 40);
  close_setting(&s);
}
END_TEST

/* With a folder, and resumed from one. */
START_TEST(runs_survive) {
  setting   s;
  ude_error error = {0};
  open_setting(&s);
  s.options = (ude_fit_options){.adam = 2, .iterations = 2, .folder = s.folder};
  if (_i) {
    ck_ok(use_fit(&s, &error), &error);
    s.options.resume = true;
  }
  fault_every_allocation(use_fit, &s, 60);
  close_setting(&s);
}
END_TEST

/* After a first evaluation, evaluations allocate nothing: by the adjoint, and for residuals and their Jacobian. */
START_TEST(evaluations_allocate_nothing) {
  ude_vector_field field   = lotka_network();
  ude_dataset     *data    = golden_data(&field);
  ude_fit_options  options = {.initial     = _i % 2 ? UDE_INITIAL_TRAINED : UDE_INITIAL_DATA,
                              .segment     = _i / 2 ? 10 : 0,
                              .sensitivity = UDE_SENSITIVITY_ADJOINT};
  double          *p       = calloc(NET_WEIGHTS, sizeof *p);
  ude_loss        *loss    = NULL;
  ude_error        error   = {0};
  ude_initialise(&field, 5, p);
  ck_ok(ude_loss_create(&field, data, &options, p, &loss, &error), &error);
  int64_t n = ude_loss_dimension(loss), m = ude_loss_residual_count(loss);
  double *theta = calloc((size_t)n, sizeof *theta), *g = calloc((size_t)n, sizeof *g), value = 0;
  double *r = calloc((size_t)m, sizeof *r), *jacobian = calloc((size_t)(m * n), sizeof *jacobian);
  ude_loss_start(loss, theta);
  ck_ok(ude_loss_evaluate(loss, theta, &value, g, &error), &error);
  ck_ok(ude_loss_residuals(loss, theta, r, jacobian, &error), &error);
  fault_arm(0, false);
  ude_status status = UDE_OK;
  for (int i = 0; i < 5 && status == UDE_OK; i++) {
    theta[i] += 1e-3;
    status = ude_loss_evaluate(loss, theta, &value, i % 2 ? NULL : g, &error);
    status = status ? status : ude_loss_residuals(loss, theta, r, i % 2 ? NULL : jacobian, &error);
  }
  long allocations = fault_disarm();
  ck_ok(status, &error);
  ck_assert_int_eq(allocations, 0);
  free(theta);
  free(g);
  free(r);
  free(jacobian);
  free(p);
  ude_loss_free(loss);
  ude_dataset_free(data);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("fit under failing allocations");
  TCase *core  = tcase_create("core");
  tcase_set_timeout(core, 120);
  tcase_add_test(core, data_and_parameters_survive);
  tcase_add_loop_test(core, losses_survive, 0, 4);
  tcase_add_loop_test(core, fits_survive, 0, 3);
  tcase_add_loop_test(core, runs_survive, 0, 2);
  tcase_add_loop_test(core, evaluations_allocate_nothing, 0, 4);
  suite_add_tcase(suite, core);
  return ude_check_run(suite);
}
