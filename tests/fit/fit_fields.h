/**
 * @file fit_fields.h
 * @brief Vector fields with hand-written derivatives and data for them.
 */
#ifndef UDE_TESTS_FIT_FIELDS_H
#define UDE_TESTS_FIT_FIELDS_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ude/fit.h>

#include "support/ude_check.h"

#define FIELD_UNUSED __attribute__((unused))

/* ------------------------------------------------------------------------------- logistic -- */

/* x' = r x (1 - x/k) */
FIELD_UNUSED static int logistic_rhs(double *y, const double *u, const double *p, double t,
                                     void *context) {
  (void)t;
  (void)context;
  y[0] = p[0] * u[0] * (1 - u[0] / p[1]);
  return 0;
}

FIELD_UNUSED static int logistic_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                                     const double *p, const double *p_dot, double t,
                                     const double *t_dot, void *context) {
  double du = u_dot ? u_dot[0] : 0;
  double dr = p_dot ? p_dot[0] : 0;
  double dk = p_dot ? p_dot[1] : 0;
  (void)t_dot;
  logistic_rhs(y, u, p, t, context);
  y_dot[0] = dr * u[0] * (1 - u[0] / p[1]) + p[0] * (1 - 2 * u[0] / p[1]) * du +
             p[0] * u[0] * u[0] / (p[1] * p[1]) * dk;
  return 0;
}

FIELD_UNUSED static int logistic_vjp(const double *u, const double *p, double t, const double *w,
                                     double *u_bar, double *p_bar, double *t_bar, void *context) {
  (void)t;
  (void)t_bar;
  (void)context;
  if (u_bar) {
    u_bar[0] += p[0] * (1 - 2 * u[0] / p[1]) * w[0];
  }
  if (p_bar) {
    p_bar[0] += u[0] * (1 - u[0] / p[1]) * w[0];
    p_bar[1] += p[0] * u[0] * u[0] / (p[1] * p[1]) * w[0];
  }
  return 0;
}

static const double            logistic_start    = 0.1;
static const ude_member        logistic_state    = {.name = "x", .count = 1};
FIELD_UNUSED static ude_member logistic_param[2] = {{.name = "r", .count = 1},
                                                    {.name = "k", .first = 1, .count = 1}};

FIELD_UNUSED static ude_vector_field logistic(void) {
  return (ude_vector_field){.state = {.count = 1, .members = 1, .member = &logistic_state},
                            .param = {.count = 2, .members = 2, .member = logistic_param},
                            .rhs   = {.rows    = 1,
                                      .columns = 1,
                                      .value   = logistic_rhs,
                                      .jvp     = logistic_jvp,
                                      .vjp     = logistic_vjp},
                            .u0    = &logistic_start};
}

/* x(t) = k / (1 + (k/x0 - 1) exp(-r t)) */
FIELD_UNUSED static double logistic_exact(double r, double k, double x0, double t) {
  return k / (1 + (k / x0 - 1) * exp(-r * t));
}

/* ----------------------------------------------------------------------------- oscillator -- */

/* x' = v, v' = -k x; p = k. */
FIELD_UNUSED static int oscillator_rhs(double *y, const double *u, const double *p, double t,
                                       void *context) {
  (void)t;
  (void)context;
  y[0] = u[1];
  y[1] = -p[0] * u[0];
  return 0;
}

FIELD_UNUSED static int oscillator_jvp(double *y, double *y_dot, const double *u,
                                       const double *u_dot, const double *p, const double *p_dot,
                                       double t, const double *t_dot, void *context) {
  (void)t_dot;
  oscillator_rhs(y, u, p, t, context);
  y_dot[0] = u_dot ? u_dot[1] : 0;
  y_dot[1] = (u_dot ? -p[0] * u_dot[0] : 0) - (p_dot ? p_dot[0] * u[0] : 0);
  return 0;
}

FIELD_UNUSED static int oscillator_vjp(const double *u, const double *p, double t, const double *w,
                                       double *u_bar, double *p_bar, double *t_bar, void *context) {
  (void)t;
  (void)t_bar;
  (void)context;
  if (u_bar) {
    u_bar[0] -= p[0] * w[1];
    u_bar[1] += w[0];
  }
  if (p_bar) {
    p_bar[0] -= u[0] * w[1];
  }
  return 0;
}

static const double     oscillator_start[2] = {1, 0};
static const ude_member oscillator_state[2] = {{.name = "x", .count = 1},
                                               {.name = "v", .first = 1, .count = 1}};
static const ude_member oscillator_param    = {.name = "k", .count = 1};

