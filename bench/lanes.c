/* Throughput of one core in lanes over one trajectory at a time: right-hand side, jvp and vjp of the Lorenz system and of a
 * combustion-like mechanism of 20 species and 40 reactions with Arrhenius rates.
 *
 * Both work through the same trajectories, which lie in memory as each wants them. Best of several, in one run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ude/compiler.h>

enum { BLOCKS = 4, TRIES = 400, LARGEST = 128 };

static const char lorenz[] =
    "struct state { double x, y, z; };\n"
    "struct param { double sigma, rho, beta; };\n"
    "void rhs(struct state *d, const struct state *u, const struct param *p, double t) {\n"
    "  d->x = p->sigma * (u->y - u->x);\n"
    "  d->y = u->x * (p->rho - u->z) - u->y;\n"
    "  d->z = u->x * u->y - p->beta * u->z;\n"
    "}\n";

/* 20 species, temperature last; reaction r: a + b <-> c + d with k = A exp(-E / T), backwards a fraction of it. */
static void mechanism(ude_text *text, const char *rate) {
  ude_text_append(
      text,
      "#include <math.h>\nstruct state { double c[20], T; };\n"
      "struct param { double A[40], E[40]; };\n"
      "void rhs(struct state *d, const struct state *u, const struct param *p, double t) {\n"
      "  const double *c = u->c; double k, w, heat = 0, inverse = 1 / u->T;\n"
      "  for (int i = 0; i < 20; i++) d->c[i] = 0;\n");
  for (int r = 0; r < 40; r++) {
    int a = r % 20, b = (3 * r + 1) % 20, c = (7 * r + 2) % 20, e = (11 * r + 5) % 20;
    ude_text_append(text, "#define A p->A[%d]\n#define E p->E[%d]\n  k = %s;\n#undef A\n#undef E\n",
                    r, r, rate);
    ude_text_append(
        text,
        "  w = k * (c[%d] * c[%d] - 0.1 * c[%d] * c[%d]);\n"
        "  d->c[%d] -= w; d->c[%d] -= w; d->c[%d] += w; d->c[%d] += w; heat += %d * w;\n",
        a, b, c, e, a, b, c, e, r % 5 - 1);
  }
  ude_text_append(text, "  d->T = heat;\n}\n");
}

static double now(void) {
  return ude_clock();
}

typedef struct work {
  const ude_map *map;
  int64_t        n, m, lanes;
  double        *u, *p, *y, *du, *y_bar, *u_bar, *p_bar, *t; /* [BLOCKS][...][lanes] */
} work;

enum { VALUE, JVP, VJP };

static void in_lanes(const work *w, int kind) {
  for (int64_t b = 0; b < BLOCKS; b++) {
    int64_t        i = b * w->n * w->lanes, j = b * w->m * w->lanes;
    const ude_map *f = w->map;
    if (kind == VALUE) {
      f->value_lanes(w->y + i, w->u + i, w->p + j, w->t, f->context);
    } else if (kind == JVP) {
      f->jvp_lanes(w->y + i, w->u_bar + i, w->u + i, w->du + i, w->p + j, NULL, w->t, NULL,
                   f->context);
    } else {
      f->vjp_lanes(w->u + i, w->p + j, w->t, w->y_bar + i, w->u_bar + i, w->p_bar + j, NULL,
                   f->context);
    }
  }
}

static void alone(const work *w, int kind) {
  for (int64_t b = 0; b < BLOCKS * w->lanes; b++) {
    int64_t        i = b * w->n, j = b * w->m;
    const ude_map *f = w->map;
    if (kind == VALUE) {
      f->value(w->y + i, w->u + i, w->p + j, 0, f->context);
    } else if (kind == JVP) {
      f->jvp(w->y + i, w->u_bar + i, w->u + i, w->du + i, w->p + j, NULL, 0, NULL, f->context);
    } else {
      f->vjp(w->u + i, w->p + j, 0, w->y_bar + i, w->u_bar + i, w->p_bar + j, NULL, f->context);
    }
  }
}

