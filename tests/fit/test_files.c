/* What a run leaves: every file, complete, with the numbers of the fit. */
#include <dirent.h>

#include "fit_fields.h"

static ude_table *table_of(const char *folder, const char *name) {
  char       path[300];
  ude_table *table = NULL;
  ude_error  error = {0};
  snprintf(path, sizeof path, "%s/%s", folder, name);
  ck_ok(ude_table_read(path, &table, &error), &error);
  return table;
}

static int probe(const double *u, const double *p, double t, ude_record_fn record, void *sink,
                 void *context) {
  double out[1] = {p[0] * u[0] * (1 - u[0] / p[1])};
  (void)t;
  (void)context;
  record(0, u, out, sink);
  return 0;
}

static const char *const learned_inputs[] = {"x"};
static const ude_learned learned          = {
             .name = "growth", .map = {.rows = 1, .columns = 1}, .input_names = learned_inputs};

static const char *const expected_files[] = {"checkpoint.json",    "data.csv",      "history.csv",
                                             "learned_growth.csv", "params.json",   "predicted.csv",
                                             "settings.json",      "trajectory.csv"};

enum { FILES = sizeof expected_files / sizeof expected_files[0] };

static void only_expected(const char *folder) {
  DIR *opened = opendir(folder);
  int  seen   = 0;
  ck_assert_ptr_nonnull(opened);
  for (const struct dirent *entry = readdir(opened); entry; entry = readdir(opened)) {
    bool known = false;
    for (int i = 0; i < FILES; i++) {
      known = known || strcmp(entry->d_name, expected_files[i]) == 0;
    }
    ck_assert_msg(known || entry->d_name[0] == '.', "%s", entry->d_name);
    seen += known;
  }
  closedir(opened);
  ck_assert_int_eq(seen, FILES);
}

START_TEST(a_run_folder_holds_the_fit) {
  ude_vector_field field = logistic();
  ude_text         text  = {0};
  char             folder[40], path[64];
  double           p[2] = {0.5, 1.5}, read[2] = {0}, u0[2], starts[2];
  bool             found = false;
  ude_error        error = {0};
  ude_fit_result   result;
  field.learned_count = 1;
  field.learned       = &learned;
  field.probe         = probe;
  ude_text_append(&text, "trajectory,t,x\n");
  for (int i = 0; i < 20; i++) {
    double t = 0.4 * (i % 10);
    ude_text_append(&text, "%d,%.17g,", i / 10 + 5, t);
    ude_text_append(&text, i == 4 ? "\n" : "%.17g\n",
                    logistic_exact(1.2, 3, i < 10 ? 0.2 : 5, t) + 0.01 * (i % 3));
  }
  make_folder(folder);
  ude_dataset    *data    = data_of(text.data, &field);
  ude_fit_options options = {.initial       = UDE_INITIAL_TRAINED,
                             .folder        = folder,
                             .seed          = 18446744073709551615U,
                             .settings_json = "{\"any\": 1}\n"};
  ck_ok(ude_fit(&field, data, &options, p, u0, &result, &error), &error);
  only_expected(folder);

  snprintf(path, sizeof path, "%s/params.json", folder);
  ck_ok(ude_params_read(path, &field, read, &error), &error);
  ck_assert_mem_eq(read, p, sizeof p);
  ck_ok(ude_starts_read(path, &field, data, starts, &found, &error), &error);
  ck_assert(found);
  ck_assert_mem_eq(starts, u0, sizeof u0);
  ck_assert_double_ne(u0[0], 0.2); /* trained, not those of the data */
  char *params = content(folder, "params.json");
  ck_assert_ptr_nonnull(strstr(params, "\"finished\""));
  ck_assert_ptr_nonnull(strstr(params, "18446744073709551615"));
  free(params);
  char *settings = content(folder, "settings.json");
  ck_assert_str_eq(settings, options.settings_json);
  free(settings);

  ude_table *measured  = table_of(folder, "data.csv"),
            *predicted = table_of(folder, "predicted.csv");
  double sum           = 0;
  ck_assert_int_eq(measured->rows, 20);
  ck_assert_int_eq(predicted->rows, 20);
  ck_assert_str_eq(measured->names[2], "x");
  for (int i = 0; i < 20; i++) {
    const double *a = measured->values + 3 * i, *b = predicted->values + 3 * i;
    ck_assert_double_eq(a[0], i / 10 + 5);
    ck_assert_mem_eq(a, b, 2 * sizeof *a);
    ck_assert_int_eq(isnan(a[2]), i == 4);
    ck_assert_double_eq_tol(b[2], logistic_exact(p[0], p[1], u0[i / 10], a[1]), 1e-5);
    sum += isnan(a[2]) ? 0 : (a[2] - b[2]) * (a[2] - b[2]);
  }
  ck_assert_double_eq_tol(sum, result.loss, 1e-12 * result.loss);
  ude_table_free(measured);
  ude_table_free(predicted);

  ude_table *fine = table_of(folder, "trajectory.csv");
  ck_assert_int_eq(fine->rows, 2 * 401);
  for (int64_t i = 0; i < fine->rows; i += 50) {
    const double *row = fine->values + 3 * i;
    ck_assert_double_eq_tol(row[2], logistic_exact(p[0], p[1], u0[i / 401], row[1]), 1e-5);
  }
  ude_table_free(fine);
  ude_table *samples = table_of(folder, "learned_growth.csv");
  ck_assert_int_eq(samples->rows, 2 * (9 * 4 + 1));
  ck_assert_str_eq(samples->names[0], "t");
  ck_assert_str_eq(samples->names[1], "in:x");
  ck_assert_str_eq(samples->names[2], "out:0");
  for (int64_t i = 0; i < samples->rows; i++) {
    const double *row = samples->values + 3 * i;
    ck_assert_double_eq(row[2], p[0] * row[1] * (1 - row[1] / p[1]));
  }
  ude_table_free(samples);
  ude_table *history = table_of(folder, "history.csv");
  ck_assert_int_eq(history->rows, result.iterations + 1);
  ck_assert_double_eq(history->values[2], result.first_loss);
  ck_assert_double_eq(history->values[(history->rows - 1) * 6 + 3], result.loss);
  for (int64_t i = 1; i < history->rows; i++) {
    ck_assert_double_le(history->values[i * 6 + 3], history->values[(i - 1) * 6 + 3]);
  }
  ude_table_free(history);
  remove_folder(folder);
  ude_text_free(&text);
  ude_dataset_free(data);
}
END_TEST

