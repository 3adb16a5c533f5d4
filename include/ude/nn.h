/**
 * @file nn.h
 * @brief For model files: small dense networks as plain C structs and loops.
 *
 *     struct param { UDE_MLP(2, 5, 5, 2) net; };
 *     ude_mlp(&p->net, in, out);                              // tanh in the hidden layers, linear output
 *     ude_mlp_with(&p->net, in, out, ude_rbf);                // another activation in all hidden layers
 *     ude_mlp_with(&p->net, in, out, ude_rbf, ude_tanh);      // one for each hidden layer
 *
 *     struct param { UDE_MLP_FLOAT(2, 5, 2) net; };           // the same with float weights, inputs and outputs
 *
 * A network with sizes n0, n1, ..., nk has the members w1[n0][n1], b1[n1], w2[n1][n2], b2[n2], ...; in
 * memory in this order. Weights are input-major (w1[i][j] multiplies in[i] into out[j]), so that the loops run over
 * contiguous outputs. in and out must not overlap. One to six layers, hidden ones of at most UDE_MLP_MAX_WIDTH outputs.
 */
#ifndef UDE_NN_H
#define UDE_NN_H

#include <ude/model.h>

/* ----------------------------------------------------------------------------- activations -- */

static inline double ude_identity(double z) {
  return z;
}
static inline double ude_tanh(double z) {
  return tanh(z);
}
/** Gaussian radial basis, exp(-z^2). */
static inline double ude_rbf(double z) {
  return exp(-z * z);
}
static inline double ude_sigmoid(double z) {
  return 0.5 * (1 + tanh(0.5 * z)); /* no overflow for either sign */
}
/** log(1 + exp(z)) without overflow. */
static inline double ude_softplus(double z) {
  return fmax(z, 0) + log1p(exp(-fabs(z)));
}
static inline double ude_relu(double z) {
  return fmax(z, 0);
}
/** z Phi(z), Hendrycks and Gimpel 2016. */
static inline double ude_gelu(double z) {
  return 0.5 * z * (1 + erf(z * 0.70710678118654752440));
}
/** z sigmoid(z), also called SiLU. */
static inline double ude_swish(double z) {
  return z * ude_sigmoid(z);
}
static inline double ude_sin(double z) {
  return sin(z);
}

/* --------------------------------------------------------------------------------- layers -- */

enum { UDE_MLP_MAX_WIDTH = 256 }; /**< of a hidden layer */

#define UDE_HIDDEN(real, k, n, m)                                         \
  _Static_assert((m) <= UDE_MLP_MAX_WIDTH,                                \
                 "hidden layers have at most UDE_MLP_MAX_WIDTH outputs"); \
  UDE_LAYER(real, k, n, m)

#define UDE_LAYER(real, k, n, m) \
  UDE_GLOROT real w##k[n][m];    \
  real            b##k[m];

/* Layers that a network does not have are arrays of no elements, so that one definition serves all depths. */
#define UDE_NO_LAYER(real, k) \
  real w##k[0][1];            \
  real b##k[0];

#define UDE_MLP_1(real, a, b)                                                               \
  struct {                                                                                  \
    UDE_LAYER(real, 1, a, b)                                                                \
    UDE_NO_LAYER(real, 2)                                                                   \
    UDE_NO_LAYER(real, 3) UDE_NO_LAYER(real, 4) UDE_NO_LAYER(real, 5) UDE_NO_LAYER(real, 6) \
  }
#define UDE_MLP_2(real, a, b, c)                                                            \
  struct {                                                                                  \
    UDE_HIDDEN(real, 1, a, b)                                                               \
    UDE_LAYER(real, 2, b, c)                                                                \
    UDE_NO_LAYER(real, 3) UDE_NO_LAYER(real, 4) UDE_NO_LAYER(real, 5) UDE_NO_LAYER(real, 6) \
  }
#define UDE_MLP_3(real, a, b, c, d)                                                            \
  struct {                                                                                     \
    UDE_HIDDEN(real, 1, a, b)                                                                  \
    UDE_HIDDEN(real, 2, b, c)                                                                  \
    UDE_LAYER(real, 3, c, d) UDE_NO_LAYER(real, 4) UDE_NO_LAYER(real, 5) UDE_NO_LAYER(real, 6) \
  }
#define UDE_MLP_4(real, a, b, c, d, e)                                                             \
  struct {                                                                                         \
    UDE_HIDDEN(real, 1, a, b)                                                                      \
    UDE_HIDDEN(real, 2, b, c)                                                                      \
    UDE_HIDDEN(real, 3, c, d) UDE_LAYER(real, 4, d, e) UDE_NO_LAYER(real, 5) UDE_NO_LAYER(real, 6) \
  }
