/* Compiling, loading and rewriting a model when memory runs out at the k-th allocation. */
#include "support/fault.h"
#include "support/model_files.h"

/* LeakSanitizer's own tracer crashes at exit once libclang has been loaded here. The harness counts live blocks
 * after every call, so leaks are still found; addresses and undefined behaviour are checked as elsewhere. */
UDE_API const char *__asan_default_options(void);
const char         *__asan_default_options(void) {
  return "detect_leaks=0";
}

static char path[256];

static ude_status compile_cold(void *context, ude_error *error) {
  const char         *file    = path;
  ude_model          *model   = NULL;
  ude_compile_options options = {.derivatives = *(const unsigned *)context};
  ude_status          status  = ude_model_compile(&file, 1, &options, &model, error);
  ude_model_free(model);
  return status;
}

static ude_status specialise(void *context, ude_error *error) {
  const char         *file     = path;
  ude_model          *model    = NULL;
  const char *const   method[] = {"tsit5"};
  ude_compile_options options  = {.specialise = method, .specialise_count = 1};
  (void)context;
  ude_status status = ude_model_compile(&file, 1, &options, &model, error);
  ude_model_free(model);
  return status;
}

START_TEST(specialised_steps_survive) {
  fault_every_allocation(specialise, NULL, 20);
}
END_TEST

static ude_status rewrite(void *context, ude_error *error) {
  const char           *file  = path;
  char                 *text  = NULL;
  const ude_replacement with  = {"f", "  return p->c * x;"};
  const ude_new_param   added = {"c", 2, "new"};
  (void)context;
  ude_status status = ude_model_rewrite(&file, 1, NULL, &with, 1, &added, 1, NULL, NULL,
                                        "By a test.", &text, error);
  free(text);
  return status;
}

static void begin(void) {
  files_open();
  snprintf(path, sizeof path, "%s", files_path("model.c"));
  files_write(
      "model.c",
      "#include <ude/model.h>\nstruct state { double x; };\nstruct param { double a; int n; };\n"
      "const struct param p0 = {1, 2};\n"
      "const int event_direction[1] = {1};\nconst int terminal_events[1] = {1};\n"
      "const double schedule_times[2] = {1, 2};\nconst double discontinuity_times[1] = {3};\n"
      "void events(double *g, const struct state *u, const struct param *p, double t) { g[0] = "
      "u->x; }\n"
      "void affect(struct state *u, const struct param *p, double t, int event) { u->x += event; "
      "}\n"
      "UDE_LEARNED double f(double x, const struct param *p) { return p->a * x; }\n"
      "void rhs(struct state *du, const struct state *u, const struct param *p, double t)\n"
      "{ du->x = f(u->x, p) * p->n; }\n");
}

START_TEST(compiling_survives) {
  unsigned plain = UDE_DERIVATIVE_NONE;
  fault_every_allocation(compile_cold, &plain, 20);
}
END_TEST

START_TEST(learned_functions_survive) {
  unsigned probe = UDE_PROBE;
  fault_every_allocation(compile_cold, &probe, 30);
}
END_TEST

static ude_status find_pattern(void *context, ude_error *error) {
  const char                *file    = path;
  ude_model                 *model   = NULL;
  ude_pattern                pattern = {0};
  ude_compile_options        options = {.derivatives = UDE_SPARSITY};
  const ude_sparsity_request request = {.hessian = *(const bool *)context};
  ude_status                 status  = ude_model_compile(&file, 1, &options, &model, error);
  if (status == UDE_OK) {
    status = ude_model_sparsity(model, &request, &pattern, error);
  }
  ude_pattern_free(&pattern);
  ude_model_free(model);
  return status;
}

START_TEST(patterns_survive) {
  bool hessian[2] = {false, true};
  fault_every_allocation(find_pattern, &hessian[0], 40);
  fault_every_allocation(find_pattern, &hessian[1], 40);
}
END_TEST

/* Memory that runs out in the first call, not before: that call fails, and a later one may succeed. */
static ude_status call_later(void *context, ude_error *error) {
  const ude_model        *model = context;
  const ude_vector_field *f     = ude_model_vector_field(model);
  double                  y = 0, y_dot = 0, x = 3, one = 1;
  return f->rhs.jvp(&y, &y_dot, &x, &one, f->p0, NULL, 0, NULL, f->rhs.context)
             ? ude_fail(error, UDE_OUT_OF_MEMORY, "the first call")
             : UDE_OK;
}

