/* A run folder made up for the tests, with names that break careless pages. */
#ifndef UDE_TESTS_RUN_FILES_H
#define UDE_TESTS_RUN_FILES_H

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/ude_check.h"

#define HOSTILE "</script><b>\"&'"
#define HOSTILE_CSV "\"</script><b>\"\"&'\""

typedef struct run_folder {
  char path[64];
} run_folder;

static inline void run_path(const run_folder *folder, const char *name, char path[512]) {
  snprintf(path, 512, "%s/%s", folder->path, name);
}

static inline void run_put(const run_folder *folder, const char *name, const char *text) {
  char path[512];
  run_path(folder, name, path);
  ck_ok(ude_file_write(path, text, strlen(text), NULL), NULL);
}

static inline void run_remove(const run_folder *folder, const char *name) {
  char path[512];
  run_path(folder, name, path);
  unlink(path);
}

static inline run_folder run_empty(void) {
  run_folder folder = {"report_run_XXXXXX"};
  ck_assert_ptr_nonnull(mkdtemp(folder.path));
  return folder;
}

static inline void run_delete(const run_folder *folder) {
  DIR *directory = opendir(folder->path);
  for (struct dirent *entry; directory && (entry = readdir(directory)) != NULL;) {
    if (entry->d_name[0] != '.') {
      run_remove(folder, entry->d_name);
    }
  }
  closedir(directory);
  rmdir(folder->path);
}

/* Two trajectories of 11 times each; x = t + k and the hostile quantity 10 - t, one value of each missing. */
static inline void run_put_tables(const run_folder *folder) {
  ude_text data = {0}, predicted = {0}, fine = {0}, future = {0}, learned = {0}, history = {0};
  ude_text_append(&data, "trajectory,t,x," HOSTILE_CSV "\n");
  ude_text_append(&predicted, "trajectory,t,x," HOSTILE_CSV "\n");
  ude_text_append(&fine, "trajectory,t,x," HOSTILE_CSV "\n");
  ude_text_append(&future, "trajectory,t,x,truth:x\n");
  ude_text_append(&learned, "t,in:x,out:0,out:1,rec:0,rec:1\n");
  ude_text_append(&history, "evaluation,phase,loss,best,gradient_norm,seconds\n");
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i <= 10; i++) {
      double t = 0.5 * i;
      if (k == 0 && i == 3) {
        ude_text_append(&data, "%d,%g,,%g\n", k, t, 10 - t);
      } else {
        ude_text_append(&data, "%d,%g,%g,%g\n", k, t, t + k + (i % 2 ? 0.25 : -0.25), 10 - t);
      }
      ude_text_append(&predicted, "%d,%g,%g,%g\n", k, t, t + k, 10 - t);
      ude_text_append(&fine, "%d,%g,%g,%g\n", k, t, t + k, 10 - t);
      ude_text_append(&future, "%d,%g,%g,%g\n", k, 2 * t, 2 * t + k, 2 * t + k + 0.5);
      ude_text_append(&learned, "%g,%g,%g,%g,%g,%g\n", t, t, -t, t * t, -t - 0.5, t * t);
    }
  }
  for (int i = 1; i <= 30; i++) {
    ude_text_append(&history, "%d,%d,%g,%g,%g,%g\n", i, i / 11, 100.0 / i, 100.0 / i, 1.0 / i,
                    0.125 * i);
  }
  const struct {
    const char *name;
    ude_text   *text;
  } files[] = {{"data.csv", &data},
               {"predicted.csv", &predicted},
               {"trajectory.csv", &fine},
               {"extrapolation.csv", &future},
               {"learned_rate.csv", &learned},
               {"history.csv", &history}};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    ck_assert(!files[i].text->failed);
    run_put(folder, files[i].name, files[i].text->data);
    ude_text_free(files[i].text);
  }
}

static inline run_folder run_full(void) {
  run_folder folder = run_empty();
  run_put_tables(&folder);
  run_put(&folder, "settings.json",
          "{\"ude\":\"0.1.0\",\"model\":[\"/models/re<act>or.c\"],\"flags\":[\"-DN=4\"],"
          "\"data\":[\"/data/a&b.csv\"],\"options\":{\"adam\":300,\"plot\":false},\"seed\":7}");
  ude_text params = {0};
  ude_text_append(&params,
                  "{\"status\":\"finished\",\"loss\":3.25e-7,\"seed\":7,\"params\":{"
                  "\"k_on\":1.25,\"alpha<1>\":-0.5");
  for (int i = 0; i < 20; i++) {
    ude_text_append(&params, ",\"net.w[%d]\":%d", i, i % 2 ? 3 : -3);
  }
  ude_text_append(&params, "}}");
  run_put(&folder, "params.json", params.data);
  ude_text_free(&params);
  run_put(&folder, "discovered.json",
          "{\"equations\":[{\"name\":\"rate[0]\",\"terms\":[{\"text\":\"x*y/(1 + x^2)\","
          "\"coefficient\":-0.90273,\"standard_error\":0.0018},{\"text\":\"1\",\"coefficient\":2.5,"
          "\"standard_error\":null}]},{\"name\":\"dk_on/dt\",\"terms\":[]},"
          "{\"name\":\"rate[1]\",\"terms\":[{\"text\":\"x**<bad>\",\"coefficient\":1}]}],"
          "\"refitted\":[{\"name\":\"k_on\",\"value\":1.25,\"standard_error\":0.05}],"
          "\"criterion\":\"ebic\",\"criterion_value\":-812.5,\"notes\":\"dropped <x^9>\","
          "\"alternatives\":[{\"text\":\"rate[0]: x & y\",\"criterion\":-812.5,\"deviance\":-840,"
          "\"parameters\":5,\"terms\":2},{\"text\":\"rate[0]: x\",\"criterion\":-800.25,"
          "\"deviance\":-820,\"parameters\":4,\"terms\":1}]}");
  run_put(&folder, "discovered.c", "/* a < b && c */\nchar s[] = \"</script>\";\n");
  return folder;
}

#endif
