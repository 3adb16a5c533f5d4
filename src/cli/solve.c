/* ude solve */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/plot.h"
#include "cli/select.h"

/** What is printed, and where events go. */
typedef struct printer {
  const ude_vector_field *field;
  cli_selection           columns;
  ude_text                events; /**< CSV of the events, for --events-out */
  bool                    wants_events;
  double                  flushed; /**< clock */
  bool                    begun;   /**< the header is printed */
} printer;

/* ------------------------------------------------------------------------------------ rows -- */

static void print_header(printer *to) {
  if (to->begun) {
    return;
  }
  to->begun = true;
  fputs("t", stdout);
  for (int64_t j = 0; j < to->columns.count; j++) {
    char name[256];
    printf(",%s", ude_layout_name(&to->field->state, to->columns.index[j], "u", name, sizeof name));
  }
  putchar('\n');
}

/* Rows of a slow solve are seen as they come: what waits in the buffer is a fifth of a second old at most when the next one comes. */
static int print_row(double t, const double *u, void *context) {
  const double patience = 0.2;
  printer     *to       = context;
  print_header(to);
  printf("%.17g", t);
  for (int64_t j = 0; j < to->columns.count; j++) {
    printf(",%.17g", u[to->columns.index[j]]);
  }
  putchar('\n');
  double now = ude_clock();
  if (now - to->flushed > patience) {
    to->flushed = now;
    fflush(stdout);
  }
  return ferror(stdout);
}

static int print_event(double t, int64_t event, const double *u_before, void *context) {
  printer *to = context;
  char     number[32];
  if (to->wants_events) {
    ude_text_append(&to->events, "%s,%lld", ude_format_real(t, number), (long long)event);
    for (int64_t j = 0; j < to->columns.count; j++) {
      ude_text_append(&to->events, ",%s", ude_format_real(u_before[to->columns.index[j]], number));
    }
    ude_text_append(&to->events, "\n");
  }
  return to->events.failed;
}

static void begin_events(printer *to) {
  ude_text_append(&to->events, "t,event");
  for (int64_t j = 0; j < to->columns.count; j++) {
    char name[256];
    ude_text_append(
        &to->events, ",%s",
        ude_layout_name(&to->field->state, to->columns.index[j], "u", name, sizeof name));
  }
  ude_text_append(&to->events, "\n");
}

/* ------------------------------------------------------------------------------------ json -- */

static void json_state(const printer *to, const double *u) {
  putchar('[');
  for (int64_t j = 0; j < to->columns.count; j++) {
    fputs(j ? "," : "", stdout);
    cli_json_number(stdout, u[to->columns.index[j]]);
  }
  putchar(']');
}

static void print_json(const printer *to, const ude_solution *solution) {
  fputs("{\"retcode\":", stdout);
  cli_json_string(stdout, ude_retcode_name(ude_solution_result(solution)->retcode));
  fputs(",\"names\":[", stdout);
  for (int64_t j = 0; j < to->columns.count; j++) {
    char name[256];
    fputs(j ? "," : "", stdout);
    cli_json_string(
        stdout, ude_layout_name(&to->field->state, to->columns.index[j], "u", name, sizeof name));
  }
  fputs("],\"t\":[", stdout);
  int64_t count = ude_solution_count(solution);
  for (int64_t i = 0; i < count; i++) {
    fputs(i ? "," : "", stdout);
    cli_json_number(stdout, ude_solution_time(solution, i));
  }
  fputs("],\"u\":[", stdout);
  for (int64_t i = 0; i < count; i++) {
    fputs(i ? "," : "", stdout);
    json_state(to, ude_solution_state(solution, i));
  }
  putchar(']');
  const ude_events *events = &to->field->events;
  if (events->count + events->schedule_count > 0) {
    fputs(",\"events\":[", stdout);
    for (int64_t i = 0; i < ude_solution_event_count(solution); i++) {
      fputs(i ? ",{\"t\":" : "{\"t\":", stdout);
      cli_json_number(stdout, ude_solution_event_time(solution, i));
      printf(",\"event\":%lld,\"u\":", (long long)ude_solution_event(solution, i));
      json_state(to, ude_solution_event_state(solution, i));
      putchar('}');
    }
    putchar(']');
  }
  fputs("}\n", stdout);
}

static void print_stats(const printer *to, const ude_solve_result *result, double seconds) {
  fprintf(stderr,
          "{\"method\":\"%s\",\"retcode\":\"%s\",\"steps\":%lld,\"rejected\":%lld,\"rhs\":%lld",
          result->method, ude_retcode_name(result->retcode), (long long)result->steps,
          (long long)result->rejected, (long long)result->rhs_calls);
  if (result->jacobians > 0) {
    fprintf(
        stderr,
        ",\"jacobians\":%lld,\"factorisations\":%lld,\"linear_solves\":%lld,\"iterations\":%lld",
        (long long)result->jacobians, (long long)result->factorisations,
        (long long)result->linear_solves, (long long)result->iterations);
  }
  if (result->picked[0]) {
    fprintf(stderr, ",\"switches\":%lld,\"auto\":\"%s\"", (long long)result->switches,
            result->picked);
  }
  const ude_events *events = &to->field->events;
  if (events->count + events->schedule_count > 0) {
    fprintf(stderr, ",\"events\":%lld", (long long)result->events);
  }
  fputs(",\"t\":", stderr);
  cli_json_number(stderr, result->t);
  fputs(",\"seconds\":", stderr);
  cli_json_number(stderr, seconds);
  fputs("}\n", stderr);
}

