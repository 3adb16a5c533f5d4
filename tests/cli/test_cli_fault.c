/* The program when memory runs out at the k-th allocation: no crash, no leak; status 0 only with the whole answer. */
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "support/fault.h"
#include "support/model_files.h"

/* As in tests/compiler/test_model_fault.c: the harness counts live blocks itself. */
UDE_API const char *__asan_default_options(void);
const char         *__asan_default_options(void) {
  return "detect_leaks=0";
}

enum { MOST = 24 };

typedef struct command {
  const char *name;
  const char *words[MOST]; /* after the verb; "@name" is a path in the test's folder */
  long        step;        /* every step-th allocation is made to fail */
  long        least;       /* allocations that the verb makes at least */
} command;

static const command commands[] = {
    {"solve", {"@m.c", "--u0", "x=2", "--p", "a=0.5", "--saveat", "0.5", "--stats"}, 1, 30},
    {"solve", {"@m.c", "--u0", "@@start", "--saveat", "0,1", "--format", "json"}, 3, 30},
    {"jacobian", {"@m.c", "--mode", "reverse", "--wrt", "param"}, 1, 30},
    {"grad", {"@m.c", "@d.csv", "--params", "@p.txt"}, 1, 50},
    {"grad", {"@m.c", "@d.csv", "--sensitivity", "forward", "--wrt", "all"}, 3, 50},
    {"grad", {"@cost.c", "--wrt", "state"}, 1, 30},
    {"check", {"@m.c"}, 17, 50},
    {"fit",
     {"@m.c", "@d.csv", "-o", "@run", "--adam", "1", "--iterations", "1", "--quiet"},
     19,
     100},
    {"discover",
     {"@e.csv", "-o", "@alone", "--library", "poly", "--degree", "1", "--quiet"},
     397,
     500},
    {"report", {"@run"}, 11, 100},
};

static char answer[200000], first_answer[200000];

/* Runs a verb with both streams in files; returns its exit status and fills `answer`. */
static int call(const command *c, long k, bool later, long *made, long *left) {
  static char paths[MOST][300];
  char       *argv[MOST + 4] = {"ude", (char *)c->name};
  int         argc           = 2;
  bool        compiles       = strcmp(c->name, "report") != 0;
  char        cache[300];
  snprintf(cache, sizeof cache, "%s", files_path("cache"));
  for (int i = 0; c->words[i]; i++) {
    const char *word = c->words[i];
    bool        file = word[0] == '@';
    bool        list = file && word[1] == '@';
    snprintf(paths[i], sizeof paths[i], "%s%s", list ? "@" : "",
             file ? files_path(word + 1 + list) : word);
    argv[argc++] = paths[i];
  }
  if (compiles) {
    argv[argc++] = "--cache";
    argv[argc++] = cache;
  }
  const char *out  = files_path("out");
  int         file = open(out, O_RDWR | O_CREAT | O_TRUNC, 0600);
  int         none = open("/dev/null", O_WRONLY);
  int         keep = dup(STDOUT_FILENO);
  int         errs = dup(STDERR_FILENO);
  ck_assert(file >= 0 && none >= 0 && keep >= 0 && errs >= 0);
  fflush(stdout);
  fflush(stderr);
  dup2(file, STDOUT_FILENO);
  dup2(none, STDERR_FILENO);
  long before = fault_live();
  fault_arm(k, later);
  int code = cli_main(argc, argv);
  *made    = fault_disarm();
  *left    = fault_live() - before;
  fflush(stdout);
  fflush(stderr);
  dup2(keep, STDOUT_FILENO);
  dup2(errs, STDERR_FILENO);
  ssize_t length                  = pread(file, answer, sizeof answer - 1, 0);
  answer[length > 0 ? length : 0] = '\0';
  close(file);
  close(none);
  close(keep);
  close(errs);
  return code;
}

START_TEST(survives) {
  const command *c = &commands[_i];
  long           made, left;
  ck_assert_int_eq(call(c, 0, false, &made, &left), 0); /* fills the cache and what is made once */
  ck_assert_int_eq(call(c, 0, false, &made, &left), 0);
  ck_assert_int_eq(left, 0);
  ck_assert_int_ge(made, c->least);
  memcpy(first_answer, answer, sizeof answer);
  bool timed = strcmp(c->name, "solve") != 0 && strcmp(c->name, "fit") != 0;
  for (int later = 0; later < 2; later++) {
    for (long k = 1; k <= made; k += c->step) {
      long tried;
      int  code = call(c, k, later, &tried, &left);
      ck_assert_msg(code >= 0 && code <= 4, "allocation %ld of %ld fails: status %d", k, made,
                    code);
      ck_assert_msg(left == 0, "allocation %ld of %ld fails: %ld blocks are left", k, made, left);
      /* A cache that cannot be used is no failure; a wrong answer is one. */
      ck_assert_msg(code != 0 || !timed || strcmp(answer, first_answer) == 0,
                    "allocation %ld of %ld fails, yet the status is 0 with another answer", k,
                    made);
    }
  }
}
END_TEST

static void begin(void) {
  static const char model[] =
      "struct state { double x; };\nstruct param { double a; int n; };\n"
      "const struct state u0 = {1};\nconst struct param p0 = {1, 2};\n"
      "const double tspan[2] = {0, 1};\n"
      "void rhs(struct state *du, const struct state *u, const struct param *p, double t)\n"
      "{ du->x = -p->a * u->x * p->n; }\n";
  cJSON_InitHooks(&(cJSON_Hooks){malloc, free}); /* its allocations fail too */
  files_open();
  files_write("m.c", model);
  char cost[1000];
  snprintf(cost, sizeof cost,
           "%sdouble terminal_cost(const struct state *u, const struct param *p, double t) "
           "{ return u->x; }\n",
           model);
  files_write("cost.c", cost);
  files_write("d.csv", "t,x\n0,1\n0.5,0.4\n1,0.1\n");
  files_write("e.csv", "t,x\n0,1\n0.5,0.607\n1,0.368\n1.5,0.223\n2,0.135\n2.5,0.082\n3,0.05\n");
  files_write("p.txt", "a=0.9\n");
  files_write("start", "# start\nx=2\n");
  long made, left;
  ck_assert_int_eq(call(&commands[7], 0, false, &made, &left), 0); /* the run of the report */
}

static void end(void) {
  cJSON_InitHooks(NULL);
  files_close();
}

int main(void) {
  Suite *suite = suite_create("cli_fault");
  TCase *tcase = tcase_create("cli_fault");
  tcase_set_timeout(tcase, 120);
  tcase_add_checked_fixture(tcase, begin, end);
  suite_add_tcase(suite, tcase);
  tcase_add_loop_test(tcase, survives, 0, sizeof commands / sizeof commands[0]);
  return ude_check_run(suite);
}
