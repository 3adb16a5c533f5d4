/* From a trained model to equations: samples, proposals, the library model, the choice, the result. */
#include <ude/discover.h>

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <ude/linalg.h>

#include "discover/select.h"

enum { DEFAULT_SAMPLES = 200, DEFAULT_MAX_TERMS = 6, DEFAULT_STARTS = 32, PER_OUTPUT = 6 };

/** A discovery under way. */
typedef struct task {
  const ude_discover_problem *problem;
  ude_discover_options        options;
  ude_discovery              *found;
  ude_library               **library; /**< [functions] */
  double                    **theta;   /**< [functions] */
  ude_support_list          **proposals; /**< [outputs of all functions] */
  int64_t                     outputs;
  selection                   select;
  ude_text                    notes, bodies;
  ude_rebuild_body           *body; /**< [functions] */
  ude_rebuild_param          *param;
  double                     *u0;
  ude_error                  *error;
} task;

/* --------------------------------------------------------------------------------- samples -- */

/* Initial states as the fit has them. */
static ude_status start_states(task *t) {
  const ude_discover_problem *problem = t->problem;
  const ude_dataset          *data    = problem->data;
  ude_loss                   *loss    = NULL;
  int64_t                     n       = problem->field->state.count;
  ude_fit_options             fit     = problem->fit ? *problem->fit : (ude_fit_options){0};
  double *p  = ude_calloc((size_t)problem->field->param.count, sizeof *p);
  t->u0      = ude_calloc((size_t)(data->trajectories * n), sizeof *t->u0);
  fit.segment = 0;
  ude_status status = p && t->u0 ? UDE_OK : ude_fail_memory(t->error, "initial states");
  status = status ? status : ude_loss_create(problem->field, data, &fit, problem->p, &loss, t->error);
  double *theta =
      status == UDE_OK ? ude_calloc((size_t)ude_loss_dimension(loss), sizeof *theta) : NULL;
  if (status == UDE_OK) {
    status = theta ? UDE_OK : ude_fail_memory(t->error, "initial states");
  }
  if (status == UDE_OK) {
    ude_loss_start(loss, theta);
    status = ude_loss_unpack(loss, theta, p, t->u0, t->error);
  }
  free(theta);
  free(p);
  ude_loss_free(loss);
  return status;
}

static ude_status sample(task *t) {
  const ude_dataset *data  = t->problem->data;
  int64_t            per   = t->options.samples > 1 ? t->options.samples : DEFAULT_SAMPLES;
  double            *spans = ude_calloc((size_t)data->trajectories, 2 * sizeof *spans);
  ude_status         status = spans ? start_states(t) : ude_fail_memory(t->error, "samples");
  for (int64_t k = 0; k < data->trajectories && status == UDE_OK; k++) {
    spans[2 * k]     = data->trajectory[k].t[0];
    spans[2 * k + 1] = data->trajectory[k].t[data->trajectory[k].count - 1];
  }
  if (status == UDE_OK) {
    status = ude_sample_learned(t->problem->field, t->problem->p, data->trajectories, t->u0, spans, per,
                                t->problem->fit ? &t->problem->fit->solve : NULL,
                                &t->found->samples, t->error);
  }
  t->found->sample_count = status == UDE_OK ? t->problem->field->learned_count : 0;
  free(spans);
  return status;
}

/* ------------------------------------------------------------------------------- proposals -- */

static ude_status propose(task *t) {
  int64_t functions = t->found->sample_count;
  t->library        = ude_calloc((size_t)functions, sizeof(ude_library *));
  t->theta          = ude_calloc((size_t)functions, sizeof(double *));
  for (int64_t f = 0; f < functions; f++) {
    t->outputs += t->found->samples[f].outputs;
  }
  t->proposals      = ude_calloc((size_t)t->outputs, sizeof(ude_support_list *));
  ude_status status = t->library && t->theta && t->proposals
                          ? UDE_OK
                          : ude_fail_memory(t->error, "the candidates");
  int64_t    output = 0;
  for (int64_t f = 0; f < functions && status == UDE_OK; f++) {
    ude_samples       *s     = &t->found->samples[f];
    const char *const *names = (const char *const *)s->shown_names;
    status = ude_library_create(s->inputs, names, &t->options.library, &t->library[f], t->error);
    status = status ? status
                    : ude_library_evaluate(t->library[f], names, s->rows, s->in, &t->theta[f], &t->notes,
                                           t->error);
    double *target = ude_calloc((size_t)s->rows, sizeof *target);
    if (status == UDE_OK && !target) {
      status = ude_fail_memory(t->error, "the regression");
    }
    for (int64_t o = 0; o < s->outputs && status == UDE_OK; o++, output++) {
      for (int64_t row = 0; row < s->rows; row++) {
        target[row] = s->out[row * s->outputs + o];
      }
      int64_t most = t->options.max_terms > 0 ? t->options.max_terms : DEFAULT_MAX_TERMS;
      status       = ude_subset_search(s->rows, t->library[f]->count, t->theta[f], target, NULL,
                                       most < 4 ? most : 4, PER_OUTPUT, &t->proposals[output], t->error);
    }
    free(target);
  }
  return status;
}

