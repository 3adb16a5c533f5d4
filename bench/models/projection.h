/* ADBench's camera: angle-axis rotation (Rodrigues), centre, focal length, principal point, two radial distortions. */
#pragma once

#include <math.h>

static double square_sum(int n, const double *x) {
  double sum = 0;
  for (int i = 0; i < n; i++) {
    sum += x[i] * x[i];
  }
  return sum;
}

static void cross(const double *a, const double *b, double *out) {
  out[0] = a[1] * b[2] - a[2] * b[1];
  out[1] = a[2] * b[0] - a[0] * b[2];
  out[2] = a[0] * b[1] - a[1] * b[0];
}

static void rotate(const double *rotation, const double *point, double *rotated) {
  double square = square_sum(3, rotation);
  if (square != 0) {
    double theta = sqrt(square), cosine = cos(theta), sine = sin(theta), inverse = 1.0 / theta;
    double w[3], w_cross[3];
    for (int i = 0; i < 3; i++) {
      w[i] = rotation[i] * inverse;
    }
    cross(w, point, w_cross);
    double along = (w[0] * point[0] + w[1] * point[1] + w[2] * point[2]) * (1.0 - cosine);
    for (int i = 0; i < 3; i++) {
      rotated[i] = point[i] * cosine + w_cross[i] * sine + w[i] * along;
    }
  } else {
    double w_cross[3];
    cross(rotation, point, w_cross);
    for (int i = 0; i < 3; i++) {
      rotated[i] = point[i] + w_cross[i];
    }
  }
}

/* camera: r1 r2 r3 C1 C2 C3 f u0 v0 k1 k2 */
static void project(const double *camera, const double *point, double *out) {
  double from[3], seen[3];
  for (int i = 0; i < 3; i++) {
    from[i] = point[i] - camera[3 + i];
  }
  rotate(camera, from, seen);
  out[0]         = seen[0] / seen[2];
  out[1]         = seen[1] / seen[2];
  double square  = square_sum(2, out);
  double distort = 1.0 + camera[9] * square + camera[10] * square * square;
  out[0]         = out[0] * distort * camera[6] + camera[7];
  out[1]         = out[1] * distort * camera[6] + camera[8];
}
