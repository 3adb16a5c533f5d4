/* The header of an object: what each function takes, in which order. */
#include <ctype.h>
#include <string.h>

#include "compiler/ahead.h"
#include "compiler/build.h"

typedef struct printer {
  const ude_ahead *ahead;
  ude_text        *text;
} printer;

/* ------------------------------------------------------------------------------------ names -- */

/* "body[3].q" as part of an identifier: body_3_q. */
static void identifier(const char *name, char *buffer, size_t size) {
  size_t n = 0;
  for (const char *at = name; *at && n + 1 < size; at++) {
    if (isalnum((unsigned char)*at) || *at == '_') {
      buffer[n++] = *at;
    } else if (n > 0 && buffer[n - 1] != '_' && at[1]) {
      buffer[n++] = '_';
    }
  }
  buffer[n] = '\0';
}

static bool taken(const ude_layout *layout, int64_t before, const char *wanted) {
  char other[512];
  for (int64_t i = 0; i < before; i++) {
    identifier(layout->member[i].name, other, sizeof other);
    if (strcmp(other, wanted) == 0) {
      return true;
    }
  }
  return false;
}

static void print_layout(printer *at, const char *what, const char *title,
                         const ude_layout *layout) {
  ude_text *text = at->text;
  if (layout->count == 0) {
    return;
  }
  ude_text_append(text, "\n/* %s: where each member begins. Arrays are row-major. */\nenum {\n",
                  title);
  for (int64_t i = 0; i < layout->members; i++) {
    const ude_member *member = &layout->member[i];
    char              name[512];
    identifier(member->name, name, sizeof name);
    if (taken(layout, i, name)) { /* as a_1 and a[1] */
      ude_text_append(text, "  /* %s: %lld */\n", member->name, (long long)member->first);
      continue;
    }
    ude_text_append(text, "  %s%s_%s = %lld,", at->ahead->prefix, what, name,
                    (long long)member->first);
    if (member->rank > 0) {
      ude_text_append(text, " /* %s", member->name);
      for (int d = 0; d < member->rank; d++) {
        ude_text_append(text, "[%lld]", (long long)member->extents[d]);
      }
      ude_text_append(text, " */");
    }
    ude_text_append(text, "\n");
  }
  ude_text_append(text, "  %s%s_count = %lld\n};\nextern const char *const %s%s_names[%lld];\n",
                  at->ahead->prefix, what, (long long)layout->count, at->ahead->prefix, what,
                  (long long)layout->count);
}

/* -------------------------------------------------------------------------------- functions -- */

static const char *const meanings[UDE_MAPS] = {
    [UDE_MAP_RHS]             = "the right-hand side: y = du/dt",
    [UDE_MAP_INITIAL]         = "the initial state from the parameters",
    [UDE_MAP_OBSERVE]         = "what is measured",
    [UDE_MAP_TERMINAL_COST]   = "the cost of the final state",
    [UDE_MAP_RUNNING_COST]    = "the cost per unit of time",
    [UDE_MAP_PENALTY]         = "the penalty on the parameters",
    [UDE_MAP_COST]            = "the cost of a state",
    [UDE_MAP_EVENTS]          = "the event functions",
    [UDE_MAP_AFFECT]          = "the state after an event; the last entry of u is its number",
    [UDE_MAP_SCHEDULE]        = "the scheduled times",
    [UDE_MAP_DISCONTINUITIES] = "the times at which the right-hand side jumps",
    [UDE_MAP_LOSS]            = "the loss of a sample"};

