/* From proposals to fitted structures: the library model, its starts, the search. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discover/task.h"

/* Initial states for the fits through the library model, as a fit would start from them. */
static ude_status start_states(task *t) {
  selection *s     = &t->select;
  ude_loss  *loss  = NULL;
  double    *theta = NULL;
  double    *p     = ude_calloc((size_t)s->field->param.count, sizeof *p);
  s->base_u0 =
      ude_calloc((size_t)(s->data->trajectories * s->field->state.count), sizeof *s->base_u0);
  ude_status status = p && s->base_u0 ? UDE_OK : ude_fail_memory(t->error, "the initial states");
  status = status ? status : ude_loss_create(s->field, s->data, &s->fit, s->base, &loss, t->error);
  if (!status) {
    theta  = ude_calloc((size_t)ude_loss_dimension(loss), sizeof *theta);
    status = theta ? UDE_OK : ude_fail_memory(t->error, "the initial states");
  }
  if (!status) {
    ude_loss_start(loss, theta);
    status = ude_loss_unpack(loss, theta, p, s->base_u0, t->error);
  }
  free(theta);
  free(p);
  ude_loss_free(loss);
  return status;
}

ude_status task_library_model(task *t) {
  selection *s      = &t->select;
  ude_status status = request_write(t, NULL, NULL, NULL, &t->library_request);
  status            = status
                          ? status
                          : t->rebuild(&t->library_request.request, &s->field, t->rebuild_context, t->error);
  if (status) {
    return status;
  }
  if (!s->field->rhs.jvp && !s->field->rhs.jvp_wide) {
    return ude_fail(t->error, UDE_UNSUPPORTED,
                    "discover fits through the equation: the rebuilt model needs rhs.jvp");
  }
  size_t np = (size_t)s->field->param.count;
  s->base   = ude_calloc(np, sizeof *s->base);
  if (!s->base) {
    return ude_fail_memory(t->error, "the library model");
  }
  if (s->field->p0) {
    memcpy(s->base, s->field->p0, np * sizeof *s->base);
  }
  if (t->field && t->field->p0) {
    s->declared = ude_calloc(np, sizeof *s->declared);
    if (!s->declared) {
      return ude_fail_memory(t->error, "the library model");
    }
    for (size_t i = 0; i < np; i++) {
      char    name[512];
      int64_t own = ude_layout_find(
          &t->field->param, ude_layout_name(&s->field->param, (int64_t)i, "p", name, sizeof name),
          "p");
      s->declared[i] = own >= 0 ? t->field->p0[own] : (double)NAN;
    }
  }
  for (int64_t i = 0; i < s->count; i++) {
    candidate *c = &s->candidate[i];
    c->index     = ude_layout_find(&s->field->param, c->param, "p");
    if (c->index < 0) {
      return ude_fail(t->error, UDE_INTERNAL, "the rebuilt model lacks the parameter '%s'",
                      c->param);
    }
    s->base[c->index] = 0;
  }
  return UDE_OK;
}

/* ------------------------------------------------------------------------------------- starts -- */

/* Combinations of the outputs' proposals, those of small total rank first. */
typedef struct starts {
  task    *t;
  int64_t *rank; /* [outputs] proposal of each output */
  bool    *chosen;
  double  *start; /* [candidates] coefficients */
  int64_t  left;  /* starts that may still be fitted */
} starts;

static ude_status try_combination(starts *c) {
  task      *t = c->t;
  selection *s = &t->select;
  memset(c->chosen, 0, (size_t)s->count * sizeof *c->chosen);
  memset(c->start, 0, (size_t)s->count * sizeof *c->start);
  int64_t first  = 0; /* candidates are listed by function, output, term */
  int64_t output = 0;
  for (int64_t f = 0; f < t->found->sample_count; f++) {
    for (int64_t o = 0; o < t->found->samples[f].outputs; o++, output++) {
      const ude_support *x = &t->proposals[output]->supports[c->rank[output]];
      for (int64_t k = 0; k < x->count; k++) {
        c->chosen[first + x->terms[k]] = true;
        c->start[first + x->terms[k]]  = x->coefficients[k];
      }
      first += t->libraries[f]->count;
    }
  }
  c->left--;
  return selection_try(s, c->chosen, c->start, -1, false, t->error);
}

/* All ranks of outputs `output`.. that add up to `sum`. */
static ude_status try_level(starts *c, int64_t output, int64_t sum) {
  ude_status status = UDE_OK;
  int64_t    count  = c->t->proposals[output]->count;
  bool       last   = output == c->t->outputs - 1;
  for (int64_t rank = last ? sum : 0;
       rank <= sum && rank < count && c->left > 0 && !c->t->select.stopped && !status; rank++) {
    c->rank[output] = rank;
    status          = last ? try_combination(c) : try_level(c, output + 1, sum - rank);
  }
  return status;
}

static ude_status try_starts(task *t) {
  selection *s      = &t->select;
  starts     c      = {.t      = t,
                       .rank   = ude_calloc((size_t)t->outputs, sizeof *c.rank),
                       .chosen = ude_calloc((size_t)s->count, sizeof *c.chosen),
                       .start  = ude_calloc((size_t)s->count, sizeof *c.start),
                       .left   = t->options.starts};
  ude_status status = c.rank && c.chosen && c.start
                          ? UDE_OK
                          : ude_fail_memory(t->error, "the starts of the search");
  int64_t    levels = 0;
  for (int64_t k = 0; k < t->outputs; k++) {
    levels += t->proposals[k]->count;
  }
  for (int64_t sum = 0; sum < levels && c.left > 0 && !s->stopped && !status; sum++) {
    status = try_level(&c, 0, sum);
  }
  if (!status && !s->stopped) { /* an unknown term may turn out not to be needed at all */
    memset(c.chosen, 0, (size_t)s->count * sizeof *c.chosen);
    status = selection_try(s, c.chosen, c.start, -1, false, t->error);
  }
  free(c.rank);
  free(c.chosen);
  free(c.start);
  return status;
}

ude_status task_choose(task *t) {
  selection *s        = &t->select;
  s->criterion        = t->options.criterion;
  s->max_terms        = t->options.max_terms;
  s->progress         = t->options.progress;
  s->progress_context = t->options.progress_context;
  s->deadline         = t->options.time_limit > 0 ? ude_clock() + t->options.time_limit : 0;
  /* residuals in the units of the data: each column is weighed by the noise that it shows */
  s->fit.scales     = NULL;
  s->fit.free       = NULL;
  s->fit.regularise = 0;
  s->fit.segment    = 0;
  s->fit.folder     = NULL;
  s->fit.progress   = NULL;
  s->fit.resume     = false;
  s->fit.keep_start = true;
  ude_status status = start_states(t);
  status            = status ? status : selection_prepare(s, t->error);
  status            = status ? status : try_starts(t);
  if (!status && !s->stopped) {
    status = selection_search(s, t->error);
  }
  int64_t best = selection_best(s);
  if (!status && best < 0) {
    status = ude_fail(t->error, UDE_NUMERICAL,
                      "none of %lld structures could be fitted through the differential equation: "
                      "more data, other candidates or a better trained model may help",
                      (long long)s->tried_count);
  }
  return status ? status : structure_refit(s, &s->tried[best], 1e-8, t->error);
}