START_TEST(first_calls_survive) {
  const char         *file    = path;
  ude_compile_options options = {.derivatives = UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_LATER};
  ude_error           error   = {0};
  for (long k = 1, calls = k; calls >= k; k++) {
    ude_model *model = NULL;
    ck_ok(ude_model_compile(&file, 1, &options, &model, &error), &error);
    fault_arm(k, false);
    ude_status status = call_later(model, &error);
    calls             = fault_disarm();
    ck_assert_msg(status == (calls < k ? UDE_OK : UDE_OUT_OF_MEMORY), "allocation %ld of %ld", k,
                  calls);
    ude_model_free(model);
  }
}
END_TEST

static ude_status make_object(void *context, ude_error *error) {
  const char              *file   = path;
  ude_text                 object = {0};
  ude_text                 header = {0};
  const ude_object_options how = {.functions = UDE_AHEAD_JVP | UDE_AHEAD_VJP | UDE_AHEAD_SPARSITY};
  (void)context;
  ude_status status = ude_model_object(&file, 1, NULL, &how, &object, &header, error);
  ude_text_free(&object);
  ude_text_free(&header);
  return status;
}

/* Only every `step`-th allocation, as each try runs clang. */
static void survive(ude_status (*task)(void *, ude_error *), long step) {
  long k = 1;
  for (ude_status status = UDE_OUT_OF_MEMORY; status != UDE_OK; k += step) {
    ude_error error  = {0};
    long      before = fault_live();
    fault_arm(k, false);
    status     = task(NULL, &error);
    long calls = fault_disarm();
    long after = fault_live();
    ck_assert_msg(status == (calls < k ? UDE_OK : UDE_OUT_OF_MEMORY),
                  "allocation %ld of %ld: %s (%s)", k, calls, ude_status_text(status),
                  error.message);
    ck_assert_msg(after == before, "allocation %ld: %ld blocks are left", k, after - before);
  }
  ck_assert_int_gt(k, 50);
}

START_TEST(rewriting_survives) {
  survive(rewrite, 5);
}
END_TEST

START_TEST(objects_survive) {
  survive(make_object, 9);
}
END_TEST

/* A reverse sweep inside the model that finds no memory fails the call, it does not give a wrong number. */
START_TEST(no_memory_inside) {
  static const char text[] =
      "#include <ude/model.h>\n"
      "struct state { double x; };\nstruct param { double a; };\n"
      "static double walk(double x, double a) {\n"
      "  double s = x;\n"
      "  for (int i = 0; i < 200000 && s < 1e9; i++) s = s * 0.5 + a * s * s * 1e-3;\n"
      "  return s;\n"
      "}\n"
      "void rhs(struct state *du, const struct state *u, const struct param *p, double t) {\n"
      "  double bar = 0;\n"
      "  ude_gradient(walk, (u->x, p->a), (&bar, 0));\n"
      "  du->x = bar;\n"
      "}\n";
  ude_model              *model = files_model(text, UDE_DERIVATIVE_NONE);
  const ude_vector_field *f     = ude_model_vector_field(model);
  double                  u = 1, p = 1, du = 7;
  for (int k = 1; k < 3; k++) {
    fault_arm(k, false);
    int code = f->rhs.value(&du, &u, &p, 0, f->rhs.context);
    fault_disarm();
    ck_assert_int_lt(code, 0);
  }
  ck_assert_int_eq(f->rhs.value(&du, &u, &p, 0, f->rhs.context), 0);
  ck_assert(isfinite(du));
  ude_model_free(model);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("model_fault");
  TCase *all   = tcase_create("all");
  tcase_set_timeout(all, 200);
  tcase_add_checked_fixture(all, begin, files_close);
  tcase_add_test(all, compiling_survives);
  tcase_add_test(all, learned_functions_survive);
  tcase_add_test(all, patterns_survive);
  tcase_add_test(all, specialised_steps_survive);
  tcase_add_test(all, first_calls_survive);
  tcase_add_test(all, rewriting_survives);
  tcase_add_test(all, objects_survive);
  tcase_add_test(all, no_memory_inside);
  suite_add_tcase(suite, all);
  return ude_check_run(suite);
}
