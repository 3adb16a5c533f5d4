/* Names and shapes from the structs of a model, values through them, and what is refused. */
#include "support/model_files.h"

#define RHS "void rhs(struct state *du, const struct state *u, const struct param *p, double t)"
#define PLAIN "struct state { double x; };\nstruct param;\n" RHS " { du->x = u->x; }\n"

typedef struct shape {
  const char *text;
  const char *state, *param; /* as files_layout writes them */
  int64_t     states, params;
} shape;

static const shape shapes[] = {
    {PLAIN, "x", "", 1, 0},
    {"struct state { double a, b[2], c[2][3]; };\nstruct param { const double k; double m; };\n" RHS
     "{ du->a = p->k * u->c[1][2]; }",
     "a b[2] c[2][3]", "(k) m", 9, 2},
    {"typedef double real;\ntypedef real row[3];\nstruct state { row grid[2]; const row x; };\n"
     "struct param { volatile real v; };\n" RHS "{ du->grid[1][2] = u->x[0] * p->v; }",
     "grid[2][3] (x[3])", "v", 9, 1},
    {"struct point { float x, y; };\nstruct state { struct point p[2]; struct { double q; } in; "
     "};\n"
     "struct param { const struct point origin; struct { double a; struct { double b; }; }; "
     "};\n" RHS "{ du->p[1].y = u->in.q * p->a + p->b; }",
     "p[0].x p[0].y p[1].x p[1].y in.q", "(origin.x) (origin.y) a b", 5, 4},
    {"#include <stdbool.h>\n#include <stdint.h>\nenum kind { ONE };\n"
     "struct state { double x; };\nstruct param { int n; double a; bool flag; enum kind kind; "
     "uint8_t table[4]; long last; float f; };\n" RHS "{ du->x = p->n * p->a + p->table[2]; }",
     "x", "a f", 1, 2},
    {"#include <ude/nn.h>\nstruct state { double x; };\nstruct param { UDE_MLP(2, 3, 1) net; "
     "};\n" RHS "{ ude_mlp(&p->net, ((double[2]){u->x, t}), &du->x); }",
     "x", "net.w1[2][3] net.b1[3] net.w2[3][1] net.b2[1]", 1, 13},
    {"struct state { double x; double empty[0]; };\nstruct param {};\n" RHS " { du->x = u->x; }\n",
     "x", "", 1, 0},
};

START_TEST(shapes_are_read) {
  const shape            *s     = &shapes[_i];
  ude_model              *model = files_model(s->text, UDE_DERIVATIVE_NONE);
  const ude_vector_field *field = ude_model_vector_field(model);
  ck_assert_str_eq(files_layout(&field->state), s->state);
  ck_assert_str_eq(files_layout(&field->param), s->param);
  ck_assert_int_eq(field->state.count, s->states);
  ck_assert_int_eq(field->param.count, s->params);
  ude_model_free(model);
}
END_TEST

START_TEST(marks_are_read) {
  ude_model *model = files_model(
      "#include <ude/model.h>\nstruct state { UDE_RELATIVE double x, y; double z; };\n"
      "struct param { UDE_RANGE(0, 1e3) double a; UDE_RANGE(-INFINITY, -2.5) double b; double c;\n"
      "UDE_GLOROT double w[2][3]; };\n" RHS "{ du->x = p->a; }",
      UDE_DERIVATIVE_NONE);
  const ude_member *u = ude_model_vector_field(model)->state.member;
  ck_assert(u[0].relative && u[1].relative && !u[2].relative);
  const ude_member *m = ude_model_vector_field(model)->param.member;
  ck_assert_double_eq(m[0].lower, 0);
  ck_assert_double_eq(m[0].upper, 1e3);
  ck_assert(isinf(m[1].lower) && m[1].lower < 0);
  ck_assert_double_eq(m[1].upper, -2.5);
  ck_assert(m[2].lower == 0 && m[2].upper == 0);
  ck_assert_int_eq(m[2].init, UDE_INIT_DEFAULT);
  ck_assert_int_eq(m[3].init, UDE_INIT_GLOROT_UNIFORM);
  ude_model_free(model);
}
END_TEST

typedef struct refusal {
  const char *text, *place, *message;
} refusal;