static void print_map(printer *at, int k, const ude_ahead_map *map) {
  unsigned    wanted = at->ahead->options->functions;
  const char *prefix = at->ahead->prefix;
  const char *name   = map->name;
  ude_text   *text   = at->text;
  ude_text_append(text, "\n/* %s: %s. y: double[%lld]. */\n", name,
                  meanings[k] ? meanings[k] : "a map of the model", (long long)map->rows);
  ude_text_append(text, "int %s%s(double *y, %sconst double *p%s);\n", prefix, name,
                  map->state ? "const double *u, " : "", map->state ? ", double t" : "");
  if (wanted & UDE_AHEAD_JVP) {
    ude_text_append(
        text,
        "/* Also y_dot = dy/du u_dot + dy/dp p_dot%s, double[%lld]. u_dot and p_dot may be "
        "null: zero. */\n",
        map->state ? " + dy/dt t_dot" : "", (long long)map->rows);
    ude_text_append(text,
                    map->state
                        ? "int %s%s_jvp(double *y, double *y_dot, const double *u, const double "
                          "*u_dot, const double *p,\n    const double *p_dot, double t, double "
                          "t_dot);\n"
                        : "int %s%s_jvp(double *y, double *y_dot, const double *p, const double "
                          "*p_dot);\n",
                    prefix, name);
  }
  if (wanted & UDE_AHEAD_VJP) {
    ude_text_append(
        text,
        "/* ADDS y_bar times the derivatives of y to %sp_bar%s; any of these may be null: "
        "not wanted.\n   y_bar: double[%lld], kept. */\n",
        map->state ? "u_bar, " : "", map->state ? " and *t_bar" : "", (long long)map->rows);
    ude_text_append(
        text,
        map->state
            ? "int %s%s_vjp(const double *u, const double *p, double t, const double *y_bar, "
              "double *u_bar,\n    double *p_bar, double *t_bar);\n"
            : "int %s%s_vjp(const double *p, const double *y_bar, double *p_bar);\n",
        prefix, name);
  }
  if (wanted & UDE_AHEAD_HVP) {
    ude_text_append(text,
                    "/* With s = y_bar . y (y_bar null: all ones): ADDS the second derivatives of "
                    "s along the given "
                    "direction\n   to %sp_bar_dot%s; null: not wanted, as directions: zero. */\n",
                    map->state ? "u_bar_dot, " : "", map->state ? " and *t_bar_dot" : "");
    ude_text_append(
        text,
        map->state
            ? "int %s%s_hvp(const double *u, const double *u_dot, const double *p, const double "
              "*p_dot, double t,\n    double t_dot, const double *y_bar, double *u_bar_dot, double "
              "*p_bar_dot, double *t_bar_dot);\n"
            : "int %s%s_hvp(const double *p, const double *p_dot, const double *y_bar, double "
              "*p_bar_dot);\n",
        prefix, name);
  }
  if ((wanted & UDE_AHEAD_TAYLOR) && map->state) {
    ude_text_append(
        text,
        "/* Taylor coefficients of y(t + s) in s, y: double[%lld][order + 1], from those of u(t + "
        "s), u: "
        "double[%lld][order + 1];\n   coefficient k is the k-th derivative over k!. order: 0 to "
        "%d. */\n"
        "int %s%s_jet(double *y, int order, const double *u, const double *p, double t);\n",
        (long long)map->rows, (long long)map->columns, (int)UDE_MAX_ORDER, prefix, name);
    if (k == UDE_MAP_RHS) {
      ude_text_append(
          text,
          "/* The same of the solution of du/dt = rhs through u: double[%lld] at t; series: "
          "double[%lld][order + 1]. */\n"
          "int %staylor(double *series, int order, const double *u, const double *p, double t);\n",
          (long long)map->columns, (long long)map->rows, prefix);
    }
  }
  if (at->ahead->pattern[k].start) {
    long long entries = (long long)at->ahead->pattern[k].start[map->rows];
    ude_text_append(
        text,
        "/* Where dy/du may be other than zero, row by row (CSR): row i has the columns "
        "pattern_column[k], k from\n"
        "   pattern_start[i] to below pattern_start[i + 1]. values: double[entries] in that order, "
        "from %lld "
        "products. */\n"
        "enum { %s%s_entries = %lld };\nextern const int64_t %s%s_pattern_start[%lld], "
        "%s%s_pattern_column[%lld];\n"
        "int %s%s_jacobian_sparse(double *values, const double *u, const double *p, double t);\n",
        (long long)at->ahead->colouring[k].column_colours, prefix, name, entries, prefix, name,
        (long long)map->rows + 1, prefix, name, entries > 0 ? entries : 1, prefix, name);
  }
  if (wanted & UDE_AHEAD_JACOBIAN) {
    if (map->columns > 0) {
      ude_text_append(text, "/* jacobian: double[%lld][%lld], row-major: dy[i]/du[j]. */\n",
                      (long long)map->rows, (long long)map->columns);
      ude_text_append(
          text,
          "int %s%s_jacobian(double *jacobian, const double *u, const double *p, double "
          "t);\n",
          prefix, name);
    }
    ude_text_append(text, "/* jacobian: double[%lld][%lld], row-major: dy[i]/dp[j]. */\n",
                    (long long)map->rows, (long long)at->ahead->field->param.count);
    ude_text_append(text,
                    map->state ? "int %s%s_jacobian_param(double *jacobian, const double *u, const "
                                 "double *p, double t);\n"
                               : "int %s%s_jacobian_param(double *jacobian, const double *p);\n",
                    prefix, name);
  }
}