/* ---------------------------------------------------------------------------- library model -- */

static char *printed(const ude_expression *term, ude_style style, const char *const *names) {
  ude_text text = {0};
  ude_expression_print(term, style, names, &text);
  if (text.failed) {
    ude_text_free(&text);
  }
  return text.data;
}

static ude_status list_candidates(task *t) {
  selection *s = &t->select;
  for (int64_t f = 0; f < t->found->sample_count; f++) {
    s->count += t->library[f]->count * t->found->samples[f].outputs;
  }
  s->candidate = ude_calloc((size_t)s->count, sizeof *s->candidate);
  if (!s->candidate) {
    return ude_fail_memory(t->error, "the candidates");
  }
  int64_t i = 0;
  for (int64_t f = 0; f < t->found->sample_count; f++) {
    const ude_samples *samples = &t->found->samples[f];
    const char *const *names   = (const char *const *)samples->shown_names;
    for (int64_t o = 0; o < samples->outputs; o++) {
      for (int64_t k = 0; k < t->library[f]->count; k++, i++) {
        candidate *c    = &s->candidate[i];
        ude_text   name = {0};
        ude_text_append(&name, "%s_%lld_%lld", samples->name, (long long)o, (long long)k);
        *c = (candidate){.function = f, .output = o, .term = t->library[f]->terms[k], .param = name.data};
        c->text  = printed(c->term, UDE_STYLE_TEXT, names);
        c->latex = printed(c->term, UDE_STYLE_LATEX, names);
        if (name.failed || !c->text || !c->latex) {
          return ude_fail_memory(t->error, "the candidates");
        }
      }
    }
  }
  return UDE_OK;
}

static bool is_identifier(const char *name) {
  bool good = isalpha((unsigned char)name[0]) || name[0] == '_';
  for (const char *c = name; *c; c++) {
    good = good && (isalnum((unsigned char)*c) || *c == '_');
  }
  return good;
}

/* The sum of one output's chosen terms as C; "0" if there is none. */
static void write_sum(task *t, int64_t f, int64_t o, const bool *chosen, const char *p,
                      const char *const *names, ude_text *text) {
  bool first = true;
  for (int64_t i = 0; i < t->select.count; i++) {
    const candidate *c = &t->select.candidate[i];
    if (c->function == f && c->output == o && (!chosen || chosen[i])) {
      char *term = printed(c->term, UDE_STYLE_C, names);
      ude_text_append(text, "%s%s->%s", first ? "" : "\n      + ", p, c->param);
      if (!ude_expression_is_constant(c->term)) {
        ude_text_append(text, " * %s", term ? term : "");
      }
      text->failed = text->failed || !term;
      first        = false;
      free(term);
    }
  }
  ude_text_append(text, "%s;\n", first ? "0" : "");
}

/* The body of function f: the inputs that it uses under their shown names, then each output. */
static ude_status write_body(task *t, int64_t f, const bool *chosen, ude_text *text) {
  const ude_samples *s       = &t->found->samples[f];
  const ude_learned *learned = &t->problem->field->learned[f];
  const char        *p       = learned->param_name ? learned->param_name : "p";
  const char       **names   = ude_calloc((size_t)s->inputs, sizeof *names);
  ude_text           sums    = {0};
  if (!names) {
    return ude_fail_memory(t->error, "an equation");
  }
  for (int64_t i = 0; i < s->inputs; i++) {
    bool local = strcmp(s->shown_names[i], s->input_names[i]) != 0 &&
                 is_identifier(s->shown_names[i]) && strcmp(s->shown_names[i], p) != 0;
    names[i] = local ? s->shown_names[i] : s->input_names[i];
  }
  for (int64_t o = 0; o < s->outputs; o++) {
    const char *output = learned->output_names ? learned->output_names[o] : NULL;
    if (output && strcmp(output, "return") == 0) {
      ude_text_append(&sums, "  return ");
    } else if (output) {
      ude_text_append(&sums, "  %s = ", output);
    } else {
      ude_text_append(&sums, "  out[%lld] = ", (long long)o);
    }
    write_sum(t, f, o, chosen, p, names, &sums);
  }
  for (int64_t i = 0; i < s->inputs && sums.data && !sums.failed; i++) {
    if (names[i] == s->shown_names[i] && strstr(sums.data, names[i])) {
      ude_text_append(text, "  const double %s = %s;\n", names[i], s->input_names[i]);
    }
  }
  if (sums.length) {
    ude_text_append_bytes(text, sums.data, sums.length - 1); /* the last newline is the writer's */
  }
  bool failed = text->failed || sums.failed;
  ude_text_free(&sums);
  free(names);
  return failed ? ude_fail_memory(t->error, "an equation") : UDE_OK;
}

