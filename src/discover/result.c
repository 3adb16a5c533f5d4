/* What was found, in the form that callers get. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discover/expression.h"
#include "discover/task.h"

enum { LISTED_ALTERNATIVES = 20 };

/* A discovery, with what its final request points to. */
typedef struct holder {
  ude_discovery found; /* first: ude_discovery_free gets its address */
  request_store final;
} holder;

ude_discovery *discovery_create(void) {
  holder *made = ude_calloc(1, sizeof *made);
  return made ? &made->found : NULL;
}

static request_store *final_store(ude_discovery *found) {
  return &((holder *)found)->final;
}

static void free_equations(ude_discovery *found) {
  for (int64_t k = 0; k < found->equation_count; k++) {
    ude_equation *e = &found->equations[k];
    for (int64_t i = 0; i < e->term_count; i++) {
      free(e->terms[i].text);
      free(e->terms[i].latex);
      free(e->terms[i].param);
      ude_expression_free(e->terms[i].expression);
    }
    free(e->name);
    free(e->latex);
    free(e->terms);
  }
  free(found->equations);
}

void ude_discovery_free(ude_discovery *found) {
  if (!found) {
    return;
  }
  free_equations(found);
  for (int64_t i = 0; i < found->refitted_count; i++) {
    free(found->refitted[i].name);
  }
  for (int64_t i = 0; i < found->column_count; i++) {
    free(found->column_names[i]);
  }
  for (int64_t i = 0; i < found->alternative_count; i++) {
    free(found->alternatives[i].text);
  }
  for (int64_t i = 0; found->recovered && i < found->sample_count; i++) {
    free(found->recovered[i]);
  }
  ude_samples_free(found->samples, found->sample_count);
  free(found->refitted);
  free(found->column_names);
  free(found->column_deviations);
  free(found->alternatives);
  free(found->recovered);
  free(found->u0);
  free(found->notes);
  ude_dataset_free(found->data);
  request_free(final_store(found));
  free(found);
}

void task_close(task *t) {
  for (int64_t f = 0; f < t->found->sample_count; f++) {
    ude_library_free(t->libraries ? t->libraries[f] : NULL);
    free(t->theta ? t->theta[f] : NULL);
  }
  for (int64_t k = 0; t->proposals && k < t->outputs; k++) {
    ude_support_list_free(t->proposals[k]);
  }
  free(t->libraries);
  free(t->theta);
  free(t->proposals);
  ude_sparse_result_free(t->direct);
  request_free(&t->library_request);
  ude_text_free(&t->notes);
  selection_free(&t->select);
}

static char *copy_text(const char *text, bool *failed) {
  char *copy = strdup(text);
  *failed    = *failed || !copy;
  return copy;
}

static char *finish(ude_text *text, bool *failed) {
  *failed = *failed || text->failed;
  if (text->failed) {
    ude_text_free(text);
  }
  return text->data;
}

/* ---------------------------------------------------------------------------------- equations -- */

static void name_equation(const task *t, ude_equation *e, bool *failed) {
  const ude_samples *s     = &t->found->samples[e->function];
  ude_text           name  = {0};
  ude_text           latex = {0};
  if (t->source) {
    const char *state = t->source->names[e->output];
    ude_text_append(&name, "d(%s)/dt", state);
    ude_text_append(&latex, "\\frac{d ");
    text_append_latex_name(&latex, state);
    ude_text_append(&latex, "}{d t}");
  } else if (s->outputs > 1) {
    ude_text_append(&name, "%s[%lld]", s->name, (long long)e->output);
    text_append_latex_name(&latex, s->name);
    ude_text_append(&latex, "_{%lld}", (long long)e->output);
  } else {
    ude_text_append(&name, "%s", s->name);
    text_append_latex_name(&latex, s->name);
  }
  e->name  = finish(&name, failed);
  e->latex = finish(&latex, failed);
}

static void add_term(const candidate *c, double coefficient, double deviation, ude_equation *e,
                     bool *failed) {
  ude_term *term = &e->terms[e->term_count++];
  *term          = (ude_term){.text           = copy_text(c->text, failed),
                              .latex          = copy_text(c->latex, failed),
                              .param          = copy_text(c->param, failed),
                              .coefficient    = coefficient,
                              .standard_error = deviation,
                              .expression     = expression_copy(c->term)};
  *failed        = *failed || !term->expression;
}

