/* A checkpoint of arbitrary bytes: a fit resumes from it or refuses it; what it reaches is finite. In the
 * input, "KEY" stands for the key that ties a checkpoint to its fit. */
#include "fuzz/fuzz.h"

#include <math.h>
#include <ude/fit.h>

static int rhs(double *du, const double *u, const double *p, double t, void *context) {
  (void)t;
  (void)context;
  du[0] = -p[0] * u[0] + p[1];
  return 0;
}

static int vjp(const double *u, const double *p, double t, const double *y_bar, double *u_bar,
               double *p_bar, double *t_bar, void *context) {
  (void)t;
  (void)t_bar;
  (void)context;
  if (u_bar) {
    u_bar[0] -= p[0] * y_bar[0];
  }
  if (p_bar) {
    p_bar[0] -= u[0] * y_bar[0];
    p_bar[1] += y_bar[0];
  }
  return 0;
}

static const double           start[] = {1.0};
static const ude_vector_field field   = {.state = {.count = 1},
                                         .param = {.count = 2},
                                         .rhs   = {.rows = 1, .columns = 1, .value = rhs, .vjp = vjp},
                                         .u0    = start};
static const char            *csv     = "t,u[0]\n0,1\n0.5,0.7\n1,0.5\n2,0.3\n";
static const char *leaves[] = {"checkpoint.json", "params.json",    "history.csv",   "data.csv",
                               "predicted.csv",   "trajectory.csv", "settings.json", "report.html"};
enum { LEAVES = sizeof leaves / sizeof leaves[0] };

static ude_status fit(const char *folder, bool resume, double p[2], ude_error *error) {
  ude_table      *table   = NULL;
  ude_dataset    *data    = NULL;
  const char     *name    = "data";
  ude_fit_options options = {
      .adam = 3, .iterations = 3, .seed = 1, .folder = folder, .resume = resume, .max_seconds = 2};
  ude_fit_result result;
  p[0] = 0.1;
  p[1] = 0.2;
  require(ude_table_parse(name, csv, strlen(csv), &table, error) == UDE_OK);
  require(ude_dataset_from_tables((const ude_table *const *)&table, &name, 1, &field, NULL, &data,
                                  error) == UDE_OK);
  ude_status status = ude_fit(&field, data, &options, p, NULL, &result, error);
  ude_dataset_free(data);
  ude_table_free(table);
  return status;
}

static void clear(const char *folder) {
  char path[160];
  for (int i = 0; i < LEAVES; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, leaves[i]);
    unlink(path);
  }
  rmdir(folder);
}

/* The key of this fit, as a fit leaves it in its checkpoint. */
static const char *own_key(const char *folder) {
  static char key[4096];
  if (!key[0]) {
    char      *text   = NULL;
    size_t     length = 0;
    double     p[2];
    ude_error  error = {0};
    char       path[160];
    ude_status status = fit(folder, false, p, &error);
    require(status == UDE_OK);
    snprintf(path, sizeof path, "%s/checkpoint.json", folder);
    require(ude_file_read(path, &text, &length, &error) == UDE_OK);
    const char *at = strstr(text, "\"key\": \"");
    require(at != NULL);
    at += strlen("\"key\": \"");
    snprintf(key, sizeof key, "%.*s", (int)strcspn(at, "\""), at);
    free(text);
    clear(folder);
  }
  return key;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char        folder[96], path[160];
  double      p[2];
  ude_error   error    = {0};
  char       *text     = as_text(data, size);
  ude_text    whole    = {0};
  const char *holder   = strstr(text, "\"KEY\"");
  size_t      before   = holder ? (size_t)(holder - text) + 1 : strlen(text);
  const char *resuming = own_key(scratch("resume", folder));
  ude_text_append_bytes(&whole, text, before);
  ude_text_append(&whole, "%s%s", holder ? resuming : "", holder ? holder + strlen("\"KEY") : "");
  require(!whole.failed && mkdir(folder, 0700) == 0);
  snprintf(path, sizeof path, "%s/checkpoint.json", folder);
  write_file(path, (const uint8_t *)whole.data, whole.length);
  snprintf(path, sizeof path, "%s/history.csv", folder);
  static const char history[] = "evaluation,phase,loss,best,gradient_norm,seconds\n1,0,1,1,1,0\n";
  write_file(path, (const uint8_t *)history, strlen(history));
  ude_status status = fit(folder, true, p, &error);
  clear(folder);
  require(status == UDE_OK || error.message[0] != '\0');
  require(status == UDE_OK || status == UDE_BAD_DATA || status == UDE_NUMERICAL);
  require(isfinite(p[0]) && isfinite(p[1]));
  ude_text_free(&whole);
  free(text);
  return 0;
}
