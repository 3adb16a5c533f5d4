/* Compiled models on disk: what finds them, what makes them stale, damage, many at once; clang's messages. */
#include <pthread.h>
#include <sys/wait.h>

#include "support/model_files.h"

static const char header[] =
    "struct state { double x; };\nstruct param { double a; };\n#define GAIN 3\n";
static const char source[] =
    "#include \"model.h\"\n"
    "const struct param p0 = {2};\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t)\n"
    "{ du->x = GAIN * p->a * u->x; }\n";

/* Compile model.c with the cache; the value of rhs at u = p = 1, and whether the cache had it. */
static double value_of(ude_compile_options options, bool *cached) {
  char        cache[256];
  const char *name  = "model.c";
  ude_model  *model = NULL;
  double      y     = 0;
  double      one   = 1;
  snprintf(cache, sizeof cache, "%s", files_path("deep/cache"));
  options.cache_dir = cache;
  ck_ok(files_compile_many(&name, 1, options, &model), &files_error);
  const ude_vector_field *f = ude_model_vector_field(model);
  ck_assert_int_eq(f->rhs.value(&y, &one, &one, 0, f->rhs.context), 0);
  ck_assert_double_eq(f->p0[0], 2);
  ck_assert_str_eq(f->param.member[0].name, "a");
  *cached = ude_model_from_cache(model);
  ude_model_free(model);
  return y;
}

static void begin(void) {
  files_open();
  files_write("model.h", header);
  files_write("model.c", source);
}

/* The only entry in the cache. */
static int  entries;
static char entry_path[512];

static int find_entry(const char *path, const struct stat *status, int kind, struct FTW *at) {
  (void)status;
  (void)at;
  if (kind == FTW_F) {
    entries++;
    snprintf(entry_path, sizeof entry_path, "%s", path);
  }
  return 0;
}

static int count_entries(void) {
  entries = 0;
  nftw(files_path("deep/cache"), find_entry, 8, FTW_PHYS);
  return entries;
}

START_TEST(same_input_is_found_and_changes_are_not) {
  bool                cached = true;
  ude_compile_options plain  = {0};
  const char         *flag   = "-DOTHER=1";
  ck_assert_double_eq(value_of(plain, &cached), 3);
  ck_assert(!cached);
  ck_assert_double_eq(value_of(plain, &cached), 3);
  ck_assert(cached);
  value_of((ude_compile_options){.derivatives = UDE_DERIVATIVE_VJP}, &cached);
  ck_assert(!cached);
  value_of((ude_compile_options){.flags = &flag, .flag_count = 1}, &cached);
  ck_assert(!cached);
  files_write("model.h",
              "struct state { double x; };\nstruct param { double a; };\n#define GAIN 5\n");
  ck_assert_double_eq(value_of(plain, &cached), 5);
  ck_assert(!cached);
  ck_assert_double_eq(value_of(plain, &cached), 5);
  ck_assert(cached);
  files_write("model.h", header);
  files_write("model.c",
              "#include \"model.h\"\nconst struct param p0 = {2};\nvoid rhs(struct state *du, "
              "const struct state *u, const struct param *p, double t) { du->x = 7; }\n");
  ck_assert_double_eq(value_of(plain, &cached), 7);
  ck_assert(!cached);
}
END_TEST

double cblas_ddot(int n, const double *x, int incx, const double *y, int incy);

/* Rules of BLAS are read when a model calls it; they are part of what it was compiled from. */
START_TEST(rules_of_libraries_are_dependencies) {
  static const char *const names[] = {"blas.h",           "blas_matrix.h",    "blas_triangle.h",
                                      "blas_vector.h",    "cholesky.h",       "fortran.h",
                                      "fortran_lapack.h", "fortran_matrix.h", "lapack.h",
                                      "blas_body.h",      "lapack_body.h",    "fortran_body.h"};
  bool                     cached  = true;
  char                     folder[256];
  double                   one = 1;
  ck_assert_double_eq(cblas_ddot(1, &one, 1, &one, 1), 1); /* so that this program has it */
  snprintf(folder, sizeof folder, "%s", files_path("include"));
  ude_compile_options options = {.include_dir = folder};
  files_write("model.c",
              "double cblas_ddot(int, const double *, int, const double *, int);\n"
              "struct state { double x; };\nstruct param { double a; };\n"
              "const struct param p0 = {2};\n"
              "void rhs(struct state *du, const struct state *u, const struct param *p, "
              "double t)\n{ du->x = 3 * cblas_ddot(1, &u->x, 1, &p->a, 1); }\n");
  mkdir(folder, 0777);
  mkdir(files_path("include/ude"), 0777);
  mkdir(files_path("include/ude/rules"), 0777);
  for (size_t k = 0; k <= sizeof names / sizeof *names; k++) {
    char        from[512], to[64], *text = NULL;
    size_t      length = 0;
    const char *part = k ? "rules/" : "", *name = k ? names[k - 1] : "model.h";
    snprintf(from, sizeof from, "%s/include/ude/%s%s", UDE_SOURCE_DIR, part, name);
    snprintf(to, sizeof to, "include/ude/%s%s", part, name);
    ck_ok(ude_file_read(from, &text, &length, &files_error), &files_error);
    files_write(to, text);
    free(text);
  }
  ck_assert_double_eq(value_of(options, &cached), 3);
  ck_assert(!cached);
  ck_assert_double_eq(value_of(options, &cached), 3);
  ck_assert(cached);
  FILE *file = fopen(files_path("include/ude/rules/lapack.h"), "a");
  ck_assert_ptr_nonnull(file);
  fputs("/* another line */\n", file);
  fclose(file);
  ck_assert_double_eq(value_of(options, &cached), 3);
  ck_assert(!cached);
}
END_TEST