/* coefficients, errors: [candidates]; errors may be NULL. */
static ude_status fill_equations(task *t, const bool *chosen, const double *coefficients,
                                 const double *errors) {
  ude_discovery *found  = t->found;
  bool           failed = false;
  found->equations      = ude_calloc((size_t)t->outputs, sizeof *found->equations);
  for (int64_t f = 0; found->equations && f < found->sample_count; f++) {
    for (int64_t o = 0; o < found->samples[f].outputs && !failed; o++) {
      ude_equation *e = &found->equations[found->equation_count++];
      *e              = (ude_equation){.function = f, .output = o};
      e->terms        = ude_calloc((size_t)t->select.count, sizeof *e->terms);
      failed          = !e->terms;
      name_equation(t, e, &failed);
      for (int64_t i = 0; i < t->select.count && !failed; i++) {
        const candidate *c = &t->select.candidate[i];
        if (chosen[i] && c->function == f && c->output == o) {
          add_term(c, coefficients[i], errors ? errors[i] : (double)NAN, e, &failed);
        }
      }
    }
  }
  return failed || !found->equations ? ude_fail_memory(t->error, "the equations") : UDE_OK;
}

static ude_status fill_recovered(task *t) {
  ude_discovery *found = t->found;
  found->recovered     = ude_calloc((size_t)found->sample_count, sizeof *found->recovered);
  for (int64_t f = 0; found->recovered && f < found->sample_count; f++) {
    const ude_samples *s      = &found->samples[f];
    double            *values = ude_calloc((size_t)(s->rows * s->outputs), sizeof *values);
    found->recovered[f]       = values;
    if (!values) {
      return ude_fail_memory(t->error, "the equations' values");
    }
    for (int64_t k = 0; k < found->equation_count; k++) {
      const ude_equation *e = &found->equations[k];
      for (int64_t row = 0; e->function == f && row < s->rows; row++) {
        for (int64_t i = 0; i < e->term_count; i++) {
          values[row * s->outputs + e->output] +=
              e->terms[i].coefficient *
              ude_expression_value(e->terms[i].expression, s->in + row * s->inputs);
        }
      }
    }
  }
  return found->recovered ? UDE_OK : ude_fail_memory(t->error, "the equations' values");
}

/* --------------------------------------------------------------------------- fitted structures -- */

static ude_status fill_refitted(task *t, const structure *best, const double *errors) {
  selection     *s      = &t->select;
  ude_discovery *found  = t->found;
  bool           failed = false;
  found->refitted       = ude_calloc((size_t)s->field->param.count, sizeof *found->refitted);
  for (int64_t i = 0; found->refitted && i < s->field->param.count; i++) {
    const ude_member *member = ude_layout_member(&s->field->param, i);
    bool              other  = !(member && member->fixed);
    for (int64_t k = 0; k < s->count; k++) {
      other = other && s->candidate[k].index != i;
    }
    if (other) {
      char name[256];
      ude_layout_name(&s->field->param, i, "p", name, sizeof name);
      found->refitted[found->refitted_count++] = (ude_refitted){
          .name = copy_text(name, &failed), .value = best->p[i], .standard_error = errors[i]};
    }
  }
  return failed || !found->refitted ? ude_fail_memory(t->error, "the parameters") : UDE_OK;
}

static int by_criterion(const void *a, const void *b) {
  const structure *x = *(const structure *const *)a;
  const structure *y = *(const structure *const *)b;
  return (x->criterion > y->criterion) - (x->criterion < y->criterion);
}

static char *structure_text(const task *t, const structure *x, bool *failed) {
  ude_text text = {0};
  for (int64_t k = 0; k < t->found->equation_count; k++) {
    const ude_equation *e     = &t->found->equations[k];
    bool                first = true;
    ude_text_append(&text, "%s%s: ", k ? "; " : "", e->name);
    for (int64_t i = 0; i < t->select.count; i++) {
      const candidate *c = &t->select.candidate[i];
      if (x->chosen[i] && c->function == e->function && c->output == e->output) {
        ude_text_append(&text, "%s%s", first ? "" : " + ", c->text);
        first = false;
      }
    }
    ude_text_append(&text, "%s", first ? "0" : "");
  }
  return finish(&text, failed);
}

/* A column as its residuals are: "prey", "log(prey)". */
static char *column_name(const selection *s, int64_t j, bool *failed) {
  const ude_dataset *data   = s->data;
  const ude_layout  *layout = data->observed ? &s->field->observation : &s->field->state;
  const ude_member  *member = ude_layout_member(layout, data->target[j]);
  ude_text           name   = {0};
  ude_text_append(&name, member && member->relative ? "log(%s)" : "%s", data->names[j]);
  *failed = *failed || name.failed;
  return name.data;
}