/* Bodies and coefficients of a set of candidates; the strings live as long as the task. */
static ude_status write_request(task *t, const bool *chosen, const double *values,
                                ude_rebuild_request *request) {
  int64_t functions = t->found->sample_count;
  int64_t count     = 0;
  ude_text bodies   = {0};
  size_t  *offset   = ude_calloc((size_t)functions, sizeof *offset);
  free(t->body);
  free(t->param);
  ude_text_free(&t->bodies);
  t->body           = ude_calloc((size_t)functions, sizeof *t->body);
  t->param          = ude_calloc((size_t)t->select.count, sizeof *t->param);
  ude_status status = offset && t->body && t->param ? UDE_OK : ude_fail_memory(t->error, "a model");
  for (int64_t f = 0; f < functions && status == UDE_OK; f++) {
    offset[f] = bodies.length;
    status    = write_body(t, f, chosen, &bodies);
    ude_text_append_bytes(&bodies, "", 1);
  }
  for (int64_t f = 0; f < functions && status == UDE_OK; f++) {
    t->body[f] = (ude_rebuild_body){t->found->samples[f].name, bodies.data + offset[f]};
  }
  for (int64_t i = 0; i < t->select.count && status == UDE_OK; i++) {
    const candidate *c = &t->select.candidate[i];
    if (!chosen || chosen[i]) {
      t->param[count++] = (ude_rebuild_param){.name     = c->param,
                                              .comment  = c->text,
                                              .value    = values ? values[i] : 0,
                                              .function = c->function,
                                              .output   = c->output,
                                              .term     = c->term};
    }
  }
  t->bodies = bodies;
  free(offset);
  *request = (ude_rebuild_request){.body_count  = functions,
                                   .bodies      = t->body,
                                   .param_count = count,
                                   .params      = t->param,
                                   .p           = t->problem->p};
  return status;
}

static ude_status make_library_model(task *t) {
  ude_rebuild_request request;
  selection          *s      = &t->select;
  ude_status          status = write_request(t, NULL, NULL, &request);
  status = status ? status
                  : t->problem->rebuild(&request, &s->field, t->problem->rebuild_context, t->error);
  if (status) {
    return status;
  }
  if (!s->field->rhs.jvp && !s->field->rhs.jvp_wide) {
    return ude_fail(t->error, UDE_UNSUPPORTED, "discover needs rhs.jvp of the rebuilt model");
  }
  size_t np = (size_t)s->field->param.count;
  s->base   = ude_calloc(np, sizeof *s->base);
  s->free   = ude_calloc(np, sizeof *s->free);
  s->scales = ude_calloc((size_t)t->problem->data->columns, sizeof *s->scales);
  if (!s->base || !s->free || !s->scales) {
    return ude_fail_memory(t->error, "the choice");
  }
  if (s->field->p0) {
    memcpy(s->base, s->field->p0, np * sizeof *s->base);
  }
  int64_t trained = 0;
  for (size_t i = 0; i < np; i++) {
    const ude_member *member = ude_layout_member(&s->field->param, (int64_t)i);
    trained += !(member && member->fixed);
  }
  for (int64_t i = 0; i < s->count; i++) {
    s->candidate[i].index = ude_layout_find(&s->field->param, s->candidate[i].param, "p");
    if (s->candidate[i].index < 0) {
      return ude_fail(t->error, UDE_INTERNAL, "the rebuilt model lacks the parameter '%s'",
                      s->candidate[i].param);
    }
    s->base[s->candidate[i].index] = 0;
  }
  s->others = trained - s->count;
  return UDE_OK;
}

/* --------------------------------------------------------------------------------- choice -- */

