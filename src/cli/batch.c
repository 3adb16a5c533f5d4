/* ude fit of a loss over samples, without data. */
#include "cli/batch.h"

#include <stdlib.h>
#include <string.h>
#include <ude/batch.h>

#include "cli/settings.h"

/* --weights name=v,... into weights[terms.count], ones where not named. */
static int read_weights(const cli_options *options, const ude_layout *terms, double *weights) {
  for (int64_t k = 0; k < terms->count; k++) {
    weights[k] = 1;
  }
  for (int i = 0; i < options->weights.count; i++) {
    const char *item   = options->weights.item[i];
    size_t      length = strcspn(item, "=");
    char        name[256];
    double      value = 0;
    snprintf(name, sizeof name, "%.*s", (int)length, item);
    int64_t k = ude_layout_find(terms, name, "loss");
    if (k < 0) {
      return cli_usage_error("--weights: struct loss has no member '%s'", name);
    }
    if (item[length] != '=' ||
        !ude_parse_real(item + length + 1, strlen(item + length + 1), &value) || !(value >= 0)) {
      return cli_usage_error(
          "--weights: '%s' is not of the form name=value with a value that is "
          "not negative",
          item);
    }
    weights[k] = value;
  }
  return CLI_OK;
}

static void print_terms(const ude_layout *layout, const double *terms) {
  for (int64_t k = 0; k < layout->count; k++) {
    char              name[256];
    const ude_member *member = ude_layout_member(layout, k);
    fprintf(stderr, "%s = %.6g%s\n", ude_layout_name(layout, k, "loss", name, sizeof name),
            terms[k], member && member->metric ? " (reported only)" : "");
  }
}

static int train(const cli_options *options, const cli_model *model, const double *weights,
                 double *terms) {
  cli_progress_state progress = cli_progress_begin(options->quiet);
  char              *settings = cli_settings_write(options);
  ude_error          error    = {0};
  ude_batch_result   result   = {0};
  ude_batch_options  batch    = {.batch            = options->batch,
                                 .iterations       = options->iterations,
                                 .rate             = options->rate,
                                 .decay            = options->decay,
                                 .weights          = weights,
                                 .balance          = options->balance,
                                 .samples          = options->samples,
                                 .seed             = (uint64_t)options->seed,
                                 .threads          = (int)options->threads,
                                 .max_seconds      = options->max_seconds,
                                 .folder           = options->output,
                                 .settings_json    = settings,
                                 .resume           = options->resume,
                                 .progress         = cli_progress,
                                 .progress_context = &progress};
  cli_catch_interrupt();
  ude_status status = settings
                          ? ude_batch_fit(model->field, &batch, model->p, terms, &result, &error)
                          : ude_fail_memory(&error, "the training");
  cli_progress_end(&progress);
  free(settings);
  if (status == UDE_OK || status == UDE_INTERRUPTED) {
    fprintf(stderr, "loss %.6g -> %.6g; %lld variables, %lld iterations of %lld samples, %.2f s\n",
            result.first_loss, result.loss, (long long)result.variables,
            (long long)result.iterations, (long long)(options->batch ? options->batch : 128),
            result.seconds);
    print_terms(&model->field->terms, terms);
    if (result.failed > 0) {
      fprintf(stderr, "%lld iterations were passed over: their gradient was not finite\n",
              (long long)result.failed);
    }
    fprintf(stderr, "run folder: %s\n", options->output);
  }
  return status ? cli_fail(&error, status) : CLI_OK;
}

int cli_batch(const cli_options *options) {
  cli_model model;
  int       code = cli_model_open(options, UDE_DERIVATIVE_VJP, &model);
  if (code) {
    return code;
  }
  const ude_layout *terms   = &model.field->terms;
  double           *weights = ude_calloc((size_t)terms->count, sizeof *weights);
  double           *means   = ude_calloc((size_t)terms->count, sizeof *means);
  if (!model.field->loss.value) {
    code = cli_usage_error(
        "fit needs data: name at least one CSV file (a model that defines loss "
        "and draw is trained without)");
  } else if (options->repeat) {
    code = cli_usage_error("--repeat is for fits to data");
  } else if (!weights || !means) {
    code = cli_usage_error("out of memory");
  } else {
    code = read_weights(options, terms, weights);
  }
  code = code ? code : train(options, &model, weights, means);
  free(weights);
  free(means);
  cli_model_close(&model);
  return code;
}
