/* Machine code that is made at the first call: the same numbers as without, in threads, with and without a cache. */
#include <pthread.h>

#include "support/model_files.h"

static const char source[] =
    "#include <math.h>\n"
    "#include <ude/model.h>\n"
    "struct state { double x[3]; };\nstruct param { double a, b; };\n"
    "UDE_LEARNED double f(double x, const struct param *p) { return p->a * sin(p->b * x); }\n"
    "void observe_all(double *y, const double *x) { for (int i = 0; i < 3; i++) y[i] = x[i] * "
    "x[0]; "
    "}\n"
    "struct observation { double square; };\n"
    "void observe(struct observation *y, const struct state *u, const struct param *p, double t)\n"
    "{ y->square = u->x[1] * u->x[2] * p->b; }\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t)\n"
    "{ observe_all(du->x, u->x); du->x[2] += f(u->x[1], p) * t; }\n";

enum { N = 3, WIDE = 8, THREADS = 8 };

static const double u[N] = {0.3, -1.2, 0.7}, p[2] = {1.1, 0.4};
static double       u_dot[N * WIDE], p_dot[2 * WIDE], t_dot[WIDE];

typedef struct products {
  const ude_vector_field *field;
  double                  one[N], wide[N * WIDE], observed[1], learned[1];
  int                     code;
} products;

static void *evaluate(void *context) {
  products               *to      = context;
  const ude_vector_field *f       = to->field;
  const ude_map          *rhs     = &f->rhs;
  const ude_map          *learned = &f->learned[0].map;
  double                  y[N];
  to->code = rhs->jvp(y, to->one, u, u_dot, p, p_dot, 0.5, NULL, rhs->context);
  to->code |= rhs->jvp_wide(y, to->wide, u, u_dot, p, p_dot, 0.5, t_dot, rhs->context);
  to->code |= f->observe.jvp(y, to->observed, u, u_dot, p, p_dot, 0.5, NULL, f->observe.context);
  to->code |= learned->jvp(y, to->learned, u, u_dot, p, p_dot, 0.5, NULL, learned->context);
  return NULL;
}

static ude_model *compile(unsigned later, const char *cache) {
  const char         *name    = "model.c";
  ude_model          *model   = NULL;
  ude_compile_options options = {.derivatives = UDE_DERIVATIVE_JVP | UDE_PROBE | later,
                                 .cache_dir   = cache};
  ck_ok(files_compile_many(&name, 1, options, &model), &files_error);
  return model;
}

static products eager;

static void begin(void) {
  files_open();
  files_write("model.c", source);
  for (int i = 0; i < N * WIDE; i++) {
    u_dot[i]              = 0.1 * i - 0.7;
    p_dot[i % (2 * WIDE)] = 1.0 / (i + 1);
    t_dot[i % WIDE]       = i;
  }
  ude_model *model = compile(0, NULL);
  eager            = (products){.field = ude_model_vector_field(model)};
  evaluate(&eager);
  ck_assert_int_eq(eager.code, 0);
  ude_model_free(model);
}

static void same(const products *other) {
  ck_assert_int_eq(other->code, 0);
  ck_assert_mem_eq(other->one, eager.one, sizeof eager.one);
  ck_assert_mem_eq(other->wide, eager.wide, sizeof eager.wide);
  ck_assert_mem_eq(other->observed, eager.observed, sizeof eager.observed);
  ck_assert_mem_eq(other->learned, eager.learned, sizeof eager.learned);
}

START_TEST(threads_that_all_call_first) {
  ude_model *model = compile(UDE_DERIVATIVE_LATER, NULL);
  pthread_t  thread[THREADS];
  products   result[THREADS];
  ck_assert(ude_model_vector_field(model)->rhs.jvp);
  ck_assert_int_eq(ude_model_vector_field(model)->rhs.width, WIDE);
  for (int i = 0; i < THREADS; i++) {
    result[i] = (products){.field = ude_model_vector_field(model)};
    ck_assert_int_eq(pthread_create(&thread[i], NULL, evaluate, &result[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(thread[i], NULL);
    same(&result[i]);
  }
  ude_model_free(model);
}
END_TEST

/* Never called; called while cold; warm with the code; all of it in one entry of the cache. */
START_TEST(the_cache_keeps_what_was_made) {
  char cache[256];
  snprintf(cache, sizeof cache, "%s", files_path("cache"));
  ude_model_free(compile(UDE_DERIVATIVE_LATER, cache));
  for (int i = 0; i < 3; i++) {
    ude_model *model  = compile(UDE_DERIVATIVE_LATER, cache);
    products   result = {.field = ude_model_vector_field(model)};
    ck_assert(ude_model_from_cache(model));
    evaluate(&result);
    same(&result);
    ude_model_free(model);
  }
}
END_TEST

/* The source changes between compiling and the first call: the old model goes on, the new one is not spoilt. */
START_TEST(a_source_that_changes_meanwhile) {
  char cache[256];
  snprintf(cache, sizeof cache, "%s", files_path("cache"));
  ude_model *old = compile(UDE_DERIVATIVE_LATER, cache);
  files_write("model.c",
              "struct state { double x; };\nstruct param { double a; };\n"
              "void rhs(struct state *du, const struct state *u, const struct param *p, double t)\n"
              "{ du->x = p->a * u->x * u->x; }\n");
  products result = {.field = ude_model_vector_field(old)};
  evaluate(&result);
  same(&result);
  ude_model_free(old);
  ude_model              *model = compile(UDE_DERIVATIVE_LATER, cache);
  const ude_vector_field *f     = ude_model_vector_field(model);
  double                  y = 0, y_dot = 0, x = 3, one = 1, a = 2;
  ck_assert_int_eq(f->rhs.jvp(&y, &y_dot, &x, &one, &a, NULL, 0, NULL, f->rhs.context), 0);
  ck_assert_double_eq(y_dot, 12);
  ude_model_free(model);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("later");
  TCase *all   = tcase_create("all");
  tcase_set_timeout(all, 60);
  tcase_add_checked_fixture(all, begin, files_close);
  tcase_add_test(all, threads_that_all_call_first);
  tcase_add_test(all, the_cache_keeps_what_was_made);
  tcase_add_test(all, a_source_that_changes_meanwhile);
  suite_add_tcase(suite, all);
  return ude_check_run(suite);
}