static const refusal refusals[] = {
    {"struct state { double x; };\n", "", "the model does not define the function rhs"},
    {"struct state;\nstruct param;\n" RHS " {}\n", "", "the model does not define struct state"},
    {"struct state { double x; };\nstruct param;\nvoid rhs(struct state *du, struct param *p) {}\n",
     "model.c:3: 'rhs' must be declared as void rhs(struct state *, const struct state *, "
     "const struct param *, double)",
     ""},
    {"struct state { double x; };\nstruct param;\nvoid rhs(struct state *du, const struct state "
     "*u, "
     "const struct param *p, float t) {}\n",
     "model.c:3: 'rhs' must", ""},
    {"struct state { double x; };\nstruct param;\nint rhs(struct state *du, const struct state *u, "
     "const struct param *p, double t) { return 0; }\n",
     "model.c:3: 'rhs' must", ""},
    {PLAIN "double penalty(void) { return 0; }\n", "model.c:4: 'penalty' must",
     "double penalty(const"},
    {"struct state { double x; union { double a; int b; } both; };\nstruct param;\n" RHS " {}\n",
     "model.c:1: member 'both' of struct state", "is a union"},
    {"struct state { double x; };\nstruct param {\n  double *w; };\n" RHS " { du->x = p->w[0]; }\n",
     "model.c:3: member 'w' of struct param", "is a pointer"},
    {"struct state { __float128 x; };\nstruct param;\n" RHS " {}\n",
     "model.c:1: member 'x' of struct state", "neither double nor float"},
    {"struct state { _Complex double x; };\nstruct param;\n" RHS " {}\n", "model.c:1: member 'x'",
     "is complex"},
    {"struct state { double x; };\nstruct param { int a : 3; };\n" RHS " { du->x = p->a; }\n",
     "model.c:2: member 'a'", "is a bit field"},
    {"#include <ude/model.h>\nstruct state { double x; };\n"
     "struct param { UDE_RANGE(1, 0) double a; };\n" RHS " { du->x = p->a; }\n",
     "model.c:3: member 'a'", "UDE_RANGE(1,0)"},
    {"#include <ude/model.h>\nstruct state { double x; };\n"
     "struct param { UDE_RANGE(0, many) double a; };\n" RHS " { du->x = p->a; }\n",
     "model.c:3: member 'a'", "two numbers are needed"},
    {PLAIN "const double u0[1] = {1};\n",
     "model.c:4: 'u0' must be declared as const struct state u0", ""},
    {PLAIN "const double tspan[3] = {1};\n", "model.c:4: 'tspan' must be declared as const double",
     ""},
    {PLAIN "int fixed_point(void) { return 0; }\n", "model.c:4: 'fixed_point'", "make it static"},
    {PLAIN "int events(void) { return 0; }\n", "model.c:4: 'events' must be declared as void",
     "double *"},
    {PLAIN "void affect(struct state *u, const struct param *p, double t, int event) {}\n",
     "defines affect", "schedule_times"},
    {PLAIN "const int event_count = 2;\n", "model.c:4: 'event_count'", "does not define events"},
    {PLAIN "int schedule_count = 2;\nvoid schedule(double *t, const struct param *p) {}\n",
     "model.c:4: 'schedule_count' must be declared as const int", ""},
    {PLAIN "const float schedule_times[2] = {1, 2};\n",
     "model.c:4: 'schedule_times' must be declared as const double", ""},
    {PLAIN "void events(double *g, const struct state *u, const struct param *p, double t) {}\n"
           "const int event_direction[2] = {1, 1};\n",
     "model.c:5: 'event_direction' has 2 entries for 1 events", ""},
    {PLAIN "const int terminal_events[2] = {1, 1};\nconst double schedule_times[1] = {1};\n",
     "model.c:4: 'terminal_events' has 2 entries", ""},
    {PLAIN "const double schedule_times[1] = {1};\nvoid schedule(double *t, const struct param *p) "
           "{}\n",
     "model.c:4: the model has both 'schedule_times'", ""},
    {"struct state { double x; };\nstruct param;\ndouble far(double);\n" RHS
     "\n{\n  du->x = far(u->x);\n}\n",
     "model.c:6: 'far' is used", ""},
    {PLAIN "void observe(struct observation *y, const struct state *u, const struct param *p, "
           "double t) {}\n",
     "", "not struct observation"},
};

