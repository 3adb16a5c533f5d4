/* The running cost as one more state. */
#include <stdlib.h>
#include <string.h>

#include "sensitivity/engine.h"

static int value(double *y, const double *u, const double *p, double t, void *context) {
  const ude_vector_field *inner = ((ude_augmented *)context)->inner;
  int                     code  = inner->rhs.value(y, u, p, t, inner->rhs.context);
  return code ? code
              : inner->running_cost.value(y + inner->state.count, u, p, t,
                                          inner->running_cost.context);
}

static int jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
               const double *p_dot, double t, const double *t_dot, void *context) {
  const ude_vector_field *inner = ((ude_augmented *)context)->inner;
  int64_t                 n     = inner->state.count;
  int code = inner->rhs.jvp(y, y_dot, u, u_dot, p, p_dot, t, t_dot, inner->rhs.context);
  return code ? code
              : inner->running_cost.jvp(y + n, y_dot + n, u, u_dot, p, p_dot, t, t_dot,
                                        inner->running_cost.context);
}

static int jvp_wide(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                    const double *p_dot, double t, const double *t_dot, void *context) {
  const ude_vector_field *inner = ((ude_augmented *)context)->inner;
  int64_t                 n     = inner->state.count;
  int code = inner->rhs.jvp_wide(y, y_dot, u, u_dot, p, p_dot, t, t_dot, inner->rhs.context);
  return code ? code
              : inner->running_cost.jvp_wide(y + n, y_dot + n * inner->rhs.width, u, u_dot, p,
                                             p_dot, t, t_dot, inner->running_cost.context);
}

static int vjp(const double *u, const double *p, double t, const double *y_bar, double *u_bar,
               double *p_bar, double *t_bar, void *context) {
  const ude_vector_field *inner = ((ude_augmented *)context)->inner;
  int code = inner->rhs.vjp(u, p, t, y_bar, u_bar, p_bar, t_bar, inner->rhs.context);
  return code ? code
              : inner->running_cost.vjp(u, p, t, y_bar + inner->state.count, u_bar, p_bar, t_bar,
                                        inner->running_cost.context);
}

/* The Hessian of the cotangents' sum: of the right-hand side, and of the cost with its own factor. */
static int hvp_of(ude_hvp_fn rhs, ude_hvp_fn cost, const ude_augmented *augmented, const double *u,
                  const double *u_dot, const double *p, const double *p_dot, double t,
                  const double *t_dot, const double *y_bar, double *u_bar_dot, double *p_bar_dot,
                  double *t_bar_dot) {
  const ude_vector_field *inner = augmented->inner;
  int                     code =
      rhs(u, u_dot, p, p_dot, t, t_dot, y_bar, u_bar_dot, p_bar_dot, t_bar_dot, inner->rhs.context);
  return code ? code
              : cost(u, u_dot, p, p_dot, t, t_dot, y_bar ? y_bar + inner->state.count : NULL,
                     u_bar_dot, p_bar_dot, t_bar_dot, inner->running_cost.context);
}

static int hvp(const double *u, const double *u_dot, const double *p, const double *p_dot, double t,
               const double *t_dot, const double *y_bar, double *u_bar_dot, double *p_bar_dot,
               double *t_bar_dot, void *context) {
  const ude_vector_field *inner = ((ude_augmented *)context)->inner;
  return hvp_of(inner->rhs.hvp, inner->running_cost.hvp, context, u, u_dot, p, p_dot, t, t_dot,
                y_bar, u_bar_dot, p_bar_dot, t_bar_dot);
}

static int hvp_wide(const double *u, const double *u_dot, const double *p, const double *p_dot,
                    double t, const double *t_dot, const double *y_bar, double *u_bar_dot,
                    double *p_bar_dot, double *t_bar_dot, void *context) {
  const ude_vector_field *inner = ((ude_augmented *)context)->inner;
  return hvp_of(inner->rhs.hvp_wide, inner->running_cost.hvp_wide, context, u, u_dot, p, p_dot, t,
                t_dot, y_bar, u_bar_dot, p_bar_dot, t_bar_dot);
}

void ude_augmented_free(ude_augmented *augmented) {
  if (augmented) {
    free(augmented->members);
    free(augmented->mass);
    free(augmented->atol);
    free(augmented->before);
    free(augmented->after);
    free(augmented);
  }
}

ude_status ude_augmented_create(const ude_vector_field *inner, const ude_solve_options *solve,
                                ude_augmented **augmented, ude_error *error) {
  int64_t        n       = inner->state.count;
  int64_t        members = inner->state.members;
  const ude_map *rhs     = &inner->rhs;
  const ude_map *cost    = &inner->running_cost;
  ude_augmented *made    = ude_calloc(1, sizeof *made);
  *augmented             = NULL;
  if (!made) {
    return ude_fail_memory(error, "the running cost");
  }
  bool same_width = rhs->jvp_wide && cost->jvp_wide && rhs->width == cost->width;
  made->inner     = inner;
  made->members   = ude_calloc((size_t)members + 1, sizeof *made->members);
  made->atol      = ude_calloc((size_t)n + 1, sizeof *made->atol);
  made->mass      = inner->mass ? ude_calloc((size_t)n + 1, sizeof *made->mass) : NULL;
  if (!made->members || !made->atol || (inner->mass && !made->mass)) {
    ude_augmented_free(made);
    return ude_fail_memory(error, "the running cost");
  }
  if (members > 0) {
    memcpy(made->members, inner->state.member, (size_t)members * sizeof *made->members);
  }
  made->members[members] = (ude_member){.name = "running_cost", .first = n, .count = 1};
  if (solve->atol_vector) {
    memcpy(made->atol, solve->atol_vector, (size_t)n * sizeof *made->atol);
    made->atol[n] = solve->atol > 0 ? solve->atol : 1e-9;
  }
  if (inner->mass) {
    memcpy(made->mass, inner->mass, (size_t)n * sizeof *made->mass);
    made->mass[n] = 1;
  }
  made->field = (ude_vector_field){.name = inner->name, .param = inner->param, .mass = made->mass};
  made->field.state = (ude_layout){
      .count = n + 1, .members = members > 0 ? members + 1 : 0, .member = made->members};
  made->field.rhs =
      (ude_map){.rows     = n + 1,
                .columns  = n + 1,
                .value    = value,
                .jvp      = rhs->jvp && cost->jvp ? jvp : NULL,
                .jvp_wide = same_width ? jvp_wide : NULL,
                .width    = same_width ? rhs->width : 0,
                .vjp      = rhs->vjp && cost->vjp ? vjp : NULL,
                .hvp      = rhs->hvp && cost->hvp ? hvp : NULL,
                .hvp_wide = same_width && rhs->hvp_wide && cost->hvp_wide ? hvp_wide : NULL,
                .context  = made};
  ude_status status = ude_augmented_events(made, error);
  if (status) {
    ude_augmented_free(made);
    return status;
  }
  *augmented = made;
  return UDE_OK;
}