static ude_status fill_alternatives(task *t) {
  selection        *s      = &t->select;
  ude_discovery    *found  = t->found;
  const structure **sorted = ude_calloc((size_t)s->tried_count, sizeof *sorted);
  found->alternatives      = ude_calloc((size_t)LISTED_ALTERNATIVES, sizeof *found->alternatives);
  bool failed              = !found->alternatives || !sorted;
  for (int64_t i = 0; i < s->tried_count && !failed; i++) {
    sorted[i] = &s->tried[i];
  }
  if (!failed) {
    qsort(sorted, (size_t)s->tried_count, sizeof *sorted, by_criterion);
  }
  for (int64_t i = 0; i < s->tried_count && i < LISTED_ALTERNATIVES && !failed; i++) {
    const structure *x = sorted[i];
    if (isfinite(x->criterion)) {
      found->alternatives[found->alternative_count++] =
          (ude_alternative){.text       = structure_text(t, x, &failed),
                            .criterion  = x->criterion,
                            .deviance   = x->deviance,
                            .parameters = x->parameters,
                            .terms      = x->terms};
    }
  }
  free(sorted);
  return failed ? ude_fail_memory(t->error, "the alternatives") : UDE_OK;
}

static ude_status fill_columns(task *t, const structure *best) {
  const ude_dataset *data   = t->select.data;
  ude_discovery     *found  = t->found;
  int64_t            states = t->select.field->state.count;
  size_t             starts = (size_t)(data->trajectories * states);
  bool               failed = false;
  found->column_names       = ude_calloc((size_t)data->columns, sizeof *found->column_names);
  found->column_deviations  = ude_calloc((size_t)data->columns, sizeof *found->column_deviations);
  found->u0                 = ude_calloc(starts, sizeof *found->u0);
  if (!found->column_names || !found->column_deviations || !found->u0) {
    return ude_fail_memory(t->error, "the result");
  }
  memcpy(found->u0, best->u0, starts * sizeof *found->u0);
  found->trajectory_count = data->trajectories;
  found->state_count      = states;
  for (int64_t j = 0; j < data->columns; j++) {
    found->column_names[j]      = column_name(&t->select, j, &failed);
    found->column_deviations[j] = sqrt(best->variance[j]);
    found->column_count++;
  }
  return failed ? ude_fail_memory(t->error, "the result") : UDE_OK;
}

/* ------------------------------------------------------------------------------ final request -- */

/* The values that the old parameters have now: refitted where the library model still has them. */
static ude_status old_parameters(task *t, const structure *best, request_store *store) {
  const ude_layout *old = &t->field->param;
  store->p              = ude_calloc((size_t)old->count, sizeof *store->p);
  if (!store->p) {
    return ude_fail_memory(t->error, "the final model");
  }
  for (int64_t i = 0; i < old->count; i++) {
    char name[256];
    ude_layout_name(old, i, "p", name, sizeof name);
    int64_t now = ude_layout_find(&t->select.field->param, name, "p");
    store->p[i] = now >= 0 ? best->p[now] : t->p[i];
  }
  store->request.p = store->p;
  return UDE_OK;
}

/* A refitted initial state belongs into the source if there is one, and if the model starts where the
 * data do. */
static bool start_is_the_models(const task *t) {
  const ude_vector_field *field = t->field;
  const ude_dataset      *data  = t->select.data;
  return t->select.fit.initial == UDE_INITIAL_TRAINED && data->trajectories == 1 &&
         (!field->has_tspan || field->tspan[0] == data->trajectory[0].t[0]);
}

static ude_status fill_final(task *t, const bool *chosen, const double *coefficients,
                             const structure *best) {
  ude_discovery *found  = t->found;
  request_store *store  = final_store(found);
  const double  *u0     = best ? best->u0 : NULL;
  ude_status     status = request_write(t, chosen, coefficients, u0, store);
  if (!status && t->field && best) {
    status = old_parameters(t, best, store);
  }
  if (!status && t->field && best && start_is_the_models(t)) {
    size_t states = (size_t)t->field->state.count;
    store->u0     = ude_calloc(states, sizeof *store->u0);
    if (store->u0) {
      memcpy(store->u0, best->u0, states * sizeof *store->u0);
    }
    store->request.u0 = store->u0;
    status            = store->u0 ? UDE_OK : ude_fail_memory(t->error, "the final model");
  }
  /* coefficients come in the order of the equations' terms, whose expressions outlive the library */
  int64_t i = 0;
  for (int64_t k = 0; k < found->equation_count && !status; k++) {
    for (int64_t j = 0; j < found->equations[k].term_count; j++) {
      store->params[i++].term = found->equations[k].terms[j].expression;
    }
  }
  found->final = store->request;
  return status;
}

