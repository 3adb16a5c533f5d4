/* A C program that fills a vector field with callbacks and solves u' = -p u without LLVM. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <ude/solve.h>

static int rhs(double *du, const double *u, const double *p, double t, void *context) {
  (void)t;
  ++*(long *)context;
  du[0] = -p[0] * u[0];
  return 0;
}

int main(void) {
  long             calls = 0;
  ude_vector_field field = {
      .name  = "decay",
      .state = {.count = 1},
      .param = {.count = 1},
      .rhs   = {.rows = 1, .columns = 1, .value = rhs, .context = &calls},
  };
  const double      u0[]     = {2};
  const double      p[]      = {0.5};
  ude_solve_options options  = {.rtol = 1e-9, .atol = 1e-12};
  ude_solution     *solution = NULL;
  ude_error         error    = {0};
  if (strcmp(ude_version(), UDE_VERSION_TEXT) != 0) {
    fprintf(stderr, "library %s, headers %s\n", ude_version(), UDE_VERSION_TEXT);
    return 1;
  }
  if (ude_solve(&field, u0, p, 0, 4, &options, &solution, &error) != UDE_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  double last     = ude_solution_state(solution, ude_solution_count(solution) - 1)[0];
  double expected = 2 * exp(-2.0);
  ude_solution_free(solution);
  if (fabs(last - expected) > 1e-8 || calls == 0) {
    fprintf(stderr, "u(4) = %.17g, expected %.17g, %ld calls\n", last, expected, calls);
    return 1;
  }
  return 0;
}
