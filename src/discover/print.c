/* A discovery as text, LaTeX and JSON. */
#include <math.h>
#include <string.h>

#include "discover/expression.h"

/* Significant digits of coefficients and of their errors for people; JSON has all of them. */
enum { DIGITS = 6, ERROR_DIGITS = 2, CRITERION_DIGITS = 4, LISTED = 3 };

static void append_error(ude_text *text, double error) {
  if (isfinite(error)) {
    ude_text_append(text, " (± ");
    text_append_number(text, error, ERROR_DIGITS);
    ude_text_append(text, ")");
  }
}

/* The coefficient of the i-th term, with the sign that joins it to those before. */
static void append_coefficient(ude_text *text, int64_t i, double c) {
  ude_text_append(text, "%s", i == 0 ? (c < 0 ? "-" : "") : c < 0 ? " - " : " + ");
  text_append_number(text, fabs(c), DIGITS);
}

static void print_equation(const ude_equation *e, ude_text *text) {
  ude_text_append(text, "%s = ", e->name);
  for (int64_t i = 0; i < e->term_count; i++) {
    const ude_term *term = &e->terms[i];
    append_coefficient(text, i, term->coefficient);
    append_error(text, term->standard_error);
    if (strcmp(term->text, "1") != 0) {
      ude_text_append(text, " %s", term->text);
    }
  }
  ude_text_append(text, "%s\n", e->term_count ? "" : "0");
}

static void print_text(const ude_discovery *d, ude_text *text) {
  for (int64_t k = 0; k < d->equation_count; k++) {
    print_equation(&d->equations[k], text);
  }
  for (int64_t i = 0; i < d->refitted_count; i++) {
    ude_text_append(text, "%s = ", d->refitted[i].name);
    text_append_number(text, d->refitted[i].value, DIGITS);
    append_error(text, d->refitted[i].standard_error);
    ude_text_append(text, "\n");
  }
  for (int64_t j = 0; j < d->column_count; j++) {
    ude_text_append(text, "%s%s ", j ? ", " : "deviation from the data: ", d->column_names[j]);
    text_append_number(text, d->column_deviations[j], ERROR_DIGITS + 1);
  }
  ude_text_append(text, "%s%s ", d->column_count ? "\n" : "", ude_criterion_name(d->criterion));
  text_append_number(text, d->criterion_value, CRITERION_DIGITS);
  for (int64_t i = 1; i < d->alternative_count && i <= LISTED; i++) {
    ude_text_append(text, "%s", i == 1 ? "; next best:\n  " : "\n  ");
    text_append_number(text, d->alternatives[i].criterion, CRITERION_DIGITS);
    ude_text_append(text, "  %s", d->alternatives[i].text);
  }
  ude_text_append(text, "\n%s", d->notes);
}

static void print_latex(const ude_discovery *d, ude_text *text) {
  ude_text_append(text, "\\begin{align}\n");
  for (int64_t k = 0; k < d->equation_count; k++) {
    const ude_equation *e = &d->equations[k];
    ude_text_append(text, "  %s &= ", e->latex);
    for (int64_t i = 0; i < e->term_count; i++) {
      append_coefficient(text, i, e->terms[i].coefficient);
      if (strcmp(e->terms[i].text, "1") != 0) {
        ude_text_append(text, "\\,%s", e->terms[i].latex);
      }
    }
    ude_text_append(text, "%s%s\n", e->term_count ? "" : "0",
                    k + 1 < d->equation_count ? " \\\\" : "");
  }
  ude_text_append(text, "\\end{align}\n");
}

static void json_string(ude_text *text, const char *string) {
  ude_text_append_bytes(text, "\"", 1);
  for (const char *c = string; *c; c++) {
    if (*c == '"' || *c == '\\') {
      ude_text_append(text, "\\%c", *c);
    } else if ((unsigned char)*c < 0x20) {
      ude_text_append(text, "\\u%04x", (unsigned)(unsigned char)*c);
    } else {
      ude_text_append_bytes(text, c, 1);
    }
  }
  ude_text_append_bytes(text, "\"", 1);
}