START_TEST(refusals_have_place_and_advice) {
  const refusal *r      = &refusals[_i];
  ude_model     *model  = NULL;
  ude_status     status = files_compile(r->text, (ude_compile_options){0}, &model);
  ck_assert_msg(status == UDE_COMPILE || status == UDE_UNSUPPORTED, "status %d", (int)status);
  ck_assert_msg(strstr(files_error.message, r->place) && strstr(files_error.message, r->message),
                "'%s' without '%s' or '%s'", files_error.message, r->place, r->message);
  ck_assert_ptr_null(model);
}
END_TEST

/* Every kind of member in one model: floats converted, integers from p0, padding, derivatives. */
static const char mixed[] =
    "#include <ude/model.h>\n"
    "struct state { float f; int n; double d[2]; };\n"
    "struct param { int k; float a; short s[2][2]; double b; };\n"
    "struct observation { float y; double z; };\n"
    "const struct state u0 = {0.5f, 7, {2, 3}};\n"
    "const struct param p0 = {3, 0.25f, {{1, 2}, {4, 5}}, -1.5};\n"
    "const double tspan[2] = {1, 4};\n" RHS
    "{\n"
    "  du->f = p->k * u->f * p->a + u->n;\n"
    "  du->d[0] = p->s[1][0] * u->d[1] * p->b * t;\n"
    "}\n" /* d[1] is left out */
    "void observe(struct observation *y, const struct state *u, const struct param *p, double t)\n"
    "{ y->y = u->f * u->f; y->z = p->b * u->d[0]; }\n"
    "void initial(struct state *u, const struct param *p) { u->f = p->a; u->d[0] = p->b * p->b; }\n"
    "double terminal_cost(const struct state *u, const struct param *p, double t)\n"
    "{ return u->d[0] * u->d[1] + p->a * t; }\n"
    "double penalty(const struct param *p) { return p->b * p->b; }\n";

START_TEST(structs_of_mixed_members) {
  const char         *constants[] = {"k=5", "s[1][0]=-2"};
  ude_model          *model       = NULL;
  ude_compile_options options     = {.derivatives    = UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP,
                                     .constants      = constants,
                                     .constant_count = 2};
  ck_ok(files_compile(mixed, options, &model), &files_error);
  const ude_vector_field *f    = ude_model_vector_field(model);
  const double            u[3] = {0.5, 2, 3};
  const double            p[2] = {0.25, -1.5};
  double                  y[3] = {-9, -9, -9};
  double                  j[9] = {0};
  double                  k[9] = {0};
  ck_arrays_close(f->u0, u, 3, 0, 0);
  ck_arrays_close(f->p0, p, 2, 0, 0);
  ck_assert(f->has_tspan && f->tspan[0] == 1 && f->tspan[1] == 4);
  ck_assert_int_eq(f->rhs.value(y, u, p, 2, f->rhs.context), 0);
  ck_arrays_close(y, ((double[]){5 * 0.5 * 0.25 + 7, -2 * 3 * -1.5 * 2, 0}), 3, 0, 0);
  for (int reverse = 0; reverse < 2; reverse++) {
    double *to = reverse ? k : j;
    ck_ok(ude_jacobian(&f->rhs, 2, u, p, 2, false, reverse, to, &files_error), &files_error);
    ck_arrays_close(to, ((double[]){1.25, 0, 0, 0, 0, 6, 0, 0, 0}), 9, 1e-7, 0);
    ck_ok(ude_jacobian(&f->rhs, 2, u, p, 2, true, reverse, to, &files_error), &files_error);
    ck_arrays_close(to, ((double[]){2.5, 0, 0, -12, 0, 0}), 6, 1e-7, 0);
    ck_ok(ude_jacobian(&f->observe, 2, u, p, 2, false, reverse, to, &files_error), &files_error);
    ck_arrays_close(to, ((double[]){1, 0, 0, 0, -1.5, 0}), 6, 1e-7, 0);
    ck_ok(ude_jacobian(&f->initial, 2, NULL, p, 0, true, reverse, to, &files_error), &files_error);
    ck_arrays_close(to, ((double[]){1, 0, 0, -3, 0, 0}), 6, 1e-7, 0);
    ck_ok(ude_jacobian(&f->terminal_cost, 2, u, p, 2, true, reverse, to, &files_error),
          &files_error);
    ck_arrays_close(to, ((double[]){2, 0}), 2, 1e-7, 0);
    ck_ok(ude_jacobian(&f->penalty, 2, NULL, p, 0, true, reverse, to, &files_error), &files_error);
    ck_arrays_close(to, ((double[]){0, -3}), 2, 0, 0);
  }
  ude_model_free(model);
}
END_TEST

