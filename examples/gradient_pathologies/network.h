/* The network of the two problems of this folder: WIDTH units in each of DEPTH hidden layers, tanh; with -DGATED the
 * architecture of Wang, Teng, Perdikaris (SIAM J. Sci. Comput. 43 (2021) A3055, equations 2.33 to 2.37), each hidden layer
 * mixed from two encodings of the input (gates on the first layer too, as in their published code). */
#ifndef NETWORK_H
#define NETWORK_H

#include <ude/model.h>
#include <ude/nn.h>

#ifndef WIDTH
#define WIDTH 50
#endif
#ifndef DEPTH
#define DEPTH 3
#endif

struct layer {
  UDE_GLOROT double w[WIDTH][WIDTH];
  double            b[WIDTH];
};

struct param {
  UDE_GLOROT double w[2][WIDTH];
  double            b[WIDTH];
  struct layer      hidden[DEPTH - 1];
#ifdef GATED
  UDE_GLOROT double wu[2][WIDTH], wv[2][WIDTH];
  double            bu[WIDTH], bv[WIDTH];
#endif
  UDE_GLOROT double w_out[WIDTH];
  double            b_out;
};

/* out = tanh(b + (x, y) w) */
static inline void layer_in(const double w[2][WIDTH], const double *b, double x, double y, double *out)
{
  for (int j = 0; j < WIDTH; j++) out[j] = tanh(x * w[0][j] + y * w[1][j] + b[j]);
}

/* The network at standardised inputs. */
static inline double network(double x, double y, const struct param *p)
{
  double h[WIDTH];
  layer_in(p->w, p->b, x, y, h);
#ifdef GATED
  double from[WIDTH], to[WIDTH];
  layer_in(p->wu, p->bu, x, y, from);
  layer_in(p->wv, p->bv, x, y, to);
#define GATE() for (int j = 0; j < WIDTH; j++) h[j] = h[j] * from[j] + (1 - h[j]) * to[j]
  GATE();
#else
#define GATE()
#endif
  for (int k = 0; k < DEPTH - 1; k++) {
    double sum[WIDTH];
    for (int j = 0; j < WIDTH; j++) sum[j] = p->hidden[k].b[j];
    for (int i = 0; i < WIDTH; i++)
      for (int j = 0; j < WIDTH; j++) sum[j] += h[i] * p->hidden[k].w[i][j];
    for (int j = 0; j < WIDTH; j++) h[j] = tanh(sum[j]);
    GATE();
  }
  double out = p->b_out;
  for (int j = 0; j < WIDTH; j++) out += h[j] * p->w_out[j];
  return out;
}

#endif