START_TEST(damaged_entries_count_as_absent) {
  bool  cached = false;
  char *data   = NULL;
  value_of((ude_compile_options){0}, &cached);
  ck_assert_int_eq(count_entries(), 1);
  size_t length = 0;
  ck_ok(ude_file_read(entry_path, &data, &length, &files_error), &files_error);
  for (size_t cut = 0; cut < length; cut += length / 7) { /* shorter */
    ck_ok(ude_file_write(entry_path, data, cut, &files_error), &files_error);
    ck_assert_double_eq(value_of((ude_compile_options){0}, &cached), 3);
    ck_assert_msg(!cached, "an entry of %zu of %zu bytes was used", cut, length);
  }
  for (size_t at = 0; at < length; at += length / 9) { /* one bit */
    data[at] ^= 4;
    ck_ok(ude_file_write(entry_path, data, length, &files_error), &files_error);
    data[at] ^= 4;
    ck_assert_double_eq(value_of((ude_compile_options){0}, &cached), 3);
    ck_assert_msg(!cached, "an entry with a wrong byte %zu was used", at);
  }
  value_of((ude_compile_options){0}, &cached); /* rewritten */
  ck_assert(cached);
  free(data);
}
END_TEST

/* A folder that cannot be written to costs the cache, not the model. */
START_TEST(a_cache_that_cannot_be_written) {
  bool cached = true;
  files_write("deep", "a file where the folder should be");
  ck_assert_double_eq(value_of((ude_compile_options){0}, &cached), 3);
  ck_assert(!cached);
}
END_TEST

START_TEST(many_processes_at_once) {
  enum { PROCESSES = 8 };
  pid_t child[PROCESSES];
  bool  cached = false;
  for (int i = 0; i < PROCESSES; i++) {
    child[i] = fork();
    if (child[i] == 0) {
      _exit(value_of((ude_compile_options){.derivatives = UDE_DERIVATIVE_VJP}, &cached) == 3 ? 0
                                                                                             : 1);
    }
  }
  for (int i = 0; i < PROCESSES; i++) {
    int status = -1;
    ck_assert_int_eq(waitpid(child[i], &status, 0), child[i]);
    ck_assert_int_eq(status, 0);
  }
  value_of((ude_compile_options){.derivatives = UDE_DERIVATIVE_VJP}, &cached);
  ck_assert(cached);
  ck_assert_int_eq(count_entries(), 1);
}
END_TEST

static void *compile_in_thread(void *context) {
  char        path[256];
  const char *file  = path;
  ude_model  *model = NULL;
  ude_error   error = {0};
  double      y     = 0;
  double      one   = 1;
  snprintf(path, sizeof path, "%s/model.c", files_folder);
  (void)context;
  if (ude_model_compile(&file, 1, &(ude_compile_options){.derivatives = UDE_DERIVATIVE_JVP}, &model,
                        &error)) {
    return "a model did not compile";
  }
  const ude_vector_field *f      = ude_model_vector_field(model);
  int                     failed = 0;
  for (int i = 0; i < 1000; i++) {
    double y_dot = 0;
    failed |= f->rhs.jvp(&y, &y_dot, &one, &one, &one, NULL, 0, NULL, f->rhs.context);
    failed |= y != 3 || y_dot != 3;
  }
  ude_model_free(model);
  return failed ? "a wrong derivative" : NULL;
}