/* ----------------------------------------------------------------------------------- solve -- */

/* Rows as they are computed; nothing is kept. */
static ude_status solve_rows(const cli_model *model, const ude_solve_options *solve, printer *to,
                             ude_solve_result *result, ude_error *error) {
  const ude_stream stream = {print_row, print_event, to};
  to->flushed             = ude_clock();
  ude_status status       = ude_solve_stream(model->field, model->u0, model->p, model->tspan[0],
                                             model->tspan[1], solve, &stream, result, error);
  if (result->method) { /* it began, though no row may have come */
    print_header(to);
  }
  return status;
}

/* The whole solution, for what needs it at once. */
static ude_status solve_whole(const cli_options *options, const cli_model *model, bool json,
                              const ude_solve_options *solve, printer *to, ude_solve_result *result,
                              ude_error *error) {
  ude_solution *solution = NULL;
  ude_status status = ude_solve(model->field, model->u0, model->p, model->tspan[0], model->tspan[1],
                                solve, &solution, error);
  if (solution) {
    *result = *ude_solution_result(solution);
    if (json) {
      print_json(to, solution);
    } else {
      print_header(to);
      for (int64_t i = 0; i < ude_solution_count(solution); i++) {
        print_row(ude_solution_time(solution, i), ude_solution_state(solution, i), to);
      }
    }
    for (int64_t i = 0; i < ude_solution_event_count(solution); i++) {
      print_event(ude_solution_event_time(solution, i), ude_solution_event(solution, i),
                  ude_solution_event_state(solution, i), to);
    }
    if (options->plot) {
      cli_plot_solution(model->field, solution);
    }
  }
  ude_solution_free(solution);
  return status;
}

static int print(const cli_options *options, const cli_model *model, bool json,
                 const ude_solve_options *solve, printer *to) {
  ude_error        error  = {0};
  ude_solve_result result = {0};
  double           start  = ude_clock();
  cli_catch_interrupt();
  ude_status status = json || options->plot
                          ? solve_whole(options, model, json, solve, to, &result, &error)
                          : solve_rows(model, solve, to, &result, &error);
  if (options->stats && result.method) {
    print_stats(to, &result, ude_clock() - start);
  }
  if (to->wants_events && result.method) { /* what a failed solve had, too */
    ude_error  own     = {0};
    ude_status written = to->events.failed ? ude_fail_memory(&own, "the events")
                                           : ude_file_write(options->events_out, to->events.data,
                                                            to->events.length, &own);
    if (written && status == UDE_OK) {
      return cli_fail(&own, written);
    }
  }
  return status ? cli_fail(&error, status) : CLI_OK;
}

static int run(const cli_options *options) {
  bool json = options->format && strcmp(options->format, "json") == 0;
  if (options->format && !json && strcmp(options->format, "csv") != 0) {
    return cli_usage_error("--format: '%s' is neither csv nor json", options->format);
  }
  cli_model         model;
  double           *times = NULL;
  double           *atol  = NULL;
  printer           to    = {.wants_events = options->events_out != NULL};
  ude_solve_options solve;
  int code = cli_model_open(options, cli_solver_derivatives(options, false) | CLI_OPTIONAL, &model);
  if (code) {
    return code;
  }
  to.field = model.field;
  code     = cli_model_need(&model, true, true);
  if (code == CLI_OK) {
    code = cli_select(&options->select, &model.field->state, &to.columns);
  }
  if (code == CLI_OK) {
    code = cli_solve_options(options, model.tspan[0], model.tspan[1], &solve, &times);
  }
  if (code == CLI_OK) {
    code = cli_tolerances(options, &model.field->state, &solve, &atol);
  }
  if (code == CLI_OK) {
    if (to.wants_events) {
      begin_events(&to);
    }
    code = print(options, &model, json, &solve, &to);
  }
  ude_text_free(&to.events);
  cli_selection_free(&to.columns);
  free(times);
  free(atol);
  cli_model_close(&model);
  return code;
}

const cli_verb cli_solve = {
    .name       = "solve",
    .usage      = "MODEL.c [MORE.c ...] [options]",
    .summary    = "solve and print the trajectory as CSV or JSON",
    .tolerances = true,
    .options =
        "method rtol atol step max-step tspan u0 p params saveat select events-out max-steps "
        "format stats plot define clang cache no-cache specialise",
    .details =
        "Rows are printed as they are computed (JSON and --plot need the whole solution first); "
        "what "
        "was\n"
        "reached also when the solve fails (status 1, reason on standard error). At an event the "
        "state\n"
        "before and the state after are two rows of the same time, where every step is printed; a "
        "save\n"
        "time on an event has the state before.",
    .run = run};