static ude_status fill_notes(task *t) {
  ude_text_append(&t->notes, "%s", "");
  if (t->notes.failed) {
    return ude_fail_memory(t->error, "the notes");
  }
  t->found->notes = t->notes.data;
  t->notes        = (ude_text){0};
  return UDE_OK;
}

static void note_doubts(task *t) {
  for (int64_t k = 0; k < t->found->equation_count; k++) {
    const ude_equation *e = &t->found->equations[k];
    if (e->term_count == 0) {
      ude_text_append(&t->notes, "%s: no candidate term is supported by the data\n", e->name);
    }
    for (int64_t i = 0; i < e->term_count; i++) {
      if (!isfinite(e->terms[i].standard_error)) {
        ude_text_append(&t->notes, "%s: the data do not determine the coefficient of %s\n", e->name,
                        e->terms[i].text);
      }
    }
  }
}

/* --------------------------------------------------------------------------------------- all -- */

ude_status task_result(task *t) {
  selection       *s            = &t->select;
  const structure *best         = &s->tried[selection_best(s)];
  ude_discovery   *found        = t->found;
  double          *errors       = ude_calloc((size_t)s->field->param.count, sizeof *errors);
  double          *coefficients = ude_calloc((size_t)s->count, sizeof *coefficients);
  double          *deviations   = ude_calloc((size_t)s->count, sizeof *deviations);
  ude_status       status       = errors && coefficients && deviations
                                      ? structure_errors(s, best, errors, t->error)
                                      : ude_fail_memory(t->error, "the result");
  found->criterion              = s->criterion;
  found->criterion_value        = best->criterion;
  found->deviance               = best->deviance;
  found->observations           = s->data->cells;
  found->parameters             = best->parameters;
  for (int64_t i = 0; i < s->count && !status; i++) {
    coefficients[i] = best->p[s->candidate[i].index];
    deviations[i]   = errors[s->candidate[i].index];
  }
  status = status ? status : fill_equations(t, best->chosen, coefficients, deviations);
  status = status ? status : fill_refitted(t, best, errors);
  status = status ? status : fill_recovered(t);
  status = status ? status : fill_alternatives(t);
  status = status ? status : fill_columns(t, best);
  status = status ? status : fill_final(t, best->chosen, coefficients, best);
  if (!status) {
    note_doubts(t);
    status = fill_notes(t);
  }
  free(errors);
  free(coefficients);
  free(deviations);
  return status;
}

static double support_value(const task *t, const ude_support *x) {
  switch (t->options.criterion) {
  case UDE_CRITERION_BIC: return x->bic;
  case UDE_CRITERION_AICC: return x->aicc;
  default: return x->ebic;
  }
}

/* The best support of one output by the criterion on the samples. */
static const ude_support *best_support(const task *t, const ude_support_list *list) {
  const ude_support *best = &list->supports[0];
  for (int64_t i = 1; i < list->count; i++) {
    if (support_value(t, &list->supports[i]) < support_value(t, best)) {
      best = &list->supports[i];
    }
  }
  return best;
}

ude_status task_result_regression(task *t) {
  selection *s            = &t->select;
  bool      *chosen       = ude_calloc((size_t)s->count, sizeof *chosen);
  double    *coefficients = ude_calloc((size_t)s->count, sizeof *coefficients);
  ude_status status   = chosen && coefficients ? UDE_OK : ude_fail_memory(t->error, "the result");
  int64_t    first    = 0;
  int64_t    output   = 0;
  t->found->criterion = t->options.criterion;
  for (int64_t f = 0; f < t->found->sample_count && !status; f++) {
    for (int64_t o = 0; o < t->found->samples[f].outputs; o++, output++) {
      const ude_support *x = best_support(t, t->proposals[output]);
      for (int64_t k = 0; k < x->count; k++) {
        chosen[first + x->terms[k]]       = true;
        coefficients[first + x->terms[k]] = x->coefficients[k];
      }
      t->found->criterion_value += support_value(t, x);
      t->found->parameters += x->count + 1;
      t->found->observations += t->found->samples[f].rows;
      first += t->libraries[f]->count;
    }
  }
  status = status ? status
                  : fill_equations(t, chosen, coefficients, t->direct ? t->direct->spread : NULL);
  status = status ? status : fill_recovered(t);
  status = status ? status : fill_final(t, chosen, coefficients, NULL);
  if (!status) {
    ude_text_append(&t->notes, "coefficients by regression %s, not refitted\n",
                    t->weak > 0 ? "in weak form" : "on derivatives");
    task_note_inclusion(t);
    status = fill_notes(t);
  }
  free(chosen);
  free(coefficients);
  return status;
}
