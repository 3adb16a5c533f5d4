/**
 * @file timed.h
 * @brief Time and step size of a single step as two more parameters of the field.
 *
 * For methods whose tangents know states and parameters only. With parameters (p, a, s), a = 0 and s = 1,
 *
 *     f'(u, (p, a, s), t) = s f(u, p, t + a + (s - 1)(t - t_n)),
 *
 * a step from t_n of size h is the step of f from t_n + a of size s h: derivatives by a are those by the start, derivatives by s are h times
 * those by the size. That holds for every method that is a function of h f and the times of the stages, Rosenbrock methods
 * (their matrix is I - h gamma f_u) and dense output included.
 */
#ifndef UDE_SENSITIVITY_TIMED_H
#define UDE_SENSITIVITY_TIMED_H

#include <ude/vector_field.h>

enum { UDE_TIMED_MAPS = 3, UDE_TIMED_EXTRA = 2 };

struct ude_timed;

/** One of the maps of the right-hand side. */
typedef struct ude_timed_map {
  const ude_map    *inner;
  struct ude_timed *of;
} ude_timed_map;

typedef struct ude_timed {
  ude_vector_field field; /**< with two more parameters */
  ude_timed_map    map[UDE_TIMED_MAPS];
  int64_t          n, np;
  double           t_n;           /**< start of the step under way: set before each */
  double          *t_dot;         /**< [2 width] */
  double          *y;             /**< [n] */
  double          *u_bar, *p_bar; /**< [n], [np] */
} ude_timed;

ude_status ude_timed_open(const ude_vector_field *inner, ude_timed **timed, ude_error *error);
void       ude_timed_close(ude_timed *timed);

#endif