FIELD_UNUSED static ude_vector_field oscillator(void) {
  return (ude_vector_field){.state = {.count = 2, .members = 2, .member = oscillator_state},
                            .param = {.count = 1, .members = 1, .member = &oscillator_param},
                            .rhs   = {.rows    = 2,
                                      .columns = 2,
                                      .value   = oscillator_rhs,
                                      .jvp     = oscillator_jvp,
                                      .vjp     = oscillator_vjp},
                            .u0    = oscillator_start};
}

/* --------------------------------------------------------- Lotka-Volterra with a network -- */

/* x' = 1.3 x + U1(x, y), y' = -1.8 y + U2(x, y); U: 2-5-5-5-2, exp(-z^2) on the hidden layers (Rackauckas et al. 2020,
 * scenario 1). p: layer by layer the weights column by column (outputs x inputs), then the biases. */
enum { NET_LAYERS = 4, NET_WIDEST = 5, NET_WEIGHTS = 87 };

static const int net_sizes[NET_LAYERS + 1] = {2, 5, 5, 5, 2};

/* Values of all layers; slope: derivative of the activation. */
typedef struct net_values {
  double a[NET_LAYERS + 1][NET_WIDEST], slope[NET_LAYERS + 1][NET_WIDEST];
} net_values;

FIELD_UNUSED static void net_forward(const double *u, const double *p, net_values *v) {
  memcpy(v->a[0], u, 2 * sizeof *u);
  for (int l = 0; l < NET_LAYERS; l++) {
    int           in = net_sizes[l], out = net_sizes[l + 1];
    const double *b = p + in * out;
    for (int i = 0; i < out; i++) {
      double z = b[i];
      for (int j = 0; j < in; j++) {
        z += p[j * out + i] * v->a[l][j];
      }
      bool hidden        = l + 1 < NET_LAYERS;
      v->a[l + 1][i]     = hidden ? exp(-z * z) : z;
      v->slope[l + 1][i] = hidden ? -2 * z * exp(-z * z) : 1;
    }
    p += in * out + out;
  }
}

FIELD_UNUSED static int net_rhs(double *y, const double *u, const double *p, double t,
                                void *context) {
  net_values v;
  (void)t;
  (void)context;
  net_forward(u, p, &v);
  y[0] = 1.3 * u[0] + v.a[NET_LAYERS][0];
  y[1] = -1.8 * u[1] + v.a[NET_LAYERS][1];
  return 0;
}

FIELD_UNUSED static int net_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                                const double *p, const double *p_dot, double t, const double *t_dot,
                                void *context) {
  net_values v;
  double     dot[NET_LAYERS + 1][NET_WIDEST] = {{0}};
  (void)t_dot;
  net_rhs(y, u, p, t, context);
  net_forward(u, p, &v);
  for (int i = 0; u_dot && i < 2; i++) {
    dot[0][i] = u_dot[i];
  }
  int64_t at = 0;
  for (int l = 0; l < NET_LAYERS; l++) {
    int in = net_sizes[l], out = net_sizes[l + 1];
    for (int i = 0; i < out; i++) {
      double z = p_dot ? p_dot[at + in * out + i] : 0;
      for (int j = 0; j < in; j++) {
        z += p[at + j * out + i] * dot[l][j] + (p_dot ? p_dot[at + j * out + i] * v.a[l][j] : 0);
      }
      dot[l + 1][i] = z * v.slope[l + 1][i];
    }
    at += in * out + out;
  }
  y_dot[0] = 1.3 * dot[0][0] + dot[NET_LAYERS][0];
  y_dot[1] = -1.8 * dot[0][1] + dot[NET_LAYERS][1];
  return 0;
}

FIELD_UNUSED static int net_vjp(const double *u, const double *p, double t, const double *w,
                                double *u_bar, double *p_bar, double *t_bar, void *context) {
  net_values v;
  double     bar[NET_WIDEST] = {w[0], w[1]};
  int64_t    at              = NET_WEIGHTS;
  (void)t;
  (void)t_bar;
  (void)context;
  net_forward(u, p, &v);
  for (int l = NET_LAYERS - 1; l >= 0; l--) {
    double in_bar[NET_WIDEST] = {0};
    int    in = net_sizes[l], out = net_sizes[l + 1];
    at -= in * out + out;
    for (int i = 0; i < out; i++) {
      double z = bar[i] * v.slope[l + 1][i];
      for (int j = 0; j < in; j++) {
        in_bar[j] += p[at + j * out + i] * z;
        if (p_bar) {
          p_bar[at + j * out + i] += v.a[l][j] * z;
        }
      }
      if (p_bar) {
        p_bar[at + in * out + i] += z;
      }
    }
    memcpy(bar, in_bar, sizeof bar);
  }
  if (u_bar) {
    u_bar[0] += bar[0] + 1.3 * w[0];
    u_bar[1] += bar[1] - 1.8 * w[1];
  }
  return 0;
}

