/* Adjoint of projection.h: values are recomputed, adjoints flow straight down. */
#pragma once

#include "projection.h"

typedef struct projected {
  double theta, cosine, sine, inverse, along, dot, w[3], w_cross[3], from[3], seen[3], flat[2],
      square, distort;
} projected;

static void project_forward(const double *camera, const double *point, double *out, projected *k) {
  double square = square_sum(3, camera);
  k->theta      = sqrt(square);
  k->cosine     = cos(k->theta);
  k->sine       = sin(k->theta);
  k->inverse    = 1 / k->theta;
  for (int i = 0; i < 3; i++) {
    k->from[i] = point[i] - camera[3 + i];
    k->w[i]    = camera[i] * k->inverse;
  }
  cross(k->w, k->from, k->w_cross);
  k->dot   = k->w[0] * k->from[0] + k->w[1] * k->from[1] + k->w[2] * k->from[2];
  k->along = k->dot * (1 - k->cosine);
  for (int i = 0; i < 3; i++) {
    k->seen[i] = k->from[i] * k->cosine + k->w_cross[i] * k->sine + k->w[i] * k->along;
  }
  k->flat[0] = k->seen[0] / k->seen[2];
  k->flat[1] = k->seen[1] / k->seen[2];
  k->square  = square_sum(2, k->flat);
  k->distort = 1 + camera[9] * k->square + camera[10] * k->square * k->square;
  out[0]     = k->flat[0] * k->distort * camera[6] + camera[7];
  out[1]     = k->flat[1] * k->distort * camera[6] + camera[8];
}

/* The rotation's axis must not be zero. */
static void project_back(const double *camera, const projected *k, const double *bar,
                         double *camera_bar, double *point_bar) {
  double focal = camera[6], seen_bar[3], w_bar[3], from_bar[3], cross_bar[3];
  camera_bar[6] += k->distort * (bar[0] * k->flat[0] + bar[1] * k->flat[1]);
  camera_bar[7] += bar[0];
  camera_bar[8] += bar[1];
  double distort_bar = focal * (bar[0] * k->flat[0] + bar[1] * k->flat[1]);
  camera_bar[9] += distort_bar * k->square;
  camera_bar[10] += distort_bar * k->square * k->square;
  double square_bar = distort_bar * (camera[9] + 2 * camera[10] * k->square);
  double flat_bar[2], over = 1 / k->seen[2];
  for (int i = 0; i < 2; i++) {
    flat_bar[i] = bar[i] * k->distort * focal + 2 * square_bar * k->flat[i];
    seen_bar[i] = flat_bar[i] * over;
  }
  seen_bar[2]       = -(flat_bar[0] * k->flat[0] + flat_bar[1] * k->flat[1]) * over;
  double cosine_bar = 0, sine_bar = 0, along_bar = 0;
  for (int i = 0; i < 3; i++) {
    cosine_bar += seen_bar[i] * k->from[i];
    sine_bar += seen_bar[i] * k->w_cross[i];
    along_bar += seen_bar[i] * k->w[i];
    from_bar[i]  = seen_bar[i] * k->cosine;
    cross_bar[i] = seen_bar[i] * k->sine;
    w_bar[i]     = seen_bar[i] * k->along;
  }
  cosine_bar -= along_bar * k->dot;
  double dot_bar = along_bar * (1 - k->cosine);
  double wx[3], fx[3];
  cross(k->from, cross_bar, wx); /* w . (from x bar) */
  cross(cross_bar, k->w, fx);    /* from . (bar x w) */
  double inverse_bar = 0;
  for (int i = 0; i < 3; i++) {
    w_bar[i] += dot_bar * k->from[i] + wx[i];
    from_bar[i] += dot_bar * k->w[i] + fx[i];
    inverse_bar += w_bar[i] * camera[i];
  }
  double theta_bar =
      -cosine_bar * k->sine + sine_bar * k->cosine - inverse_bar * k->inverse * k->inverse;
  for (int i = 0; i < 3; i++) {
    camera_bar[i] += w_bar[i] * k->inverse + theta_bar * k->w[i];
    camera_bar[3 + i] -= from_bar[i];
    point_bar[i] += from_bar[i];
  }
}