static void json_number(ude_text *text, double value) {
  char number[32];
  ude_text_append(text, "%s", isfinite(value) ? ude_format_real(value, number) : "null");
}

static void json_pair(ude_text *text, const char *key, const char *value) {
  ude_text_append(text, "\"%s\": ", key);
  json_string(text, value);
}

static void print_term(const ude_term *term, ude_text *text) {
  ude_text_append(text, "{");
  json_pair(text, "text", term->text);
  ude_text_append(text, ", ");
  json_pair(text, "latex", term->latex);
  ude_text_append(text, ", ");
  json_pair(text, "param", term->param);
  ude_text_append(text, ", \"coefficient\": ");
  json_number(text, term->coefficient);
  ude_text_append(text, ", \"standard_error\": ");
  json_number(text, term->standard_error);
  ude_text_append(text, "}");
}

static void print_json(const ude_discovery *d, ude_text *text) {
  ude_text_append(text, "{\n  \"equations\": [");
  for (int64_t k = 0; k < d->equation_count; k++) {
    const ude_equation *e = &d->equations[k];
    ude_text_append(text, "%s\n    {", k ? "," : "");
    json_pair(text, "name", e->name);
    ude_text_append(text, ", ");
    json_pair(text, "latex", e->latex);
    ude_text_append(text, ", \"terms\": [");
    for (int64_t i = 0; i < e->term_count; i++) {
      ude_text_append(text, "%s\n      ", i ? "," : "");
      print_term(&e->terms[i], text);
    }
    ude_text_append(text, "]}");
  }
  ude_text_append(text, "\n  ],\n  \"refitted\": [");
  for (int64_t i = 0; i < d->refitted_count; i++) {
    ude_text_append(text, "%s\n    {", i ? "," : "");
    json_pair(text, "name", d->refitted[i].name);
    ude_text_append(text, ", \"value\": ");
    json_number(text, d->refitted[i].value);
    ude_text_append(text, ", \"standard_error\": ");
    json_number(text, d->refitted[i].standard_error);
    ude_text_append(text, "}");
  }
  ude_text_append(text, "\n  ],\n  \"columns\": [");
  for (int64_t j = 0; j < d->column_count; j++) {
    ude_text_append(text, "%s\n    {", j ? "," : "");
    json_pair(text, "name", d->column_names[j]);
    ude_text_append(text, ", \"deviation\": ");
    json_number(text, d->column_deviations[j]);
    ude_text_append(text, "}");
  }
  ude_text_append(text, "\n  ],\n  \"criterion\": \"%s\",\n  \"criterion_value\": ",
                  ude_criterion_name(d->criterion));
  json_number(text, d->criterion_value);
  ude_text_append(text,
                  ",\n  \"observations\": %lld,\n  \"parameters\": %lld,\n  \"alternatives\": [",
                  (long long)d->observations, (long long)d->parameters);
  for (int64_t i = 0; i < d->alternative_count; i++) {
    const ude_alternative *a = &d->alternatives[i];
    ude_text_append(text, "%s\n    {", i ? "," : "");
    json_pair(text, "text", a->text);
    ude_text_append(text, ", \"criterion\": ");
    json_number(text, a->criterion);
    ude_text_append(text, ", \"deviance\": ");
    json_number(text, a->deviance);
    ude_text_append(text, ", \"parameters\": %lld, \"terms\": %lld}", (long long)a->parameters,
                    (long long)a->terms);
  }
  ude_text_append(text, "\n  ],\n  ");
  json_pair(text, "notes", d->notes);
  ude_text_append(text, "\n}\n");
}

ude_status ude_discovery_print(const ude_discovery *discovery, ude_style style, ude_text *text,
                               ude_error *error) {
  switch (style) {
  case UDE_STYLE_TEXT: print_text(discovery, text); break;
  case UDE_STYLE_LATEX: print_latex(discovery, text); break;
  case UDE_STYLE_JSON: print_json(discovery, text); break;
  case UDE_STYLE_C:
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "a discovery has no C form of its own: write the model of its final request");
  }
  return text->failed ? ude_fail_memory(error, "the equations") : UDE_OK;
}