/* Noise of each column as the trained model leaves it: the weights of the refits. */
static ude_status measure_noise(task *t) {
  const ude_dataset *data = t->problem->data;
  ude_fit_options    fit  = t->problem->fit ? *t->problem->fit : (ude_fit_options){0};
  ude_loss          *loss = NULL;
  fit.segment             = 0;
  fit.scales              = NULL;
  fit.regularise          = 0;
  ude_status status =
      ude_loss_create(t->problem->field, data, &fit, t->problem->p, &loss, t->error);
  int64_t m     = status == UDE_OK ? ude_loss_residual_count(loss) : 0;
  double *r     = ude_calloc((size_t)m, sizeof *r);
  double *theta = status == UDE_OK
                      ? ude_calloc((size_t)ude_loss_dimension(loss), sizeof *theta)
                      : NULL;
  if (status == UDE_OK && (!r || !theta)) {
    status = ude_fail_memory(t->error, "the noise");
  }
  if (status == UDE_OK) {
    ude_loss_start(loss, theta);
    status = ude_loss_residuals(loss, theta, r, NULL, t->error);
  }
  for (int64_t j = 0; j < data->columns && status == UDE_OK; j++) {
    double  sum   = 0;
    int64_t count = 0;
    for (int64_t i = j; i < m; i += data->columns) {
      sum += r[i] * r[i];
      count += r[i] != 0;
    }
    double noise        = count > 0 ? sqrt(sum / (double)count) : 0;
    t->select.scales[j] = noise > 0 ? 1 / noise : 1;
  }
  free(r);
  free(theta);
  ude_loss_free(loss);
  return status;
}

/* Mark a proposal's terms for one output. */
static void mark(const task *t, int64_t output, const ude_support *support, bool *chosen,
                 double *start) {
  int64_t seen = 0;
  int64_t base = 0;
  for (int64_t f = 0; f < t->found->sample_count; f++) {
    for (int64_t o = 0; o < t->found->samples[f].outputs; o++, seen++) {
      if (seen == output) {
        for (int64_t i = 0; support && i < support->count; i++) {
          chosen[base + support->terms[i]] = true;
          start[base + support->terms[i]]  = support->coefficients[i];
        }
        return;
      }
      base += t->library[f]->count;
    }
  }
}

/* The best few supports of each size for an output: sizes 0 to 3, then by criterion. */
static int64_t shortlist(ude_support_list *list, const ude_support **picked) {
  int64_t count = 0;
  for (int64_t size = 0; size <= 3 && count < PER_OUTPUT; size++) {
    int64_t of_size = 0;
    for (int64_t i = 0; i < list->count && count < PER_OUTPUT; i++) {
      if (list->supports[i].count == size && of_size < (size == 1 ? 3 : 1)) {
        picked[count++] = &list->supports[i];
        of_size++;
      }
    }
  }
  return count;
}

/* Combinations of the outputs' proposals, then local search. */
static ude_status choose(task *t) {
  selection *s      = &t->select;
  bool      *chosen = ude_calloc((size_t)s->count, sizeof *chosen);
  double    *start  = ude_calloc((size_t)s->count, sizeof *start);
  int64_t   *digit  = ude_calloc((size_t)t->outputs, sizeof *digit);
  int64_t   *limit  = ude_calloc((size_t)t->outputs, sizeof *limit);
  const ude_support **picked = ude_calloc((size_t)t->outputs, PER_OUTPUT * sizeof *picked);
  ude_status status = chosen && start && digit && limit && picked
                          ? UDE_OK
                          : ude_fail_memory(t->error, "the choice");
  int64_t starts = t->options.starts > 0 ? t->options.starts : DEFAULT_STARTS;
  for (int64_t k = 0; k < t->outputs && status == UDE_OK; k++) {
    limit[k] = shortlist(t->proposals[k], picked + k * PER_OUTPUT);
  }
  for (int64_t tried = 0; tried < starts && status == UDE_OK && !s->stopped; tried++) {
    int64_t index = 0;
    memset(chosen, 0, (size_t)s->count * sizeof *chosen);
    memset(start, 0, (size_t)s->count * sizeof *start);
    for (int64_t k = 0; k < t->outputs; k++) {
      mark(t, k, limit[k] ? picked[k * PER_OUTPUT + digit[k]] : NULL, chosen, start);
    }
    status    = selection_try(s, chosen, start, &index, t->error);
    int64_t k = 0;
    while (k < t->outputs && ++digit[k] >= limit[k]) { /* count up */
      digit[k++] = 0;
    }
    if (k == t->outputs) {
      break;
    }
  }
  if (status == UDE_OK && !s->stopped) {
    status = selection_search(
        s, t->options.max_terms > 0 ? t->options.max_terms : DEFAULT_MAX_TERMS, t->error);
  }
  if (status == UDE_OK && selection_best(s) < 0) {
    status = ude_fail(t->error, UDE_NUMERICAL,
                      "no structure could be fitted through the differential equation");
  }
  free(chosen);
  free(start);
  free(digit);
  free(limit);
  free(picked);
  return status;
}

