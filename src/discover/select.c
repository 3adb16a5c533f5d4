/* Choosing a structure through the differential equation. */
#include "discover/select.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void structure_free(structure *x) {
  free(x->chosen);
  free(x->p);
  free(x->u0);
}

void selection_free(selection *s) {
  for (int64_t i = 0; i < s->count; i++) {
    free(s->candidate[i].text);
    free(s->candidate[i].latex);
    free(s->candidate[i].param);
  }
  for (int64_t i = 0; i < s->tried_count; i++) {
    structure_free(&s->tried[i]);
  }
  free(s->candidate);
  free(s->tried);
  free(s->base);
  free(s->free);
  free(s->scales);
}

int64_t selection_best(const selection *s) {
  int64_t best = -1;
  for (int64_t i = 0; i < s->tried_count; i++) {
    if (isfinite(s->tried[i].criterion) &&
        (best < 0 || s->tried[i].criterion < s->tried[best].criterion)) {
      best = i;
    }
  }
  return best;
}

/* sum over columns of n ln(mean squared residual): -2 ln L with a variance of its own for each column,
 * maximised, up to a constant. scales: [columns] 1/rms of the residuals. */
static ude_status deviance(selection *s, const double *p, const double *u0, double *value,
                           double *scales, ude_error *error) {
  const ude_dataset *data   = s->data;
  int64_t            n      = s->field->state.count;
  ude_integrator    *it     = NULL;
  double            *square = ude_calloc((size_t)data->columns, sizeof *square);
  int64_t           *count  = ude_calloc((size_t)data->columns, sizeof *count);
  double            *y      = ude_calloc((size_t)(s->field->observation.count + n), sizeof *y);
  ude_status         status = square && count && y ? UDE_OK : ude_fail_memory(error, "a criterion");
  status = status ? status : ude_integrator_create(s->field, &s->fit.solve, &it, error);
  for (int64_t k = 0; k < data->trajectories && status == UDE_OK; k++) {
    const ude_trajectory *trajectory = &data->trajectory[k];
    ude_solve_result      result;
    double               *u = ude_calloc((size_t)trajectory->count, (size_t)n * sizeof *u);
    double                t0 = trajectory->t[0];
    if (s->field->has_tspan && s->fit.initial == UDE_INITIAL_MODEL && s->field->tspan[0] < t0) {
      t0 = s->field->tspan[0];
    }
    status = u ? ude_integrator_run(it, u0 + k * n, p, t0, trajectory->t[trajectory->count - 1],
                                    trajectory->t, trajectory->count, u, NULL, &result, error)
               : ude_fail_memory(error, "a criterion");
    for (int64_t i = 0; i < trajectory->count && status == UDE_OK; i++) {
      const double *at = u + i * n;
      if (data->observed) {
        if (s->field->observe.value(y, at, p, trajectory->t[i], s->field->observe.context)) {
          status = ude_fail(error, UDE_NUMERICAL, "observe failed");
        }
        at = y;
      }
      for (int64_t j = 0; j < data->columns; j++) {
        double r = at[data->target[j]] - trajectory->values[i * data->columns + j];
        if (!isnan(r)) {
          square[j] += r * r;
          count[j]++;
        }
      }
    }
    free(u);
  }
  *value = 0;
  for (int64_t j = 0; j < data->columns && status == UDE_OK; j++) {
    if (count[j] > 0) {
      double mean = fmax(square[j] / (double)count[j], 1e-300);
      *value += (double)count[j] * log(mean);
      scales[j] = 1 / sqrt(mean);
    }
  }
  ude_integrator_free(it);
  free(square);
  free(count);
  free(y);
  return status;
}

static int64_t find_tried(const selection *s, const bool *chosen) {
  for (int64_t i = 0; i < s->tried_count; i++) {
    if (memcmp(s->tried[i].chosen, chosen, (size_t)s->count * sizeof *chosen) == 0) {
      return i;
    }
  }
  return -1;
}

