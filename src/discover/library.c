/* Candidate terms: families, products, and their columns on samples. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discover/expression.h"

/* A library being filled; `status` holds the first failure, so that a family is one loop. */
typedef struct filler {
  ude_library *library;
  ude_status   status;
  ude_error   *error;
} filler;

/* Members of families that products combine. */
typedef struct base_terms {
  int64_t          count;
  ude_expression **terms;    /* [UDE_MAX_TERMS], owned */
  bool            *monomial; /* [UDE_MAX_TERMS] */
} base_terms;

static void add(filler *f, ude_expression *term) {
  if (!f->status && !term) {
    f->status = ude_fail_memory(f->error, "a candidate term");
  }
  if (!f->status && f->library->count == UDE_MAX_TERMS) {
    f->status = ude_fail(f->error, UDE_INVALID_ARGUMENT,
                         "the candidate library has more than %d terms: lower the degree, the "
                         "frequencies or the depth of products",
                         UDE_MAX_TERMS);
  }
  if (f->status) {
    ude_expression_free(term);
    return;
  }
  f->library->terms[f->library->count++] = term;
}

/* times * x^power, where times may be NULL at first: NULL stands for the empty product. */
static ude_expression *times_power(ude_expression *times, bool empty, int64_t input, int power) {
  ude_expression *factor = expression_power(expression_input(input), power);
  return empty ? factor : expression_binary(OP_MULTIPLY, times, factor);
}

/* All monomials of exactly `degree`: exponents of inputs `first`.. are chosen, `powers` holds the
 * others. */
static void add_monomials(filler *f, int64_t inputs, int64_t first, int degree, int *powers) {
  if (first == inputs - 1) {
    powers[first]           = degree;
    ude_expression *product = NULL;
    bool            empty   = true;
    for (int64_t i = 0; i < inputs; i++) {
      if (powers[i] > 0) {
        product = times_power(product, empty, i, powers[i]);
        empty   = false;
      }
    }
    add(f, product);
    return;
  }
  for (int power = degree; power >= 0 && !f->status; power--) {
    powers[first] = power;
    add_monomials(f, inputs, first + 1, degree - power, powers);
  }
}

static ude_expression *scaled_input(int64_t input, int factor) {
  ude_expression *x = expression_input(input);
  return factor == 1    ? x
         : factor == -1 ? expression_unary(OP_NEGATE, x)
                        : expression_binary(OP_MULTIPLY, expression_number((double)factor), x);
}

/* x^n / (1 + x^n): saturation (Michaelis-Menten, Hill). */
static ude_expression *saturation(int64_t input, int n) {
  return expression_binary(OP_DIVIDE, expression_power(expression_input(input), n),
                           expression_binary(OP_ADD, expression_number(1),
                                             expression_power(expression_input(input), n)));
}

static void add_trigonometric(filler *f, int64_t inputs, int highest) {
  for (int k = 1; k <= highest; k++) {
    for (int64_t i = 0; i < inputs; i++) {
      add(f, expression_unary(OP_SIN, scaled_input(i, k)));
      add(f, expression_unary(OP_COS, scaled_input(i, k)));
    }
  }
}

static void add_exponential(filler *f, int64_t inputs) {
  for (int64_t i = 0; i < inputs; i++) {
    add(f, expression_unary(OP_EXP, scaled_input(i, 1)));
    add(f, expression_unary(OP_EXP, scaled_input(i, -1)));
  }
}

static void add_rational(filler *f, int64_t inputs) {
  for (int64_t i = 0; i < inputs; i++) {
    add(f, expression_binary(OP_DIVIDE, expression_number(1), expression_input(i)));
    add(f, expression_binary(OP_DIVIDE, expression_number(1),
                             expression_binary(OP_ADD, expression_number(1), expression_input(i))));
    add(f, saturation(i, 1));
    add(f, saturation(i, 2));
  }
}

/* y x/(1+x): a functional response of one species to another. */
static void add_responses(filler *f, int64_t inputs) {
  for (int64_t i = 0; i < inputs; i++) {
    for (int64_t j = 0; j < inputs; j++) {
      for (int n = 1; n <= 2 && j != i; n++) {
        add(f, expression_binary(OP_MULTIPLY, expression_input(j), saturation(i, n)));
      }
    }
  }
}

/* Products of 2 to `depth` distinct members from `first` on, at least one of them no monomial. */
static void add_products(filler *f, const base_terms *base, int64_t first, int depth,
                         const ude_expression *product, int factors, bool mixed) {
  for (int64_t i = first; i < base->count && !f->status; i++) {
    bool            curved = mixed || !base->monomial[i];
    ude_expression *copy   = expression_copy(base->terms[i]);
    ude_expression *longer =
        product ? expression_binary(OP_MULTIPLY, expression_copy(product), copy) : copy;
    if (!longer) {
      f->status = ude_fail_memory(f->error, "a product of candidates");
      return;
    }
    if (factors + 1 < depth) {
      add_products(f, base, i + 1, depth, longer, factors + 1, curved);
    }
    if (factors >= 1 && curved) {
      add(f, longer);
    } else {
      ude_expression_free(longer);
    }
  }
}

