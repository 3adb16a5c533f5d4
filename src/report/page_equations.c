/* The recovered equations, typeset, and the structures that competed with them. */
#include <math.h>
#include <string.h>

#include "report/escape.h"
#include "report/mathml.h"
#include "report/number.h"
#include "report/page.h"

enum { SHOWN_ALTERNATIVES = 12 };

static const cJSON *found_array(const ude_run *run, const char *key) {
  const cJSON *array = cJSON_GetObjectItemCaseSensitive(run->objects[RUN_DISCOVERED], key);
  return cJSON_IsArray(array) ? array : NULL;
}

/* Digits of a coefficient that mean something: down to the second digit of its standard error, at
 * least two, four where the error is not known. */
static int meaningful_digits(double value, double deviation) {
  if (!isfinite(deviation) || deviation <= 0 || !isfinite(value) || fabs(value) <= 0) {
    return 4;
  }
  int digits = (int)(floor(log10(fabs(value))) - floor(log10(deviation))) + 2;
  return digits < 2 ? 2 : digits > 8 ? 8 : digits;
}

static void formula_or_text(ude_text *html, const char *text, bool factor) {
  if (!ude_mathml_formula(html, text, factor)) {
    ude_text_append(html, "<mtext>");
    ude_escape_html(html, text);
    ude_text_append(html, "</mtext>");
  }
}

static void typeset_term(ude_text *html, const cJSON *term, bool first) {
  const char *text        = ude_json_text(term, "text");
  double      coefficient = ude_json_number(term, "coefficient");
  bool        constant    = !text || strcmp(text, "1") == 0;
  bool        negative    = coefficient < 0;
  if (!first || negative) {
    ude_text_append(html, "<mo%s>%s</mo>", first ? " form=\"prefix\"" : "", negative ? "−" : "+");
  }
  ude_mathml_magnitude(html, coefficient,
                       meaningful_digits(coefficient, ude_json_number(term, "standard_error")));
  if (!constant) {
    ude_text_append(html, "<mo>&#x2062;</mo><mspace width=\"0.2em\"/>");
    formula_or_text(html, text, true);
  }
}

static void typeset_equation(ude_text *html, const cJSON *equation) {
  const char  *name  = ude_json_text(equation, "name");
  const cJSON *terms = cJSON_GetObjectItemCaseSensitive(equation, "terms");
  const cJSON *term  = NULL;
  bool         first = true;
  ude_text_append(html, "<math display=\"block\"><mrow>");
  ude_mathml_left_side(html, name ? name : "?");
  ude_text_append(html, "<mo>=</mo>");
  cJSON_ArrayForEach(term, terms) {
    typeset_term(html, term, first);
    first = false;
  }
  ude_text_append(html, "%s</mrow></math>\n", first ? "<mn>0</mn>" : "");
}

static void value_row(ude_text *html, const char *left, const char *name, double value,
                      double deviation) {
  int digits = meaningful_digits(value, deviation);
  ude_text_append(html, "<tr>");
  ude_page_text_cell(html, left);
  ude_page_text_cell(html, name);
  ude_page_number_cell(html, value, digits);
  ude_page_number_cell(html, deviation, 2);
  ude_page_number_cell(html, 100 * deviation / fabs(value), 2);
  ude_text_append(html, "</tr>\n");
}

static void value_table(ude_text *html, const ude_run *run) {
  const cJSON *equation = NULL;
  const cJSON *item     = NULL;
  ude_text_append(html,
                  "<div class=\"scroll\"><table>\n<thead><tr><th>in</th><th>term</th>"
                  "<th class=\"number\">coefficient</th><th class=\"number\">standard error</th>"
                  "<th class=\"number\">error in %%</th></tr></thead>\n<tbody>\n");
  cJSON_ArrayForEach(equation, found_array(run, "equations")) {
    const char *name = ude_json_text(equation, "name");
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(equation, "terms")) {
      const char *text = ude_json_text(item, "text");
      value_row(html, name ? name : "", text ? text : "", ude_json_number(item, "coefficient"),
                ude_json_number(item, "standard_error"));
    }
  }
  cJSON_ArrayForEach(item, found_array(run, "refitted")) {
    const char *name = ude_json_text(item, "name");
    value_row(html, "refitted along", name ? name : "", ude_json_number(item, "value"),
              ude_json_number(item, "standard_error"));
  }
  ude_text_append(html, "</tbody>\n</table></div>\n");
}

