/* Shifted systems: choice of the structure and dispatch. */
#include <stdlib.h>

#include "linalg/linear.h"

struct ude_linear {
  int64_t                     n;
  ude_linear_kind             kind;
  bool                        has_pattern;
  ude_shifted                 shifted;
  const ude_linear_structure *structure;
  void                       *work;
};

enum { MOST_DENSE = 2000, MOST_BAND = 64 };

static const double most_sparse_operations = 5e6;

static ude_linear_kind choose(int64_t n, const ude_shifted *shifted) {
  if (n <= UDE_TINY || (!shifted && n <= MOST_DENSE)) {
    return UDE_LINEAR_DENSE;
  }
  if (!shifted) {
    return UDE_LINEAR_KRYLOV;
  }
  int64_t width = shifted->below + shifted->above + 1;
  if (width <= MOST_BAND && 8 * width < n) {
    return UDE_LINEAR_BAND;
  }
  if (n <= MOST_DENSE && 3 * shifted->start[n] > n * n) {
    return UDE_LINEAR_DENSE;
  }
  return ude_linear_sparse_cost(shifted) <= most_sparse_operations ? UDE_LINEAR_SPARSE
                                                                   : UDE_LINEAR_KRYLOV;
}

static ude_status make(ude_linear *linear, const ude_linear_options *options, ude_error *error) {
  const ude_shifted *shifted = linear->has_pattern ? &linear->shifted : NULL;
  ude_linear_maker  *maker   = NULL;
  switch (linear->kind) {
  case UDE_LINEAR_DENSE:
    maker = linear->n <= UDE_TINY ? ude_linear_make_tiny : ude_linear_make_dense;
    break;
  case UDE_LINEAR_BAND: maker = shifted ? ude_linear_make_band : NULL; break;
  case UDE_LINEAR_SPARSE: maker = shifted ? ude_linear_make_sparse : NULL; break;
  case UDE_LINEAR_KRYLOV: maker = ude_linear_make_krylov; break;
  default: break;
  }
  if (!maker) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "linear solver: band and sparse factorisations need a sparsity pattern");
  }
  if (linear->kind == UDE_LINEAR_KRYLOV && options->complex_shift) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "linear solver: GMRES has no complex shift; use a direct solver");
  }
  return maker(linear->n, shifted, options, &linear->work, &linear->structure, error);
}

ude_status ude_linear_create(int64_t n, const ude_linear_options *options, ude_linear **linear,
                             ude_error *error) {
  static const ude_linear_options defaults = {0};
  options                                  = options ? options : &defaults;
  *linear                                  = NULL;
  if (n < 0 || n > INT32_MAX || (options->start && !options->row && options->start[n] > 0)) {
    return ude_fail(
        error, UDE_INVALID_ARGUMENT,
        "linear solver: %lld unknowns (must be in 0 to 2^31 - 1) or a pattern without rows",
        (long long)n);
  }
  ude_linear *made = ude_calloc(1, sizeof *made);
  if (!made) {
    return ude_fail_memory(error, "a linear solver");
  }
  made->n           = n;
  made->has_pattern = options->start != NULL;
  ude_status status = UDE_OK;
  if (made->has_pattern) {
    status = ude_shifted_make(n, options->start, options->row, &made->shifted, error);
  }
  if (status == UDE_OK) {
    made->kind = options->kind != UDE_LINEAR_AUTO && n > 0
                     ? options->kind
                     : choose(n, made->has_pattern ? &made->shifted : NULL);
    if (options->kind == UDE_LINEAR_AUTO && made->kind == UDE_LINEAR_KRYLOV &&
        options->complex_shift && made->has_pattern) {
      made->kind = UDE_LINEAR_SPARSE;
    }
    status = make(made, options, error);
  }
  if (status) {
    ude_linear_free(made);
    return status;
  }
  *linear = made;
  return UDE_OK;
}

void ude_linear_free(ude_linear *linear) {
  if (linear) {
    if (linear->work) {
      linear->structure->free(linear->work);
    }
    ude_shifted_free(&linear->shifted);
    free(linear);
  }
}

ude_linear_kind ude_linear_kind_used(const ude_linear *linear) {
  return linear->kind;
}

const char *ude_linear_description(const ude_linear *linear) {
  return linear->structure->description;
}

int64_t ude_linear_entries(const ude_linear *linear) {
  return linear->has_pattern ? linear->shifted.entries : linear->n * linear->n;
}

void ude_linear_set_operator(ude_linear *linear, ude_linear_apply_fn apply, void *context) {
  if (linear->kind == UDE_LINEAR_KRYLOV) {
    ude_krylov_set_operator(linear->work, apply, context);
  }
}

void ude_linear_set_tolerance(ude_linear *linear, double tolerance) {
  if (linear->kind == UDE_LINEAR_KRYLOV) {
    ude_krylov_set_tolerance(linear->work, tolerance);
  }
}

int64_t ude_linear_iterations(const ude_linear *linear) {
  return linear->kind == UDE_LINEAR_KRYLOV ? ude_krylov_iterations(linear->work) : 0;
}

int ude_linear_factor(ude_linear *linear, double alpha, const double *mass,
                      const double *jacobian) {
  return linear->structure->factor(linear->work, alpha, mass, jacobian);
}

int ude_linear_factor_complex(ude_linear *linear, double alpha, double beta, const double *mass,
                              const double *jacobian) {
  return linear->structure->factor_complex
             ? linear->structure->factor_complex(linear->work, CMPLX(alpha, beta), mass, jacobian)
             : 1;
}

int ude_linear_solve(ude_linear *linear, int64_t right, bool transposed, double *b) {
  return linear->structure->solve(linear->work, right, transposed, b);
}

int ude_linear_solve_complex(ude_linear *linear, bool transposed, double *real, double *imaginary) {
  return linear->structure->solve_complex
             ? linear->structure->solve_complex(linear->work, transposed, real, imaginary)
             : 1;
}