/* Initial states where nothing is free. */
static ude_status start_only(const selection *s, const ude_fit_options *options, double *p, double *u0,
                             ude_error *error) {
  ude_loss  *loss   = NULL;
  ude_status status = ude_loss_create(s->field, s->data, options, p, &loss, error);
  status            = status ? status : ude_loss_unpack(loss, NULL, p, u0, error);
  ude_loss_free(loss);
  return status;
}

ude_status selection_measure(selection *s, const structure *x, ude_error *error) {
  double ignored = 0;
  return deviance(s, x->p, x->u0, &ignored, s->scales, error);
}

/* A deviance that far above the best is not worth better variances. */
static const double out_of_reach = 40;

/* Fit the structure; one that was tried before is fitted again only if `again`, and the better fit is kept. */
static ude_status fit_structure(selection *s, const bool *chosen, const double *start, bool again,
                                int64_t *index, ude_error *error) {
  *index = find_tried(s, chosen);
  if (*index >= 0 && !again) {
    return UDE_OK;
  }
  size_t     np    = (size_t)s->field->param.count;
  size_t     n     = (size_t)s->field->state.count;
  structure  made  = {.chosen = ude_calloc((size_t)s->count, sizeof(bool)),
                      .p      = ude_calloc(np, sizeof(double)),
                      .u0 = ude_calloc((size_t)s->data->trajectories, n * sizeof(double))};
  structure *grown = ude_realloc(s->tried, (size_t)s->tried_count + 1, sizeof *grown);
  s->tried         = grown ? grown : s->tried;
  if (!made.chosen || !made.p || !made.u0 || !grown) {
    structure_free(&made);
    return ude_fail_memory(error, "a structure");
  }
  memcpy(made.chosen, chosen, (size_t)s->count * sizeof *chosen);
  memcpy(made.p, s->base, np * sizeof *made.p);
  for (size_t i = 0; i < np; i++) {
    const ude_member *member = ude_layout_member(&s->field->param, (int64_t)i);
    s->free[i]               = !(member && member->fixed);
  }
  for (int64_t i = 0; i < s->count; i++) {
    s->free[s->candidate[i].index] = chosen[i];
    if (chosen[i]) {
      made.terms++;
      made.p[s->candidate[i].index] = start ? start[i] : s->candidate[i].start;
    }
  }
  ude_fit_options options = s->fit;
  ude_fit_result  result;
  options.free       = s->free;
  options.keep_start = true;
  options.adam       = -1;
  options.optimizer  = UDE_OPTIMIZER_LM;
  options.iterations = 60;
  ude_error  inner   = {0};
  int64_t    dimension = made.terms + s->others;
  ude_status status    = UDE_OK;
  double *scales = ude_calloc((size_t)s->data->columns, 2 * sizeof *scales);
  double *next   = scales ? scales + s->data->columns : NULL;
  if (!scales) {
    structure_free(&made);
    return ude_fail_memory(error, "a structure");
  }
  memcpy(scales, s->scales, (size_t)s->data->columns * sizeof *scales);
  options.scales = scales;
  made.deviance  = (double)INFINITY;
  int64_t best   = selection_best(s);
  /* Coefficients for given variances, then variances for these coefficients, until both agree. */
  for (int pass = 0; pass < 4 && status == UDE_OK; pass++) {
    double now = 0;
    status     = dimension > 0 ? ude_fit(s->field, s->data, &options, made.p, made.u0, &result, &inner)
                               : start_only(s, &options, made.p, made.u0, &inner);
    status     = status ? status : deviance(s, made.p, made.u0, &now, next, &inner);
    bool same  = made.deviance - now < 1e-4;
    made.deviance = now;
    memcpy(scales, next, (size_t)s->data->columns * sizeof *scales);
    if (dimension == 0 || same || (best >= 0 && now > s->tried[best].deviance + out_of_reach)) {
      break;
    }
  }
  free(scales);
  if (status == UDE_OUT_OF_MEMORY || status == UDE_UNSUPPORTED) {
    structure_free(&made);
    return ude_fail(error, status, "%s", inner.message);
  }
  made.parameters = made.terms + s->others + s->data->columns;
  made.criterion  = status == UDE_OK
                        ? ude_criterion_value(s->criterion, made.deviance, s->data->cells,
                                              made.parameters, made.terms, s->count)
                        : (double)INFINITY;
  if (*index >= 0) { /* from another start */
    structure *old   = &s->tried[*index];
    structure  worse = made.criterion < old->criterion ? *old : made;
    *old             = made.criterion < old->criterion ? made : *old;
    structure_free(&worse);
    return UDE_OK;
  }
  *index                  = s->tried_count;
  grown[s->tried_count++] = made;
  ude_progress progress = {.phase = "structures", .done = s->tried_count, .value = made.criterion};
  best                  = selection_best(s);
  progress.best         = best >= 0 ? s->tried[best].criterion : made.criterion;
  s->stopped = s->stopped || (s->progress && s->progress(&progress, s->progress_context)) ||
               (s->deadline > 0 && ude_clock() > s->deadline);
  return UDE_OK;
}

