/* Process start to first gradient: `ude grad` on the Lotka-Volterra universal ODE, model cache cold and warm,
 * until the program has ended (the gradient is printed before). Peer: clang alone, compiling the model
 * to an object file, which is the least that any ahead-of-time system needs. */
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ude/base.h>

extern char **environ;

enum { RUNS = 15 };

static double run(char *const *argv) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t  child  = 0;
  int    status = 0;
  double start  = ude_clock();
  if (posix_spawnp(&child, argv[0], &actions, NULL, argv, environ) ||
      waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status)) {
    fprintf(stderr, "startup: '%s %s' failed\n", argv[0], argv[1]);
    exit(1);
  }
  double seconds = ude_clock() - start;
  posix_spawn_file_actions_destroy(&actions);
  return seconds;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where) {
  (void)status;
  (void)type;
  (void)where;
  return remove(path);
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}

static void report(const char *what, char *const *argv, const char *forget, double target) {
  double seconds[RUNS];
  for (int i = -1; i < RUNS; i++) { /* one run to warm the file cache */
    if (forget) {
      nftw(forget, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    }
    double time = run(argv);
    if (i >= 0) {
      seconds[i] = time;
    }
  }
  qsort(seconds, RUNS, sizeof seconds[0], ascending);
  printf("%-44s %8.1f %8.1f %8.1f", what, 1e3 * seconds[0], 1e3 * seconds[RUNS / 2],
         1e3 * seconds[RUNS - 1]);
  if (target > 0) {
    printf("   target %.0f", 1e3 * target);
  }
  putchar('\n');
}

int main(void) {
  char        cache[] = "/tmp/ude-startup-XXXXXX";
  static char model[] = UDE_SOURCE_DIR "/examples/lotka_volterra/model.c";
  static char data[]  = UDE_SOURCE_DIR "/examples/lotka_volterra/data.csv";
  if (!mkdtemp(cache)) {
    perror("startup: temporary folder");
    return 1;
  }
  char *grad[]  = {UDE_PROGRAM, "grad", model, data, "--cache", cache, NULL};
  char *clang[] = {UDE_CLANG,   "-O2", "-I" UDE_SOURCE_DIR "/include", "-c", model, "-o",
                   "/dev/null", NULL};
  printf("%-44s %8s %8s %8s\n", "process start to end (ms)", "min", "median", "max");
  report("ude grad, cold model cache", grad, cache, 0.150);
  report("ude grad, warm model cache", grad, NULL, 0.040);
  report("clang -O2 -c of the model alone", clang, NULL, 0);
  nftw(cache, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  return 0;
}
