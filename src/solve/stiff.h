/**
 * @file stiff.h
 * @brief What implicit methods share: mass matrix, Jacobian, factorisation of W = M / (gamma h) - J.
 */
#ifndef UDE_SOLVE_STIFF_H
#define UDE_SOLVE_STIFF_H

#include <ude/linalg.h>

#include "solve/jacobian.h"
#include "solve/method.h"

/** Counts of a run. */
typedef struct ude_stiff_counts {
  int64_t rhs, jacobians, factorisations, solves, iterations;
} ude_stiff_counts;

typedef struct ude_stiff {
  const ude_vector_field *field;
  const ude_map          *map;  /**< what is implicit: field->rhs or its stiff part */
  const double           *mass; /**< [n] or NULL */
  int64_t                 n;
  bool                    singular; /**< the mass has a zero */
  ude_linear             *linear;
  ude_jacobian_plan       plan;
  double                 *jacobian;  /**< values for linear; NULL: products only */
  double                 *f, *f_t;   /**< [n] at the point of the Jacobian */
  double                  alpha;     /**< of the factors; 0: none */
  bool                    evaluated; /**< the Jacobian is there */
  ude_stiff_counts        counts;
  /* The point of the Jacobian, for products. */
  double       *u; /**< [n] copy */
  double       *product_y;
  const double *p;
  double        t;
} ude_stiff;

/** map: NULL for field->rhs. complex_shift: Radau. The workspace is not to be moved afterwards. */
ude_status ude_stiff_open(ude_stiff *stiff, const ude_vector_field *field, const ude_map *map,
                          bool complex_shift, ude_error *error);
void       ude_stiff_close(ude_stiff *stiff);

/** J at (t, u), and f; f_t too if wanted. Forgets the factors. Returns the callback's code, > 0 also for values that are not
 *  finite. */
int ude_stiff_linearise(ude_stiff *stiff, double t, const double *u, const double *p,
                        bool wants_f_t);
/** Factors of alpha M - J. Nonzero: singular. */
int ude_stiff_factor(ude_stiff *stiff, double alpha);
/** W x = b in place, b: double[n][right]. */
int ude_stiff_solve(ude_stiff *stiff, int64_t right, bool transposed, double *b);

/** Modulus of the dominant eigenvalue of M^-1 J by one power iteration from `mode` (double[n], the next direction on return); NAN
 *  if the Jacobian is not known as a matrix. image: double[n] work. */
double ude_stiff_radius(const ude_stiff *stiff, double *mode, double *image);

static inline double ude_stiff_mass(const ude_stiff *stiff, int64_t i) {
  return stiff->mass ? stiff->mass[i] : 1;
}

#endif