START_TEST(starts_of_other_data_are_refused) {
  static const char *const bad[][2] = {
      {"{\"starts\": [{\"u0\": {\"x\": 1}}, {\"u0\": {\"x\": 2}}]}", "each of the 1 trajectories"},
      {"{\"starts\": []}", "each of the 1 trajectories"},
      {"{\"starts\": [{\"u0\": {}}]}", "each of the 1 trajectories"},
      {"{\"starts\": [7]}", "each of the 1 trajectories"},
      {"{\"starts\": [{\"u0\": {\"y\": 1}}]}", "the model has no state 'y'"},
      {"{\"starts\": [{\"u0\": {\"x\": null}}]}", "'x' is not a finite number"},
      {"{\"starts\": 3}", "is not the params.json of a run"},
      {"r=1\n", "is not the params.json of a run"}};
  ude_vector_field field = logistic();
  ude_dataset     *data  = growth(&field, 1, 2, 5);
  char             folder[40], path[64];
  double           starts[1] = {0};
  bool             found     = true;
  ude_error        error     = {0};
  make_folder(folder);
  snprintf(path, sizeof path, "%s/params.json", folder);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    ck_ok(ude_file_write(path, bad[i][0], strlen(bad[i][0]), &error), &error);
    ck_fails(ude_starts_read(path, &field, data, starts, &found, &error), UDE_BAD_DATA, &error,
             bad[i][1], "params.json");
    ck_assert(!found);
  }
  ck_ok(ude_file_write(path, "{\"params\": {}}", 14, &error), &error);
  ck_ok(ude_starts_read(path, &field, data, starts, &found, &error), &error);
  ck_assert(!found);
  remove_folder(folder);
  ude_dataset_free(data);
}
END_TEST

/* A folder that cannot be written is an error of the fit, named. */
START_TEST(an_impossible_folder_is_named) {
  ude_vector_field field = logistic();
  ude_dataset     *data  = growth(&field, 1, 2, 5);
  double           p[2]  = {1, 1};
  ude_fit_result   result;
  ude_error        error   = {0};
  ude_fit_options  options = {.folder = "/dev/null/run"};
  ck_fails(ude_fit(&field, data, &options, p, NULL, &result, &error), UDE_IO, &error, "/dev/null",
           "");
  ude_dataset_free(data);
}
END_TEST

/* Files that share the names of their trajectories are told apart. */
START_TEST(trajectories_of_several_files_have_names) {
  static const char *const text[]  = {"trajectory,t,x\n1,0,1\n1,1,2\n2,0,1\n",
                                      "trajectory,t,x\n2,0,3\n"};
  ude_vector_field         field   = logistic();
  const char              *names[] = {"a.csv", "b.csv"};
  ude_table               *tables[2];
  ude_dataset             *data  = NULL;
  ude_error                error = {0};
  for (int i = 0; i < 2; i++) {
    ck_ok(ude_table_parse(names[i], text[i], strlen(text[i]), &tables[i], &error), &error);
  }
  ck_ok(ude_dataset_from_tables((const ude_table *const *)tables, names, 2, &field, NULL, &data,
                                &error),
        &error);
  ck_assert_int_eq(data->trajectories, 3);
  for (int k = 0; k < 3; k++) {
    ck_assert_double_eq(data->trajectory[k].name, k);
  }
  ude_dataset_free(data);
  ude_table_free(tables[0]);
  ude_table_free(tables[1]);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("run folders");
  TCase *core  = tcase_create("core");
  tcase_set_timeout(core, 60);
  tcase_add_test(core, a_run_folder_holds_the_fit);
  tcase_add_test(core, starts_of_other_data_are_refused);
  tcase_add_test(core, an_impossible_folder_is_named);
  tcase_add_test(core, trajectories_of_several_files_have_names);
  suite_add_tcase(suite, core);
  return ude_check_run(suite);
}
