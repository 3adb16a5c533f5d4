/* Neighbours of a fitted structure in linear approximation.
 *
 * Around the fitted solution the weighted residuals are r + J delta, with a column of J for every
 * coefficient, also of those candidates that are not in the structure. If terms R leave, their
 * contributions c_j J_j leave the model: what the others have to explain is b = -r + sum over R of
 * c_j J_j. A candidate with column v then lowers |b|^2 by (w.b)^2/(w.w), where w is the part of v that
 * is orthogonal to the columns that stay: the score test (Rao 1948), and for R not empty its form for
 * an exchange. One linearisation serves all neighbours. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ude/linalg.h>

#include "discover/refit.h"

/* Squared sine of the angle below which a column is not told from the others. */
static const double INDISTINCT = 1e-10;

struct linear_model {
  selection       *s;
  const structure *x;
  problem          q;
  int64_t         *owner;   /* [d] candidate of each variable, -1: another variable */
  double          *columns; /* [d][m] weighted */
  double          *r;       /* [m] weighted */
  double          *basis;   /* [d][m] orthonormal columns of what stays */
  double          *b, *v;   /* [m] */
  int64_t         *staying; /* [d] variables of a solve */
};

void linear_close(linear_model *l) {
  if (!l) {
    return;
  }
  problem_close(&l->q);
  free(l->owner);
  free(l->columns);
  free(l->r);
  free(l->basis);
  free(l->b);
  free(l->v);
  free(l->staying);
  free(l);
}

/* Variables stand in the order of parameters, then initial states. */
static void find_owners(linear_model *l) {
  const selection *s = l->s;
  int64_t          j = 0;
  for (int64_t k = 0; k < l->q.d; k++) {
    l->owner[k] = -1;
  }
  for (int64_t i = 0; i < s->field->param.count; i++) {
    for (int64_t k = 0; s->free[i] && k < s->count; k++) {
      if (s->candidate[k].index == i) {
        l->owner[j] = k;
      }
    }
    j += s->free[i];
  }
}

static void weigh(linear_model *l) {
  const problem *q       = &l->q;
  int64_t        columns = l->s->data->columns;
  for (int64_t i = 0; i < q->m; i++) {
    double weight = 1 / sqrt(q->variance[i % columns]);
    l->r[i]       = weight * q->r[i];
    for (int64_t j = 0; j < q->d; j++) {
      l->columns[j * q->m + i] = weight * q->jacobian[i * q->d + j];
    }
  }
}

static ude_status allocate(linear_model *l, ude_error *error) {
  size_t d   = (size_t)l->q.d;
  size_t m   = (size_t)l->q.m;
  l->owner   = ude_calloc(d, sizeof *l->owner);
  l->columns = ude_calloc(d, m * sizeof(double));
  l->r       = ude_calloc(m, sizeof(double));
  l->basis   = ude_calloc(d, m * sizeof(double));
  l->b       = ude_calloc(m, sizeof(double));
  l->v       = ude_calloc(m, sizeof(double));
  l->staying = ude_calloc(d, sizeof *l->staying);
  return l->owner && l->columns && l->r && l->basis && l->b && l->v && l->staying
             ? UDE_OK
             : ude_fail_memory(error, "neighbours of a structure");
}

ude_status linear_open(selection *s, const structure *x, linear_model **model, ude_error *error) {
  *model          = NULL;
  linear_model *l = ude_calloc(1, sizeof *l);
  if (!l) {
    return ude_fail_memory(error, "neighbours of a structure");
  }
  ude_error inner;
  l->s              = s;
  l->x              = x;
  ude_status status = problem_open(s, x, NULL, &l->q, &inner);
  status            = status ? status : allocate(l, &inner);
  if (!status) {
    find_owners(l); /* while s->free is this problem's */
    status = ude_loss_residuals(l->q.loss, l->q.theta, l->q.r, l->q.jacobian, &inner);
  }
  if (!status) {
    problem_deviance(s, &l->q, l->q.r, l->q.variance);
    weigh(l);
    *model = l;
    return UDE_OK;
  }
  linear_close(l);
  return is_local_failure(status) ? UDE_OK : ude_fail(error, status, "%s", inner.message);
}

