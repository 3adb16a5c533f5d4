/* Time per gradient of a loss through the solver: the Lotka-Volterra universal differential equation and its data (87 weights, 31 rows
 * of two states, Tsit5 and Vern7), by the adjoint and by tangents. Peer: the loss alone, that is one solve with its dense output. */
#include <stdio.h>
#include <stdlib.h>

#include <ude/compiler.h>
#include <ude/fit.h>

static void check(ude_status status, const ude_error *error) {
  if (status) {
    fprintf(stderr, "loss_gradient: %s\n", error->message);
    exit(1);
  }
}

/* Least time of a call in microseconds. */
static double least(ude_loss *loss, const double *theta, double *gradient) {
  enum { ROUNDS = 7, CALLS = 200 };
  ude_error error = {0};
  double    best  = 1e300;
  for (int r = 0; r < ROUNDS; r++) {
    double start = ude_clock();
    for (int i = 0; i < CALLS; i++) {
      double value = 0;
      check(ude_loss_evaluate(loss, theta, &value, gradient, &error), &error);
    }
    double each = (ude_clock() - start) / CALLS;
    best        = each < best ? each : best;
  }
  return 1e6 * best;
}

static void compare(const ude_vector_field *field, const ude_dataset *data, const double *p,
                    double *theta, double *gradient, const char *method, double tolerance) {
  static const struct {
    const char            *name;
    ude_sensitivity_method sensitivity;
  } ways[]     = {{"adjoint", UDE_SENSITIVITY_ADJOINT}, {"forward", UDE_SENSITIVITY_FORWARD}};
  double alone = 0;
  for (int way = -1; way < 2; way++) {
    ude_error       error   = {0};
    ude_loss       *loss    = NULL;
    ude_fit_options options = {.solve = {.method = method, .rtol = tolerance, .atol = tolerance},
                               .sensitivity = ways[way < 0 ? 0 : way].sensitivity,
                               .initial     = UDE_INITIAL_DATA};
    check(ude_loss_create(field, data, &options, p, &loss, &error), &error);
    ude_loss_start(loss, theta);
    double time = least(loss, theta, way < 0 ? NULL : gradient);
    alone       = way < 0 ? time : alone;
    printf("%-8s %7.0e  %-10s %9.1f %7.2f\n", method, tolerance, way < 0 ? "loss" : ways[way].name,
           time, time / alone);
    ude_loss_free(loss);
  }
}

int main(void) {
  const char         *file    = UDE_SOURCE_DIR "/examples/lotka_volterra/model.c";
  const char         *csv     = UDE_SOURCE_DIR "/examples/lotka_volterra/data.csv";
  ude_compile_options compile = {.derivatives = UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP};
  ude_model          *model   = NULL;
  ude_dataset        *data    = NULL;
  ude_error           error   = {0};
  check(ude_model_compile(&file, 1, &compile, &model, &error), &error);
  const ude_vector_field *field    = ude_model_vector_field(model);
  double                 *p        = ude_calloc((size_t)field->param.count, sizeof *p);
  double                 *theta    = ude_calloc((size_t)field->param.count, sizeof *theta);
  double                 *gradient = ude_calloc((size_t)field->param.count, sizeof *gradient);
  check(ude_dataset_read(&csv, 1, field, NULL, &data, &error), &error);
  if (!p || !theta || !gradient) {
    fputs("loss_gradient: out of memory\n", stderr);
    return 1;
  }
  for (int64_t i = 0; i < field->param.count; i++) {
    p[i] = field->p0[i];
  }
  ude_initialise(field, 1, p);
  printf("%-8s %7s  %-10s %9s %7s\n", "method", "rtol", "", "us each", "ratio");
  compare(field, data, p, theta, gradient, "tsit5", 1e-6);
  compare(field, data, p, theta, gradient, "vern7", 1e-6);
  compare(field, data, p, theta, gradient, "vern7", 1e-12);
  free(p);
  free(theta);
  free(gradient);
  ude_dataset_free(data);
  ude_model_free(model);
  return 0;
}
