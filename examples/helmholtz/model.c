/* A physics-informed network for Laplace(u) + u = q on [-1, 1]^2 with u = 0 on the edges, q such that
 * u = sin(pi x) sin(4 pi y) (Wang, Teng, Perdikaris, SIAM J. Sci. Comput. 43 (2021) A3055, section 3.1). The second
 * derivatives in the residual are those of the plain C network below, by composed transforms.
 *
 *     ude fit examples/helmholtz/model.c --balance -o run
 *
 * -DGATED takes their architecture, -DWIDTH=N another width. */
#include <ude/model.h>
#include <ude/nn.h>

#ifndef WIDTH
#define WIDTH 50
#endif

struct sample { double x, y, edge[4]; };

struct param {
  UDE_GLOROT double w1[2][WIDTH];
  double            b1[WIDTH];
  UDE_GLOROT double w2[WIDTH][WIDTH];
  double            b2[WIDTH];
  UDE_GLOROT double w3[WIDTH][WIDTH];
  double            b3[WIDTH];
#ifdef GATED
  UDE_GLOROT double wu[2][WIDTH], wv[2][WIDTH];
  double            bu[WIDTH], bv[WIDTH];
#endif
  UDE_GLOROT double w4[WIDTH];
  double            b4;
};

const struct param p0 = {0};

/* Means of squares: what is lowered, then what tells the relative error. */
struct loss { double residual, boundary; UDE_METRIC double error, solution; };

void draw(struct sample *s, ude_random *random)
{
  s->x = 2 * ude_uniform(random) - 1;
  s->y = 2 * ude_uniform(random) - 1;
  for (int i = 0; i < 4; i++) s->edge[i] = 2 * ude_uniform(random) - 1;
}

/* The inputs are divided by their standard deviation. */
static void layer_in(const double w[2][WIDTH], const double *b, double x, double y, double *out)
{
  const double scale = 1.7320508075688772;
  for (int j = 0; j < WIDTH; j++) out[j] = tanh(scale * (x * w[0][j] + y * w[1][j]) + b[j]);
}

static void layer(const double w[WIDTH][WIDTH], const double *b, const double *in, double *out)
{
  double sum[WIDTH];
  for (int j = 0; j < WIDTH; j++) sum[j] = b[j];
  for (int i = 0; i < WIDTH; i++)
    for (int j = 0; j < WIDTH; j++) sum[j] += in[i] * w[i][j];
  for (int j = 0; j < WIDTH; j++) out[j] = tanh(sum[j]);
}

static double u(double x, double y, const struct param *p)
{
  double h[WIDTH];
  layer_in(p->w1, p->b1, x, y, h);
#ifdef GATED
  double from[WIDTH], to[WIDTH];
  layer_in(p->wu, p->bu, x, y, from);
  layer_in(p->wv, p->bv, x, y, to);
#define GATE() for (int j = 0; j < WIDTH; j++) h[j] = h[j] * from[j] + (1 - h[j]) * to[j]
  GATE();
#else
#define GATE()
#endif
  layer(p->w2, p->b2, h, h);
  GATE();
  layer(p->w3, p->b3, h, h);
  GATE();
  double out = p->b4;
  for (int j = 0; j < WIDTH; j++) out += h[j] * p->w4[j];
  return out;
}

static double u_x(double x, double y, const struct param *p) { return ude_jvp(u, (x, y, p), (1, 0, 0)); }
static double u_y(double x, double y, const struct param *p) { return ude_jvp(u, (x, y, p), (0, 1, 0)); }

void loss(struct loss *l, const struct sample *s, const struct param *p)
{
  const double pi = 3.14159265358979323846;
  double x = s->x, y = s->y;
  double exact = sin(pi * x) * sin(4 * pi * y);
  double here = u(x, y, p);
  double laplace = ude_jvp(u_x, (x, y, p), (1, 0, 0)) + ude_jvp(u_y, (x, y, p), (0, 1, 0));
  double residual = laplace + here - (1 - 17 * pi * pi) * exact;
  double edges[4] = {u(s->edge[0], -1, p), u(s->edge[1], 1, p), u(-1, s->edge[2], p), u(1, s->edge[3], p)};
  l->residual = residual * residual;
  l->boundary = 0;
  for (int i = 0; i < 4; i++) l->boundary += edges[i] * edges[i];
  l->error = (here - exact) * (here - exact);
  l->solution = exact * exact;
}