#define NET_LAYER(number, at, in, out)                                                             \
  {.name    = "net.w" #number,                                                                     \
   .first   = (at),                                                                                \
   .count   = (in) * (out),                                                                        \
   .rank    = 2,                                                                                   \
   .extents = {(in), (out)},                                                                       \
   .init    = UDE_INIT_GLOROT_UNIFORM},                                                               \
  {                                                                                                \
    .name = "net.b" #number, .first = (at) + (in) * (out), .count = (out), .rank = 1, .extents = { \
      (out)                                                                                        \
    }                                                                                              \
  }

static const ude_member net_param[2 * NET_LAYERS] = {
    NET_LAYER(1, 0, 2, 5), NET_LAYER(2, 15, 5, 5), NET_LAYER(3, 45, 5, 5), NET_LAYER(4, 75, 5, 2)};
static const ude_member net_state[2] = {{.name = "x", .count = 1},
                                        {.name = "y", .first = 1, .count = 1}};

FIELD_UNUSED static ude_vector_field lotka_network(void) {
  return (ude_vector_field){
      .state = {.count = 2, .members = 2, .member = net_state},
      .param = {.count = NET_WEIGHTS, .members = 2 * NET_LAYERS, .member = net_param},
      .rhs   = {.rows = 2, .columns = 2, .value = net_rhs, .jvp = net_jvp, .vjp = net_vjp}};
}

/* ----------------------------------------------------------------------------------- data -- */

FIELD_UNUSED static ude_dataset *data_of(const char *text, const ude_vector_field *field) {
  ude_table   *table = NULL;
  ude_dataset *data  = NULL;
  ude_error    error = {0};
  const char  *name  = "data.csv";
  ck_ok(ude_table_parse(name, text, strlen(text), &table, &error), &error);
  const ude_table *tables[] = {table};
  ck_ok(ude_dataset_from_tables(tables, &name, 1, field, NULL, &data, &error), &error);
  ude_table_free(table);
  return data;
}

/** Measurements of the logistic curve every 0.5; one cell is missing. */
FIELD_UNUSED static ude_dataset *growth(const ude_vector_field *field, double r, double k,
                                        int rows) {
  ude_text text = {0};
  ude_text_append(&text, "t,x\n");
  for (int i = 0; i < rows; i++) {
    double t = 0.5 * i;
    if (i == 3) {
      ude_text_append(&text, "%.17g,\n", t);
    } else {
      ude_text_append(&text, "%.17g,%.17g\n", t, logistic_exact(r, k, logistic_start, t));
    }
  }
  ude_dataset *data = data_of(text.data, field);
  ude_text_free(&text);
  return data;
}

/** The archived noisy data of scenario 1: 31 rows x,y without a time column; t = 0, 0.1, ..., 3. */
FIELD_UNUSED static ude_dataset *golden_data(const ude_vector_field *field) {
  ude_text  text   = {0};
  char     *file   = NULL;
  size_t    length = 0;
  ude_error error  = {0};
  int       row    = 0;
  ck_ok(ude_file_read(UDE_TEST_DATA "/golden/lv_scenario1_noisy_31x2.csv", &file, &length, &error),
        &error);
  ude_text_append(&text, "t,x,y\n");
  for (const char *at = file; *at; at += strcspn(at, "\n") + 1) {
    if (*at != '#') {
      ude_text_append(&text, "%.17g,%.*s\n", row++ / 10.0, (int)strcspn(at, "\n"), at);
    }
  }
  ck_assert_int_eq(row, 31);
  ude_dataset *data = data_of(text.data, field);
  ude_text_free(&text);
  free(file);
  return data;
}

/* ---------------------------------------------------------------------------------- files -- */

/** A folder of its own, in memory where there is such a place: runs are synced to disk file by file. */
FIELD_UNUSED static void make_folder(char path[40]) {
  const char *where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(path, 40, "%s/ude-test-fit-XXXXXX", where);
  ck_assert_ptr_nonnull(mkdtemp(path));
}

FIELD_UNUSED static void remove_folder(const char *folder) {
  char command[300];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  ck_assert_int_eq(system(command), 0);
}

/** Whole file in a folder; free it. */
FIELD_UNUSED static char *content(const char *folder, const char *name) {
  char      path[300];
  char     *data   = NULL;
  size_t    length = 0;
  ude_error error  = {0};
  snprintf(path, sizeof path, "%s/%s", folder, name);
  ck_ok(ude_file_read(path, &data, &length, &error), &error);
  return data;
}

#endif
