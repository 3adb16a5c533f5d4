/* ude uncertain: the result as CSV or JSON, its covariance, its warnings. */
#include <stdlib.h>
#include <string.h>

#include "cli/uncertain.h"

static void print_header(const ude_vector_field *field, const ude_uncertain_result *result,
                         const cli_uncertain_inputs *in) {
  fputs("t", stdout);
  for (int64_t j = 0; j < result->outputs; j++) {
    char name[256];
    ude_uncertain_output_name(field, j, name, sizeof name);
    printf(",%s,%s_sigma", name, name);
    for (int64_t k = 0; result->component && k < in->count; k++) {
      char source[256];
      printf(",%s_from_%s", name,
             cli_uncertain_input_name(field, &in->input[k], source, sizeof source));
    }
    if (result->sample_mean) {
      printf(",%s_sample_mean,%s_sample_sigma", name, name);
    }
  }
  putchar('\n');
}

void cli_uncertain_print_csv(const ude_vector_field *field, const ude_uncertain_result *result,
                             const cli_uncertain_inputs *in) {
  print_header(field, result, in);
  for (int64_t i = 0; i < result->count; i++) {
    printf("%.17g", result->times[i]);
    for (int64_t j = 0; j < result->outputs; j++) {
      int64_t at = i * result->outputs + j;
      printf(",%.17g,%.17g", result->value[at], result->sigma[at]);
      for (int64_t k = 0; result->component && k < in->count; k++) {
        printf(",%.17g", result->component[at * in->count + k]);
      }
      if (result->sample_mean) {
        printf(",%.17g,%.17g", result->sample_mean[at], result->sample_sigma[at]);
      }
    }
    putchar('\n');
  }
}

/* A nested JSON array of shape [a][b][c]; levels of extent -1 are left out. */
static void print_array(const char *key, const double *values, int64_t a, int64_t b, int64_t c) {
  if (!values) {
    return;
  }
  printf(",\"%s\":[", key);
  for (int64_t i = 0; i < a; i++) {
    fputs(i ? ",[" : "[", stdout);
    for (int64_t j = 0; j < b; j++) {
      fputs(j ? "," : "", stdout);
      if (c < 0) {
        cli_json_number(stdout, values[i * b + j]);
        continue;
      }
      putchar('[');
      for (int64_t k = 0; k < c; k++) {
        fputs(k ? "," : "", stdout);
        cli_json_number(stdout, values[(i * b + j) * c + k]);
      }
      putchar(']');
    }
    putchar(']');
  }
  putchar(']');
}

void cli_uncertain_print_json(const ude_vector_field *field, const ude_uncertain_result *result,
                              const cli_uncertain_inputs *in) {
  char name[256];
  fputs("{\"names\":[", stdout);
  for (int64_t j = 0; j < result->outputs; j++) {
    fputs(j ? "," : "", stdout);
    cli_json_string(stdout, ude_uncertain_output_name(field, j, name, sizeof name));
  }
  fputs("],\"inputs\":[", stdout);
  for (int64_t k = 0; k < in->count; k++) {
    fputs(k ? ",{\"name\":" : "{\"name\":", stdout);
    cli_json_string(stdout, cli_uncertain_input_name(field, &in->input[k], name, sizeof name));
    fputs(",\"sigma\":", stdout);
    cli_json_number(stdout, in->input[k].sigma);
    putchar('}');
  }
  fputs("],\"t\":[", stdout);
  for (int64_t i = 0; i < result->count; i++) {
    fputs(i ? "," : "", stdout);
    cli_json_number(stdout, result->times[i]);
  }
  putchar(']');
  print_array("value", result->value, result->count, result->outputs, -1);
  print_array("sigma", result->sigma, result->count, result->outputs, -1);
  print_array("component", result->component, result->count, result->outputs, in->count);
  print_array("covariance", result->covariance, result->count, result->outputs, result->outputs);
  print_array("sample_mean", result->sample_mean, result->count, result->outputs, -1);
  print_array("sample_sigma", result->sample_sigma, result->count, result->outputs, -1);
  if (result->sample_mean) {
    printf(",\"samples\":%lld,\"samples_failed\":%lld", (long long)result->sample_count,
           (long long)result->sample_failed);
  }
  fputs(",\"curvature\":", stdout);
  cli_json_number(stdout, result->curvature.ratio);
  fputs("}\n", stdout);
}

int cli_uncertain_write_covariance(const ude_vector_field     *field,
                                   const ude_uncertain_result *result, const char *path) {
  int64_t      m     = result->outputs;
  ude_table   *table = NULL;
  ude_error    error = {0};
  const char **names = ude_calloc((size_t)m, sizeof *names);
  char        *text  = ude_calloc((size_t)m, 256);
  for (int64_t j = 0; names && text && j < m; j++) {
    names[j] = ude_uncertain_output_name(field, j, text + j * 256, 256);
  }
  ude_status status = names && text ? ude_table_create(m, m, names, &table, &error)
                                    : ude_fail_memory(&error, "the covariance");
  if (status == UDE_OK) {
    memcpy(table->values, result->covariance + (result->count - 1) * m * m,
           (size_t)(m * m) * sizeof(double));
    status = ude_table_write(table, path, &error);
  }
  ude_table_free(table);
  free(names);
  free(text);
  return status ? cli_fail(&error, status) : CLI_OK;
}

void cli_uncertain_warn(const ude_vector_field *field, const ude_uncertain_result *result,
                        const cli_uncertain_inputs *in) {
  const ude_uncertain_curvature *worst = &result->curvature;
  char                           output[256];
  char                           input[256];
  if (worst->failed) {
    fprintf(stderr,
            "ude: warning: the solve fails one standard deviation from the mean of '%s': linear "
            "propagation does not hold\n",
            cli_uncertain_input_name(field, &in->input[worst->input], input, sizeof input));
  } else if (worst->output >= 0 && worst->ratio > 0.1) {
    fprintf(stderr,
            "ude: warning: linear propagation is doubtful: at t = %.6g curvature over one standard "
            "deviation moves '%s' by %.3g of its sigma, most by '%s'; compare with --sample N\n",
            result->times[worst->time],
            ude_uncertain_output_name(field, worst->output, output, sizeof output), worst->ratio,
            cli_uncertain_input_name(field, &in->input[worst->input], input, sizeof input));
  }
  if (result->sample_failed > 0) {
    int64_t all = result->sample_failed + result->sample_count;
    fprintf(stderr, "ude: warning: %lld of %lld samples could not be solved and are left out\n",
            (long long)result->sample_failed, (long long)all);
  }
}
