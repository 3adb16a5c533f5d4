/* Proposals: candidate libraries on the samples, and what sparse regression makes of them. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discover/regression.h"
#include "discover/task.h"

/* Supports kept for each output; terms and width of the subset search. */
enum { KEPT = 8, SUBSET_SIZE = 4, SUBSET_WIDTH = 8 };

static char *printed(const ude_expression *term, ude_style style, const char *const *names) {
  ude_text text = {0};
  ude_expression_print(term, style, names, &text);
  if (text.failed) {
    ude_text_free(&text);
  }
  return text.data;
}

/* A term as a part of a C name: prey^2*predator gives prey2_predator. */
static void append_identifier(ude_text *name, const char *term) {
  static const struct {
    char        sign;
    const char *word;
  } words[] = {{'/', "_over_"}, {'+', "_plus_"}, {'-', "_minus_"}, {'*', "_"},
               {'(', "_"},      {'[', "_"},      {'.', "_"}};
  if (strcmp(term, "1") == 0) {
    ude_text_append(name, "_constant");
    return;
  }
  ude_text_append(name, "_");
  for (const char *c = term; *c && !name->failed; c++) {
    if (isalnum((unsigned char)*c) || *c == '_') {
      ude_text_append(name, "%c", *c);
    }
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
      bool after_bar = name->data[name->length - 1] == '_';
      if (words[k].sign == *c) {
        ude_text_append(name, "%s", words[k].word + after_bar);
      }
    }
  }
}

static bool name_taken(const task *t, int64_t count, const char *name) {
  for (int64_t i = 0; i < count; i++) {
    if (strcmp(t->select.candidate[i].param, name) == 0) {
      return true;
    }
  }
  return t->field && ude_layout_find(&t->field->param, name, "p") >= 0;
}

/* "interaction_0_prey_predator": the function, the output where there are several, the term. */
static char *coefficient_name(const task *t, int64_t index, const candidate *c) {
  enum { LONGEST = 60 };
  const ude_samples *samples = &t->found->samples[c->function];
  ude_text           name    = {0};
  if (t->source) {
    ude_text_append(&name, "%s", t->source->names[c->output]);
  } else if (samples->outputs > 1) {
    ude_text_append(&name, "%s_%lld", samples->name, (long long)c->output);
  } else {
    ude_text_append(&name, "%s", samples->name);
  }
  size_t stem = name.length;
  append_identifier(&name, c->text);
  for (int64_t k = index;
       !name.failed && (name.length > LONGEST || name_taken(t, index, name.data)); k++) {
    name.length = stem;
    ude_text_append(&name, "_term%lld", (long long)k);
  }
  if (name.failed) {
    ude_text_free(&name);
  }
  return name.data;
}

static ude_status list_candidates(task *t) {
  selection *s     = &t->select;
  int64_t    total = 0;
  for (int64_t f = 0; f < t->found->sample_count; f++) {
    total += t->libraries[f]->count * t->found->samples[f].outputs;
  }
  s->candidate = ude_calloc((size_t)total, sizeof *s->candidate);
  for (int64_t f = 0; s->candidate && f < t->found->sample_count; f++) {
    const ude_samples *samples = &t->found->samples[f];
    const char *const *names   = (const char *const *)samples->shown_names;
    for (int64_t o = 0; o < samples->outputs; o++) {
      for (int64_t k = 0; k < t->libraries[f]->count; k++) {
        candidate *c = &s->candidate[s->count];
        *c           = (candidate){.function = f, .output = o, .term = t->libraries[f]->terms[k]};
        c->text      = printed(c->term, UDE_STYLE_TEXT, names);
        c->latex     = printed(c->term, UDE_STYLE_LATEX, names);
        c->param     = c->text ? coefficient_name(t, s->count, c) : NULL;
        s->count++;
        if (!c->latex || !c->param) {
          return ude_fail_memory(t->error, "the candidates");
        }
      }
    }
  }
  return s->candidate ? UDE_OK : ude_fail_memory(t->error, "the candidates");
}

/* ------------------------------------------------------------------------------ regressions -- */

/* Move a support to the end of a list; `from` gives it up. */
static ude_status take(ude_support *from, ude_support_list *list, ude_error *error) {
  ude_support *grown = ude_realloc(list->supports, (size_t)list->count + 1, sizeof *list->supports);
  if (!grown) {
    return ude_fail_memory(error, "the proposals");
  }
  list->supports                = grown;
  list->supports[list->count++] = *from;
  *from                         = (ude_support){0};
  return UDE_OK;
}

