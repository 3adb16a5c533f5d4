/* Oscillating candidates that the measurements are too far apart to follow. */
#include <math.h>
#include <stdlib.h>

#include "discover/expression.h"
#include "discover/task.h"

static const double half_turn = 3.14159265358979323846;

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}

/* First row at or behind `row` whose sample is not before the time; the end of the trajectory's rows otherwise. */
static int64_t row_at(const ude_samples *s, int64_t row, int64_t trajectory, double t) {
  while (row < s->rows && s->trajectory[row] == trajectory && s->t[row] < t) {
    row++;
  }
  return row;
}

/* How far the expression goes between one measurement and the next, in the middle case. `steps`: double[rows], work. */
static double median_step(const task *t, const ude_samples *s, const ude_expression *x,
                          double *steps) {
  const ude_dataset *data  = t->select.data;
  int64_t            count = 0;
  int64_t            row   = 0;
  for (int64_t k = 0; k < data->trajectories; k++) {
    while (row < s->rows && s->trajectory[row] < k) {
      row++;
    }
    for (int64_t i = 0; i + 1 < data->trajectory[k].count && count < s->rows; i++) {
      int64_t next = row_at(s, row, k, data->trajectory[k].t[i + 1]);
      double  low  = (double)INFINITY;
      double  high = -(double)INFINITY;
      for (int64_t r = row; r <= next && r < s->rows && s->trajectory[r] == k; r++) {
        double value = ude_expression_value(x, s->in + r * s->inputs);
        low          = fmin(low, value);
        high         = fmax(high, value);
      }
      if (high >= low) {
        steps[count++] = high - low;
      }
      row = next;
    }
  }
  qsort(steps, (size_t)count, sizeof *steps, ascending);
  return count > 0 ? steps[count / 2] : 0;
}

/* Whether some sine or cosine of the term turns by more than half a circle between measurements. */
static ude_status too_fast(const task *t, const ude_samples *s, const ude_expression *term,
                           double *steps, bool *fast) {
  *fast = false;
  for (int i = 0; i < term->count && !*fast; i++) {
    if (term->nodes[i].op == OP_SIN || term->nodes[i].op == OP_COS) {
      ude_expression *argument = expression_copy(term);
      if (!argument) {
        return ude_fail_memory(t->error, "the candidates");
      }
      argument->count = term->nodes[i].left + 1; /* children stand before parents */
      *fast           = median_step(t, s, argument, steps) > half_turn;
      ude_expression_free(argument);
    }
  }
  return UDE_OK;
}

ude_status task_drop_aliases(task *t, int64_t f) {
  const ude_samples *s       = &t->found->samples[f];
  ude_library       *library = t->libraries[f];
  const char *const *names   = (const char *const *)s->shown_names;
  if (!t->select.data || !s->trajectory || !s->t) {
    return UDE_OK;
  }
  double    *steps  = ude_calloc((size_t)s->rows, sizeof *steps);
  ude_status status = steps ? UDE_OK : ude_fail_memory(t->error, "the candidates");
  int64_t    kept   = 0;
  for (int64_t j = 0; j < library->count; j++) {
    bool fast = false;
    status    = status ? status : too_fast(t, s, library->terms[j], steps, &fast);
    if (!fast) {
      library->terms[kept++] = library->terms[j];
      continue;
    }
    ude_text_append(&t->notes, "candidate ");
    ude_expression_print(library->terms[j], UDE_STYLE_TEXT, names, &t->notes);
    ude_text_append(&t->notes,
                    " dropped: it turns by more than half a circle between measurements\n");
    ude_expression_free(library->terms[j]);
  }
  library->count = kept;
  free(steps);
  return status;
}