START_TEST(many_threads_at_once) {
  enum { THREADS = 4 };
  pthread_t thread[THREADS];
  for (int i = 0; i < THREADS; i++) {
    ck_assert_int_eq(pthread_create(&thread[i], NULL, compile_in_thread, NULL), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    void *said = NULL;
    pthread_join(thread[i], &said);
    ck_assert_msg(!said, "%s", (const char *)said);
  }
}
END_TEST

/* ------------------------------------------------------------------------- clang and files -- */

START_TEST(messages_of_clang_are_unchanged) {
  ude_model *model = NULL;
  char       command[1024];
  char       expected[4096] = "";
  files_write("model.c",
              "struct state { double x; };\nint f(void) { return nothing; }\n#warning careful\n");
  snprintf(command, sizeof command, "%s -fsyntax-only -fno-color-diagnostics %s 2>&1", UDE_CLANG,
           files_path("model.c"));
  FILE *clang = popen(command, "r");
  ck_assert_ptr_nonnull(clang);
  size_t length    = fread(expected, 1, sizeof expected - 1, clang);
  expected[length] = '\0';
  pclose(clang);
  ck_assert_ptr_nonnull(strstr(expected, "use of undeclared identifier 'nothing'"));
  const char *name = "model.c";
  ck_fails(files_compile_many(&name, 1, (ude_compile_options){0}, &model), UDE_COMPILE,
           &files_error, "model.c", "does not compile");
  ck_assert_str_eq(files_said.data, expected);
}
END_TEST

START_TEST(warnings_are_heard) {
  ude_model *model = NULL;
  ck_ok(files_compile(
            "struct state { double x; };\nstruct param;\n#warning careful\nvoid rhs(struct state "
            "*du, const struct state *u, const struct param *p, double t) { du->x = 1; }\n",
            (ude_compile_options){0}, &model),
        &files_error);
  ck_assert_ptr_nonnull(strstr(files_said.data, "careful"));
  ude_model_free(model);
}
END_TEST

START_TEST(no_clang_no_file) {
  ude_model  *model   = NULL;
  const char *name    = "model.c";
  const char *absent  = "absent.c";
  const char *nowhere = "/nowhere/clang";
  ck_fails(files_compile_many(&name, 1, (ude_compile_options){.clang = nowhere}, &model),
           UDE_COMPILE, &files_error, "'/nowhere/clang'", "No such file");
  ck_fails(files_compile_many(&absent, 1, (ude_compile_options){0}, &model), UDE_IO, &files_error,
           "absent.c", "");
  ck_assert_int_eq(ude_model_compile(NULL, 0, NULL, &model, NULL), UDE_INVALID_ARGUMENT);
}
END_TEST

START_TEST(several_files) {
  static const char *const names[] = {"model.c", "more.c"};
  ude_model               *model   = NULL;
  double                   j[1];
  double                   one = 1;
  files_write("model.h",
              "struct state { double x; };\nstruct param { double a; };\n"
              "double growth(double x, double a);\nextern const double table[3];\n");
  files_write("model.c",
              "#include \"model.h\"\nstatic double helper(double x) { return x; }\n"
              "void rhs(struct state *du, const struct state *u, const struct param *p, "
              "double t) { du->x = growth(helper(u->x), p->a) * table[1]; }\n");
  files_write("more.c",
              "#include <math.h>\n#include \"model.h\"\nconst double table[3] = {1, 2, 4};\n"
              "static double helper(double x) { return sin(x); }\n"
              "double growth(double x, double a) { return a * helper(x); }\n");
  ck_ok(files_compile_many(names, 2, (ude_compile_options){.derivatives = UDE_DERIVATIVE_VJP},
                           &model),
        &files_error);
  const ude_vector_field *f = ude_model_vector_field(model);
  ck_ok(ude_jacobian(&f->rhs, 1, &one, &one, 0, false, true, j, &files_error), &files_error);
  ck_assert_double_eq_tol(j[0], 2 * cos(1), 1e-15);
  ude_model_free(model);

  files_write("more.c",
              "#include \"model.h\"\nconst double table[3] = {1, 2, 4};\ndouble growth(double x, "
              "double a) { return a * x; }\nvoid rhs(void) {}\n");
  ck_fails(files_compile_many(names, 2, (ude_compile_options){0}, &model), UDE_COMPILE,
           &files_error, "more.c", "rhs");
  files_write("more.c",
              "struct state { double x, y; };\nconst double table[3] = {1, 2, 4};\ndouble "
              "growth(const struct state *u, double a) { return a * u->y; }\n");
  ck_fails(files_compile_many(names, 2, (ude_compile_options){0}, &model), UDE_COMPILE,
           &files_error, "struct state differs from its definition at", "more.c:1");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("model_cache");
  TCase *all   = tcase_create("all");
  tcase_set_timeout(all, 60);
  tcase_add_checked_fixture(all, begin, files_close);
  tcase_add_test(all, rules_of_libraries_are_dependencies);
  tcase_add_test(all, same_input_is_found_and_changes_are_not);
  tcase_add_test(all, damaged_entries_count_as_absent);
  tcase_add_test(all, a_cache_that_cannot_be_written);
  tcase_add_test(all, many_processes_at_once);
  tcase_add_test(all, many_threads_at_once);
  tcase_add_test(all, messages_of_clang_are_unchanged);
  tcase_add_test(all, warnings_are_heard);
  tcase_add_test(all, no_clang_no_file);
  tcase_add_test(all, several_files);
  suite_add_tcase(suite, all);
  return ude_check_run(suite);
}
