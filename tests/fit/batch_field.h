/** @file batch_field.h
 *  @brief A loss over samples whose minimum is known: the line 2x + 1 seen with noise, by a line a x + b. */
#ifndef UDE_TESTS_BATCH_FIELD_H
#define UDE_TESTS_BATCH_FIELD_H

#include <math.h>
#include <ude/batch.h>

/** Sample: x in [0, 1), y; parameters: a, b; terms: square of the deviation, deviation of a from 2 (a metric). */
static int line_draw(double *sample, ude_rng *random, void *context) {
  (void)context;
  sample[0] = ude_rng_uniform(random);
  sample[1] = 2 * sample[0] + 1 + 0.1 * ude_rng_normal(random);
  return 0;
}

static int line_loss(double *y, const double *s, const double *p, double t, void *context) {
  (void)t;
  (void)context;
  double r = p[0] * s[0] + p[1] - s[1];
  y[0]     = r * r;
  y[1]     = fabs(p[0] - 2);
  return 0;
}

static int line_vjp(const double *s, const double *p, double t, const double *y_bar, double *s_bar,
                    double *p_bar, double *t_bar, void *context) {
  (void)t;
  (void)s_bar;
  (void)t_bar;
  (void)context;
  double r = p[0] * s[0] + p[1] - s[1];
  p_bar[0] += 2 * r * s[0] * y_bar[0] + (p[0] > 2 ? y_bar[1] : -y_bar[1]);
  p_bar[1] += 2 * r * y_bar[0];
  return 0;
}

static inline ude_vector_field line_field(void) {
  static const ude_member params[] = {{.name = "a", .first = 0, .count = 1},
                                      {.name = "b", .first = 1, .count = 1}};
  static const ude_member terms[]  = {{.name = "square", .first = 0, .count = 1},
                                      {.name = "slope", .first = 1, .count = 1, .metric = true}};
  return (ude_vector_field){.param  = {.count = 2, .members = 2, .member = params},
                            .terms  = {.count = 2, .members = 2, .member = terms},
                            .sample = {.count = 2},
                            .loss = {.rows = 2, .columns = 2, .value = line_loss, .vjp = line_vjp},
                            .draw = line_draw};
}

#endif
