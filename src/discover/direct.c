/* One sparse regression whose structure is final, as publications state it: on derivatives, or in weak form. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discover/task.h"

/* Exponent of the test functions (1 - s^2)^p, and how many of them begin within half a width. */
enum { TEST_POWER = 6, OVERLAP = 4 };

/* Rows of a regression that are made from those of the samples. */
typedef struct weak_rows {
  int64_t rows;
  double *theta, *target;
} weak_rows;

static void weak_close(weak_rows *w) {
  free(w->theta);
  free(w->target);
}

static int64_t end_of(const ude_samples *s, int64_t first) {
  int64_t end = first + 1;
  while (end < s->rows && s->trajectory[end] == s->trajectory[first]) {
    end++;
  }
  return end;
}

/* Integration by parts of the test function phi on [a, b] times u' = theta c (Messenger, Bortz 2021): with phi(a) = phi(b) = 0,
 * -int phi' u = c int phi theta, both by the trapezoidal rule, divided by int phi so that a row is a mean derivative. */
static void integrate(const ude_samples *s, int64_t terms, const double *theta, int64_t first,
                      int64_t half, weak_rows *w) {
  int64_t last  = first + 2 * half;
  double  width = s->t[last] - s->t[first];
  double *row   = w->theta + w->rows * terms;
  double *right = w->target + w->rows * s->outputs;
  double  total = 0;
  for (int64_t i = first + 1; i < last; i++) {
    double x     = (2 * s->t[i] - s->t[first] - s->t[last]) / width;
    double base  = 1 - x * x;
    double dt    = (s->t[i + 1] - s->t[i - 1]) / 2;
    double phi   = pow(base, TEST_POWER) * dt;
    double slope = -2 * TEST_POWER * x * pow(base, TEST_POWER - 1) * 2 / width * dt;
    total += phi;
    for (int64_t j = 0; j < terms; j++) {
      row[j] += phi * theta[i * terms + j];
    }
    for (int64_t k = 0; k < s->outputs; k++) {
      right[k] -= slope * s->in[i * s->inputs + k];
    }
  }
  for (int64_t j = 0; j < terms; j++) {
    row[j] /= total;
  }
  for (int64_t k = 0; k < s->outputs; k++) {
    right[k] /= total;
  }
  w->rows++;
}

static ude_status weak_open(const task *t, int64_t f, int64_t half, weak_rows *w) {
  const ude_samples *s      = &t->found->samples[f];
  int64_t            terms  = t->libraries[f]->count;
  int64_t            stride = half / OVERLAP > 0 ? half / OVERLAP : 1;
  *w                        = (weak_rows){0};
  w->theta                  = ude_calloc((size_t)s->rows, (size_t)terms * sizeof *w->theta);
  w->target                 = ude_calloc((size_t)s->rows, (size_t)s->outputs * sizeof *w->target);
  if (!w->theta || !w->target) {
    return ude_fail_memory(t->error, "the weak form");
  }
  int64_t end = 0;
  for (int64_t first = 0; first < s->rows; first = end) {
    end = end_of(s, first);
    for (int64_t at = first; at + 2 * half < end; at += stride) {
      integrate(s, terms, t->theta[f], at, half, w);
    }
  }
  if (w->rows == 0) {
    return ude_fail(t->error, UDE_BAD_DATA,
                    "weak form: no trajectory has the %lld rows of a test function; take a smaller "
                    "half width than %lld",
                    (long long)(2 * half + 1), (long long)half);
  }
  return UDE_OK;
}

static ude_status keep_support(const task *t, int64_t output, ude_support_list *list) {
  const ude_sparse_result *r = t->direct;
  ude_support             *x = ude_calloc(1, sizeof *x);
  if (!x) {
    return ude_fail_memory(t->error, "a regression");
  }
  list->supports  = x;
  list->count     = 1;
  x->terms        = ude_calloc((size_t)r->terms, sizeof *x->terms);
  x->coefficients = ude_calloc((size_t)r->terms, sizeof *x->coefficients);
  x->residual     = r->residual[output];
  x->threshold    = (double)NAN;
  x->aicc = x->bic = x->ebic = r->criterion[output];
  if (!x->terms || !x->coefficients) {
    return ude_fail_memory(t->error, "a regression");
  }
  for (int64_t j = 0; j < r->terms; j++) {
    double c = r->coefficients[output * r->terms + j];
    if (c != 0) {
      x->terms[x->count]          = j;
      x->coefficients[x->count++] = c;
    }
  }
  return UDE_OK;
}

ude_status task_regress_direct(task *t, int64_t f, int64_t *output) {
  const ude_samples *s      = &t->found->samples[f];
  ude_sparse_options used   = *t->sparse;
  weak_rows          w      = {0};
  ude_status         status = t->weak > 0 ? weak_open(t, f, t->weak, &w) : UDE_OK;
  used.criterion            = t->options.criterion;
  used.serial               = used.serial || t->weak > 0; /* test functions overlap */
  status =
      status ? status
             : ude_sparse_regression(t->weak > 0 ? w.rows : s->rows, t->libraries[f]->count,
                                     s->outputs, t->weak > 0 ? w.theta : t->theta[f],
                                     t->weak > 0 ? w.target : s->out, &used, &t->direct, t->error);
  weak_close(&w);
  for (int64_t o = 0; o < s->outputs && !status; o++, (*output)++) {
    t->proposals[*output] = ude_calloc(1, sizeof(ude_support_list));
    status                = t->proposals[*output] ? keep_support(t, o, t->proposals[*output])
                                                  : ude_fail_memory(t->error, "a regression");
  }
  return status;
}

void task_note_inclusion(task *t) {
  const double             worth_naming = 5; /* per cent */
  const ude_sparse_result *r            = t->direct;
  for (int64_t i = 0; r && r->inclusion && i < r->targets * r->terms; i++) {
    double share = 100 * r->inclusion[i];
    bool   first = i % r->terms == 0;
    if (first) {
      ude_text_append(&t->notes,
                      "%s: kept by the ensemble:", t->found->equations[i / r->terms].name);
    }
    if (share >= worth_naming) {
      ude_text_append(&t->notes, " %s %.0f %%,", t->select.candidate[i].text, share);
    }
    if ((i + 1) % r->terms == 0) {
      ude_text_append(&t->notes, " others less than %.0f %%\n", worth_naming);
    }
  }
}
