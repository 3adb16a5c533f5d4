/* Models written again: the text that results, and that it is the same model but for what was asked. */
#include "support/model_files.h"

static const char header[] =
    "#pragma once\n"
    "/* shared by both files */\n"
    "struct state { double x, y; int kind; };\n"
    "struct param {\n"
    "  double alpha, lost; /* both */\n"
    "  int mode, grid[2][2];\n"
    "  float soft;\n"
    "  double net[3]; /* weights */\n"
    "  double gone[2][2], beta;\n"
    "};\n"
    "double growth(const struct state *u, const struct param *p);\n";
static const char main_file[] =
    "#include <ude/model.h>\n"
    "#include \"shared.h\"\n"
    "const struct state u0 = {1, 2, 9};\n"
    "const struct param p0 = {.alpha = 1.5, .lost = 3, .mode = 2, .grid = {{0, 3}, {0, 0}}, .soft "
    "= 0.1f,\n"
    "  .net = {0.1, 0.2, 0.3}, .beta = 0.25};\n"
    "const double tspan[2] = {0, 3};\n"
    "\n"
    "/* The helper of the network. */\n"
    "static double helper(double x, const struct param *p)\n"
    "{\n"
    "  return p->net[0] * x + p->lost; /* } ; */\n"
    "}\n"
    "\n"
    "/* The unknown term. */\n"
    "UDE_LEARNED void term(double out[2], const double in[2], const struct param *p);\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t)\n"
    "{\n"
    "  double out[2];\n"
    "  term(out, (double[]){u->x, u->y}, p);\n"
    "  du->x = growth(u, p) + out[0]; /* the \"physics\"; #include \"shared.h\" */\n"
    "  du->y = (p->mode + p->grid[0][1]) * u->y * p->soft + out[1] + SCALE;\n"
    "}\n"
    "UDE_LEARNED void term(double out[2], const double in[2], const struct param *p)\n"
    "{\n"
    "  out[0] = helper(in[0], p);\n"
    "  out[1] = p->net[1] * in[1] + p->gone[1][1];\n"
    "}\n";
static const char other_file[] =
    "#include \"shared.h\"\n"
    "double growth(const struct state *u, const struct param *p) { return p->alpha * u->x - "
    "p->beta; }\n";

static const char *const flags[] = {"-DSCALE=4"};

static void begin(void) {
  files_open();
  files_write("shared.h", header);
  files_write("model.c", main_file);
  files_write("other.c", other_file);
}

static ude_status rewrite(const ude_replacement *with, const ude_new_param *params, size_t count,
                          const double *p, const double *u0, const char *const *constants,
                          char **text) {
  char                paths[2][256];
  const char         *files[2] = {paths[0], paths[1]};
  ude_compile_options options  = {
       .flags = flags, .flag_count = 1, .constants = constants, .constant_count = constants != NULL};
  snprintf(paths[0], sizeof paths[0], "%s", files_path("model.c"));
  snprintf(paths[1], sizeof paths[1], "%s", files_path("other.c"));
  return ude_model_rewrite(files, 2, &options, with, 1, params, count, p, u0, "By a test.", text,
                           &files_error);
}

static const char expected[] =
    "/* By a test. */\n"
    "#ifndef SCALE\n#define SCALE 4\n#endif\n"
    "#include <ude/model.h>\n"
    "/* shared.h */\n"
    "/* shared by both files */\n"
    "struct state { double x, y; int kind; };\n"
    "struct param {\n"
    "  double alpha; /* both */\n"
    "  int mode, grid[2][2];\n"
    "  float soft;\n"
    "  double beta;\n"
    "  double c0; /* found */\n"
    "  double c1;\n"
    "};\n"
    "double growth(const struct state *u, const struct param *p);\n"
    "\n"
    "const struct state u0 = {1, 2, 9};\n"
    "const struct param p0 = {\n"
    "    .alpha = 1.5,\n"
    "    .mode = 5,\n"
    "    .grid[0][1] = 3,\n"
    "    .soft = 0.1,\n"
    "    .beta = 0.25,\n"
    "    .c0 = -0.9,\n"
    "    .c1 = 0.3333333333333333,\n"
    "};\n"
    "const double tspan[2] = {0, 3};\n"
    "\n"
    "/* The unknown term. */\n"
    "void term(double out[2], const double in[2], const struct param *p);\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t)\n"
    "{\n"
    "  double out[2];\n"
    "  term(out, (double[]){u->x, u->y}, p);\n"
    "  du->x = growth(u, p) + out[0]; /* the \"physics\"; #include \"shared.h\" */\n"
    "  du->y = (p->mode + p->grid[0][1]) * u->y * p->soft + out[1] + SCALE;\n"
    "}\n"
    "void term(double out[2], const double in[2], const struct param *p)\n"
    "{\n"
    "  out[0] = p->c0 * in[0] * in[1];\n"
    "  out[1] = p->c1;\n"
    "}\n"
    "/* shared.h */\n"
    "\n"
    "double growth(const struct state *u, const struct param *p) { return p->alpha * u->x - "
    "p->beta; "
    "}\n";

static const ude_replacement replacement = {"term",
                                            "  out[0] = p->c0 * in[0] * in[1];\n  out[1] = p->c1;"};
static const ude_new_param   added[]     = {{"c0", -0.9, "found"}, {"c1", 1.0 / 3, NULL}};