/* ---------------------------------------------------------------------------------- result -- */

/* Standard errors of all parameters of the library model at the best structure. */
static ude_status standard_errors(task *t, const structure *best, double *errors) {
  selection      *s   = &t->select;
  ude_loss       *loss = NULL;
  ude_fit_options fit  = s->fit;
  size_t          np   = (size_t)s->field->param.count;
  for (size_t i = 0; i < np; i++) {
    const ude_member *member = ude_layout_member(&s->field->param, (int64_t)i);
    s->free[i]               = !(member && member->fixed);
    errors[i]                = (double)NAN;
  }
  for (int64_t i = 0; i < s->count; i++) {
    s->free[s->candidate[i].index] = best->chosen[i];
  }
  fit.free   = s->free;
  fit.scales = s->scales;
  fit.u0     = best->u0;
  ude_status status = ude_loss_create(s->field, s->data, &fit, best->p, &loss, t->error);
  int64_t    n      = status == UDE_OK ? ude_loss_dimension(loss) : 0;
  int64_t    m      = status == UDE_OK ? ude_loss_residual_count(loss) : 0;
  double *theta = ude_calloc((size_t)n, sizeof *theta), *r = ude_calloc((size_t)m, sizeof *r);
  double *jacobian = ude_calloc((size_t)m, (size_t)n * sizeof *jacobian);
  double *normal   = ude_calloc((size_t)n, (size_t)n * sizeof *normal);
  double *inverse  = ude_calloc((size_t)n, (size_t)n * sizeof *inverse);
  if (status == UDE_OK && (!theta || !r || !jacobian || !normal || !inverse)) {
    status = ude_fail_memory(t->error, "standard errors");
  }
  if (status == UDE_OK) {
    ude_loss_start(loss, theta);
    status = ude_loss_residuals(loss, theta, r, jacobian, t->error);
  }
  double sum = 0;
  for (int64_t i = 0; i < m && status == UDE_OK; i++) {
    sum += r[i] * r[i];
    for (int64_t a = 0; a < n; a++) {
      for (int64_t b = 0; b < n; b++) {
        normal[a * n + b] += jacobian[i * n + a] * jacobian[i * n + b];
      }
    }
  }
  for (int64_t a = 0; a < n && status == UDE_OK; a++) {
    inverse[a * n + a] = 1;
  }
  if (status == UDE_OK && n > 0 && s->data->cells > n &&
      ude_cholesky_solve(n, n, normal, inverse, NULL) == UDE_OK) {
    double  variance = sum / (double)(s->data->cells - n);
    int64_t k        = 0;
    for (size_t i = 0; i < np; i++) {
      if (s->free[i]) {
        errors[i] = sqrt(variance * inverse[k * n + k]);
        k++;
      }
    }
  }
  free(theta);
  free(r);
  free(jacobian);
  free(normal);
  free(inverse);
  ude_loss_free(loss);
  return status;
}

static char *copy_text(const char *text, bool *failed) {
  char *copy = strdup(text ? text : "");
  *failed    = *failed || !copy;
  return copy;
}

static ude_status fill_equations(task *t, const structure *best, const double *errors) {
  ude_discovery *found  = t->found;
  selection     *s      = &t->select;
  bool           failed = false;
  found->equations      = ude_calloc((size_t)t->outputs, sizeof *found->equations);
  for (int64_t f = 0; found->equations && f < found->sample_count; f++) {
    for (int64_t o = 0; o < found->samples[f].outputs; o++) {
      ude_equation *e    = &found->equations[found->equation_count++];
      ude_text      name = {0};
      ude_text_append(&name, "%s[%lld]", found->samples[f].name, (long long)o);
      *e = (ude_equation){.function = f, .output = o, .name = name.data};
      ude_text latex = {0};
      ude_text_append(&latex, "\\mathrm{%s}_{%lld}", found->samples[f].name, (long long)o);
      e->latex = latex.data;
      e->terms = ude_calloc((size_t)s->count, sizeof *e->terms);
      failed   = failed || name.failed || latex.failed || !e->terms;
      for (int64_t i = 0; i < s->count && !failed; i++) {
        const candidate *c = &s->candidate[i];
        if (best->chosen[i] && c->function == f && c->output == o) {
          ude_term *term = &e->terms[e->term_count++];
          *term = (ude_term){.text           = copy_text(c->text, &failed),
                             .latex          = copy_text(c->latex, &failed),
                             .param          = copy_text(c->param, &failed),
                             .coefficient    = best->p[c->index],
                             .standard_error = errors[c->index]};
          const char *const *names = (const char *const *)found->samples[f].shown_names;
          failed = failed || ude_expression_parse(c->text, names, found->samples[f].inputs,
                                                  &term->expression, NULL) != UDE_OK;
        }
      }
    }
  }
  return failed || !found->equations ? ude_fail_memory(t->error, "the equations") : UDE_OK;
}

