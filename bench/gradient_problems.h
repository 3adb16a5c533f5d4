/**
 * @file gradient_problems.h
 * @brief The problems of bench/gradient.c and their data: tables drawn from a seed, as C headers in a folder.
 */
#ifndef UDE_BENCH_GRADIENT_PROBLEMS_H
#define UDE_BENCH_GRADIENT_PROBLEMS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ude/base.h>

enum { MAP_RHS, MAP_COST, MAP_OBSERVE, FLAGS = 6 };

typedef struct problem {
  const char *name, *model, *data;
  int         map;
  int         products; /**< transposed products that make one gradient or Jacobian */
  double      target;
  const char *flags[FLAGS];
} problem;

static const problem problems[] = {
    {"Brusselator 32x32", "brusselator", NULL, MAP_RHS, 1, 2.6, {"-DN=32"}},
    {"Brusselator 256x256", "brusselator", NULL, MAP_RHS, 1, 2.6, {"-DN=256"}},
    {"LSTM 2x14, 1024 steps",
     "lstm",
     "lstm_data.h",
     MAP_COST,
     1,
     1.5,
     {"-DLAYERS=2", "-DB=14", "-DC=1024"}},
    {"LSTM 4x14, 1024 steps",
     "lstm",
     "lstm_data.h",
     MAP_COST,
     1,
     1.5,
     {"-DLAYERS=4", "-DB=14", "-DC=1024"}},
    {"GMM 1k, d 10, K 25", "gmm", "gmm_data.h", MAP_COST, 1, 4, {"-DN=1000", "-DD=10", "-DK=25"}},
    {"GMM 1k, d 20, K 50", "gmm", "gmm_data.h", MAP_COST, 1, 4, {"-DN=1000", "-DD=20", "-DK=50"}},
    {"GMM 1k, d 32, K 10", "gmm", "gmm_data.h", MAP_COST, 1, 4, {"-DN=1000", "-DD=32", "-DK=10"}},
    {"BA, Jacobian of 1 observation", "projection", NULL, MAP_OBSERVE, 2, 10, {NULL}},
    {"BA, cost of 20k observations",
     "bundle",
     "bundle_data.h",
     MAP_COST,
     1,
     10,
     {"-DCAMERAS=20", "-DPOINTS=4000", "-DOBSERVATIONS=20000"}},
    {"N-body, 40 bodies", "nbody", NULL, MAP_RHS, 1, 0, {"-DN=40"}},
    {"Network 8-50-50-8", "network", NULL, MAP_RHS, 1, 0, {"-DN=8", "-DH=50"}},
    {"Tridiagonal, n = 1000", "tridiagonal", NULL, MAP_RHS, 1, 0, {"-DN=1000"}},
};

enum { PROBLEMS = sizeof problems / sizeof problems[0] };

/* -------------------------------------------------------------------------------------- data -- */

static int flag_value(const problem *of, const char *name) {
  for (int i = 0; i < FLAGS && of->flags[i]; i++) {
    size_t n = strlen(name);
    if (strncmp(of->flags[i] + 2, name, n) == 0 && of->flags[i][2 + n] == '=') {
      return atoi(of->flags[i] + 3 + n);
    }
  }
  return 0;
}

static void write_table(FILE *file, const char *name, int rows, int columns, ude_rng *random,
                        double scale) {
  fprintf(file, "static const double %s[%d][%d] = {\n", name, rows, columns);
  for (int i = 0; i < rows; i++) {
    fputc('{', file);
    for (int j = 0; j < columns; j++) {
      fprintf(file, "%.17g,", scale * ude_rng_normal(random));
    }
    fputs("},\n", file);
  }
  fputs("};\n", file);
}

static void write_data(const problem *of, const char *folder) {
  char    path[512];
  ude_rng random = ude_rng_make(7, 0);
  snprintf(path, sizeof path, "%s/%s", folder, of->data ? of->data : "sizes.h");
  FILE *file = fopen(path, "w");
  if (!file) {
    perror(path);
    exit(1);
  }
  fprintf(file, "#pragma once\n");
  for (int i = 0; i < FLAGS && of->flags[i];
       i++) { /* as macros of a file, so that headers of peers do not see them */
    int length = (int)strcspn(of->flags[i], "=");
    fprintf(file, "#define %.*s %s\n", length - 2, of->flags[i] + 2, of->flags[i] + length + 1);
  }
  if (of->data && !strcmp(of->model, "gmm")) {
    write_table(file, "points", flag_value(of, "N"), flag_value(of, "D"), &random, 1);
  } else if (of->data && !strcmp(of->model, "lstm")) {
    int layers = flag_value(of, "LAYERS"), width = flag_value(of, "B");
    write_table(file, "sequence", flag_value(of, "C"), width, &random, 0.5);
    fprintf(file, "static const double initial_state[%d] = {", 2 * layers * width);
    for (int i = 0; i < 2 * layers * width; i++) {
      fprintf(file, "%.17g,", ude_rng_normal(&random));
    }
    fputs("};\n", file);
  } else if (of->data) {
    int n = flag_value(of, "OBSERVATIONS");
    fprintf(file, "static const int seen[%d][2] = {\n", n);
    for (int i = 0; i < n; i++) {
      fprintf(file, "{%d,%d},\n", (int)(ude_rng_uniform(&random) * flag_value(of, "CAMERAS")),
              (int)(ude_rng_uniform(&random) * flag_value(of, "POINTS")));
    }
    fputs("};\n", file);
    write_table(file, "feature", n, 2, &random, 1);
  }
  fclose(file);
}

#endif
