/* The reader of formulas on arbitrary text: never crashes; what it accepts is printed in every style, and
 * what is printed as text or C reads back to the same value and derivatives. */
#include "fuzz/fuzz.h"

#include <math.h>
#include <ude/discover.h>

static const char *const names[] = {"x", "prey", "in[0]"};
enum { INPUTS = 3 };

static const double in[] = {0.7, 1.3, 0.4};

typedef struct values {
  double u, du[INPUTS];
} values;

static values evaluate(const ude_expression *expression) {
  values v;
  v.u = ude_expression_gradient(expression, in, INPUTS, v.du);
  return v;
}

/* The same up to rounding, for which `scale` says what may have cancelled. */
static bool same(double a, double b, double scale) {
  return (isnan(a) && isnan(b)) || a == b || !isfinite(scale) ||
         fabs(a - b) <= 1e-9 * (fabs(a) + fabs(b) + fabs(scale));
}

/* The formula with every difference made a sum: how large its parts are. */
static values sums_of(char *text) {
  ude_expression *sums = NULL;
  values          v    = {.u = INFINITY, .du = {INFINITY, INFINITY, INFINITY}};
  for (char *c = text; *c; c++) {
    *c = *c == '-' && (c == text || (c[-1] != 'e' && c[-1] != '^')) ? '+' : *c;
  }
  if (ude_expression_parse(text, names, INPUTS, &sums, NULL) == UDE_OK) {
    v = evaluate(sums);
  }
  ude_expression_free(sums);
  return v;
}

static void compare(const ude_expression *expression, const ude_expression *again, char *text) {
  values a = evaluate(expression);
  values b = evaluate(again);
  values s = sums_of(text);
  require(a.u == ude_expression_value(expression, in) || isnan(a.u));
  require(same(a.u, b.u, s.u));
  for (int i = 0; i < INPUTS; i++) {
    double scale = 1 + fabs(a.u) + fabs(s.du[i]); /* quotients cancel in derivatives too */
    require(same(a.du[i], b.du[i], scale) || !isfinite(a.u) || !isfinite(a.du[i]));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char           *text       = as_text(data, size);
  ude_expression *expression = NULL;
  ude_error       error      = {0};
  ude_status      status     = ude_expression_parse(text, names, INPUTS, &expression, &error);
  free(text);
  require_message(status, &error);
  require((status == UDE_OK) == (expression != NULL));
  if (!expression) {
    return 0;
  }
  require(ude_expression_complexity(expression) > 0);
  static const ude_style styles[] = {UDE_STYLE_TEXT, UDE_STYLE_LATEX, UDE_STYLE_C};
  for (int i = 0; i < 3; i++) {
    ude_text printed = {0};
    ude_expression_print(expression, styles[i], names, &printed);
    require(!printed.failed && printed.length > 0);
    if (styles[i] != UDE_STYLE_LATEX) {
      for (char *at; (at = strstr(printed.data, "fabs(")) != NULL;) {
        *at = ' '; /* the name in C of what the reader calls abs */
      }
      ude_expression *again = NULL;
      if (ude_expression_parse(printed.data, names, INPUTS, &again, &error) == UDE_OK) {
        compare(expression, again, printed.data);
      } else { /* powers written out, and brackets that had to be added, may be too many */
        require(strstr(error.message, "expected fewer") != NULL);
      }
      ude_expression_free(again);
    }
    ude_text_free(&printed);
  }
  ude_expression_free(expression);
  return 0;
}