static void print_guard(const ude_ahead *ahead, char *buffer, size_t size) {
  const char *name  = ahead->options->header ? ahead->options->header : "model.h";
  const char *slash = strrchr(name, '/');
  identifier(ahead->prefix, buffer, size);
  size_t n = strlen(buffer);
  identifier(slash ? slash + 1 : name, buffer + n, size - n);
  for (char *c = buffer; *c; c++) {
    *c = (char)toupper((unsigned char)*c);
  }
}

void ude_ahead_header(const ude_ahead *ahead, const char *source, ude_text *text) {
  printer                 at    = {ahead, text};
  const ude_vector_field *field = ahead->field;
  const char             *slash = strrchr(source, '/');
  const char             *p     = ahead->prefix;
  char                    guard[512];
  print_guard(ahead, guard, sizeof guard);
  ude_text_append(text,
                  "/* Made by ude %s from %s. Link the object beside it, and libm.\n\n"
                  "   u: double[%lld], the state; p: double[%lld], the parameters; both in the "
                  "order below, which is\n"
                  "   that of the structs in memory (integer members are constants of the model).\n"
                  "   All arrays belong to the caller and do not overlap. Functions return 0, or 1 "
                  "where memory is\n"
                  "   short; they keep no state and may be called from several threads. */\n"
                  "#ifndef %s\n#define %s\n\n%s#ifdef __cplusplus\nextern \"C\" {\n#endif\n",
                  UDE_VERSION_TEXT, slash ? slash + 1 : source, (long long)field->state.count,
                  (long long)field->param.count, guard, guard,
                  ahead->options->functions & UDE_AHEAD_SPARSITY ? "#include <stdint.h>\n\n" : "");
  print_layout(&at, "state", "States", &field->state);
  print_layout(&at, "param", "Parameters", &field->param);
  print_layout(&at, "observation", "Observations", &field->observation);
  if (ahead->u0 || ahead->p0 || ahead->tspan) {
    ude_text_append(text, "\n/* Defaults. */\n");
  }
  if (ahead->u0) {
    ude_text_append(text, "extern const double %su0[%lld];\n", p, (long long)field->state.count);
  }
  if (ahead->p0 && field->param.count > 0) {
    ude_text_append(text, "extern const double %sp0[%lld];\n", p, (long long)field->param.count);
  }
  if (ahead->tspan) {
    ude_text_append(text, "extern const double %stspan[2];\n", p);
  }
  for (int k = 0; k < UDE_MAPS; k++) {
    ude_ahead_map map;
    if (ude_ahead_map_of(ahead, k, &map)) {
      print_map(&at, k, &map);
    }
  }
  ude_text_append(text, "\n#ifdef __cplusplus\n}\n#endif\n#endif\n");
}
