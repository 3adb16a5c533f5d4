/* ude solve */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/plot.h"

static void print_csv(const ude_vector_field *field, const ude_solution *solution) {
  fputs("t", stdout);
  for (int64_t j = 0; j < field->state.count; j++) {
    char name[256];
    printf(",%s", ude_layout_name(&field->state, j, "u", name, sizeof name));
  }
  putchar('\n');
  for (int64_t i = 0; i < ude_solution_count(solution); i++) {
    const double *u = ude_solution_state(solution, i);
    printf("%.17g", ude_solution_time(solution, i));
    for (int64_t j = 0; j < field->state.count; j++) {
      printf(",%.17g", u[j]);
    }
    putchar('\n');
  }
}

static void print_json(const ude_vector_field *field, const ude_solution *solution) {
  fputs("{\"retcode\":", stdout);
  cli_json_string(stdout, ude_retcode_name(ude_solution_result(solution)->retcode));
  fputs(",\"names\":[", stdout);
  for (int64_t j = 0; j < field->state.count; j++) {
    char name[256];
    fputs(j ? "," : "", stdout);
    cli_json_string(stdout, ude_layout_name(&field->state, j, "u", name, sizeof name));
  }
  fputs("],\"t\":[", stdout);
  int64_t count = ude_solution_count(solution);
  for (int64_t i = 0; i < count; i++) {
    fputs(i ? "," : "", stdout);
    cli_json_number(stdout, ude_solution_time(solution, i));
  }
  fputs("],\"u\":[", stdout);
  for (int64_t i = 0; i < count; i++) {
    const double *u = ude_solution_state(solution, i);
    fputs(i ? ",[" : "[", stdout);
    for (int64_t j = 0; j < field->state.count; j++) {
      fputs(j ? "," : "", stdout);
      cli_json_number(stdout, u[j]);
    }
    putchar(']');
  }
  fputs("]}\n", stdout);
}

static void print_stats(const ude_solve_result *result, double seconds) {
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
  fputs(",\"t\":", stderr);
  cli_json_number(stderr, result->t);
  fputs(",\"seconds\":", stderr);
  cli_json_number(stderr, seconds);
  fputs("}\n", stderr);
}

static int run(const cli_options *options) {
  bool json = options->format && strcmp(options->format, "json") == 0;
  if (options->format && !json && strcmp(options->format, "csv") != 0) {
    return cli_usage_error("--format: '%s' is neither csv nor json", options->format);
  }
  cli_model         model;
  double           *times    = NULL;
  ude_solution     *solution = NULL;
  ude_solve_options solve;
  int code = cli_model_open(options, cli_solver_derivatives(options, false) | CLI_OPTIONAL, &model);
  if (code) {
    return code;
  }
  code = cli_model_need(&model, true, true);
  if (code == CLI_OK) {
    code = cli_solve_options(options, model.tspan[0], model.tspan[1], &solve, &times);
  }
  if (code == CLI_OK) {
    cli_catch_interrupt();
    ude_error  error  = {0};
    double     start  = ude_clock();
    ude_status status = ude_solve(model.field, model.u0, model.p, model.tspan[0], model.tspan[1],
                                  &solve, &solution, &error);
    if (solution) {
      double seconds = ude_clock() - start;
      (json ? print_json : print_csv)(model.field, solution);
      if (options->plot) {
        cli_plot_solution(model.field, solution);
      }
      if (options->stats) {
        print_stats(ude_solution_result(solution), seconds);
      }
    }
    code = status ? cli_fail(&error, status) : CLI_OK;
  }
  ude_solution_free(solution);
  free(times);
  cli_model_close(&model);
  return code;
}

const cli_verb cli_solve = {
    .name    = "solve",
    .usage   = "MODEL.c [MORE.c ...] [options]",
    .summary = "solve and print the trajectory as CSV or JSON",
    .options =
        "method rtol atol step max-step tspan u0 p params saveat max-steps format stats plot "
        "define clang "
        "cache no-cache specialise",
    .details =
        "Prints what was reached also when the solve fails (status 1, reason on standard error).",
    .run = run};