static ude_status fill_refitted(task *t, const structure *best, const double *errors) {
  selection     *s      = &t->select;
  ude_discovery *found  = t->found;
  bool           failed = false;
  found->refitted = ude_calloc((size_t)s->field->param.count, sizeof *found->refitted);
  for (int64_t i = 0; found->refitted && i < s->field->param.count; i++) {
    const ude_member *member      = ude_layout_member(&s->field->param, i);
    bool              coefficient = false;
    char              name[256];
    for (int64_t k = 0; k < s->count; k++) {
      coefficient = coefficient || s->candidate[k].index == i;
    }
    if (!coefficient && !(member && member->fixed)) {
      ude_layout_name(&s->field->param, i, "p", name, sizeof name);
      found->refitted[found->refitted_count++] =
          (ude_refitted){copy_text(name, &failed), best->p[i], errors[i]};
    }
  }
  return failed || !found->refitted ? ude_fail_memory(t->error, "the parameters") : UDE_OK;
}

static ude_status fill_recovered(task *t) {
  ude_discovery *found = t->found;
  found->recovered     = ude_calloc((size_t)found->sample_count, sizeof *found->recovered);
  for (int64_t f = 0; found->recovered && f < found->sample_count; f++) {
    const ude_samples *samples = &found->samples[f];
    double *values = ude_calloc((size_t)samples->rows, (size_t)samples->outputs * sizeof *values);
    found->recovered[f] = values;
    if (!values) {
      return ude_fail_memory(t->error, "the equations' values");
    }
    for (int64_t k = 0; k < found->equation_count; k++) {
      const ude_equation *e = &found->equations[k];
      for (int64_t row = 0; e->function == f && row < samples->rows; row++) {
        for (int64_t i = 0; i < e->term_count; i++) {
          values[row * samples->outputs + e->output] +=
              e->terms[i].coefficient *
              ude_expression_value(e->terms[i].expression, samples->in + row * samples->inputs);
        }
      }
    }
  }
  return found->recovered ? UDE_OK : ude_fail_memory(t->error, "the equations' values");
}

static int by_criterion(const void *a, const void *b) {
  const ude_alternative *x = a;
  const ude_alternative *y = b;
  return (x->criterion > y->criterion) - (x->criterion < y->criterion);
}

static char *structure_text(const task *t, const structure *x) {
  ude_text text  = {0};
  bool     begun = false;
  for (int64_t k = 0; k < t->found->equation_count; k++) {
    const ude_equation *e     = &t->found->equations[k];
    bool                first = true;
    ude_text_append(&text, "%s%s: ", begun ? "; " : "", e->name);
    begun = true;
    for (int64_t i = 0; i < t->select.count; i++) {
      const candidate *c = &t->select.candidate[i];
      if (x->chosen[i] && c->function == e->function && c->output == e->output) {
        ude_text_append(&text, "%s%s", first ? "" : " + ", c->text);
        first = false;
      }
    }
    ude_text_append(&text, "%s", first ? "0" : "");
  }
  return text.failed ? NULL : text.data;
}

static ude_status fill_alternatives(task *t) {
  selection     *s     = &t->select;
  ude_discovery *found = t->found;
  found->alternatives  = ude_calloc((size_t)s->tried_count, sizeof *found->alternatives);
  for (int64_t i = 0; found->alternatives && i < s->tried_count; i++) {
    const structure *x = &s->tried[i];
    if (isfinite(x->criterion)) {
      ude_alternative *a = &found->alternatives[found->alternative_count++];
      *a = (ude_alternative){structure_text(t, x), x->criterion, x->deviance, x->parameters, x->terms};
      if (!a->text) {
        return ude_fail_memory(t->error, "the alternatives");
      }
    }
  }
  if (!found->alternatives) {
    return ude_fail_memory(t->error, "the alternatives");
  }
  qsort(found->alternatives, (size_t)found->alternative_count, sizeof *found->alternatives,
        by_criterion);
  while (found->alternative_count > 20) { /* the best are of interest */
    free(found->alternatives[--found->alternative_count].text);
  }
  return UDE_OK;
}

