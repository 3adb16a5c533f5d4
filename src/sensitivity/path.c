/* Solutions kept for backward integrations. Chebyshev points of the second kind with their barycentric weights (-1)^k, halved at the
 * ends (Berrut, Trefethen, SIAM Review 46 (2004) 501, (5.4)): exact for a dense output of that degree, and as good as it otherwise. */
#include "sensitivity/path.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void ude_path_open(ude_path *path, int64_t n, int order) {
  const double pi = 3.14159265358979323846;
  int          m  = order + 2;
  m               = m < 3 ? 3 : m > UDE_PATH_MOST_NODES ? UDE_PATH_MOST_NODES : m;
  *path           = (ude_path){.n = n, .nodes = m};
  for (int k = 0; k < m; k++) {
    path->node[k]   = 0.5 * (1 - cos(pi * k / (m - 1)));
    path->weight[k] = (k % 2 ? -1 : 1) * (k == 0 || k == m - 1 ? 0.5 : 1);
  }
  path->node[m - 1] = 1;
}

void ude_path_clear(ude_path *path) {
  path->steps = 0;
  path->hint  = 0;
}

void ude_path_free(ude_path *path) {
  free(path->t);
  free(path->value);
  path->t     = NULL;
  path->value = NULL;
  path->steps = path->capacity = path->hint = 0;
}

size_t ude_path_step_bytes(const ude_path *path) {
  return ((size_t)path->nodes * (size_t)path->n + 1) * sizeof(double);
}

static bool grow(ude_path *path) {
  int64_t capacity = path->capacity ? 2 * path->capacity : 32;
  double *t        = ude_realloc(path->t, (size_t)capacity + 1, sizeof *t);
  path->t          = t ? t : path->t;
  double *value    = t ? ude_realloc(path->value, (size_t)capacity,
                                     (size_t)path->nodes * (size_t)path->n * sizeof *value)
                       : NULL;
  path->value      = value ? value : path->value;
  path->capacity   = value ? capacity : path->capacity;
  return value != NULL;
}

int ude_path_append(const ude_output_step *step, void *context) {
  ude_path *path = context;
  if (path->steps == path->capacity && !grow(path)) {
    return -1;
  }
  int64_t n     = path->n;
  size_t  bytes = (size_t)n * sizeof(double);
  double *value = path->value + path->steps * path->nodes * n;
  double  h     = step->t_next - step->t;
  memcpy(value, step->u, bytes);
  for (int k = 1; k + 1 < path->nodes; k++) {
    int code = step->at(step->source, step->t + path->node[k] * h, value + k * n);
    if (code) {
      return 1;
    }
  }
  memcpy(value + (path->nodes - 1) * n, step->u_new, bytes);
  path->t[path->steps]     = step->t;
  path->t[path->steps + 1] = step->t_next;
  path->steps++;
  return 0;
}

/* The step that holds `time`, from the last one on: evaluations go along the path. */
static int64_t locate(ude_path *path, double time) {
  double  direction = path->t[path->steps] >= path->t[0] ? 1 : -1;
  int64_t i         = path->hint < path->steps ? path->hint : path->steps - 1;
  while (i > 0 && direction * (time - path->t[i]) < 0) {
    i--;
  }
  while (i + 1 < path->steps && direction * (time - path->t[i + 1]) > 0) {
    i++;
  }
  path->hint = i;
  return i;
}

static void in_step(const ude_path *path, int64_t i, double theta, double *out) {
  const double *value                  = path->value + i * path->nodes * path->n;
  double        c[UDE_PATH_MOST_NODES] = {0};
  double        sum                    = 0;
  for (int k = 0; k < path->nodes; k++) {
    double distance = theta - path->node[k];
    if (distance == 0) {
      memcpy(out, value + k * path->n, (size_t)path->n * sizeof *out);
      return;
    }
    c[k] = path->weight[k] / distance;
    sum += c[k];
  }
  for (int64_t l = 0; l < path->n; l++) {
    out[l] = c[0] * value[l];
  }
  for (int k = 1; k < path->nodes; k++) {
    const double *row = value + k * path->n;
    for (int64_t l = 0; l < path->n; l++) {
      out[l] += c[k] * row[l];
    }
  }
  for (int64_t l = 0; l < path->n; l++) {
    out[l] /= sum;
  }
}

static double position(const ude_path *path, int64_t i, double time) {
  double theta = (time - path->t[i]) / (path->t[i + 1] - path->t[i]);
  return theta < 0 ? 0 : theta > 1 ? 1 : theta;
}

void ude_path_at(ude_path *path, double time, double *out) {
  int64_t i = locate(path, time);
  in_step(path, i, position(path, i, time), out);
}

void ude_path_slope(ude_path *path, double time, double *out, double *work) {
  const double apart = 1e-3;
  int64_t      i     = locate(path, time);
  double       theta = position(path, i, time);
  double       high  = fmin(theta + apart, 1);
  double       low   = fmax(theta - apart, 0);
  in_step(path, i, high, out);
  in_step(path, i, low, work);
  double scale = 1 / ((high - low) * (path->t[i + 1] - path->t[i]));
  for (int64_t l = 0; l < path->n; l++) {
    out[l] = (out[l] - work[l]) * scale;
  }
}
