/* ude grad: a loss and its gradient. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/select.h"

/** Which gradient, and where it goes. */
typedef struct request {
  bool              state, all, time;
  double            t_bar[2];                /**< of start and end of the span */
  ude_estimate_term term[UDE_ESTIMATE_MOST]; /**< of --heuristics */
  int64_t           terms;
  double           *p_bar, *u0_bar;
  double            value;
  ude_solve_result  result;
  size_t            bytes;    /**< that the gradient kept of solutions */
  char              how[192]; /**< what auto picked and why */
} request;

static void print_gradient(const cli_model *model, const request *want) {
  const ude_layout *layout = want->state ? &model->field->state : &model->field->param;
  const double     *values = want->state ? want->u0_bar : want->p_bar;
  bool              first  = true;
  fputs("\"gradient\":{", stdout);
  if (want->time) {
    fputs("\"t0\":", stdout);
    cli_json_number(stdout, want->t_bar[0]);
    fputs(",\"t1\":", stdout);
    cli_json_number(stdout, want->t_bar[1]);
    putchar('}');
    return;
  }
  for (int64_t i = 0; i < layout->count; i++) {
    const ude_member *member = ude_layout_member(layout, i);
    char              name[256];
    if (!want->state && !want->all && member && member->fixed) {
      continue;
    }
    fputs(first ? "" : ",", stdout);
    first = false;
    cli_json_string(stdout, ude_layout_name(layout, i, want->state ? "u" : "p", name, sizeof name));
    putchar(':');
    cli_json_number(stdout, values[i]);
  }
  putchar('}');
}

static int check_finite(const cli_model *model, const request *want) {
  const ude_layout *layout = want->state ? &model->field->state : &model->field->param;
  const double     *values = want->state ? want->u0_bar : want->p_bar;
  for (int64_t i = 0; i < layout->count; i++) {
    if (!isfinite(values[i])) {
      char name[256];
      fprintf(stderr, "ude: the derivative with respect to '%s' is not finite\n",
              ude_layout_name(layout, i, want->state ? "u" : "p", name, sizeof name));
      return CLI_FAILURE;
    }
  }
  return CLI_OK;
}

static void print_json(const cli_model *model, const request *want, const char *method) {
  fputs("{\"loss\":", stdout);
  cli_json_number(stdout, want->value);
  putchar(',');
  print_gradient(model, want);
  printf(
      ",\"wrt\":\"%s\",\"sensitivity\":\"%s\",\"method\":\"%s\",\"steps\":%lld,\"rejected\":%lld}"
      "\n",
      want->state  ? "state"
      : want->time ? "time"
      : want->all  ? "all"
                   : "param",
      method, want->result.method, (long long)want->result.steps, (long long)want->result.rejected);
}

/* Terminal and running cost over the time span. */
static int cost_gradient(const cli_model *model, const ude_sensitivity_options *sensitivity,
                         request *want) {
  const ude_vector_field *field = model->field;
  ude_cost                cost  = {.terminal  = field->terminal_cost.value != NULL,
                                   .running   = field->running_cost.value != NULL,
                                   .t0_bar    = want->time ? &want->t_bar[0] : NULL,
                                   .t1_bar    = want->time ? &want->t_bar[1] : NULL,
                                   .estimates = want->terms,
                                   .estimate  = want->term};
  ude_sensitivity        *s     = NULL;
  ude_error               error = {0};
  if (!cost.terminal && !cost.running && want->terms == 0) {
    return cli_usage_error(
        "grad needs data (a CSV file), or a model that defines terminal_cost or "
        "running_cost");
  }
  int code = cli_model_need(model, true, true);
  if (code) {
    return code;
  }
  ude_status status = ude_sensitivity_create(field, sensitivity, &s, &error);
  if (status == UDE_OK) {
    status = ude_cost_gradient(s, model->u0, model->p, model->tspan[0], model->tspan[1], &cost,
                               &want->value, want->u0_bar, want->p_bar, &want->result, &error);
  }
  if (status == UDE_OK) {
    want->bytes = ude_sensitivity_bytes(s);
    snprintf(want->how, sizeof want->how, "%s", ude_sensitivity_picked(s));
  }
  if (status == UDE_OK && !want->state && model->u0_from_initial) {
    status =
        ude_initial_pullback(field, model->p, model->tspan[0], want->u0_bar, want->p_bar, &error);
  }
  ude_sensitivity_free(s);
  return status ? cli_fail(&error, status) : CLI_OK;
}