START_TEST(constants_that_are_none) {
  static const char *const wrong[] = {"a=1", "k",         "k=",     "k=1.5",    "k=99999999999",
                                      "s=1", "s[2][0]=1", "s[0]=1", "nothing=1"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    ude_model *model = NULL;
    ck_fails(files_compile(
                 mixed, (ude_compile_options){.constants = &wrong[i], .constant_count = 1}, &model),
             UDE_INVALID_ARGUMENT, &files_error, "", "");
  }
}
END_TEST

/* Larger than what is kept on the stack: the copies are on the heap. */
START_TEST(large_float_state) {
  ude_model *model =
      files_model("struct state { float x[100][200]; };\nstruct param { float a; };\n" RHS
                  "{ for (int i = 0; i < 100; i++) for (int j = 0; j < 200; j++)\n"
                  "  du->x[i][j] = p->a * u->x[i][j] * u->x[99 - i][j]; }\n",
                  UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP);
  const ude_vector_field *f     = ude_model_vector_field(model);
  int64_t                 n     = f->state.count;
  double                 *u     = calloc(5 * (size_t)n, sizeof *u);
  double                 *y     = u + n;
  double                 *u_dot = y + n;
  double                 *y_dot = u_dot + n;
  double                 *u_bar = y_dot + n;
  const double            p     = 0.5;
  double                  p_bar = 0;
  double                  left  = 0;
  double                  right = 0;
  ck_assert_int_eq(n, 20000);
  for (int64_t i = 0; i < n; i++) {
    u[i]     = (double)(i % 7) * 0.125;
    u_dot[i] = (double)(i % 5) * 0.25 - 0.5;
  }
  ck_assert_int_eq(f->rhs.jvp(y, y_dot, u, u_dot, &p, NULL, 0, NULL, f->rhs.context), 0);
  ck_assert_int_eq(f->rhs.vjp(u, &p, 0, y, u_bar, &p_bar, NULL, f->rhs.context), 0);
  ck_assert_double_eq(y[203], 0.5 * u[203] * u[98 * 200 + 3]);
  for (int64_t i = 0; i < n; i++) {
    left += y[i] * y_dot[i];
    right += u_bar[i] * u_dot[i];
  }
  ck_assert_double_eq_tol(left, right, 1e-6 * fabs(left));
  ck_assert_double_ne(left, 0);
  free(u);
  ude_model_free(model);
}
END_TEST

START_TEST(learned_functions_of_every_form) {
  ude_model *model = files_model(
      "#include <ude/model.h>\n"
      "struct state { double x, y; };\nstruct param { double a; };\n"
      "UDE_LEARNED double one(double x, const struct param *p) { return p->a * x; }\n"
      "UDE_LEARNED float two(const struct param *q, const float in[2], float scale)\n"
      "{ return in[0] * in[1] * scale; }\n"
      "UDE_LEARNED static double three(double out[3], double s, const double in[2], double "
      "more[1])\n"
      "{ for (int i = 0; i < 3; i++) out[i] = in[i % 2] * i; more[0] = s; return s * s; }\n" RHS
      "{\n"
      "  double out[3], more[1];\n"
      "  du->x = one(u->x, p) + two(p, (float[]){1, 2}, 3);\n"
      "  du->y = three(out, t, (double[]){u->x, u->y}, more) + out[1] + one(u->y, p);\n"
      "}\n",
      UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP | UDE_PROBE);
  const ude_vector_field *f = ude_model_vector_field(model);
  const double            p = 2;
  double                  y[5];
  double                  j[15];
  ck_assert_int_eq(f->learned_count, 3);
  const ude_learned *one   = &f->learned[0];
  const ude_learned *two   = &f->learned[1];
  const ude_learned *three = &f->learned[2];
  ck_assert_str_eq(one->name, "one");
  ck_assert_str_eq(one->input_names[0], "x");
  ck_assert_str_eq(one->output_names[0], "return");
  ck_assert_str_eq(two->param_name, "q");
  ck_assert_str_eq(two->input_names[1], "in[1]");
  ck_assert_str_eq(two->input_names[2], "scale");
  ck_assert_ptr_null(three->param_name);
  ck_assert_int_eq(three->map.rows, 5);
  ck_assert_int_eq(three->map.columns, 3);
  ck_assert_str_eq(three->input_names[0], "s");
  ck_assert_str_eq(three->output_names[3], "more[0]");
  ck_assert_str_eq(three->output_names[4], "return");
  ck_assert_int_eq(two->map.value(y, (double[]){1, 2, 3}, &p, 0, two->map.context), 0);
  ck_assert_double_eq(y[0], 6);
  ck_assert_int_eq(three->map.value(y, (double[]){3, 5, 7}, &p, 0, three->map.context), 0);
  ck_arrays_close(y, ((double[]){0, 7, 10, 3, 9}), 5, 0, 0);
  for (int reverse = 0; reverse < 2; reverse++) {
    ck_ok(ude_jacobian(&three->map, 1, (double[]){3, 5, 7}, &p, 0, false, reverse, j, &files_error),
          &files_error);
    ck_arrays_close(j, ((double[]){0, 0, 0, 0, 0, 1, 0, 2, 0, 1, 0, 0, 6, 0, 0}), 15, 0, 0);
  }
  ude_model_free(model);
}
END_TEST

