/* A C program that compiles a model at run time and evaluates its derivative. */
#include <math.h>
#include <stdio.h>

#include <ude/compiler.h>

int main(int argc, char **argv) {
  if (argc != 2) {
    return 2;
  }
  const char         *files[] = {argv[1]};
  ude_compile_options options = {.derivatives = UDE_DERIVATIVE_VJP};
  ude_model          *model   = NULL;
  ude_error           error   = {0};
  if (ude_model_compile(files, 1, &options, &model, &error) != UDE_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  const ude_vector_field *field = ude_model_vector_field(model);
  const double            u[]   = {3};
  const double            p[]   = {0.5};
  const double            y[]   = {1};
  double                  u_bar = 0;
  double                  p_bar = 0;
  int code = field->rhs.vjp(u, p, 0, y, &u_bar, &p_bar, NULL, field->rhs.context);
  ude_model_free(model);
  if (code != 0 || fabs(u_bar + 0.5) > 1e-15 || fabs(p_bar + 3) > 1e-15) {
    fprintf(stderr, "vjp: %d, %g, %g\n", code, u_bar, p_bar);
    return 1;
  }
  return 0;
}
