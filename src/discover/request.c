/* Requests: the bodies of learned functions and the coefficients, as C. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "discover/expression.h"
#include "discover/task.h"

void request_free(request_store *store) {
  for (int64_t i = 0; i < store->string_count; i++) {
    free(store->strings[i]);
  }
  free(store->strings);
  free(store->bodies);
  free(store->params);
  free(store->p);
  free(store->u0);
  *store = (request_store){0};
}

/* The store owns `text` from now on, also on failure; NULL: out of memory. */
static const char *keep(request_store *store, char *text) {
  char **grown =
      text ? ude_realloc(store->strings, (size_t)store->string_count + 1, sizeof *grown) : NULL;
  if (!grown) {
    free(text);
    return NULL;
  }
  store->strings                        = grown;
  store->strings[store->string_count++] = text;
  return text;
}

/* ---------------------------------------------------------------------------- names in bodies -- */

/* True if `name` is not the variable of `other` ("in" of "in[0]"). */
static bool apart_from(const char *name, const char *other) {
  size_t length = strcspn(other, "[.-");
  return !(strlen(name) == length && strncmp(name, other, length) == 0);
}

static bool is_identifier(const char *name) {
  bool good = isalpha((unsigned char)name[0]) || name[0] == '_';
  for (const char *c = name; *c; c++) {
    good = good && (isalnum((unsigned char)*c) || *c == '_');
  }
  return good;
}

/* A local of the shown name is possible if no argument and no earlier input has it. */
static bool can_be_local(const ude_samples *s, const ude_learned *learned, const char *p,
                         int64_t input) {
  const char *name = s->shown_names[input];
  bool        good = is_identifier(name) && apart_from(name, p) && apart_from(name, "out");
  for (int64_t i = 0; i < s->inputs; i++) {
    good = good && apart_from(name, s->input_names[i]) &&
           (i >= input || strcmp(name, s->shown_names[i]) != 0);
  }
  for (int64_t o = 0; learned->output_names && o < s->outputs; o++) {
    good = good && apart_from(name, learned->output_names[o]);
  }
  return good;
}

static bool uses_input(const ude_expression *expression, int64_t input) {
  for (int i = 0; i < expression->count; i++) {
    const expression_node *node = &expression->nodes[i];
    if (node->op == OP_INPUT && node->input == input) {
      return true;
    }
  }
  return false;
}

static bool input_is_used(const task *t, int64_t f, const bool *chosen, int64_t input) {
  for (int64_t i = 0; i < t->select.count; i++) {
    const candidate *c = &t->select.candidate[i];
    if (c->function == f && (!chosen || chosen[i]) && uses_input(c->term, input)) {
      return true;
    }
  }
  return false;
}

/* ------------------------------------------------------------------------------------- bodies -- */

/* p->a * term + p->b * term ... of one output; 0.0 if there is none. */
static void append_sum(const task *t, int64_t f, int64_t o, const bool *chosen, const char *p,
                       const char *const *names, ude_text *text) {
  bool first = true;
  for (int64_t i = 0; i < t->select.count; i++) {
    const candidate *c = &t->select.candidate[i];
    if (c->function != f || c->output != o || (chosen && !chosen[i])) {
      continue;
    }
    ude_text_append(text, "%s%s->%s", first ? "" : "\n      + ", p, c->param);
    if (!ude_expression_is_constant(c->term)) {
      ude_text_append(text, " * ");
      expression_print_factor(c->term, names, text);
    }
    first = false;
  }
  ude_text_append(text, "%s", first ? "0.0" : "");
}

static void append_target(const ude_learned *learned, int64_t o, ude_text *text) {
  const char *name = learned->output_names ? learned->output_names[o] : NULL;
  if (name && strcmp(name, "return") == 0) {
    ude_text_append(text, "  return ");
  } else if (name) {
    ude_text_append(text, "  %s = ", name);
  } else {
    ude_text_append(text, "  out[%lld] = ", (long long)o);
  }
}

/* The body of function f: the inputs that it uses under their shown names, then each output. */
static char *write_body(const task *t, int64_t f, const bool *chosen) {
  const ude_samples *s       = &t->found->samples[f];
  const ude_learned *learned = &t->field->learned[f];
  const char        *p       = learned->param_name ? learned->param_name : "p";
  const char       **names   = ude_calloc((size_t)s->inputs, sizeof *names);
  ude_text           text    = {.failed = !names};
  for (int64_t i = 0; names && i < s->inputs; i++) {
    bool local = can_be_local(s, learned, p, i);
    names[i]   = local ? s->shown_names[i] : s->input_names[i];
    if (local && input_is_used(t, f, chosen, i)) {
      ude_text_append(&text, "  const double %s = %s;\n", s->shown_names[i], s->input_names[i]);
    }
  }
  for (int64_t o = 0; names && o < s->outputs; o++) {
    append_target(learned, o, &text);
    append_sum(t, f, o, chosen, p, names, &text);
    ude_text_append(&text, ";%s", o + 1 < s->outputs ? "\n" : "");
  }
  free(names);
  if (text.failed) {
    ude_text_free(&text);
  }
  return text.data;
}

/* ----------------------------------------------------------------------------------- requests -- */

static bool write_bodies(task *t, const bool *chosen, request_store *store) {
  int64_t functions = t->found->sample_count;
  store->bodies     = ude_calloc((size_t)functions, sizeof *store->bodies);
  for (int64_t f = 0; store->bodies && f < functions; f++) {
    const char *name = keep(store, strdup(t->found->samples[f].name));
    const char *body = keep(store, write_body(t, f, chosen));
    if (!name || !body) {
      return false;
    }
    store->bodies[f] = (ude_rebuild_body){.function = name, .body = body};
  }
  store->request.bodies     = store->bodies;
  store->request.body_count = functions;
  return store->bodies != NULL;
}

static bool write_params(task *t, const bool *chosen, const double *coefficients,
                         request_store *store) {
  store->params = ude_calloc((size_t)t->select.count, sizeof *store->params);
  for (int64_t i = 0; store->params && i < t->select.count; i++) {
    const candidate *c = &t->select.candidate[i];
    if (chosen && !chosen[i]) {
      continue;
    }
    const char *name    = keep(store, strdup(c->param));
    const char *comment = keep(store, strdup(c->text));
    if (!name || !comment) {
      return false;
    }
    store->params[store->request.param_count++] =
        (ude_rebuild_param){.name     = name,
                            .comment  = comment,
                            .value    = coefficients ? coefficients[i] : 0,
                            .function = c->function,
                            .output   = c->output,
                            .term     = c->term};
  }
  store->request.params = store->params;
  return store->params != NULL;
}

ude_status request_write(task *t, const bool *chosen, const double *coefficients, const double *u0,
                         request_store *store) {
  *store       = (request_store){0};
  bool written = write_params(t, chosen, coefficients, store);
  if (written && t->source) {
    ude_text text         = {0};
    bool     good         = source_write(t, chosen, coefficients, u0, &text) == UDE_OK;
    store->request.source = good ? keep(store, text.data) : NULL;
    written               = store->request.source != NULL;
  } else if (written) {
    store->request.p = t->p;
    written          = write_bodies(t, chosen, store);
  }
  if (!written) {
    request_free(store);
    return ude_fail_memory(t->error, "the source of a model");
  }
  return UDE_OK;
}