static int data_gradient(const cli_options *options, const cli_model *model,
                         const ude_sensitivity_options *sensitivity, request *want) {
  ude_fit_options fit    = {.solve       = sensitivity->solve,
                            .sensitivity = sensitivity->method,
                            .regularise  = options->regularise,
                            .estimates   = want->terms,
                            .estimate    = want->term,
                            .u0 = model->u0_from_initial || !model->has_u0 ? NULL : model->u0};
  ude_dataset    *data   = NULL;
  ude_loss       *loss   = NULL;
  ude_error       error  = {0};
  ude_status      status = UDE_OK;
  if (options->initial) {
    status = ude_initial_policy_parse(options->initial, &fit.initial, &error);
  }
  if (status == UDE_OK) {
    status = ude_dataset_read(options->data.item, options->data.count, model->field, NULL, &data,
                              &error);
  }
  if (status == UDE_OK && want->state && data->trajectories > 1) {
    status = ude_fail(&error, UDE_INVALID_ARGUMENT,
                      "--wrt state needs data of a single trajectory, but there are %lld",
                      (long long)data->trajectories);
  }
  double *starts = NULL;
  if (status == UDE_OK) {
    starts = ude_calloc((size_t)(data->trajectories * model->field->state.count), sizeof *starts);
    status = starts ? ude_loss_create(model->field, data, &fit, model->p, &loss, &error)
                    : ude_fail_memory(&error, "the gradient");
  }
  if (status == UDE_OK) {
    status =
        ude_loss_gradient(loss, model->p, &want->value, want->p_bar, starts, &want->result, &error);
  }
  if (status == UDE_OK) {
    memcpy(want->u0_bar, starts, (size_t)model->field->state.count * sizeof *starts);
    want->bytes = ude_sensitivity_bytes(ude_loss_sensitivity(loss));
    snprintf(want->how, sizeof want->how, "%s", ude_sensitivity_picked(ude_loss_sensitivity(loss)));
  }
  free(starts);
  ude_loss_free(loss);
  ude_dataset_free(data);
  return status ? cli_fail(&error, status) : CLI_OK;
}

/* -------------------------------------------------------------------------------- all of them -- */

static int one_gradient(const cli_options *options, const cli_model *model,
                        const ude_sensitivity_options *sensitivity, request *want) {
  return options->data.count > 0 ? data_gradient(options, model, sensitivity, want)
                                 : cost_gradient(model, sensitivity, want);
}

/* Largest difference from the exact gradient over its largest entry. */
static double distance(const cli_model *model, const request *a, const request *exact) {
  int64_t count = a->state ? model->field->state.count : model->field->param.count;
  double  apart = 0;
  double  scale = 0;
  for (int64_t i = 0; i < count; i++) {
    double one = a->state ? a->u0_bar[i] : a->p_bar[i];
    double two = exact->state ? exact->u0_bar[i] : exact->p_bar[i];
    apart      = fmax(apart, fabs(one - two));
    scale      = fmax(scale, fabs(two));
  }
  return scale > 0 ? apart / scale : apart;
}

/* Every method's gradient, how far it is from the exact one (the discrete adjoint by vern9, or by radau for stiff and algebraic models,
 * at a tight tolerance), time and memory. A method that does not suit says why and leaves the others be. */
static int all_gradients(const cli_options *options, const cli_model *model,
                         const ude_sensitivity_options *given, request *want) {
  request                 exact = *want;
  ude_sensitivity_options tight = *given;
  size_t                  np    = (size_t)model->field->param.count;
  size_t                  n     = (size_t)model->field->state.count;
  bool                    stiff =
      model->field->mass || ude_method_needs_hessian(options->method) ||
      (options->method &&
       (strcmp(options->method, "radau") == 0 || strcmp(options->method, "kencarp4") == 0 ||
        strcmp(options->method, "trbdf2") == 0 || strcmp(options->method, "cvode_bdf") == 0));
  exact.p_bar        = ude_calloc(np, sizeof(double));
  exact.u0_bar       = ude_calloc(n, sizeof(double));
  tight.method       = UDE_SENSITIVITY_ADJOINT;
  tight.solve.method = stiff ? "radau" : "vern9";
  tight.solve.rtol   = stiff ? 1e-11 : 1e-12;
  tight.solve.atol   = stiff ? 1e-13 : 1e-14;
  int  code          = exact.p_bar && exact.u0_bar ? one_gradient(options, model, &tight, &exact)
                                                   : cli_usage_error("out of memory");
  bool first         = true;
  if (code == CLI_OK) {
    printf("{\"exact\":\"%s\",\"loss\":", exact.result.method);
    cli_json_number(stdout, exact.value);
    fputs(",\"methods\":[", stdout);
  }
  for (int m = UDE_SENSITIVITY_AUTO + 1; m < UDE_SENSITIVITY_METHODS && code == CLI_OK; m++) {
    ude_sensitivity_options options_m = *given;
    options_m.method                  = (ude_sensitivity_method)m;
    double started                    = ude_clock();
    memset(want->p_bar, 0, np * sizeof(double));
    memset(want->u0_bar, 0, n * sizeof(double));
    if (one_gradient(options, model, &options_m, want)) { /* it has said why */
      fprintf(stderr, "ude: %s: left out\n",
              ude_sensitivity_method_name((ude_sensitivity_method)m));
      continue;
    }
    double seconds = ude_clock() - started;
    printf("%s\n{\"sensitivity\":\"%s\",\"distance\":", first ? "" : ",",
           ude_sensitivity_method_name((ude_sensitivity_method)m));
    first = false;
    cli_json_number(stdout, distance(model, want, &exact));
    printf(",\"seconds\":%.3g,\"bytes\":%zu,", seconds, want->bytes);
    print_gradient(model, want);
    putchar('}');
  }
  if (code == CLI_OK) {
    puts("]}");
  }
  free(exact.p_bar);
  free(exact.u0_bar);
  return code;
}