static ude_status fill_products(filler *f, int64_t inputs, int64_t first_curved, int depth) {
  base_terms base = {.terms    = ude_calloc(UDE_MAX_TERMS, sizeof *base.terms),
                     .monomial = ude_calloc(UDE_MAX_TERMS, sizeof *base.monomial)};
  if (!base.terms || !base.monomial) {
    f->status = ude_fail_memory(f->error, "products of candidates");
  }
  int64_t curved_end = f->library->count;
  for (int64_t i = 0; i < inputs + curved_end - first_curved && !f->status; i++) {
    bool monomial = i < inputs;
    if (base.count == UDE_MAX_TERMS) {
      break;
    }
    base.monomial[base.count] = monomial;
    base.terms[base.count]    = monomial
                                    ? expression_input(i)
                                    : expression_copy(f->library->terms[first_curved + i - inputs]);
    if (!base.terms[base.count++]) {
      f->status = ude_fail_memory(f->error, "products of candidates");
    }
  }
  if (!f->status) {
    add_products(f, &base, 0, depth, NULL, 0, false);
  }
  for (int64_t i = 0; i < base.count; i++) {
    ude_expression_free(base.terms[i]);
  }
  free(base.terms);
  free(base.monomial);
  return f->status;
}

static void add_extra(filler *f, int64_t inputs, const char *const *names,
                      const ude_library_options *options) {
  for (int64_t i = 0; i < options->extra_count && !f->status; i++) {
    ude_expression *term = NULL;
    f->status            = ude_expression_parse(options->extra[i], names, inputs, &term, f->error);
    if (!f->status) {
      add(f, term);
    }
  }
}

/* Stable, so that terms of one size stay in the order of their families. */
static void sort_by_complexity(ude_library *library) {
  for (int64_t i = 1; i < library->count; i++) {
    ude_expression *term = library->terms[i];
    int             size = ude_expression_complexity(term);
    int64_t         at   = i;
    while (at > 0 && ude_expression_complexity(library->terms[at - 1]) > size) {
      library->terms[at] = library->terms[at - 1];
      at--;
    }
    library->terms[at] = term;
  }
}

static int default_degree(int64_t inputs) {
  return inputs <= 2 ? 5 : inputs <= 4 ? 3 : 2;
}

static ude_status check_options(int64_t inputs, const char *const *names,
                                const ude_library_options *options, ude_error *error) {
  if (inputs < 0 || (inputs > 0 && !names)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "a candidate library needs the inputs' names");
  }
  if (options->polynomial > EXPRESSION_MAX_POWER || options->trigonometric < 0 ||
      options->trigonometric > 100 || options->products < 0 || options->products > 4) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "candidates: the degree must be at most %d, the frequencies 0 to 100, the "
                    "depth of products 0 to 4",
                    EXPRESSION_MAX_POWER);
  }
  return UDE_OK;
}

ude_status ude_library_create(int64_t inputs, const char *const *names,
                              const ude_library_options *options, ude_library **library,
                              ude_error *error) {
  ude_library_options used = options ? *options : (ude_library_options){0};
  *library                 = NULL;
  ude_status status        = check_options(inputs, names, &used, error);
  if (status) {
    return status;
  }
  ude_library *made   = ude_calloc(1, sizeof *made);
  int         *powers = ude_calloc((size_t)inputs, sizeof *powers);
  if (made) {
    made->inputs = inputs;
    made->terms  = ude_calloc(UDE_MAX_TERMS, sizeof *made->terms);
  }
  filler f = {.library = made, .error = error};
  if (!made || !powers || !made->terms) {
    f.status = ude_fail_memory(error, "a candidate library");
  } else {
    int degree = used.polynomial ? used.polynomial : default_degree(inputs);
    if (!used.no_constant) {
      add(&f, expression_number(1));
    }
    for (int d = 1; d <= degree && inputs > 0 && !f.status; d++) {
      add_monomials(&f, inputs, 0, d, powers);
    }
    int64_t first_curved = made->count;
    add_trigonometric(&f, inputs, used.trigonometric);
    if (used.exponential) {
      add_exponential(&f, inputs);
    }
    if (used.rational) {
      add_rational(&f, inputs);
    }
    if (used.products > 1 && !f.status) {
      f.status = fill_products(&f, inputs, first_curved, used.products);
    }
    if (used.rational && !f.status) {
      add_responses(&f, inputs);
    }
    add_extra(&f, inputs, names, &used);
  }
  free(powers);
  if (!f.status && made->count == 0) {
    f.status = ude_fail(error, UDE_INVALID_ARGUMENT, "the candidate library is empty");
  }
  if (f.status) {
    ude_library_free(made);
    return f.status;
  }
  sort_by_complexity(made);
  *library = made;
  return UDE_OK;
}

