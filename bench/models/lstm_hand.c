/* Gradient of lstm.c: gates and cells of all steps are kept, then the sequence is walked backwards. */
#include "lstm.c"

typedef struct step {
  double before[2 * LAYERS][B], forget[LAYERS][B], ingate[LAYERS][B], outgate[LAYERS][B],
      change[LAYERS][B], tanh_cell[LAYERS][B], input[B], weight[B];
} step;

int hand(const double *state, const double *param, double t, const double *y_bar, double *u_bar,
         double *p_bar) {
  static _Thread_local step tape[C];
  const struct state *restrict u = (const struct state *)state;
  struct state *restrict out     = (struct state *)u_bar;
  double s[2 * LAYERS][B], s_bar[2 * LAYERS][B];
  (void)t;
  for (int i = 0; i < 2 * LAYERS * B; i++) {
    (&s[0][0])[i]     = initial_state[i] * param[0];
    (&s_bar[0][0])[i] = 0;
  }
  for (int k = 0; k + 1 < C; k++) {
    step         *at = &tape[k];
    const double *in = at->input;
    for (int i = 0; i < B; i++) {
      at->input[i] = sequence[k][i] * u->extra_params[i];
    }
    for (int l = 0; l < LAYERS; l++) {
      const double *w = &u->main_params[8 * l * B], *b = w + 4 * B;
      for (int i = 0; i < B; i++) {
        double h = s[2 * l][i], c = s[2 * l + 1][i];
        at->before[2 * l][i]     = h;
        at->before[2 * l + 1][i] = c;
        at->forget[l][i]         = sigmoid(in[i] * w[i] + b[i]);
        at->ingate[l][i]         = sigmoid(h * w[B + i] + b[B + i]);
        at->outgate[l][i]        = sigmoid(in[i] * w[2 * B + i] + b[2 * B + i]);
        at->change[l][i]         = tanh(h * w[3 * B + i] + b[3 * B + i]);
        s[2 * l + 1][i]          = c * at->forget[l][i] + at->ingate[l][i] * at->change[l][i];
        at->tanh_cell[l][i]      = tanh(s[2 * l + 1][i]);
        s[2 * l][i]              = at->outgate[l][i] * at->tanh_cell[l][i];
      }
      in = s[2 * l];
    }
    double sum = 2;
    for (int i = 0; i < B; i++) {
      at->weight[i] = exp(in[i] * u->extra_params[B + i] + u->extra_params[2 * B + i]);
      sum += at->weight[i];
    }
    for (int i = 0; i < B; i++) {
      at->weight[i] /= sum;
    }
  }
  double bar = -y_bar[0] / ((C - 1) * B);
  for (int k = C - 2; k >= 0; k--) {
    const step *at   = &tape[k];
    double      gold = 0, input_bar[B];
    for (int i = 0; i < B; i++) {
      gold += sequence[k + 1][i];
    }
    for (int i = 0; i < B; i++) {
      double g = bar * (sequence[k + 1][i] - gold * at->weight[i]);
      double h = at->outgate[LAYERS - 1][i] * at->tanh_cell[LAYERS - 1][i];
      out->extra_params[B + i] += g * h;
      out->extra_params[2 * B + i] += g;
      s_bar[2 * (LAYERS - 1)][i] += g * u->extra_params[B + i];
    }
    for (int l = LAYERS - 1; l >= 0; l--) {
      const double *w     = &u->main_params[8 * l * B];
      double       *w_bar = &out->main_params[8 * l * B], *b_bar = w_bar + 4 * B;
      double       *in_bar = l ? s_bar[2 * (l - 1)] : input_bar;
      for (int i = 0; i < B; i++) {
        double f = at->forget[l][i], a = at->ingate[l][i], o = at->outgate[l][i],
               c = at->change[l][i];
        double h = at->before[2 * l][i], tc = at->tanh_cell[l][i], h_bar = s_bar[2 * l][i];
        double in    = l ? at->outgate[l - 1][i] * at->tanh_cell[l - 1][i] : at->input[i];
        double c_bar = s_bar[2 * l + 1][i] + h_bar * o * (1 - tc * tc);
        double go = h_bar * tc * o * (1 - o), gf = c_bar * at->before[2 * l + 1][i] * f * (1 - f);
        double ga = c_bar * c * a * (1 - a), gc = c_bar * a * (1 - c * c);
        w_bar[i] += gf * in;
        w_bar[B + i] += ga * h;
        w_bar[2 * B + i] += go * in;
        w_bar[3 * B + i] += gc * h;
        b_bar[i] += gf;
        b_bar[B + i] += ga;
        b_bar[2 * B + i] += go;
        b_bar[3 * B + i] += gc;
        s_bar[2 * l][i]     = ga * w[B + i] + gc * w[3 * B + i];
        s_bar[2 * l + 1][i] = c_bar * f;
        double into         = gf * w[i] + go * w[2 * B + i];
        in_bar[i]           = l ? in_bar[i] + into : into;
      }
    }
    for (int i = 0; i < B; i++) {
      out->extra_params[i] += input_bar[i] * sequence[k][i];
    }
  }
  for (int i = 0; i < 2 * LAYERS * B; i++) {
    p_bar[0] += (&s_bar[0][0])[i] * initial_state[i];
  }
  return 0;
}
