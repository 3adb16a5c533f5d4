/* Objects made ahead of time: the same numbers as machine code in memory. */
#include <dlfcn.h>
#include <string.h>

#include "support/model_files.h"

/* Loops that need the tape, heap blocks, floats, integer constants, special functions, every map. */
static const char *const source =
    "#include <math.h>\n"
    "#include <stdlib.h>\n"
    "struct state { double x[3]; float y; };\n"
    "struct param { double a, b[2]; int n; float c; };\n"
    "struct observation { double s; float f[2]; };\n"
    "const struct state u0 = {{1, 2, 3}, 0.5f};\n"
    "const struct param p0 = {0.3, {1.25, -0.75}, 4, 0.1f};\n"
    "const double tspan[2] = {0, 2};\n"
    "int x_rhs(void) { return 7; }\n"
    "static double series(double z, int n) {\n"
    "  double s = 0, term = 1;\n"
    "  int i = 0;\n"
    "  while (fabs(term) > 1e-6 && i < 50 + n) { term *= z / (1 + i); s += term * sin(s); i++; }\n"
    "  return s;\n"
    "}\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t) {\n"
    "  double *w = malloc((size_t)p->n * sizeof *w);\n"
    "  if (!w) return;\n"
    "  for (int i = 0; i < p->n; i++) w[i] = series(u->x[i % 3] * p->a, i) + p->b[i & 1] * t;\n"
    "  for (int i = 1; i < p->n; i++) w[i] = w[i] * w[i - 1] + lgamma(2 + w[i] * w[i]);\n"
    "  for (int i = 0; i < 3; i++) du->x[i] = w[i + p->n - 3] - u->y * x_rhs();\n"
    "  du->y = p->c * u->y + (float)w[0];\n"
    "  free(w);\n"
    "}\n"
    "void initial(struct state *u, const struct param *p) {\n"
    "  for (int i = 0; i < 3; i++) u->x[i] = exp(p->a * i);\n"
    "  u->y = p->c;\n"
    "}\n"
    "void observe(struct observation *y, const struct state *u, const struct param *p, double t) "
    "{\n"
    "  y->s = u->x[0] * u->x[1] + t; y->f[0] = u->y * p->c; y->f[1] = (float)tgamma(1 + u->x[2]);\n"
    "}\n"
    "double terminal_cost(const struct state *u, const struct param *p, double t) {\n"
    "  return u->x[0] * u->x[0] + p->a * t;\n"
    "}\n"
    "double penalty(const struct param *p) { return p->a * p->a + p->b[0] * p->b[1]; }\n";

enum { STATES = 4, PARAMS = 4, OBSERVED = 3 };

static ude_text object, header;
static void    *library;

static void release(void) {
  ude_text_free(&object);
  ude_text_free(&header);
  if (library) {
    dlclose(library);
    library = NULL;
  }
  files_close();
}

static ude_status make(ude_object_options how, ude_compile_options options) {
  static char path[256];
  snprintf(path, sizeof path, "%s", files_path("model.c"));
  const char *files[] = {path};
  files_write("model.c", source);
  ude_text_free(&object);
  ude_text_free(&header);
  return ude_model_object(files, 1, &options, &how, &object, &header, &files_error);
}

/* Into a shared library of its own: position-independent code with thread-local data. */
static void load(void) {
  char command[1024];
  ck_ok(ude_file_write(files_path("x.o"), object.data, object.length, &files_error), &files_error);
  snprintf(command, sizeof command, "%s -shared -Wl,-z,defs -o %s %s -lm", UDE_CLANG,
           files_path("x.so"), files_path("x.o"));
  ck_assert_int_eq(system(command), 0);
  library = dlopen(files_path("x.so"), RTLD_NOW | RTLD_LOCAL);
  ck_assert_msg(library != NULL, "%s", dlerror());
}

static void *find(const char *name) {
  void *address = dlsym(library, name);
  ck_assert_msg(address != NULL, "%s is not exported", name);
  return address;
}

