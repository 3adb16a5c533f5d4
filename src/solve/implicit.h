/**
 * @file implicit.h
 * @brief Implicit one-step methods in the table of methods: one adapter for the families.
 *
 * Every family represents a step by `stages` vectors S_i with u(t + theta h) = u + sum_i w_i(theta) S_i, u_new at theta = 1 (and
 * without `from_u`: u(t + theta h) = sum_i w_i(theta) S_i). Dense output and its derivatives stand here once.
 */
#ifndef UDE_SOLVE_IMPLICIT_H
#define UDE_SOLVE_IMPLICIT_H

#include "solve/method.h"
#include "solve/stiff.h"

enum { UDE_IMPLICIT_MOST_STAGES = 8 };

typedef struct ude_implicit ude_implicit;

/** A family; functions return 0, a callback's code or UDE_STEP_NOT_SOLVED. */
typedef struct ude_implicit_family {
  bool from_u;
  /** Opens `inner`; sets stages. */
  ude_status (*open)(ude_implicit *work, const ude_method *method,
                     const ude_method_setting *setting, ude_error *error);
  void (*close)(ude_implicit *work);
  void (*restart)(ude_implicit *work);
  int (*attempt)(ude_implicit *work, ude_step *step);
  void (*accept)(ude_implicit *work, const ude_step *step);
  void (*reject)(ude_implicit *work);
  int (*replay)(ude_implicit *work, ude_step *step);
  void (*weights)(const ude_implicit *work, double theta, double *weights);
  /** S of the step last tried or replayed: [stages][n]. */
  const double *(*stages)(const ude_implicit *work);
  ude_stiff *(*stiff)(ude_implicit *work);
  /** UDE_UNSUPPORTED where there are no derivatives. Room of the family's own for this width (0: transposes). */
  ude_status (*reserve)(ude_implicit *work, int64_t width, ude_error *error);
  /** stage_dot: [stages][n][width] written. */
  int (*tangent)(ude_implicit *work, ude_step *step, const double *u_dot, const double *p_dot,
                 int64_t width, double *stage_dot);
  /** stage_bar: [stages][n], destroyed; adds to u_bar, and to p_bar where it is not NULL. */
  int (*transpose)(ude_implicit *work, ude_step *step, double *stage_bar, double *u_bar,
                   double *p_bar);
  /** error = sum_i e_i S_i: [stages] or NULL where it is not of this form. */
  const double *(*error_weights)(const ude_implicit *work);
} ude_implicit_family;

struct ude_implicit {
  const ude_implicit_family *family;
  void                      *inner;
  int64_t                    n, np;
  int                        stages;
  ude_stiff_counts           counted; /**< what the statistics know of */
  bool                       marched; /**< a kernel took the step, whose Jacobian had this radius */
  double                     radius;
  double                    *mode, *image; /**< [n] power iteration for the dominant eigenvalue */
  /* derivatives */
  int64_t width;
  double *stage_dot, *u_dot; /**< [stages][n][width], [n][width] */
  double *stage_bar, *u_bar; /**< [stages][n], [n] */
  double *extra;             /**< the family's own room */
  size_t  extra_size;
};

/** Is it a Rosenbrock method, whose steps contain the Jacobian itself? */
bool ude_implicit_needs_hessian(const ude_method *method);
/** Room of `count` doubles in work->extra. */
bool ude_implicit_extra(ude_implicit *work, size_t count);

/** What `data` of the method is. */
typedef struct ude_implicit_data {
  const ude_implicit_family *family;
  const void                *tableau;
} ude_implicit_data;

extern const ude_implicit_family ude_family_rosenbrock, ude_family_sdirk, ude_family_radau;

extern const ude_method ude_method_rosenbrock23, ude_method_rodas4, ude_method_rodas5p,
    ude_method_trbdf2, ude_method_kencarp4, ude_method_radau;

#endif