static bool is_picked(const ude_support_list *picked, const ude_support *x) {
  for (int64_t j = 0; j < picked->count; j++) {
    const ude_support *y = &picked->supports[j];
    if (x->count == y->count &&
        (x->count == 0 || memcmp(x->terms, y->terms, (size_t)x->count * sizeof *x->terms) == 0)) {
      return true;
    }
  }
  return false;
}

/* From both generators, the supports of each size with the least residual, in the order in which they are
 * worth trying: terms are mostly few, and the network's own errors must not count as terms. */
static ude_status shortlist(ude_support_list *const both[2], int64_t max_terms,
                            ude_support_list *picked, ude_error *error) {
  static const int64_t sizes[KEPT] = {1, 2, 1, 3, 2, 0, 1, 4};
  for (int k = 0; k < KEPT; k++) {
    ude_support *best = NULL;
    for (int list = 0; list < 2; list++) {
      for (int64_t i = 0; i < both[list]->count; i++) {
        ude_support *x = &both[list]->supports[i];
        if (x->terms && x->count == sizes[k] && x->count <= max_terms && !is_picked(picked, x) &&
            (!best || x->residual < best->residual)) {
          best = x;
        }
      }
    }
    if (best && take(best, picked, error)) {
      return UDE_OUT_OF_MEMORY;
    }
  }
  return UDE_OK;
}

static ude_status regress(task *t, int64_t f, const double *target, ude_support_list *picked) {
  const ude_samples *s       = &t->found->samples[f];
  int64_t            terms   = t->libraries[f]->count;
  int64_t            most    = t->options.max_terms;
  ude_support_list  *both[2] = {NULL, NULL};
  ude_status         status =
      ude_subset_search(s->rows, terms, t->theta[f], target, NULL,
                        most < SUBSET_SIZE ? most : SUBSET_SIZE, SUBSET_WIDTH, &both[0], t->error);
  status = status ? status
                  : ude_stlsq_sweep(s->rows, terms, t->theta[f], target, NULL, &t->options.stlsq,
                                    &both[1], t->error);
  status = status ? status : shortlist(both, most, picked, t->error);
  ude_support_list_free(both[0]);
  ude_support_list_free(both[1]);
  return status;
}

static ude_status regress_outputs(task *t, int64_t f, int64_t *output) {
  const ude_samples *s      = &t->found->samples[f];
  double            *target = ude_calloc((size_t)s->rows, sizeof *target);
  ude_status         status = target ? UDE_OK : ude_fail_memory(t->error, "a regression");
  for (int64_t o = 0; o < s->outputs && !status; o++, (*output)++) {
    t->proposals[*output] = ude_calloc(1, sizeof(ude_support_list));
    for (int64_t row = 0; row < s->rows; row++) {
      target[row] = s->out[row * s->outputs + o];
    }
    status = t->proposals[*output] ? regress(t, f, target, t->proposals[*output])
                                   : ude_fail_memory(t->error, "a regression");
    if (status) {
      ude_error_prefix(t->error, status, "output %lld of %s: ", (long long)o, s->name);
    }
  }
  free(target);
  return status;
}

ude_status task_propose(task *t) {
  int64_t functions = t->found->sample_count;
  for (int64_t f = 0; f < functions; f++) {
    t->outputs += t->found->samples[f].outputs;
  }
  t->libraries      = ude_calloc((size_t)functions, sizeof(ude_library *));
  t->theta          = ude_calloc((size_t)functions, sizeof(double *));
  t->proposals      = ude_calloc((size_t)t->outputs, sizeof(ude_support_list *));
  int64_t    output = 0;
  ude_status status = t->libraries && t->theta && t->proposals
                          ? UDE_OK
                          : ude_fail_memory(t->error, "the candidates");
  for (int64_t f = 0; f < functions && !status; f++) {
    ude_samples       *s     = &t->found->samples[f];
    const char *const *names = (const char *const *)s->shown_names;
    status = ude_library_create(s->inputs, names, &t->options.library, &t->libraries[f], t->error);
    status = status ? status : task_drop_aliases(t, f);
    status = status ? status
                    : ude_library_evaluate(t->libraries[f], names, s->rows, s->in, &t->theta[f],
                                           &t->notes, t->error);
    if (!status) {
      status = t->sparse ? task_regress_direct(t, f, &output) : regress_outputs(t, f, &output);
    }
  }
  return status ? status : list_candidates(t);
}
