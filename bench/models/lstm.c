/* The LSTM of ADBench (Srajer, Kukelova, Fitzgibbon 2018): LAYERS layers of width B over C time steps, diagonal weights,
 * loss of predicting the next item. */
#include <ude/model.h>

#include "lstm_data.h" /* static const double sequence[C][B], initial_state[2 * LAYERS * B] */

struct state {
  double main_params[8 * LAYERS * B], extra_params[3 * B];
};

struct param {
  double scale;
};

const struct param p0 = {1};

static double sigmoid(double x) {
  return 1.0 / (1.0 + exp(-x));
}

static void lstm_model(int width, const double *weight, const double *bias, double *hidden,
                       double *cell, const double *input) {
  double gates[4 * B], *forget = gates, *ingate = gates + width, *outgate = gates + 2 * width,
                       *change = gates + 3 * width;
  for (int i = 0; i < width; i++) {
    forget[i]  = sigmoid(input[i] * weight[i] + bias[i]);
    ingate[i]  = sigmoid(hidden[i] * weight[width + i] + bias[width + i]);
    outgate[i] = sigmoid(input[i] * weight[2 * width + i] + bias[2 * width + i]);
    change[i]  = tanh(hidden[i] * weight[3 * width + i] + bias[3 * width + i]);
  }
  for (int i = 0; i < width; i++) {
    cell[i] = cell[i] * forget[i] + ingate[i] * change[i];
  }
  for (int i = 0; i < width; i++) {
    hidden[i] = outgate[i] * tanh(cell[i]);
  }
}

static void predict(int layers, int width, const double *w, const double *extra, double *s,
                    const double *x, double *out) {
  for (int i = 0; i < width; i++) {
    out[i] = x[i] * extra[i];
  }
  double *at = out;
  for (int i = 0; i <= 2 * layers * width - 1; i += 2 * width) {
    lstm_model(width, &w[i * 4], &w[(i + width) * 4], &s[i], &s[i + width], at);
    at = &s[i];
  }
  for (int i = 0; i < width; i++) {
    out[i] = at[i] * extra[width + i] + extra[2 * width + i];
  }
}

double terminal_cost(const struct state *u, const struct param *p, double t) {
  double s[2 * LAYERS * B], prediction[B], item[B], total = 0;
  (void)t;
  for (int i = 0; i < 2 * LAYERS * B; i++) {
    s[i] = initial_state[i] * p->scale;
  }
  for (int k = 0; k + 1 < C; k++) {
    for (int i = 0; i < B; i++) {
      item[i] = sequence[k][i];
    }
    predict(LAYERS, B, u->main_params, u->extra_params, s, item, prediction);
    double sum = 2;
    for (int i = 0; i < B; i++) {
      sum += exp(prediction[i]);
    }
    double norm = log(sum);
    for (int i = 0; i < B; i++) {
      total += sequence[k + 1][i] * (prediction[i] - norm);
    }
  }
  return -total / ((C - 1) * B);
}
