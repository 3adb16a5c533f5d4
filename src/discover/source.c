/* A whole model file from equations alone. */
#include <stdlib.h>
#include <string.h>

#include "discover/expression.h"
#include "discover/task.h"

static void append_real(ude_text *text, double value) {
  char number[32];
  ude_text_append(text, "%s", ude_format_real(value, number));
}

static void append_state(const model_source *m, ude_text *text) {
  ude_text_append(text, "struct state {\n  double ");
  for (int64_t i = 0; i < m->states; i++) {
    ude_text_append(text, "%s%s", i ? ", " : "", m->names[i]);
  }
  ude_text_append(text, ";\n};\n\n");
}

static void append_params(const task *t, const bool *chosen, const double *coefficients,
                          ude_text *text) {
  const selection *s     = &t->select;
  bool             empty = true;
  ude_text_append(text, "struct param {\n");
  for (int64_t i = 0; i < s->count; i++) {
    if (!chosen || chosen[i]) {
      ude_text_append(text, "  double %s; /* %s */\n", s->candidate[i].param, s->candidate[i].text);
      empty = false;
    }
  }
  if (empty) {
    ude_text_append(text, "  const double unused; /* no term was found */\n");
  }
  ude_text_append(text, "};\n\nconst struct param p0 = {\n");
  for (int64_t i = 0; i < s->count; i++) {
    if (!chosen || chosen[i]) {
      ude_text_append(text, "    .%s = ", s->candidate[i].param);
      append_real(text, coefficients ? coefficients[i] : 0);
      ude_text_append(text, ",\n");
    }
  }
  ude_text_append(text, "%s};\n", empty ? "    .unused = 0,\n" : "");
}

static void append_start(const model_source *m, const double *u0, ude_text *text) {
  ude_text_append(text, "const struct state u0 = {");
  for (int64_t i = 0; i < m->states; i++) {
    ude_text_append(text, "%s.%s = ", i ? ", " : "", m->names[i]);
    append_real(text, u0 ? u0[i] : m->u0[i]);
  }
  ude_text_append(text, "};\nconst double tspan[2] = {");
  append_real(text, m->tspan[0]);
  ude_text_append(text, ", ");
  append_real(text, m->tspan[1]);
  ude_text_append(text, "};\n\n");
}

static void append_rhs(const task *t, const bool *chosen, const char *const *inputs,
                       ude_text *text) {
  const selection *s = &t->select;
  ude_text_append(text,
                  "void rhs(struct state *du, const struct state *u, const struct param *p, "
                  "double t)\n{\n");
  for (int64_t o = 0; o < t->source->states; o++) {
    bool first = true;
    ude_text_append(text, "  du->%s = ", t->source->names[o]);
    for (int64_t i = 0; i < s->count; i++) {
      const candidate *c = &s->candidate[i];
      if (c->output != o || (chosen && !chosen[i])) {
        continue;
      }
      ude_text_append(text, "%sp->%s", first ? "" : "\n      + ", c->param);
      if (!ude_expression_is_constant(c->term)) {
        ude_text_append(text, " * ");
        expression_print_factor(c->term, inputs, text);
      }
      first = false;
    }
    ude_text_append(text, "%s;\n", first ? "0.0" : "");
  }
  ude_text_append(text, "}\n");
}

ude_status source_write(task *t, const bool *chosen, const double *coefficients, const double *u0,
                        ude_text *text) {
  const model_source *m      = t->source;
  int64_t             inputs = m->states + m->with_time;
  ude_text            joined = {0}; /* "u->x\0u->y\0": how the inputs are written */
  const char        **names  = ude_calloc((size_t)inputs, sizeof *names);
  for (int64_t i = 0; i < m->states; i++) {
    ude_text_append(&joined, "u->%s", m->names[i]);
    ude_text_append_bytes(&joined, "", 1);
  }
  const char *at     = joined.data;
  bool        failed = !names || joined.failed;
  for (int64_t i = 0; i < inputs && !failed; i++) {
    names[i] = i < m->states ? at : "t";
    at += i < m->states ? strlen(at) + 1 : 0;
  }
  *text = (ude_text){0};
  if (!failed) {
    ude_text_append(text, "/* Equations found in measurements. */\n#include <math.h>\n\n");
    append_state(m, text);
    append_params(t, chosen, coefficients, text);
    append_start(m, u0, text);
    append_rhs(t, chosen, names, text);
  }
  failed = failed || text->failed;
  ude_text_free(&joined);
  free(names);
  if (failed) {
    ude_text_free(text);
    return ude_fail_memory(t->error, "the source of a model");
  }
  return UDE_OK;
}