START_TEST(text_is_as_expected_and_compiles_alone) {
  char       *text     = NULL;
  const char *constant = "mode=5";
  ck_ok(rewrite(&replacement, added, 2, NULL, NULL, &constant, &text), &files_error);
  ck_assert_str_eq(text, expected);

  ude_model *model = NULL; /* without the flags, the constants and the other files */
  remove(files_path("shared.h"));
  ck_ok(files_compile(text, (ude_compile_options){.derivatives = UDE_DERIVATIVE_VJP}, &model),
        &files_error);
  ck_assert_msg(files_said.length == 0, "%s", files_said.data);
  const ude_vector_field *f = ude_model_vector_field(model);
  double                  y[2];
  ck_assert_str_eq(files_layout(&f->param), "alpha soft beta c0 c1");
  ck_assert_int_eq(f->rhs.value(y, (double[]){3, 7}, f->p0, 0, f->rhs.context), 0);
  ck_assert_double_eq_tol(y[0], 1.5 * 3 - 0.25 - 0.9 * 21, 1e-14);
  ck_assert_double_eq_tol(y[1], (5 + 3) * 7 * (double)0.1f + 1.0 / 3 + 4, 1e-5);
  ck_assert_double_eq(f->p0[4], 1.0 / 3);
  ude_model_free(model);
  free(text);
}
END_TEST

START_TEST(values_of_parameters_and_state) {
  char        *text  = NULL;
  ude_model   *model = NULL;
  const double p[]   = {0.1 + 0.2, 1, 0.75, 4, 5, 6, 7, 8, 9, 10, -1e-300};
  const double u0[]  = {0.1, -2.5e30};
  ck_ok(rewrite(&replacement, added, 2, p, u0, NULL, &text), &files_error);
  ck_ok(files_compile(text, (ude_compile_options){0}, &model), &files_error);
  const ude_vector_field *f = ude_model_vector_field(model);
  ck_arrays_close(f->p0, ((double[]){0.1 + 0.2, 0.75, -1e-300, -0.9, 1.0 / 3}), 5, 0, 0);
  ck_arrays_close(f->u0, u0, 2, 0, 0);
  ck_assert_ptr_nonnull(strstr(text, ".kind = 9"));
  ude_model_free(model);
  free(text);
}
END_TEST

/* What the new body mentions stays. */
START_TEST(mentioned_names_stay) {
  char                 *text = NULL;
  const ude_replacement with = {"term", "  out[0] = helper(in[1], p);\n  out[1] = 0;"};
  ck_ok(rewrite(&with, NULL, 0, NULL, NULL, NULL, &text), &files_error);
  ck_assert_ptr_nonnull(strstr(text, "static double helper("));
  ck_assert_ptr_nonnull(strstr(text, "double alpha, lost;"));
  ck_assert_ptr_nonnull(strstr(text, "double net[3]; /* weights */"));
  ck_assert_ptr_null(strstr(text, "gone"));
  free(text);
}
END_TEST

START_TEST(what_cannot_be_done_is_said) {
  char                 *text    = NULL;
  const ude_replacement unknown = {"nobody", ""};
  const ude_replacement wrong   = {"term", "  out[0] = nonsense;"};
  const ude_new_param   taken   = {"alpha", 1, NULL};
  ck_fails(rewrite(&unknown, NULL, 0, NULL, NULL, NULL, &text), UDE_INVALID_ARGUMENT, &files_error,
           "'nobody'", "");
  ck_fails(rewrite(&wrong, NULL, 0, NULL, NULL, NULL, &text), UDE_COMPILE, &files_error,
           "does not compile", "undeclared identifier 'nonsense'");
  ck_fails(rewrite(&replacement, &taken, 1, NULL, NULL, NULL, &text), UDE_INVALID_ARGUMENT,
           &files_error, "'alpha'", "");
  ck_assert_ptr_null(text);
  /* struct param in a header that is not pasted */
  char angle[2048];
  snprintf(angle, sizeof angle, "%s", main_file);
  char *include = strstr(angle, "#include \"shared.h\"\n");
  memcpy(include, "#include <shared.h>", 19);
  files_write("model.c", angle);
  files_write("other.c",
              "#include <shared.h>\ndouble growth(const struct state *u, const struct param *p) "
              "{ return p->alpha; }\n");
  char                folder[300];
  char                path[300];
  const char         *angle_flags[] = {"-DSCALE=4", folder};
  const char         *files[]       = {path};
  ude_compile_options options       = {.flags = angle_flags, .flag_count = 2};
  char                both[4096];
  snprintf(folder, sizeof folder, "-I%s", files_folder);
  snprintf(both, sizeof both,
           "%sdouble growth(const struct state *u, const struct param *p) { return 1; }\n", angle);
  files_write("model.c", both);
  snprintf(path, sizeof path, "%s", files_path("model.c"));
  ck_fails(ude_model_rewrite(files, 1, &options, &replacement, 1, added, 2, NULL, NULL, NULL, &text,
                             &files_error),
           UDE_UNSUPPORTED, &files_error, "shared.h", "include it with quotes");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("rewrite");
  TCase *all   = tcase_create("all");
  tcase_set_timeout(all, 60);
  tcase_add_checked_fixture(all, begin, files_close);
  tcase_add_test(all, text_is_as_expected_and_compiles_alone);
  tcase_add_test(all, values_of_parameters_and_state);
  tcase_add_test(all, mentioned_names_stay);
  tcase_add_test(all, what_cannot_be_done_is_said);
  suite_add_tcase(suite, all);
  return ude_check_run(suite);
}
