/* Jacobian and factors of implicit methods. */
#include "solve/stiff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Without a pattern: up to here J is kept in full (as in ude_linear_create), beyond only its products are used. */
enum { MOST_FULL = 2000 };

void ude_stiff_close(ude_stiff *stiff) {
  ude_linear_free(stiff->linear);
  ude_jacobian_plan_free(&stiff->plan);
  free(stiff->jacobian);
  free(stiff->f);
  free(stiff->f_t);
  free(stiff->u);
  free(stiff->product_y);
  *stiff = (ude_stiff){0};
}

/* Products for GMRES at the point of the Jacobian. */
static int apply(double *y, const double *x, bool transposed, void *context) {
  ude_stiff     *s   = context;
  const ude_map *map = s->map;
  s->counts.rhs++;
  if (transposed) {
    memset(y, 0, (size_t)s->n * sizeof *y);
    return map->vjp ? map->vjp(s->u, s->p, s->t, x, y, NULL, NULL, map->context) : -1;
  }
  return map->jvp(s->product_y, y, s->u, x, s->p, NULL, s->t, NULL, map->context);
}

static ude_status check_mass(ude_stiff *stiff, ude_error *error) {
  for (int64_t i = 0; stiff->mass && i < stiff->n; i++) {
    char name[256];
    if (!isfinite(stiff->mass[i])) {
      return ude_fail(error, UDE_INVALID_ARGUMENT, "the mass of '%s' is %g",
                      ude_layout_name(&stiff->field->state, i, "u", name, sizeof name),
                      stiff->mass[i]);
    }
    stiff->singular = stiff->singular || stiff->mass[i] == 0;
  }
  return UDE_OK;
}

static ude_status allocate(ude_stiff *s, bool matrix, ude_error *error) {
  size_t n = (size_t)s->n;
  s->jacobian =
      matrix ? ude_calloc((size_t)ude_linear_entries(s->linear) + 1, sizeof(double)) : NULL;
  s->f         = ude_calloc(n, sizeof(double));
  s->f_t       = ude_calloc(n, sizeof(double));
  s->u         = ude_calloc(n, sizeof(double));
  s->product_y = ude_calloc(n, sizeof(double));
  return (matrix && !s->jacobian) || !s->f || !s->f_t || !s->u || !s->product_y
             ? ude_fail_memory(error, "an implicit method")
             : UDE_OK;
}

ude_status ude_stiff_open(ude_stiff *stiff, const ude_vector_field *field, const ude_map *map,
                          bool complex_shift, ude_error *error) {
  *stiff = (ude_stiff){
      .field = field, .map = map ? map : &field->rhs, .mass = field->mass, .n = field->state.count};
  ude_linear_options options = {.complex_shift = complex_shift};
  ude_status         status  = check_mass(stiff, error);
  if (status == UDE_OK && (stiff->map->pattern || stiff->n <= MOST_FULL)) {
    status = ude_jacobian_plan_make(stiff->map, &stiff->plan, error);
  }
  options.start = stiff->plan.start;
  options.row   = stiff->plan.row;
  status        = status ? status : ude_linear_create(stiff->n, &options, &stiff->linear, error);
  if (status) {
    ude_stiff_close(stiff);
    return status;
  }
  bool krylov = ude_linear_kind_used(stiff->linear) == UDE_LINEAR_KRYLOV;
  if (krylov && !stiff->map->jvp) {
    status = ude_fail(
        error, UDE_UNSUPPORTED,
        "an implicit method with %lld states needs rhs.jvp, beside a jvp_wide that it may have",
        (long long)stiff->n);
  }
  bool matrix = !krylov || stiff->plan.start; /* GMRES: for its preconditioner */
  status      = status ? status : allocate(stiff, matrix, error);
  if (status) {
    ude_stiff_close(stiff);
    return status;
  }
  ude_linear_set_operator(stiff->linear, apply, stiff);
  return UDE_OK;
}

int ude_stiff_linearise(ude_stiff *s, double t, const double *u, const double *p, bool wants_f_t) {
  const ude_map *map = s->map;
  int            code;
  s->alpha     = 0;
  s->evaluated = false;
  s->t         = t;
  s->p         = p;
  memcpy(s->u, u, (size_t)s->n * sizeof *u);
  s->counts.jacobians++;
  if (s->jacobian) {
    code = ude_jacobian_evaluate(&s->plan, u, p, t, s->f, s->jacobian, wants_f_t ? s->f_t : NULL,
                                 &s->counts.rhs);
  } else {
    double one = 1;
    code       = wants_f_t ? map->jvp(s->f, s->f_t, u, NULL, p, NULL, t, &one, map->context)
                           : map->value(s->f, u, p, t, map->context);
    s->counts.rhs++;
  }
  s->evaluated = code == 0;
  return code;
}

int ude_stiff_factor(ude_stiff *s, double alpha) {
  s->counts.factorisations++;
  int code = ude_linear_factor(s->linear, alpha, s->mass, s->jacobian);
  s->alpha = code ? 0 : alpha;
  return code;
}

int ude_stiff_solve(ude_stiff *s, int64_t right, bool transposed, double *b) {
  s->counts.solves += right;
  return ude_linear_solve(s->linear, right, transposed, b);
}

static void multiply(const ude_stiff *s, const double *x, double *y) {
  const int64_t *start = s->plan.start;
  memset(y, 0, (size_t)s->n * sizeof *y);
  for (int64_t i = 0; i < s->n; i++) {
    if (start) {
      for (int64_t e = start[i]; e < start[i + 1]; e++) {
        y[s->plan.row[e]] += s->jacobian[e] * x[i];
      }
    } else {
      for (int64_t c = 0; c < s->n; c++) {
        y[i] += s->jacobian[i * s->n + c] * x[c];
      }
    }
  }
}

double ude_stiff_radius(const ude_stiff *s, double *mode, double *image) {
  double size = 0;
  double sum  = 0;
  if (!s->jacobian) {
    return (double)NAN;
  }
  multiply(s, mode, image);
  for (int64_t l = 0; l < s->n; l++) {
    double mass = ude_stiff_mass(s, l);
    image[l]    = mass != 0 ? image[l] / mass : 0;
    size += mode[l] * mode[l];
    sum += image[l] * image[l];
  }
  double radius = size > 0 ? sqrt(sum / size) : 0;
  if (sum > 0 && isfinite(sum)) { /* else the direction stays: nothing is learned from it */
    double scale = 1 / sqrt(sum);
    for (int64_t l = 0; l < s->n; l++) {
      mode[l] = image[l] * scale;
    }
  }
  return radius;
}