static ude_status fill_columns(task *t, const structure *best) {
  const ude_dataset *data   = t->problem->data;
  ude_discovery     *found  = t->found;
  int64_t            n      = t->select.field->state.count;
  bool               failed = false;
  found->column_names       = ude_calloc((size_t)data->columns, sizeof *found->column_names);
  found->column_deviations  = ude_calloc((size_t)data->columns, sizeof *found->column_deviations);
  found->u0                 = ude_calloc((size_t)(data->trajectories * n), sizeof *found->u0);
  if (!found->column_names || !found->column_deviations || !found->u0) {
    return ude_fail_memory(t->error, "the result");
  }
  memcpy(found->u0, best->u0, (size_t)(data->trajectories * n) * sizeof *found->u0);
  found->trajectory_count = data->trajectories;
  found->state_count      = n;
  for (int64_t j = 0; j < data->columns; j++) {
    found->column_names[j]      = copy_text(data->names[j], &failed);
    found->column_deviations[j] = 1 / t->select.scales[j];
    found->column_count++;
  }
  return failed ? ude_fail_memory(t->error, "the result") : UDE_OK;
}

/* Values of the final parameters, for the old ones where they still exist. */
static ude_status fill_final(task *t, const structure *best) {
  const ude_vector_field *old    = t->problem->field;
  selection              *s      = &t->select;
  double                 *values = ude_calloc((size_t)s->count, sizeof *values);
  double                 *p      = ude_calloc((size_t)old->param.count, sizeof *p);
  ude_status status = values && p ? UDE_OK : ude_fail_memory(t->error, "the final model");
  for (int64_t i = 0; i < s->count && status == UDE_OK; i++) {
    values[i] = best->p[s->candidate[i].index];
  }
  for (int64_t i = 0; i < old->param.count && status == UDE_OK; i++) {
    char name[256];
    ude_layout_name(&old->param, i, "p", name, sizeof name);
    int64_t at = ude_layout_find(&s->field->param, name, "p");
    p[i]       = at >= 0 ? best->p[at] : t->problem->p[i];
  }
  status = status ? status : write_request(t, best->chosen, values, &t->found->final);
  free(values);
  if (status) {
    free(p);
    return status;
  }
  t->found->final.p = p;
  if (s->fit.initial == UDE_INITIAL_TRAINED && t->problem->data->trajectories == 1) {
    t->found->final.u0 = t->found->u0;
  }
  return UDE_OK;
}

/** The discovery owns what `final` points to. */
typedef struct owner {
  ude_discovery      found;
  ude_text           bodies;
  ude_rebuild_body  *body;
  ude_rebuild_param *param;
  char             **names;
  int64_t            name_count;
} owner;

static ude_status fill(task *t) {
  selection  *s      = &t->select;
  structure   best   = s->tried[selection_best(s)];
  double     *errors = ude_calloc((size_t)s->field->param.count, sizeof *errors);
  ude_status  status =
      errors ? selection_measure(s, &best, t->error) : ude_fail_memory(t->error, "standard errors");
  status = status ? status : standard_errors(t, &best, errors);
  t->found->criterion       = s->criterion;
  t->found->criterion_value = best.criterion;
  t->found->deviance        = best.deviance;
  t->found->observations    = t->problem->data->cells;
  t->found->parameters      = best.parameters;
  status = status ? status : fill_equations(t, &best, errors);
  status = status ? status : fill_refitted(t, &best, errors);
  status = status ? status : fill_recovered(t);
  status = status ? status : fill_alternatives(t);
  status = status ? status : fill_columns(t, &best);
  status = status ? status : fill_final(t, &best);
  free(errors);
  if (status == UDE_OK) {
    ude_text_append(&t->notes, "%s", "");
    t->found->notes = t->notes.data;
    status          = t->notes.failed ? ude_fail_memory(t->error, "notes") : UDE_OK;
    t->notes        = (ude_text){0};
  }
  return status;
}

/* Candidates' strings and expressions move from the task to the discovery: `final` refers to them. */
static ude_status hand_over(task *t, owner *to) {
  to->names    = ude_calloc((size_t)t->found->final.param_count, 2 * sizeof *to->names);
  if (!to->names) {
    return ude_fail_memory(t->error, "the final model");
  }
  bool failed = false;
  for (int64_t i = 0; i < t->found->final.param_count; i++) {
    ude_rebuild_param *param = &t->param[i];
    to->names[to->name_count] = copy_text(param->name, &failed);
    param->name               = to->names[to->name_count++];
    to->names[to->name_count] = copy_text(param->comment, &failed);
    param->comment            = to->names[to->name_count++];
    param->term               = NULL;
    for (int64_t k = 0; k < t->found->equation_count; k++) {
      for (int64_t j = 0; j < t->found->equations[k].term_count; j++) {
        if (strcmp(t->found->equations[k].terms[j].param, param->name ? param->name : "") == 0) {
          param->term = t->found->equations[k].terms[j].expression;
        }
      }
    }
  }
  to->bodies = t->bodies;
  to->body   = t->body;
  to->param  = t->param;
  t->bodies  = (ude_text){0};
  t->body    = NULL;
  t->param   = NULL;
  return failed ? ude_fail_memory(t->error, "the final model") : UDE_OK;
}