static void source_code(ude_text *html, const ude_run *run) {
  if (run->source) {
    ude_text_append(html,
                    "<details><summary>As a model in C (<code>discovered.c</code>)</summary>"
                    "<pre tabindex=\"0\"><code>");
    ude_escape_html(html, run->source);
    ude_text_append(html, "</code></pre></details>\n");
  }
}

void ude_page_equations(ude_text *html, const ude_run *run) {
  if (!run->objects[RUN_DISCOVERED]) {
    return;
  }
  const cJSON *equations = found_array(run, "equations");
  const cJSON *equation  = NULL;
  ude_page_section(html, "equations", "Recovered equations");
  if (cJSON_GetArraySize(equations) == 0) {
    ude_text_append(html,
                    "<p class=\"quiet\"><code>discovered.json</code> has no equations.</p>\n");
  }
  ude_text_append(html, equations ? "<div class=\"equations\" tabindex=\"0\">\n" : "");
  cJSON_ArrayForEach(equation, equations) {
    typeset_equation(html, equation);
  }
  ude_text_append(html, equations ? "</div>\n" : "");
  if (equations || found_array(run, "refitted")) {
    value_table(html, run);
  }
  source_code(html, run);
  ude_text_append(html, "</section>\n");
}

static void alternative_row(ude_text *html, const cJSON *alternative, int rank, double best) {
  const char *text  = ude_json_text(alternative, "text");
  double      value = ude_json_number(alternative, "criterion");
  ude_text_append(html, "<tr%s>", rank == 1 ? " class=\"chosen\"" : "");
  ude_page_number_cell(html, rank, 4);
  ude_text_append(html, "<td><code>");
  ude_escape_html(html, text ? text : "");
  ude_text_append(html, "</code>%s</td>", rank == 1 ? " <span class=\"tag\">chosen</span>" : "");
  ude_page_number_cell(html, ude_json_number(alternative, "terms"), 6);
  ude_page_number_cell(html, ude_json_number(alternative, "parameters"), 6);
  ude_page_number_cell(html, value, 6);
  ude_page_number_cell(html, value - best, 3);
  ude_page_number_cell(html, ude_json_number(alternative, "deviance"), 6);
  ude_text_append(html, "</tr>\n");
}

void ude_page_alternatives(ude_text *html, const ude_run *run) {
  const cJSON *alternatives = found_array(run, "alternatives");
  const cJSON *alternative  = NULL;
  int          count        = cJSON_GetArraySize(alternatives);
  const char  *criterion    = ude_json_text(run->objects[RUN_DISCOVERED], "criterion");
  const char  *notes        = ude_json_text(run->objects[RUN_DISCOVERED], "notes");
  if (count == 0) {
    return;
  }
  ude_page_section(html, "alternatives", "Structures considered");
  ude_text_append(html,
                  "<p>Every structure was fitted to the data through the differential equation; "
                  "a smaller criterion is better.</p>\n<div class=\"scroll\"><table>\n<thead><tr>"
                  "<th class=\"number\">rank</th><th>structure</th><th class=\"number\">terms</th>"
                  "<th class=\"number\">parameters</th><th class=\"number\">");
  ude_escape_html(html, criterion ? criterion : "criterion");
  ude_text_append(html,
                  "</th><th class=\"number\">above best</th>"
                  "<th class=\"number\">deviance</th></tr></thead>\n<tbody>\n");
  double best = ude_json_number(cJSON_GetArrayItem(alternatives, 0), "criterion");
  int    rank = 0;
  cJSON_ArrayForEach(alternative, alternatives) {
    if (++rank > SHOWN_ALTERNATIVES) {
      break;
    }
    alternative_row(html, alternative, rank, best);
  }
  ude_text_append(html, "</tbody>\n</table></div>\n");
  if (count > SHOWN_ALTERNATIVES) {
    ude_text_append(html,
                    "<p class=\"quiet\">The first %d of %d; all of them are in "
                    "<code>discovered.json</code>.</p>\n",
                    SHOWN_ALTERNATIVES, count);
  }
  if (notes && notes[0]) {
    ude_text_append(html, "<details><summary>Notes of the search</summary><pre tabindex=\"0\">");
    ude_escape_html(html, notes);
    ude_text_append(html, "</pre></details>\n");
  }
  ude_text_append(html, "</section>\n");
}