typedef struct call {
  int64_t learned;
  double  in, out;
} call;

static void record(int64_t learned, const double *in, const double *out, void *sink) {
  call **next = sink;
  *(*next)++  = (call){learned, in[0], out[0]};
}

START_TEST(probe_reports_calls_in_order) {
  ude_model *model = files_model(
      "#include <ude/model.h>\nstruct state { double x; };\nstruct param { double a; };\n"
      "UDE_LEARNED double f(double x, const struct param *p) { return p->a * x; }\n"
      "UDE_LEARNED double g(double x) { return x + 1; }\n" RHS
      "{ double s = 0; for (int i = 0; i < 3; i++) s += g(f(u->x + i, p)); du->x = s; }\n",
      UDE_PROBE);
  const ude_vector_field *field = ude_model_vector_field(model);
  const double            u     = 1;
  const double            p     = 10;
  call                    calls[8];
  call                   *next = calls;
  ck_assert_int_eq(field->probe(&u, &p, 0, record, &next, field->probe_context), 0);
  ck_assert_int_eq(next - calls, 6);
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq(calls[2 * i].learned, 0);
    ck_assert_double_eq(calls[2 * i].in, 1 + i);
    ck_assert_double_eq(calls[2 * i].out, 10 * (1 + i));
    ck_assert_int_eq(calls[2 * i + 1].learned, 1);
    ck_assert_double_eq(calls[2 * i + 1].out, 10 * (1 + i) + 1);
  }
  ude_model_free(model);
}
END_TEST

START_TEST(learned_functions_that_are_refused) {
  static const struct {
    const char *declaration, *message;
  } wrong[] = {
      {"UDE_LEARNED void f(double *out, double x) { *out = x; }\n", "of known length"},
      {"UDE_LEARNED void f(double x) { (void)x; }\n", "has no output"},
      {"UDE_LEARNED double f(int x) { return x; }\n", "argument 'x' of the learned function 'f'"}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    char       text[1024];
    ude_model *model = NULL;
    snprintf(text, sizeof text, "#include <ude/model.h>\n%s" PLAIN, wrong[i].declaration);
    ck_fails(files_compile(text, (ude_compile_options){.derivatives = UDE_PROBE}, &model),
             UDE_COMPILE, &files_error, wrong[i].message, "");
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("reflection");
  TCase *all   = tcase_create("all");
  tcase_set_timeout(all, 60);
  tcase_add_checked_fixture(all, files_open, files_close);
  tcase_add_loop_test(all, shapes_are_read, 0, (int)(sizeof shapes / sizeof shapes[0]));
  tcase_add_test(all, marks_are_read);
  tcase_add_loop_test(all, refusals_have_place_and_advice, 0,
                      (int)(sizeof refusals / sizeof refusals[0]));
  tcase_add_test(all, structs_of_mixed_members);
  tcase_add_test(all, constants_that_are_none);
  tcase_add_test(all, large_float_state);
  tcase_add_test(all, learned_functions_of_every_form);
  tcase_add_test(all, probe_reports_calls_in_order);
  tcase_add_test(all, learned_functions_that_are_refused);
  suite_add_tcase(suite, all);
  return ude_check_run(suite);
}
