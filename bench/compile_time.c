/* Time to compile models with jvp, vjp and sparsity, over their size: mechanisms of 250 to 2,000 reactions with two lines each, and
 * a model of 30 lines. No cache. Best of several. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <ude/compiler.h>

static const char small[] =
    "#include <math.h>\n"
    "\n"
    "struct state {\n"
    "  double prey, predator, grass;\n"
    "};\n"
    "struct param {\n"
    "  double alpha, beta, gamma, delta, season;\n"
    "};\n"
    "\n"
    "const struct state u0 = {1, 0.5, 2};\n"
    "const struct param p0 = {1.3, 0.9, 0.8, 1.8, 0.1};\n"
    "const double tspan[2] = {0, 10};\n"
    "\n"
    "static double eaten(double food, double mouths, double rate) {\n"
    "  double most = 4;\n"
    "  return rate * food * mouths / (1 + food / most);\n"
    "}\n"
    "\n"
    "static double growth(const struct state *u, const struct param *p, double t) {\n"
    "  double light = 1 + p->season * sin(6.283185307179586 * t);\n"
    "  return light * u->grass * (1 - u->grass / 5);\n"
    "}\n"
    "\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t) {\n"
    "  double grazing = eaten(u->grass, u->prey, p->alpha);\n"
    "  double hunting = eaten(u->prey, u->predator, p->beta);\n"
    "  du->grass    = growth(u, p, t) - grazing;\n"
    "  du->prey     = 0.7 * grazing - hunting;\n"
    "  du->predator = p->gamma * hunting - p->delta * u->predator;\n"
    "}\n"
    "/* 30 lines */\n";

/* Species and temperature; reaction r: a + b <-> c + d, Arrhenius rates of its own. */
static void mechanism(ude_text *text, int reactions) {
  int species = reactions / 5;
  ude_text_append(
      text,
      "#include <math.h>\nstruct state { double c[%d], T; };\n"
      "struct param { double A[%d], E[%d]; };\n"
      "void rhs(struct state *d, const struct state *u, const struct param *p, double t) {\n"
      "  const double *c = u->c;\n  double w, heat = 0, inverse = 1 / u->T;\n"
      "  for (int i = 0; i < %d; i++) d->c[i] = 0;\n",
      species, reactions, reactions, species);
  for (int r = 0; r < reactions; r++) {
    int a = r % species, b = (3 * r + 1) % species;
    int c = (7 * r + 2) % species, e = (11 * r + 5) % species;
    ude_text_append(
        text,
        "  w = p->A[%d] * exp(-p->E[%d] * inverse) * (c[%d] * c[%d] - 0.1 * c[%d] * c[%d]);\n"
        "  d->c[%d] -= w; d->c[%d] -= w; d->c[%d] += w; d->c[%d] += w; heat += %d * w;\n",
        r, r, a, b, c, e, a, b, c, e, r % 5 - 1);
  }
  ude_text_append(text, "  d->T = heat;\n}\n");
}

static int lines_of(const char *text) {
  int lines = 0;
  for (; *text; text++) {
    lines += *text == '\n';
  }
  return lines;
}

/* Seconds that all processors worked, here and in clang. */
static double worked(void) {
  double sum = 0;
  for (int k = 0; k < 2; k++) {
    struct rusage use;
    getrusage(k ? RUSAGE_CHILDREN : RUSAGE_SELF, &use);
    sum += (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
  }
  return sum;
}

/* Seconds of one compilation, and of the pattern; negative: failed. */
static double compile(const char *path, unsigned derivatives, double *pattern_took) {
  const char         *files[] = {path};
  ude_model          *model   = NULL;
  ude_error           error   = {0};
  ude_compile_options options = {.derivatives = derivatives};
  double              start   = ude_clock();
  *pattern_took               = 0;
  if (ude_model_compile(files, 1, &options, &model, &error)) {
    fprintf(stderr, "%s\n", error.message);
    return -1;
  }
  double took = ude_clock() - start;
  if (derivatives & UDE_SPARSITY) {
    ude_sparsity_request request = {0};
    ude_pattern          pattern = {0};
    start                        = ude_clock();
    if (ude_model_sparsity(model, &request, &pattern, &error)) {
      fprintf(stderr, "%s\n", error.message);
      took = -1;
    }
    *pattern_took = ude_clock() - start;
    ude_pattern_free(&pattern);
  }
  ude_model_free(model);
  return took;
}

static int measure(const char *title, const char *text, int tries) {
  static const unsigned kinds[] = {0, UDE_DERIVATIVE_JVP, UDE_DERIVATIVE_VJP,
                                   UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP | UDE_SPARSITY};
  char                  path[]  = "/tmp/ude-bench-XXXXXX.c";
  int                   file    = mkstemps(path, 2);
  if (file < 0 || write(file, text, strlen(text)) != (ssize_t)strlen(text)) {
    return 1;
  }
  close(file);
  printf("| %-16s | %5d |", title, lines_of(text));
  int bad = 0;
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    double best = 1e9, best_pattern = 0, least = 1e9;
    for (int n = 0; n < tries; n++) {
      double before = worked();
      double pattern, took = compile(path, kinds[k], &pattern), work = worked() - before;
      least = work < least ? work : least;
      bad += took < 0;
      if (took + pattern < best + best_pattern) {
        best         = took;
        best_pattern = pattern;
      }
    }
    printf(" %9.0f |", best * 1e3);
    if (k + 1 == sizeof kinds / sizeof *kinds) {
      printf(" %9.0f | %9.0f | %9.0f |\n", best_pattern * 1e3, (best + best_pattern) * 1e3,
             least * 1e3);
    }
    fflush(stdout);
  }
  unlink(path);
  return bad;
}

int main(void) {
  static const int reactions[] = {250, 500, 1000, 2000};
  printf(
      "| model | lines | value, ms | + jvp, ms | + vjp, ms | jvp, vjp, IR kept, ms | its pattern, "
      "ms | all, ms |\n"
      "|---|---|---|---|---|---|---|---|---|\n");
  int bad = measure("30 lines", small, 10);
  for (size_t k = 0; k < sizeof reactions / sizeof *reactions; k++) {
    ude_text text = {0};
    char     title[32];
    mechanism(&text, reactions[k]);
    snprintf(title, sizeof title, "%d reactions", reactions[k]);
    bad += text.failed || measure(title, text.data, 2);
    ude_text_free(&text);
  }
  return bad;
}