#define FUNCTION(type, variable, name)   \
  type  variable;                        \
  void *address_##variable = find(name); \
  memcpy(&variable, &address_##variable, sizeof variable)

typedef int (*value_fn)(double *, const double *, const double *, double);
typedef int (*jvp_fn)(double *, double *, const double *, const double *, const double *,
                      const double *, double, double);
typedef int (*vjp_fn)(const double *, const double *, double, const double *, double *, double *,
                      double *);

static const double u[STATES]     = {0.7, -1.3, 0.4, 0.25};
static const double p[PARAMS]     = {0.31, 1.5, -0.5, 0.125};
static const double u_dot[STATES] = {1, -2, 0.5, 0.75};
static const double p_dot[PARAMS] = {0.5, 1, -1, 2};
static const double y_bar[STATES] = {1, 0.5, -2, 3};

enum { T = 3 }; /* tolerance 0: the same bits */

static void compare(const double *a, const double *b, int count, double tolerance,
                    const char *what) {
  for (int i = 0; i < count; i++) {
    double bound = tolerance * (1 + fabs(b[i]));
    ck_assert_msg(fabs(a[i] - b[i]) <= bound, "%s[%d]: %.17g in the object, %.17g in memory", what,
                  i, a[i], b[i]);
  }
}

/* One map of the object against that of the vector field. */
static void compare_map(const char *name, const ude_map *map, double tolerance) {
  char full[64];
  snprintf(full, sizeof full, "x_%s", name);
  FUNCTION(value_fn, value, full);
  snprintf(full, sizeof full, "x_%s_jvp", name);
  FUNCTION(jvp_fn, jvp, full);
  snprintf(full, sizeof full, "x_%s_vjp", name);
  FUNCTION(vjp_fn, vjp, full);
  snprintf(full, sizeof full, "x_%s_jacobian", name);
  FUNCTION(value_fn, jacobian, full);
  snprintf(full, sizeof full, "x_%s_jacobian_param", name);
  FUNCTION(value_fn, jacobian_param, full);
  double a[2][STATES * PARAMS], b[2][STATES * PARAMS];
  int    rows  = (int)map->rows;
  double t_dot = 0.25, bars[2][3][PARAMS] = {{{1, 2, 3, 4}, {5, 6, 7, 8}, {9}}};
  memcpy(bars[1], bars[0], sizeof bars[0]);
  ck_assert_int_eq(value(a[0], u, p, T), 0);
  ck_assert_int_eq(map->value(b[0], u, p, T, map->context), 0);
  compare(a[0], b[0], rows, tolerance, name);
  ck_assert_int_eq(jvp(a[0], a[1], u, u_dot, p, p_dot, T, t_dot), 0);
  ck_assert_int_eq(map->jvp(b[0], b[1], u, u_dot, p, p_dot, T, &t_dot, map->context), 0);
  compare(a[0], b[0], rows, tolerance, name);
  compare(a[1], b[1], rows, tolerance, name);
  ck_assert_int_eq(jvp(a[0], a[1], u, NULL, p, NULL, T, 0), 0);
  for (int i = 0; i < rows; i++) {
    ck_assert_double_eq(a[1][i], 0);
  }
  ck_assert_int_eq(vjp(u, p, T, y_bar, bars[0][0], bars[0][1], bars[0][2]), 0);
  ck_assert_int_eq(map->vjp(u, p, T, y_bar, bars[1][0], bars[1][1], bars[1][2], map->context), 0);
  for (int k = 0; k < 3; k++) {
    compare(bars[0][k], bars[1][k], k < 2 ? STATES : 1, tolerance, name);
  }
  ck_assert_int_eq(vjp(u, p, T, y_bar, NULL, NULL, NULL), 0);
  for (int wrt = 0; wrt < 2; wrt++) {
    ck_assert_int_eq((wrt ? jacobian_param : jacobian)(a[0], u, p, T), 0);
    ck_ok(ude_jacobian(map, PARAMS, u, p, T, wrt, false, b[0], &files_error), &files_error);
    compare(a[0], b[0], rows * (wrt ? PARAMS : STATES), tolerance, name);
  }
}

static void compare_series(const ude_vector_field *field, double tolerance) {
  enum { ORDER = 6 };
  typedef int (*jet_fn)(double *, int, const double *, const double *, double);
  FUNCTION(jet_fn, taylor, "x_taylor");
  FUNCTION(jet_fn, jet, "x_observe_jet");
  double a[STATES * (ORDER + 1)], b[STATES * (ORDER + 1)], y[2][OBSERVED * (ORDER + 1)];
  ck_assert_int_eq(taylor(a, ORDER, u, p, T), 0);
  ck_ok(ude_taylor(field, ORDER, u, p, T, b, &files_error), &files_error);
  compare(a, b, STATES * (ORDER + 1), tolerance * 1e3, "taylor");
  ck_assert_int_eq(jet(y[0], ORDER, b, p, T), 0);
  ck_assert_int_eq(field->observe.jet(y[1], ORDER, b, p, T, field->observe.context), 0);
  compare(y[0], y[1], OBSERVED * (ORDER + 1), tolerance * 1e3, "observe");
  ck_assert_int_eq(taylor(a, UDE_MAX_ORDER + 1, u, p, T), 1);
  ck_assert_int_eq(taylor(a, -1, u, p, T), 1);
}

static const ude_compile_options plain = {0};

static void check_object(const char *processor, double tolerance) {
  ck_ok(make((ude_object_options){.functions = UDE_AHEAD_JVP | UDE_AHEAD_VJP | UDE_AHEAD_JACOBIAN |
                                               UDE_AHEAD_TAYLOR,
                                  .prefix    = "x_",
                                  .processor = processor},
             plain),
        &files_error);
  load();
  ude_model *model =
      files_model(source, UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP | UDE_DERIVATIVE_JET);
  const ude_vector_field *field = ude_model_vector_field(model);
  compare_map("rhs", &field->rhs, tolerance);
  compare_map("observe", &field->observe, tolerance);
  compare_map("terminal_cost", &field->terminal_cost, tolerance);
  /* maps without a state */
  int (*initial)(double *, const double *);
  int (*penalty_vjp)(const double *, const double *, double *);
  void *address = find("x_initial");
  memcpy(&initial, &address, sizeof initial);
  address = find("x_penalty_vjp");
  memcpy(&penalty_vjp, &address, sizeof penalty_vjp);
  double a[STATES], b[STATES], one = 1, bar[PARAMS] = {0};
  ck_assert_int_eq(initial(a, p), 0);
  ck_assert_int_eq(field->initial.value(b, NULL, p, 0, field->initial.context), 0);
  compare(a, b, STATES, tolerance, "initial");
  ck_assert_int_eq(penalty_vjp(p, &one, bar), 0);
  ck_assert_double_eq(bar[0], 2 * p[0]);
  ck_assert_double_eq(bar[1], p[2]);
  ck_assert_double_eq(bar[2], p[1]);
  compare_series(field, tolerance);
  compare(find("x_u0"), field->u0, STATES, 0, "u0");
  compare(find("x_p0"), field->p0, PARAMS, 0, "p0");
  compare(find("x_tspan"), field->tspan, 2, 0, "tspan");
  const char *const *names = find("x_param_names");
  ck_assert_str_eq(names[2], "b[1]");
  ude_model_free(model);
}

START_TEST(same_bits_on_this_processor) {
  check_object("native", 0);
}
END_TEST

START_TEST(same_numbers_on_any) {
  check_object(NULL, 1e-13);
}
END_TEST

START_TEST(constants_and_defaults) {
  static const char *const constants[] = {"n=3"};
  const double             own[STATES] = {4, 3, 2, 1};
  ck_ok(make((ude_object_options){.u0 = own, .prefix = "x_"},
             (ude_compile_options){.constants = constants, .constant_count = 1}),
        &files_error);
  load();
  compare(find("x_u0"), own, STATES, 0, "u0");
  FUNCTION(value_fn, value, "x_rhs");
  double     a[STATES], b[STATES];
  ude_model *model = NULL;
  ck_ok(files_compile(source, (ude_compile_options){.constants = constants, .constant_count = 1},
                      &model),
        &files_error);
  const ude_map *rhs = &ude_model_vector_field(model)->rhs;
  value(a, u, p, T);
  rhs->value(b, u, p, T, rhs->context);
  compare(a, b, STATES, 1e-13, "rhs");
  ck_assert_ptr_null(dlsym(library, "x_rhs_jvp"));
  ck_assert_ptr_null(dlsym(library, "rhs"));
  ck_assert_ptr_null(dlsym(library, "ude_fail"));
  ude_model_free(model);
}
END_TEST

START_TEST(wrong_options) {
  ck_assert_int_eq(make((ude_object_options){.prefix = "9x"}, plain), UDE_INVALID_ARGUMENT);
  ck_assert_int_eq(make((ude_object_options){.prefix = "a b"}, plain), UDE_INVALID_ARGUMENT);
  ck_assert_int_eq(make((ude_object_options){.processor = "z80"}, plain), UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(files_error.message, "z80"));
  ck_assert_ptr_null(object.data);
  ck_ok(make((ude_object_options){0}, plain), &files_error);
  ck_assert_ptr_nonnull(strstr(header.data, "int model_rhs(double *y"));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("ahead");
  TCase *all   = tcase_create("all");
  tcase_set_timeout(all, 60);
  tcase_add_checked_fixture(all, files_open, release);
  tcase_add_test(all, same_bits_on_this_processor);
  tcase_add_test(all, same_numbers_on_any);
  tcase_add_test(all, constants_and_defaults);
  tcase_add_test(all, wrong_options);
  suite_add_tcase(suite, all);
  return ude_check_run(suite);
}