static void task_close(task *t) {
  for (int64_t f = 0; f < t->found->sample_count; f++) {
    ude_library_free(t->library ? t->library[f] : NULL);
    free(t->theta ? t->theta[f] : NULL);
  }
  for (int64_t k = 0; t->proposals && k < t->outputs; k++) {
    ude_support_list_free(t->proposals[k]);
  }
  free(t->library);
  free(t->theta);
  free(t->proposals);
  free(t->u0);
  free(t->body);
  free(t->param);
  ude_text_free(&t->notes);
  ude_text_free(&t->bodies);
  selection_free(&t->select);
}

ude_status ude_discover(const ude_discover_problem *problem, const ude_discover_options *options,
                        ude_discovery **discovery, ude_error *error) {
  ude_error own = {0};
  *discovery    = NULL;
  owner *made   = ude_calloc(1, sizeof *made);
  if (!made) {
    return ude_fail_memory(error, "a discovery");
  }
  task t = {.problem = problem, .found = &made->found, .error = error ? error : &own};
  if (options) {
    t.options = *options;
  }
  ude_status status = UDE_OK;
  if (!problem->field->probe || problem->field->learned_count == 0) {
    status = ude_fail(t.error, UDE_UNSUPPORTED,
                      "the model has no learned function: mark the unknown term UDE_LEARNED");
  }
  selection *s = &t.select;
  s->data      = problem->data;
  s->criterion = t.options.criterion;
  if (problem->fit) {
    s->fit = *problem->fit;
  }
  s->fit.folder     = NULL;
  s->fit.progress   = NULL;
  s->fit.regularise = 0;
  s->fit.segment    = 0;
  if (!t.options.keep_initial && !problem->field->initial.value) {
    s->fit.initial = UDE_INITIAL_TRAINED; /* the first measurement is as noisy as the others */
  }
  s->progress         = t.options.progress;
  s->progress_context = t.options.progress_context;
  s->deadline         = t.options.time_limit > 0 ? ude_clock() + t.options.time_limit : 0;
  status              = status ? status : sample(&t);
  status              = status ? status : propose(&t);
  status              = status ? status : list_candidates(&t);
  status              = status ? status : make_library_model(&t);
  if (status == UDE_OK && s->fit.initial == UDE_INITIAL_TRAINED) {
    s->others += problem->data->trajectories * problem->field->state.count;
  }
  status       = status ? status : measure_noise(&t);
  status       = status ? status : choose(&t);
  status       = status ? status : fill(&t);
  status       = status ? status : hand_over(&t, made);
  bool stopped = s->stopped;
  task_close(&t);
  if (status) {
    ude_discovery_free(&made->found);
    return status;
  }
  *discovery = &made->found;
  return stopped ? ude_fail(error, UDE_INTERRUPTED, "the search was stopped; the best so far is shown")
                 : UDE_OK;
}

void ude_discovery_free(ude_discovery *discovery) {
  if (!discovery) {
    return;
  }
  owner *own = (owner *)(void *)discovery; /* the first member */
  for (int64_t k = 0; k < discovery->equation_count; k++) {
    ude_equation *e = &discovery->equations[k];
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
  for (int64_t i = 0; i < discovery->refitted_count; i++) {
    free(discovery->refitted[i].name);
  }
  for (int64_t i = 0; i < discovery->column_count; i++) {
    free(discovery->column_names[i]);
  }
  for (int64_t i = 0; i < discovery->alternative_count; i++) {
    free(discovery->alternatives[i].text);
  }
  for (int64_t i = 0; discovery->recovered && i < discovery->sample_count; i++) {
    free(discovery->recovered[i]);
  }
  ude_samples_free(discovery->samples, discovery->sample_count);
  for (int64_t i = 0; i < own->name_count; i++) {
    free(own->names[i]);
  }
  free(own->names);
  ude_text_free(&own->bodies);
  free(own->body);
  free(own->param);
  free((double *)(uintptr_t)discovery->final.p);
  free(discovery->equations);
  free(discovery->refitted);
  free(discovery->column_names);
  free(discovery->column_deviations);
  free(discovery->alternatives);
  free(discovery->recovered);
  free(discovery->u0);
  free(discovery->notes);
  free(own);
}
