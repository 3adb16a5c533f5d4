/* Calls of learned functions along the fitted solutions. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ude/discover.h>

void ude_samples_free(ude_samples *samples, int64_t count) {
  for (int64_t k = 0; samples && k < count; k++) {
    ude_samples *s = &samples[k];
    for (int64_t i = 0; i < s->inputs; i++) {
      free(s->input_names ? s->input_names[i] : NULL);
      free(s->shown_names ? s->shown_names[i] : NULL);
    }
    free(s->input_names);
    free(s->shown_names);
    free(s->trajectory);
    free(s->t);
    free(s->in);
    free(s->out);
  }
  free(samples);
}

/* Where the recorder writes. */
typedef struct recorder {
  ude_samples *samples;
  int64_t     *capacity;
  int64_t      trajectory;
  double       t;
  bool         failed;
} recorder;

static bool reserve(ude_samples *s, int64_t *capacity) {
  if (s->rows < *capacity) {
    return true;
  }
  int64_t  larger     = *capacity ? 2 * *capacity : 256;
  int64_t *trajectory = ude_realloc(s->trajectory, (size_t)larger, sizeof *trajectory);
  s->trajectory       = trajectory ? trajectory : s->trajectory;
  double *t           = ude_realloc(s->t, (size_t)larger, sizeof *t);
  s->t                = t ? t : s->t;
  double *in          = ude_realloc(s->in, (size_t)larger, (size_t)s->inputs * sizeof *in);
  s->in               = in ? in : s->in;
  double *out         = ude_realloc(s->out, (size_t)larger, (size_t)s->outputs * sizeof *out);
  s->out              = out ? out : s->out;
  if (!trajectory || !t || !in || !out) {
    return false;
  }
  *capacity = larger;
  return true;
}

static void record(int64_t learned, const double *in, const double *out, void *context) {
  recorder    *to = context;
  ude_samples *s  = &to->samples[learned];
  if (to->failed || !reserve(s, &to->capacity[learned])) {
    to->failed = true;
    return;
  }
  s->trajectory[s->rows] = to->trajectory;
  s->t[s->rows]          = to->t;
  memcpy(s->in + s->rows * s->inputs, in, (size_t)s->inputs * sizeof *in);
  memcpy(s->out + s->rows * s->outputs, out, (size_t)s->outputs * sizeof *out);
  s->rows++;
}

static ude_status name_inputs(const ude_vector_field *field, ude_samples *s, int64_t learned,
                              ude_error *error) {
  const char *const *names = field->learned[learned].input_names;
  s->input_names           = ude_calloc((size_t)s->inputs, sizeof *s->input_names);
  s->shown_names           = ude_calloc((size_t)s->inputs, sizeof *s->shown_names);
  for (int64_t i = 0; s->input_names && s->shown_names && i < s->inputs; i++) {
    char index[32];
    snprintf(index, sizeof index, "in[%lld]", (long long)i);
    s->input_names[i] = strdup(names ? names[i] : index);
    s->shown_names[i] = strdup(names ? names[i] : index);
    if (!s->input_names[i] || !s->shown_names[i]) {
      return ude_fail_memory(error, "samples");
    }
  }
  return s->input_names && s->shown_names ? UDE_OK : ude_fail_memory(error, "samples");
}

/* Inputs that equal a state (or t) wherever they were seen: candidate j stands until a sample differs. */
static ude_status show_inputs(const ude_vector_field *field, ude_samples *s, const double *states,
                              const int64_t *point, ude_error *error) {
  int64_t n = field->state.count;
  for (int64_t i = 0; i < s->inputs; i++) {
    for (int64_t j = 0; j <= n && s->rows > 0; j++) {
      bool same = true;
      for (int64_t row = 0; row < s->rows && same; row++) {
        double value = j < n ? states[point[row] * n + j] : s->t[row];
        same         = s->in[row * s->inputs + i] == value;
      }
      if (same) {
        char  name[256];
        char *copy =
            strdup(j < n ? ude_layout_name(&field->state, j, "u", name, sizeof name) : "t");
        if (!copy) {
          return ude_fail_memory(error, "samples");
        }
        free(s->shown_names[i]);
        s->shown_names[i] = copy;
        break;
      }
    }
  }
  return UDE_OK;
}

ude_status ude_sample_learned(const ude_vector_field *field, const double *p, int64_t trajectories,
                              const double *u0, const double *spans, int64_t per,
                              const ude_solve_options *options, ude_samples **samples,
                              ude_error *error) {
  int64_t n     = field->state.count;
  int64_t count = field->learned_count;
  int64_t total = trajectories * per;
  *samples      = NULL;
  if (!u0 || !spans || trajectories < 1 || per < 2) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "samples: at least one trajectory, and two samples of each");
  }
  if (!field->probe || count == 0) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "the model has no learned function: mark one UDE_LEARNED");
  }
  ude_samples    *made       = ude_calloc((size_t)count, sizeof *made);
  int64_t        *capacity   = ude_calloc((size_t)count, sizeof *capacity);
  double         *times      = ude_calloc((size_t)total, sizeof *times);
  double         *states     = ude_calloc((size_t)total, (size_t)n * sizeof *states);
  int64_t        *point      = NULL;
  ude_integrator *integrator = NULL;
  ude_status      status =
      made && capacity && times && states ? UDE_OK : ude_fail_memory(error, "samples");
  for (int64_t k = 0; k < count && status == UDE_OK; k++) {
    made[k].name    = field->learned[k].name;
    made[k].inputs  = field->learned[k].map.columns;
    made[k].outputs = field->learned[k].map.rows;
    status          = name_inputs(field, &made[k], k, error);
  }
  status = status ? status : ude_integrator_create(field, options, &integrator, error);
  for (int64_t k = 0; k < trajectories && status == UDE_OK; k++) {
    ude_solve_result result;
    double           t0 = spans[2 * k];
    double           t1 = spans[2 * k + 1];
    double          *at = times + k * per;
    for (int64_t i = 0; i < per; i++) {
      at[i] = i == per - 1 ? t1 : t0 + (t1 - t0) * (double)i / (double)(per - 1);
    }
    status = ude_integrator_run(integrator, u0 + k * n, p, t0, t1, at, per, states + k * per * n,
                                NULL, &result, error);
  }
  recorder to = {.samples = made, .capacity = capacity};
  for (int64_t i = 0; i < total && status == UDE_OK; i++) {
    to.trajectory = i / per;
    to.t          = times[i];
    if (field->probe(states + i * n, p, times[i], record, &to, field->probe_context)) {
      status = ude_fail(error, UDE_NUMERICAL, "a learned function fails at t = %.8g", times[i]);
    } else if (to.failed) {
      status = ude_fail_memory(error, "samples");
    }
  }
  for (int64_t k = 0; k < count && status == UDE_OK; k++) {
    ude_samples *s = &made[k];
    point          = ude_calloc((size_t)s->rows, sizeof *point);
    status         = point ? UDE_OK : ude_fail_memory(error, "samples");
    for (int64_t row = 0, i = 0; row < s->rows && status == UDE_OK; row++) {
      while (s->trajectory[row] != i / per || s->t[row] != times[i]) {
        i++; /* rows come in the order of points */
      }
      point[row] = i;
    }
    status = status ? status : show_inputs(field, s, states, point, error);
    free(point);
  }
  ude_integrator_free(integrator);
  free(capacity);
  free(times);
  free(states);
  if (status) {
    ude_samples_free(made, count);
    return status;
  }
  *samples = made;
  return UDE_OK;
}
