/* A fit that is stopped anywhere and resumed computes the same bits as one that is not. */
#include "fit_fields.h"

/** Stops after so many reports, or after so many polls of the solver (in the middle of an iteration). */
typedef struct stopper {
  int64_t reports, polls; /* until the stop; 0: never */
} stopper;

static bool report(const ude_progress *progress, void *context) {
  stopper *s = context;
  ck_assert(progress->best <= progress->value);
  return s->reports > 0 && --s->reports == 0;
}

static bool poll(void *context) {
  stopper *s = context;
  return s->polls > 0 && --s->polls == 0;
}

static ude_fit_options options_for(int which) {
  static const ude_optimizer optimizers[] = {UDE_OPTIMIZER_BFGS, UDE_OPTIMIZER_LBFGS,
                                             UDE_OPTIMIZER_LM, UDE_OPTIMIZER_NONE};
  return (ude_fit_options){.solve     = {.rtol = 1e-6, .atol = 1e-8},
                           .adam      = 35,
                           .segment   = which / 4 ? 4 : 0,
                           .initial   = which / 4 ? UDE_INITIAL_TRAINED : UDE_INITIAL_AUTO,
                           .optimizer = optimizers[which % 4]};
}

enum { KINDS = 8 };

typedef struct outcome {
  double         p[2], u0;
  ude_fit_result result;
} outcome;

static ude_status fit(const ude_vector_field *field, const ude_dataset *data,
                      const ude_fit_options *options, outcome *out, ude_error *error) {
  *out = (outcome){.p = {0.5, 1.5}};
  return ude_fit(field, data, options, out->p, &out->u0, &out->result, error);
}

static void same(const outcome *a, const outcome *b) {
  ck_assert_mem_eq(a->p, b->p, sizeof a->p);
  ck_assert_mem_eq(&a->u0, &b->u0, sizeof a->u0);
  ck_assert_mem_eq(&a->result.loss, &b->result.loss, sizeof a->result.loss);
  ck_assert_int_eq(a->result.iterations, b->result.iterations);
  ck_assert_int_eq(a->result.evaluations, b->result.evaluations);
  ck_assert_int_eq(a->result.reason, b->result.reason);
}

/* Columns of history.csv other than the clock. */
static void same_history(const char *a, const char *b) {
  ude_table *tables[2];
  ude_error  error = {0};
  for (int i = 0; i < 2; i++) {
    char path[300];
    snprintf(path, sizeof path, "%s/history.csv", i ? b : a);
    ck_ok(ude_table_read(path, &tables[i], &error), &error);
  }
  ck_assert_int_eq(tables[0]->rows, tables[1]->rows);
  for (int64_t i = 0; i < tables[0]->rows; i++) {
    ck_assert_mem_eq(tables[0]->values + 6 * i, tables[1]->values + 6 * i, 5 * sizeof(double));
  }
  ude_table_free(tables[0]);
  ude_table_free(tables[1]);
}

/* Stopped again and again, by reports and in mid-iteration, until it comes to its end. */
START_TEST(a_resumed_fit_is_the_same) {
  ude_vector_field field   = logistic();
  ude_dataset     *data    = growth(&field, 1.2, 3, 20);
  ude_fit_options  options = options_for(_i % KINDS);
  bool             middle  = _i / KINDS;
  char             folder[2][40];
  ude_error        error = {0};
  outcome          whole, parts;
  stopper          stop  = {0};
  int              stops = 0;
  make_folder(folder[0]);
  make_folder(folder[1]);
  options.folder = folder[0];
  ck_ok(fit(&field, data, &options, &whole, &error), &error);
  options.folder             = folder[1];
  options.resume             = true;
  options.progress           = report;
  options.progress_context   = &stop;
  options.solve.stop         = poll;
  options.solve.stop_context = &stop;
  ude_status status          = UDE_INTERRUPTED;
  for (int round = 0; status == UDE_INTERRUPTED && round < 2000; round++) {
    stop   = middle ? (stopper){.polls = 97 + 11 * round} : (stopper){.reports = 3 + round % 5};
    status = fit(&field, data, &options, &parts, &error);
    stops += status == UDE_INTERRUPTED;
    ck_assert(status == UDE_OK || status == UDE_INTERRUPTED);
    if (status == UDE_INTERRUPTED) {
      char *params = content(folder[1], "params.json");
      ck_assert_ptr_nonnull(strstr(params, "\"interrupted\""));
      free(params);
    }
  }
  ck_ok(status, &error);
  ck_assert_int_ge(stops, 3);
  same(&whole, &parts);
  same_history(folder[0], folder[1]);
  /* resuming what has ended gives it again */
  stop = (stopper){0};
  ck_ok(fit(&field, data, &options, &parts, &error), &error);
  same(&whole, &parts);
  same_history(folder[0], folder[1]);
  remove_folder(folder[0]);
  remove_folder(folder[1]);
  ude_dataset_free(data);
}
END_TEST

/* Asking for more of a fit that has ended goes on from there. */
START_TEST(tighter_tolerances_go_on) {
  ude_vector_field field   = logistic();
  ude_dataset     *data    = growth(&field, 1.2, 3, 20);
  ude_fit_options  options = {.adam = 35, .gradient_tolerance = 1e-2, .resume = true};
  char             folder[40];
  ude_error        error = {0};
  outcome          first, second;
  make_folder(folder);
  options.folder = folder;
  ck_ok(fit(&field, data, &options, &first, &error), &error);
  ck_assert_int_eq(first.result.reason, UDE_FIT_GRADIENT);
  options.gradient_tolerance = 1e-6;
  ck_ok(fit(&field, data, &options, &second, &error), &error);
  ck_assert_int_gt(second.result.iterations, first.result.iterations);
  ck_assert_double_lt(second.result.loss, first.result.loss);
  remove_folder(folder);
  ude_dataset_free(data);
}
END_TEST