/* Nanoseconds of one evaluation of one trajectory: the best of several. */
static double best(void (*run)(const work *, int), const work *w, int kind) {
  double least = INFINITY;
  int    times = 1;
  for (int k = 0; k < TRIES; k++) {
    double start = now();
    for (int r = 0; r < times; r++) {
      run(w, kind);
    }
    double took = now() - start;
    if (took < 1e-4) {
      times *= 2;
      k--;
      continue;
    }
    double each = took / times / (double)(BLOCKS * w->lanes) * 1e9;
    least       = each < least ? each : least;
  }
  return least;
}

static double *numbers(int64_t count, double low, double high) {
  double *x = aligned_alloc(64, (size_t)(count + 8) / 8 * 64);
  for (int64_t k = 0; x && k < count; k++) {
    x[k] = low + (high - low) * fmod(0.618033988749895 * (double)k, 1);
  }
  return x;
}

static int measure(const char *title, const char *text, double low, double high) {
  static const char *const kinds[] = {"rhs", "jvp", "vjp"};
  char                     path[]  = "/tmp/ude-bench-XXXXXX.c";
  int                      file    = mkstemps(path, 2);
  if (file < 0 || write(file, text, strlen(text)) != (ssize_t)strlen(text)) {
    return 1;
  }
  close(file);
  const char         *files[] = {path};
  ude_model          *model   = NULL;
  ude_error           error   = {0};
  ude_compile_options options = {.derivatives =
                                     UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP | UDE_LANES};
  double              start   = now();
  ude_status          status  = ude_model_compile(files, 1, &options, &model, &error);
  unlink(path);
  if (status) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  const ude_vector_field *field = ude_model_vector_field(model);
  int64_t                 n = field->state.count, m = field->param.count, lanes = field->rhs.lanes;
  int64_t                 all = BLOCKS * lanes;
  work                    w   = {&field->rhs,
                                 n,
                                 m,
                                 lanes,
                                 numbers(all * n, low, high),
                                 numbers(all * m, 0.5, 1.5),
                                 numbers(all * n, 0, 1),
                                 numbers(all * n, 0, 1),
                                 numbers(all * n, 0, 1),
                                 numbers(all * n, 0, 1),
                                 numbers(all * m, 0, 1),
                                 numbers(lanes, 0, 0)};
  for (int kind = VALUE; kind <= VJP; kind++) {
    double one = best(alone, &w, kind), many = best(in_lanes, &w, kind);
    printf("| %-34s | %s | %8.2f | %8.2f | %6.1f |\n", title, kinds[kind], one, many, one / many);
  }
  fprintf(stderr, "%s: compiled in %.0f ms, rhs %s\n", title, (now() - start) * 1e3,
          field->rhs.lanes_in_vectors ? "in vectors" : "lane by lane");
  double *blocks[] = {w.u, w.p, w.y, w.du, w.y_bar, w.u_bar, w.p_bar, w.t};
  for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) {
    free(blocks[k]);
  }
  ude_model_free(model);
  return 0;
}

int main(void) {
  const char *isa = "baseline";
#if defined(__x86_64__)
  isa = __builtin_cpu_supports("avx512f") ? "AVX-512"
        : __builtin_cpu_supports("avx2")  ? "AVX2"
                                          : "SSE2";
#elif defined(__aarch64__)
  isa = "NEON";
#endif
  printf(
      "instruction set: %s\n\n| system | function | alone, ns | in lanes, ns | ratio "
      "|\n|---|---|---|---|---|\n",
      isa);
  static const struct {
    const char *title, *rate;
  } rates[] = {{"20 species, A exp(-E (1/T))", "A * exp(-E * inverse)"},
               {"20 species, A exp(-E / T)", "A * exp(-E / u->T)"},
               {"20 species, constant rates", "A * E"}};
  int bad   = measure("Lorenz", lorenz, -1, 1);
  for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
    ude_text text = {0};
    mechanism(&text, rates[k].rate);
    bad += text.failed || measure(rates[k].title, text.data, 0.5, 1.5);
    ude_text_free(&text);
  }
  return bad;
}