static double dot(int64_t m, const double *a, const double *b) {
  double sum = 0;
  for (int64_t i = 0; i < m; i++) {
    sum += a[i] * b[i];
  }
  return sum;
}

/* Remove from v its parts along the orthonormal columns, twice for orthogonality to rounding. */
static void project_out(int64_t m, int64_t count, const double *basis, double *v) {
  for (int64_t k = 0; k < 2 * count; k++) {
    const double *q = basis + (k % count) * m;
    double        c = dot(m, q, v);
    for (int64_t i = 0; i < m; i++) {
      v[i] -= c * q[i];
    }
  }
}

static bool stays(const linear_model *l, const bool *removed, int64_t variable) {
  int64_t k = l->owner[variable];
  return k < 0 || (l->x->chosen[k] && !removed[k]);
}

/* b = -r + what the removed terms contribute. */
static void fill_target(linear_model *l, const bool *removed) {
  for (int64_t i = 0; i < l->q.m; i++) {
    l->b[i] = -l->r[i];
  }
  for (int64_t j = 0; j < l->q.d; j++) {
    int64_t k = l->owner[j];
    if (k >= 0 && l->x->chosen[k] && removed[k]) {
      double c = l->x->p[l->s->candidate[k].index];
      for (int64_t i = 0; i < l->q.m; i++) {
        l->b[i] += c * l->columns[j * l->q.m + i];
      }
    }
  }
}

double linear_gains(linear_model *l, const bool *removed, double *gain) {
  int64_t m    = l->q.m;
  int64_t size = 0;
  memset(gain, 0, (size_t)l->s->count * sizeof *gain);
  fill_target(l, removed);
  for (int64_t j = 0; j < l->q.d; j++) {
    if (!stays(l, removed, j)) {
      continue;
    }
    double *column = l->basis + size * m;
    memcpy(column, l->columns + j * m, (size_t)m * sizeof *column);
    double before = dot(m, column, column);
    project_out(m, size, l->basis, column);
    double after = dot(m, column, column);
    if (after > INDISTINCT * before) {
      for (int64_t i = 0; i < m; i++) {
        column[i] /= sqrt(after);
      }
      size++;
    }
  }
  project_out(m, size, l->basis, l->b);
  for (int64_t j = 0; j < l->q.d; j++) {
    int64_t k = l->owner[j];
    if (stays(l, removed, j) || removed[k]) {
      continue;
    }
    memcpy(l->v, l->columns + j * m, (size_t)m * sizeof *l->v);
    double before = dot(m, l->v, l->v);
    project_out(m, size, l->basis, l->v);
    double after = dot(m, l->v, l->v);
    if (after > INDISTINCT * before) {
      double along = dot(m, l->v, l->b);
      gain[k]      = along * along / after;
    }
  }
  return dot(m, l->b, l->b);
}

ude_status linear_solve(linear_model *l, const bool *removed, int64_t added, double *start,
                        ude_error *error) {
  int64_t m     = l->q.m;
  int64_t count = 0;
  for (int64_t j = 0; j < l->q.d; j++) {
    if (stays(l, removed, j) || l->owner[j] == added) {
      l->staying[count++] = j;
    }
  }
  for (int64_t k = 0; k < l->s->count; k++) {
    bool kept = l->x->chosen[k] && !removed[k];
    start[k]  = kept ? l->x->p[l->s->candidate[k].index] : 0;
  }
  if (count == 0) {
    return UDE_OK;
  }
  fill_target(l, removed);
  for (int64_t i = 0; i < m; i++) {
    for (int64_t k = 0; k < count; k++) {
      l->basis[i * count + k] = l->columns[l->staying[k] * m + i]; /* row-major here */
    }
  }
  ude_status status =
      ude_least_squares(m, count, l->basis, l->b, 1e-10, l->q.step, NULL, NULL, error);
  for (int64_t k = 0; k < count && !status; k++) {
    int64_t owner = l->owner[l->staying[k]];
    if (owner >= 0) {
      start[owner] += l->q.step[k];
    }
  }
  return status;
}
