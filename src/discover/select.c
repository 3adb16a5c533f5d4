/* Choosing a structure: what was tried, and the search among neighbours. */
#include "discover/select.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Widths of the search: structures whose neighbours are tried, additions and exchanges that are fitted; how much wider
 * the search is around the best in the end, as the linear approximation may rank neighbours wrongly. */
enum { BEAM = 3, ADDITIONS = 6, EXCHANGES = 4, WIDER = 4 };

/* Deviances closer than this are the same for a choice by an information criterion. */
static const double TOLERANCE = 1e-2;

/* A structure that needs more steps than this is no explanation of data that a solver followed easily. */
static const int64_t MAX_STEPS = 20000;

static void structure_free(structure *x) {
  free(x->chosen);
  free(x->p);
  free(x->u0);
  free(x->variance);
}

void selection_free(selection *s) {
  for (int64_t i = 0; s->candidate && i < s->count; i++) {
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
  free(s->base_u0);
  free(s->declared);
  free(s->free);
  free(s->cells);
  free(s->floor);
}

/* Observed cells of each column, and the variance below which residuals are the solver's own. */
static void count_cells(selection *s) {
  const ude_dataset *data = s->data;
  double             rtol = s->fit.solve.rtol > 0 ? s->fit.solve.rtol : 1e-6;
  for (int64_t j = 0; j < data->columns; j++) {
    double largest = 0;
    for (int64_t k = 0; k < data->trajectories; k++) {
      const ude_trajectory *trajectory = &data->trajectory[k];
      for (int64_t i = 0; i < trajectory->count; i++) {
        double value = trajectory->values[i * data->columns + j];
        if (!isnan(value)) {
          s->cells[j]++;
          largest = fmax(largest, fabs(value));
        }
      }
    }
    const ude_layout *layout   = data->observed ? &s->field->observation : &s->field->state;
    const ude_member *member   = ude_layout_member(layout, data->target[j]);
    bool              relative = member && member->relative; /* residuals of logarithms */
    double            own      = 3 * rtol * (largest > 0 && !relative ? largest : 1);
    s->floor[j]                = own * own;
  }
}

ude_status selection_prepare(selection *s, ude_error *error) {
  size_t columns = (size_t)s->data->columns;
  s->free        = ude_calloc((size_t)s->field->param.count, sizeof *s->free);
  s->cells       = ude_calloc(columns, sizeof *s->cells);
  s->floor       = ude_calloc(columns, sizeof *s->floor);
  if (!s->free || !s->cells || !s->floor) {
    return ude_fail_memory(error, "the choice of a structure");
  }
  count_cells(s);
  if (s->fit.solve.max_steps == 0) {
    s->fit.solve.max_steps = MAX_STEPS;
  }
  int64_t trained = 0;
  for (int64_t i = 0; i < s->field->param.count; i++) {
    const ude_member *member = ude_layout_member(&s->field->param, i);
    trained += !(member && member->fixed);
  }
  s->others = trained - s->count;
  if (s->fit.initial == UDE_INITIAL_TRAINED) {
    s->others += s->data->trajectories * s->field->state.count;
  }
  return UDE_OK;
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

static int64_t find_tried(const selection *s, const bool *chosen) {
  for (int64_t i = 0; i < s->tried_count; i++) {
    if (memcmp(s->tried[i].chosen, chosen, (size_t)s->count * sizeof *chosen) == 0) {
      return i;
    }
  }
  return -1;
}

/* Parameters that another fit has driven to an end of their range, back to the model's own value, or inside of it: at
 * the end the mapping into the range is flat, and nothing leads them back. A network drives them there that can take
 * their place. False if there are none. */
static bool leave_bounds(const selection *s, double *p) {
  static const double inside = 0.02;
  bool                moved  = false;
  for (int64_t i = 0; i < s->field->param.count; i++) {
    const ude_member *member = ude_layout_member(&s->field->param, i);
    if (member && !member->fixed && isfinite(member->lower) && isfinite(member->upper) &&
        member->lower < member->upper) {
      double margin = inside * (member->upper - member->lower);
      double low    = member->lower + margin;
      double high   = member->upper - margin;
      if (p[i] < low || p[i] > high) {
        double own = s->declared ? s->declared[i] : (double)NAN;
        p[i]       = fmin(fmax(isnan(own) ? p[i] : own, low), high);
        moved      = true;
      }
    }
  }
  return moved;
}

/* A structure with room in the list and the start of its fit; not yet counted. */
static structure *new_structure(selection *s, const bool *chosen, int64_t from) {
  size_t     np    = (size_t)s->field->param.count;
  size_t     nu    = (size_t)(s->data->trajectories * s->field->state.count);
  structure *grown = ude_realloc(s->tried, (size_t)s->tried_count + 1, sizeof *grown);
  if (!grown) {
    return NULL;
  }
  s->tried     = grown;
  structure *x = &grown[s->tried_count];
  *x           = (structure){.chosen   = ude_calloc((size_t)s->count, sizeof(bool)),
                             .p        = ude_calloc(np, sizeof(double)),
                             .u0       = ude_calloc(nu, sizeof(double)),
                             .variance = ude_calloc((size_t)s->data->columns, sizeof(double))};
  if (!x->chosen || !x->p || !x->u0 || !x->variance) {
    structure_free(x);
    return NULL;
  }
  memcpy(x->chosen, chosen, (size_t)s->count * sizeof *chosen);
  memcpy(x->p, from >= 0 ? grown[from].p : s->base, np * sizeof *x->p);
  memcpy(x->u0, from >= 0 ? grown[from].u0 : s->base_u0, nu * sizeof *x->u0);
  for (int64_t i = 0; i < s->count; i++) {
    x->terms += chosen[i];
  }
  return x;
}

static void report(selection *s, double value) {
  int64_t      best     = selection_best(s);
  ude_progress progress = {.phase = "structures",
                           .done  = s->tried_count,
                           .value = value,
                           .best  = best >= 0 ? s->tried[best].criterion : value};
  bool         stop     = s->progress && s->progress(&progress, s->progress_context);
  s->stopped            = s->stopped || stop || (s->deadline > 0 && ude_clock() > s->deadline);
}

/* Where the start cannot be solved, half of its terms' strength or none often can. */
static ude_status fit_from(selection *s, structure *x, const double *start, ude_error *error) {
  static const double strengths[] = {1, 0.5, 0};
  for (int attempt = 0; attempt < 3; attempt++) {
    for (int64_t i = 0; i < s->count; i++) {
      x->p[s->candidate[i].index] = x->chosen[i] ? strengths[attempt] * start[i] : 0;
    }
    ude_status status = structure_refit(s, x, TOLERANCE, error);
    if (status || isfinite(x->criterion) || x->terms == 0) {
      return status;
    }
  }
  return UDE_OK;
}

static void copy_start(const selection *s, const structure *from, structure *to) {
  memcpy(to->p, from->p, (size_t)s->field->param.count * sizeof *to->p);
  memcpy(to->u0, from->u0,
         (size_t)(s->data->trajectories * s->field->state.count) * sizeof *to->u0);
}

/* Fit x from where it starts and, where parameters start at an end of their range, also from inside: the better one. */
static ude_status fit_both(selection *s, structure *x, const double *start, ude_error *error) {
  structure other = *x;
  other.p         = ude_calloc((size_t)s->field->param.count, sizeof *other.p);
  other.u0 = ude_calloc((size_t)(s->data->trajectories * s->field->state.count), sizeof *other.u0);
  other.variance = ude_calloc((size_t)s->data->columns, sizeof *other.variance);
  ude_status status =
      other.p && other.u0 && other.variance ? UDE_OK : ude_fail_memory(error, "a structure");
  if (status == UDE_OK) {
    copy_start(s, x, &other);
    bool again = leave_bounds(s, other.p);
    status     = fit_from(s, x, start, error);
    status     = status || !again ? status : fit_from(s, &other, start, error);
    if (status == UDE_OK && again && other.criterion < x->criterion) {
      copy_start(s, &other, x);
      memcpy(x->variance, other.variance, (size_t)s->data->columns * sizeof *x->variance);
      x->criterion  = other.criterion;
      x->deviance   = other.deviance;
      x->parameters = other.parameters;
    }
  }
  free(other.p);
  free(other.u0);
  free(other.variance);
  return status;
}

ude_status selection_try(selection *s, const bool *chosen, const double *start, int64_t from,
                         bool again, ude_error *error) {
  int64_t known = find_tried(s, chosen);
  if (known >= 0 && !again) {
    return UDE_OK;
  }
  structure *x = new_structure(s, chosen, from);
  if (!x) {
    return ude_fail_memory(error, "a structure");
  }
  ude_status status = fit_both(s, x, start, error);
  if (status) {
    structure_free(x);
    return status;
  }
  double reached = x->criterion;
  if (known < 0) {
    s->tried_count++;
  } else {
    structure *old   = &s->tried[known];
    structure  worse = *x;
    if (x->criterion < old->criterion - TOLERANCE) {
      worse         = *old;
      *old          = *x;
      old->expanded = false; /* its neighbours were seen from a worse fit */
    }
    structure_free(&worse);
  }
  report(s, reached);
  return UDE_OK;
}

/* ---------------------------------------------------------------------------- neighbourhood -- */

/* Work of a search. */
typedef struct walk {
  selection    *s;
  int64_t       from;    /* the structure whose neighbours are tried */
  int           wider;   /* factor of the widths */
  structure     at;      /* a copy of it: its arrays are its own */
  linear_model *linear;  /* around it; NULL: none */
  bool         *removed; /* [count] terms that leave it */
  bool         *chosen;  /* [count] */
  double       *start;   /* [count] */
  double       *gain;    /* [count] */
  double        rest;    /* weighted sum of squares without w->removed */
  ude_error    *error;
} walk;

static bool same_output(const candidate *a, const candidate *b) {
  return a->function == b->function && a->output == b->output;
}

/* The structure without w->removed and with term `added` (or -1). */
static ude_status try_neighbour(walk *w, int64_t added) {
  selection *s = w->s;
  ude_status status =
      w->linear ? linear_solve(w->linear, w->removed, added, w->start, w->error) : UDE_OK;
  for (int64_t i = 0; i < s->count; i++) {
    w->chosen[i] = i == added || (w->at.chosen[i] && !w->removed[i]);
    w->start[i]  = w->linear ? w->start[i] : w->at.p[s->candidate[i].index];
  }
  return status ? status : selection_try(s, w->chosen, w->start, w->from, added < 0, w->error);
}

/* True if one more term of the candidate's output is allowed. */
static bool has_room(const walk *w, int64_t added) {
  const selection *s     = w->s;
  int64_t          terms = 0;
  for (int64_t i = 0; i < s->count; i++) {
    terms +=
        w->at.chosen[i] && !w->removed[i] && same_output(&s->candidate[i], &s->candidate[added]);
  }
  return terms < s->max_terms;
}

/* False if the linear approximation leaves a mean square e times that of the best fit: the neighbour is not worth
 * solving. The approximation is good where it matters: between structures that follow the data. */
static bool is_promising(const walk *w, double rest) {
  const selection *s     = w->s;
  double           cells = (double)s->data->cells;
  double           best  = s->tried[selection_best(s)].deviance;
  return !w->linear || w->at.deviance + cells * log(fmax(rest / cells, 1e-300)) < best + cells;
}

/* What w->removed leaves: for the following calls. */
static void look_around(walk *w) {
  w->rest = w->linear ? linear_gains(w->linear, w->removed, w->gain) : 0;
}

/* Fit the `width` additions that promise most once w->removed is gone. */
static ude_status try_additions(walk *w, int width) {
  selection *s = w->s;
  width *= w->wider;
  ude_status status = UDE_OK;
  while (w->linear && width > 0 && status == UDE_OK && !s->stopped) {
    int64_t best = -1;
    for (int64_t i = 0; i < s->count; i++) {
      if (w->gain[i] > 0 && (best < 0 || w->gain[i] > w->gain[best])) {
        best = i;
      }
    }
    if (best < 0 || !is_promising(w, w->rest - w->gain[best])) {
      break;
    }
    w->gain[best] = 0;
    if (has_room(w, best)) {
      status = try_neighbour(w, best);
      width--;
    }
  }
  return status;
}

/* All terms of an output that has several for a single other one. */
static ude_status replace_outputs(walk *w) {
  selection *s      = w->s;
  ude_status status = UDE_OK;
  for (int64_t first = 0; first < s->count && status == UDE_OK && !s->stopped; first++) {
    bool    leads = w->at.chosen[first];
    int64_t terms = 0;
    for (int64_t i = 0; i < s->count; i++) {
      w->removed[i] = w->at.chosen[i] && same_output(&s->candidate[i], &s->candidate[first]);
      leads         = leads && !(w->removed[i] && i < first);
      terms += w->removed[i];
    }
    if (leads && terms > 1) {
      look_around(w);
      status = try_additions(w, EXCHANGES);
    }
  }
  return status;
}

/* Additions, removals, and exchanges. */
static ude_status expand(walk *w, int64_t from) {
  selection *s     = w->s;
  size_t     count = (size_t)s->count;
  structure *x     = &s->tried[from];
  x->expanded      = true;
  w->from          = from;
  w->at            = *x;
  w->at.p          = ude_calloc((size_t)s->field->param.count, sizeof *w->at.p);
  w->at.chosen     = ude_calloc(count, sizeof *w->at.chosen);
  ude_status status =
      w->at.p && w->at.chosen ? UDE_OK : ude_fail_memory(w->error, "neighbours of a structure");
  if (!status) {
    memcpy(w->at.p, x->p, (size_t)s->field->param.count * sizeof *w->at.p);
    memcpy(w->at.chosen, x->chosen, count * sizeof *w->at.chosen);
    memset(w->removed, 0, count * sizeof *w->removed);
    status = linear_open(s, &w->at, &w->linear, w->error);
  }
  if (!status) {
    look_around(w);
    status = try_additions(w, ADDITIONS);
  }
  for (int64_t out = 0; out < s->count && status == UDE_OK && !s->stopped; out++) {
    if (!w->at.chosen[out]) {
      continue;
    }
    memset(w->removed, 0, count * sizeof *w->removed);
    w->removed[out] = true;
    look_around(w);
    status = is_promising(w, w->rest) ? try_neighbour(w, -1) : UDE_OK;
    status = status ? status : try_additions(w, EXCHANGES);
  }
  status = status ? status : replace_outputs(w);
  linear_close(w->linear);
  w->linear = NULL;
  free(w->at.p);
  free(w->at.chosen);
  return status;
}

/* The best structure whose neighbours were not tried, if it is among the BEAM best; -1: none. */
static int64_t next_to_expand(const selection *s) {
  int64_t next = -1;
  for (int64_t i = 0; i < s->tried_count; i++) {
    const structure *x = &s->tried[i];
    if (!x->expanded && isfinite(x->criterion) &&
        (next < 0 || x->criterion < s->tried[next].criterion)) {
      next = i;
    }
  }
  int64_t better = 0;
  for (int64_t i = 0; next >= 0 && i < s->tried_count; i++) {
    better += s->tried[i].criterion < s->tried[next].criterion;
  }
  return better < BEAM ? next : -1;
}

ude_status selection_search(selection *s, ude_error *error) {
  size_t     count  = (size_t)s->count;
  walk       w      = {.s       = s,
                       .wider   = 1,
                       .removed = ude_calloc(count, sizeof *w.removed),
                       .chosen  = ude_calloc(count, sizeof *w.chosen),
                       .start   = ude_calloc(count, sizeof *w.start),
                       .gain    = ude_calloc(count, sizeof *w.gain),
                       .error   = error};
  ude_status status = w.removed && w.chosen && w.start && w.gain
                          ? UDE_OK
                          : ude_fail_memory(error, "the search for a structure");
  for (int64_t wide = -1; status == UDE_OK && !s->stopped;) {
    int64_t from = next_to_expand(s);
    int64_t best = selection_best(s);
    bool    last = from < 0; /* nothing is left but to look again around the best */
    if (last && (best < 0 || best == wide)) {
      break;
    }
    w.wider = last ? WIDER : 1;
    wide    = last ? best : wide;
    from    = last ? best : from;
    status  = expand(&w, from);
  }
  free(w.removed);
  free(w.chosen);
  free(w.start);
  free(w.gain);
  return status;
}