void ude_library_free(ude_library *library) {
  if (!library) {
    return;
  }
  for (int64_t i = 0; library->terms && i < library->count; i++) {
    ude_expression_free(library->terms[i]);
  }
  free(library->terms);
  free(library);
}

/* ------------------------------------------------------------------------- on samples -- */

/* Normalised column of one term (column-major work); false if it is not finite. */
static bool fill_column(const ude_expression *term, int64_t inputs, int64_t rows, const double *in,
                        double *column) {
  double scale = 0;
  double sum   = 0;
  for (int64_t i = 0; i < rows; i++) {
    column[i] = ude_expression_value(term, in + i * inputs);
    if (!isfinite(column[i])) {
      return false;
    }
    scale = fmax(scale, fabs(column[i]));
  }
  for (int64_t i = 0; i < rows && scale > 0; i++) {
    sum += (column[i] / scale) * (column[i] / scale);
  }
  for (int64_t i = 0; i < rows && scale > 0; i++) {
    column[i] /= scale * sqrt(sum);
  }
  return isfinite(sum);
}

/* |a -+ b| <= 1e-9 for columns of norm one (or both zero). */
static bool is_multiple(int64_t rows, const double *a, const double *b) {
  double plus  = 0;
  double minus = 0;
  for (int64_t i = 0; i < rows; i++) {
    plus += (a[i] + b[i]) * (a[i] + b[i]);
    minus += (a[i] - b[i]) * (a[i] - b[i]);
  }
  return fmin(plus, minus) <= 1e-18;
}

static bool is_zero(int64_t rows, const double *a) {
  for (int64_t i = 0; i < rows; i++) {
    if (a[i] != 0) {
      return false;
    }
  }
  return true;
}

static void note(ude_text *notes, const char *const *names, const ude_expression *term,
                 const char *reason, const ude_expression *other) {
  if (!notes) {
    return;
  }
  ude_text_append(notes, "candidate ");
  ude_expression_print(term, UDE_STYLE_TEXT, names, notes);
  ude_text_append(notes, " %s", reason);
  if (other) {
    ude_expression_print(other, UDE_STYLE_TEXT, names, notes);
  }
  ude_text_append(notes, "\n");
}

/* True if the term stays: its column is finite, not zero and no multiple of an earlier one. */
static bool usable(const ude_library *library, int64_t kept, const ude_expression *term,
                   const char *const *names, int64_t rows, const double *in, double *columns,
                   ude_text *notes) {
  double *column = columns + kept * rows;
  if (!fill_column(term, library->inputs, rows, in, column)) {
    note(notes, names, term, "dropped: not finite on the samples", NULL);
    return false;
  }
  if (is_zero(rows, column)) {
    note(notes, names, term, "dropped: zero on the samples", NULL);
    return false;
  }
  for (int64_t k = 0; k < kept; k++) {
    if (is_multiple(rows, columns + k * rows, column)) {
      note(notes, names, term, "dropped: on the samples a multiple of ", library->terms[k]);
      return false;
    }
  }
  return true;
}

ude_status ude_library_evaluate(ude_library *library, const char *const *names, int64_t rows,
                                const double *in, double **theta, ude_text *notes,
                                ude_error *error) {
  *theta = NULL;
  if (rows < 1 || !in) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "candidates need at least one sample");
  }
  double *columns = ude_calloc((size_t)rows * (size_t)library->count, sizeof *columns);
  double *values  = ude_calloc((size_t)rows * (size_t)library->count, sizeof *values);
  if (!columns || !values) {
    free(columns);
    free(values);
    return ude_fail_memory(error, "the candidates' values");
  }
  int64_t kept = 0;
  for (int64_t j = 0; j < library->count; j++) {
    ude_expression *term = library->terms[j];
    if (usable(library, kept, term, names, rows, in, columns, notes)) {
      library->terms[kept++] = term;
    } else {
      ude_expression_free(term);
    }
  }
  library->count = kept;
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < kept; j++) {
      values[i * kept + j] = ude_expression_value(library->terms[j], in + i * library->inputs);
    }
  }
  free(columns);
  if (kept == 0 || (notes && notes->failed)) {
    free(values);
    return kept ? ude_fail_memory(error, "notes on the candidates")
                : ude_fail(error, UDE_NUMERICAL,
                           "no candidate term is finite on the samples of the learned function");
  }
  *theta = values;
  return UDE_OK;
}