ude_status selection_try(selection *s, const bool *chosen, const double *start, int64_t *index,
                         ude_error *error) {
  return fit_structure(s, chosen, start, false, index, error);
}

/* ---------------------------------------------------------------------------- local search -- */

/* Neighbour of the best structure: `out` leaves (or -1), `in` joins (or -1), other coefficients kept. */
static ude_status try_neighbour(selection *s, int64_t from, int64_t out, int64_t in, bool *chosen,
                                double *start, ude_error *error) {
  int64_t          index = 0;
  const structure *base  = &s->tried[from];
  memcpy(chosen, base->chosen, (size_t)s->count * sizeof *chosen);
  for (int64_t i = 0; i < s->count; i++) {
    start[i] = base->p[s->candidate[i].index];
  }
  if (out >= 0) {
    chosen[out] = false;
  }
  if (in >= 0) {
    chosen[in] = true;
    start[in]  = 0;
  }
  /* A smaller structure has a good start here: what it came to from elsewhere may be a worse minimum. */
  return fit_structure(s, chosen, start, out >= 0 && in < 0, &index, error);
}

static int64_t output_terms(const selection *s, const structure *x, const candidate *like) {
  int64_t terms = 0;
  for (int64_t i = 0; i < s->count; i++) {
    terms += x->chosen[i] && s->candidate[i].function == like->function &&
             s->candidate[i].output == like->output;
  }
  return terms;
}

ude_status selection_search(selection *s, int64_t max_terms, ude_error *error) {
  bool      *chosen = ude_calloc((size_t)s->count, sizeof *chosen);
  double    *start  = ude_calloc((size_t)s->count, sizeof *start);
  ude_status status = chosen && start ? UDE_OK : ude_fail_memory(error, "the search");
  for (int64_t from = selection_best(s), last = -1;
       status == UDE_OK && from >= 0 && from != last && !s->stopped; from = selection_best(s)) {
    last = from;
    for (int64_t i = 0; i < s->count && status == UDE_OK && !s->stopped; i++) {
      if (s->tried[from].chosen[i]) {
        status = try_neighbour(s, from, i, -1, chosen, start, error);
      } else if (output_terms(s, &s->tried[from], &s->candidate[i]) < max_terms) {
        status = try_neighbour(s, from, -1, i, chosen, start, error);
      }
    }
    if (selection_best(s) != from || s->stopped) {
      continue;
    }
    for (int64_t out = 0; out < s->count && status == UDE_OK && !s->stopped; out++) {
      for (int64_t in = 0; s->tried[from].chosen[out] && in < s->count && status == UDE_OK && !s->stopped;
           in++) {
        bool same = s->candidate[in].function == s->candidate[out].function &&
                    s->candidate[in].output == s->candidate[out].output;
        if (!s->tried[from].chosen[in] && same) {
          status = try_neighbour(s, from, out, in, chosen, start, error);
        }
      }
    }
  }
  free(chosen);
  free(start);
  return status;
}