#define UDE_MLP_5(real, a, b, c, d, e, f)                                    \
  struct {                                                                   \
    UDE_HIDDEN(real, 1, a, b)                                                \
    UDE_HIDDEN(real, 2, b, c)                                                \
    UDE_HIDDEN(real, 3, c, d)                                                \
    UDE_HIDDEN(real, 4, d, e) UDE_LAYER(real, 5, e, f) UDE_NO_LAYER(real, 6) \
  }
#define UDE_MLP_6(real, a, b, c, d, e, f, g)                                     \
  struct {                                                                       \
    UDE_HIDDEN(real, 1, a, b)                                                    \
    UDE_HIDDEN(real, 2, b, c)                                                    \
    UDE_HIDDEN(real, 3, c, d)                                                    \
    UDE_HIDDEN(real, 4, d, e) UDE_HIDDEN(real, 5, e, f) UDE_LAYER(real, 6, f, g) \
  }
#define UDE_MLP_PICK(a, b, c, d, e, f, g, name, ...) name
#define UDE_MLP_OF(real, ...)                                                                    \
  UDE_MLP_PICK(__VA_ARGS__, UDE_MLP_6, UDE_MLP_5, UDE_MLP_4, UDE_MLP_3, UDE_MLP_2, UDE_MLP_1, 0) \
  (real, __VA_ARGS__)

/** The type of a network with these layer sizes (2 to 7 of them, inputs first). */
#define UDE_MLP(...) UDE_MLP_OF(double, __VA_ARGS__)
#define UDE_MLP_FLOAT(...) UDE_MLP_OF(float, __VA_ARGS__)

/* -------------------------------------------------------------------------------- network -- */

typedef double (*ude_activation)(double);

/* Functions for networks of one type of numbers.
 * dense: out = b + w^T in; n inputs, m outputs; w is [n][m].
 * apply: theta holds the network's parameters in memory order; sizes: outputs of each layer, 0 past
 * the last; where there are fewer activations than hidden layers, the last one serves the rest. */
#define UDE_DEFINE_MLP(real, dense, apply)                                                       \
  static inline void dense(int n, int m, const real *w, const real *b, const real *in,           \
                           real *out) {                                                          \
    for (int j = 0; j < m; j++) {                                                                \
      out[j] = b[j];                                                                             \
    }                                                                                            \
    for (int i = 0; i < n; i++) {                                                                \
      for (int j = 0; j < m; j++) {                                                              \
        out[j] += w[i * m + j] * in[i];                                                          \
      }                                                                                          \
    }                                                                                            \
  }                                                                                              \
  static inline void apply(const real *theta, int inputs, const int sizes[6],                    \
                           const ude_activation *activations, int activation_count,              \
                           const real *in, real *out) {                                          \
    real        even[UDE_MLP_MAX_WIDTH], odd[UDE_MLP_MAX_WIDTH];                                 \
    const real *from = in;                                                                       \
    int         n    = inputs;                                                                   \
    for (int layer = 0; layer < 6 && sizes[layer] > 0; layer++) {                                \
      int   m    = sizes[layer];                                                                 \
      int   last = layer == 5 || sizes[layer + 1] == 0;                                          \
      real *to   = last ? out : layer % 2 ? odd : even;                                          \
      dense(n, m, theta, theta + n * m, from, to);                                               \
      if (!last) {                                                                               \
        ude_activation f = activations[layer < activation_count ? layer : activation_count - 1]; \
        for (int j = 0; j < m; j++) {                                                            \
          to[j] = (real)f((double)to[j]);                                                        \
        }                                                                                        \
      }                                                                                          \
      theta += n * m + m;                                                                        \
      from = to;                                                                                 \
      n    = m;                                                                                  \
    }                                                                                            \
  }
UDE_DEFINE_MLP(double, ude_dense, ude_mlp_apply)
UDE_DEFINE_MLP(float, ude_dense_float, ude_mlp_apply_float)

#define UDE_MLP_SIZE(net, k) ((int)(sizeof((net)->b##k) / sizeof((net)->w1[0][0])))

/** Evaluate a network; the activations of the hidden layers follow: one for all, or one for each. */
#define ude_mlp_with(net, in, out, ...)                                                 \
  _Generic((net)->w1[0][0], float: ude_mlp_apply_float, default: ude_mlp_apply)(        \
      &(net)->w1[0][0], (int)(sizeof((net)->w1) / sizeof((net)->b1)),                   \
      (const int[6]){UDE_MLP_SIZE(net, 1), UDE_MLP_SIZE(net, 2), UDE_MLP_SIZE(net, 3),  \
                     UDE_MLP_SIZE(net, 4), UDE_MLP_SIZE(net, 5), UDE_MLP_SIZE(net, 6)}, \
      (const ude_activation[]){__VA_ARGS__},                                            \
      (int)(sizeof((const ude_activation[]){__VA_ARGS__}) / sizeof(ude_activation)), in, out)

/** Evaluate a network: tanh in the hidden layers, linear output. */
#define ude_mlp(net, in, out) ude_mlp_with(net, in, out, ude_tanh)

#endif