/* A stop before the first evaluation is done leaves everything as it was. */
START_TEST(nothing_is_kept_of_nothing) {
  ude_vector_field field   = logistic();
  ude_dataset     *data    = growth(&field, 1.2, 3, 20);
  stopper          stop    = {.polls = 1};
  ude_fit_options  options = {.solve = {.stop = poll, .stop_context = &stop}};
  ude_error        error   = {0};
  outcome          out;
  ck_assert_int_eq(fit(&field, data, &options, &out, &error), UDE_INTERRUPTED);
  ck_assert(isnan(out.result.loss));
  ck_assert_double_eq(out.p[0], 0.5);
  ck_assert_double_eq(out.p[1], 1.5);
  ude_dataset_free(data);
}
END_TEST

/* Everything that the numbers depend on belongs to the checkpoint's key. */
START_TEST(the_checkpoint_of_another_fit_is_refused) {
  ude_vector_field      field    = logistic();
  ude_dataset          *data     = growth(&field, 1.2, 3, 20);
  const bool            mask[2]  = {true, false};
  const double          scales[] = {2}, u0[] = {0.2};
  const ude_fit_options base     = {.adam = 5, .iterations = 2, .resume = true};
  ude_fit_options       others[] = {base, base, base, base, base, base, base, base, base};
  char                  folder[40];
  ude_error             error = {0};
  outcome               out;
  make_folder(folder);
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    others[i].folder = folder;
  }
  others[1].rate         = 0.01;
  others[2].free         = mask;
  others[3].scales       = scales;
  others[4].u0           = u0;
  others[5].solve.rtol   = 1e-5;
  others[6].solve.method = "vern7";
  others[7].segment      = 3;
  others[8].optimizer    = UDE_OPTIMIZER_LBFGS;
  ck_ok(fit(&field, data, &others[0], &out, &error), &error);
  for (size_t i = 1; i < sizeof others / sizeof others[0]; i++) {
    ck_fails(fit(&field, data, &others[i], &out, &error), UDE_BAD_DATA, &error,
             "checkpoint.json: the checkpoint is of another", "without --resume");
  }
  data->trajectory[0].values[19] *= 1.0000001;
  ck_fails(fit(&field, data, &others[0], &out, &error), UDE_BAD_DATA, &error, "of another", "");
  data->trajectory[0].values[19] /= 1.0000001;
  remove_folder(folder);
  ude_dataset_free(data);
}
END_TEST

/* Every prefix of a checkpoint, and every line of it changed, is refused or goes on, but never crashes. */
START_TEST(a_damaged_checkpoint_is_refused) {
  ude_vector_field field   = logistic();
  ude_dataset     *data    = growth(&field, 1.2, 3, 20);
  ude_fit_options  options = {.adam = 5, .iterations = 6, .resume = true};
  char             folder[40], path[64];
  ude_error        error = {0};
  outcome          out;
  int              refused = 0, lines = 0;
  make_folder(folder);
  options.folder = folder;
  snprintf(path, sizeof path, "%s/checkpoint.json", folder);
  ck_ok(fit(&field, data, &options, &out, &error), &error);
  char  *good   = content(folder, "checkpoint.json");
  size_t length = strlen(good);
  for (size_t cut = 0; cut + 3 < length; cut += 1 + length / 20) {
    ck_ok(ude_file_write(path, good, cut, &error), &error);
    ck_fails(fit(&field, data, &options, &out, &error), UDE_BAD_DATA, &error, "checkpoint.json",
             "damaged");
  }
  for (char *at = strchr(good, ':'); at; at = strchr(at + 1, ':'), lines++) {
    static const char *const values[] = {"-1", "1e300", "[]"};
    char                    *end      = strchr(at, '\n');
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
      ude_text text = {0};
      ude_text_append_bytes(&text, good, (size_t)(at + 1 - good));
      ude_text_append(&text, "%s%s%s", values[i], end[-1] == ',' ? "," : "", end);
      ck_ok(ude_file_write(path, text.data, text.length, &error), &error);
      ude_status status = fit(&field, data, &options, &out, &error);
      ck_assert_msg(status == UDE_OK || status == UDE_BAD_DATA || status == UDE_NUMERICAL, "%s",
                    error.message);
      refused += status == UDE_BAD_DATA;
      ude_text_free(&text);
    }
  }
  ck_assert_int_gt(refused, lines);
  free(good);
  remove_folder(folder);
  ude_dataset_free(data);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("resuming");
  TCase *core  = tcase_create("core");
  tcase_set_timeout(core, 60);
  tcase_add_loop_test(core, a_resumed_fit_is_the_same, 0, 2 * KINDS);
  tcase_add_test(core, tighter_tolerances_go_on);
  tcase_add_test(core, nothing_is_kept_of_nothing);
  tcase_add_test(core, the_checkpoint_of_another_fit_is_refused);
  tcase_add_test(core, a_damaged_checkpoint_is_refused);
  suite_add_tcase(suite, core);
  return ude_check_run(suite);
}