static int run(const cli_options *options) {
  request                 want        = {0};
  ude_sensitivity_options sensitivity = {0};
  ude_error               error       = {0};
  double                 *times       = NULL;
  double                 *atol        = NULL;
  cli_model               model;
  if (options->wrt) {
    want.state = strcmp(options->wrt, "state") == 0;
    want.all   = strcmp(options->wrt, "all") == 0;
    want.time  = strcmp(options->wrt, "time") == 0;
    if (!want.state && !want.all && !want.time && strcmp(options->wrt, "param") != 0) {
      return cli_usage_error("--wrt: '%s' is none of param, state, all, time", options->wrt);
    }
    if (want.time && options->data.count > 0) {
      return cli_usage_error(
          "--wrt time is there for terminal_cost and running_cost: data stay "
          "at their times");
    }
  }
  if (options->format && strcmp(options->format, "json") != 0) {
    return cli_usage_error("--format: '%s': grad prints json", options->format);
  }
  sensitivity.method = UDE_SENSITIVITY_ADJOINT;
  bool every         = options->sensitivity && strcmp(options->sensitivity, "all") == 0;
  if (options->sensitivity && !every) {
    ude_status status =
        ude_sensitivity_method_parse(options->sensitivity, &sensitivity.method, &error);
    if (status) {
      return cli_fail(&error, status);
    }
  }
  /* The forward mode needs transposed products too, of costs and observations. */
  unsigned derivatives = sensitivity.method == UDE_SENSITIVITY_ADJOINT && !every
                             ? UDE_DERIVATIVE_VJP
                             : UDE_DERIVATIVE_VJP | UDE_DERIVATIVE_JVP;
  derivatives |= cli_solver_derivatives(options, true);
  int code = cli_heuristics(options, want.term, &want.terms);
  code     = code ? code : cli_model_open(options, derivatives, &model);
  if (code) {
    return code;
  }
  code = cli_solve_options(options, model.tspan[0], model.tspan[1], &sensitivity.solve, &times);
  if (code == CLI_OK) {
    code = cli_tolerances(options, &model.field->state, &sensitivity.solve, &atol);
  }
  want.p_bar  = ude_calloc((size_t)model.field->param.count, sizeof *want.p_bar);
  want.u0_bar = ude_calloc((size_t)model.field->state.count, sizeof *want.u0_bar);
  if (code == CLI_OK && (!want.p_bar || !want.u0_bar)) {
    code = cli_usage_error("out of memory");
  }
  if (code == CLI_OK) {
    cli_catch_interrupt();
    code = every ? all_gradients(options, &model, &sensitivity, &want)
                 : one_gradient(options, &model, &sensitivity, &want);
  }
  if (code == CLI_OK && !every) {
    print_json(&model, &want, ude_sensitivity_method_name(sensitivity.method));
    if (want.how[0]) {
      fprintf(stderr, "sensitivity %s\n", want.how);
    }
    code = check_finite(&model, &want);
  }
  free(times);
  free(atol);
  free(want.p_bar);
  free(want.u0_bar);
  cli_model_close(&model);
  return code;
}

const cli_verb cli_grad = {
    .name       = "grad",
    .takes      = CLI_TAKES_DATA,
    .tolerances = true,
    .usage      = "MODEL.c [MORE.c ...] [DATA.csv] [options]",
    .summary    = "loss and gradient against data, or of the model's cost functions, as JSON",
    .options =
        "sensitivity wrt method rtol atol step max-step tspan u0 p params initial regularise "
        "heuristics "
        "max-steps format "
        "define clang cache no-cache specialise",
    .details =
        "With data the loss is the sum of squares over all observed cells. Without data it is\n"
        "terminal_cost at the end of the time span plus the integral of running_cost. The gradient "
        "is\n"
        "that of the steps taken: adjoint and forward agree to rounding. --sensitivity all prints "
        "every method's gradient, its\n"
        "distance from the exact one, time and memory. --wrt param gives the "
        "trained\n"
        "parameters, all also the const ones, state the initial state, time the start and the end "
        "of the\n"
        "time span. Events count with the derivative of the time at which they happen.",
    .run = run};
