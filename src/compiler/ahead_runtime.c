/**
 * @file ahead_runtime.c
 * @brief What exported functions of an object call: entries and Jacobians over flat functions.
 *
 * This file, with those that ude_ahead_link_runtime lists, also becomes bitcode that is linked into
 * every object. Arguments that are constants there fold away.
 */
#include "compiler/ahead_runtime.h"

#include "compiler/entries.h"

int ude_ahead_jvp(ude_flat_jvp jvp, const double *zeros, double *y, double *y_dot, const double *u,
                  const double *u_dot, const double *p, const double *p_dot, double t,
                  double t_dot) {
  ude_entry entry = {.jvp = jvp, .zeros = zeros};
  ude_map   map;
  ude_entry_fill(&entry, 0, &map);
  return map.jvp(y, y_dot, u, u_dot, p, p_dot, t, &t_dot, map.context);
}

int ude_ahead_vjp(ude_flat_vjp vjp, int64_t rows, int64_t columns, int64_t params, const double *u,
                  const double *p, double t, const double *y_bar, double *u_bar, double *p_bar,
                  double *t_bar) {
  ude_entry entry = {.vjp = vjp, .rows = rows, .columns = columns, .params = params};
  ude_map   map;
  ude_entry_fill(&entry, 0, &map);
  return map.vjp(u, p, t, y_bar, u_bar, p_bar, t_bar, map.context) ? 1 : 0;
}

int ude_ahead_jacobian(ude_flat_jvp wide, int64_t width, const double *zeros, int64_t rows,
                       int64_t columns, int64_t params, bool wrt_param, double *jacobian,
                       const double *u, const double *p, double t) {
  ude_entry entry = {
      .jvp_wide = wide, .rows = rows, .columns = columns, .params = params, .zeros = zeros};
  ude_map map;
  ude_entry_fill(&entry, width, &map);
  return ude_jacobian(&map, params, u, p, t, wrt_param, false, jacobian, NULL) ? 1 : 0;
}

int ude_ahead_jet(ude_flat_value value, ude_jet_pass pass, int64_t rows, int64_t columns,
                  int64_t params, int order, double *y, const double *u, const double *p,
                  double t) {
  ude_entry entry = {
      .value = value, .jet = pass, .rows = rows, .columns = columns, .params = params};
  ude_map map;
  ude_entry_fill(&entry, 0, &map);
  return map.jet(y, order, u, p, t, map.context) ? 1 : 0;
}

int ude_ahead_taylor(ude_flat_value value, ude_jet_pass pass, int64_t rows, int64_t columns,
                     int64_t params, int order, double *series, const double *u, const double *p,
                     double t) {
  ude_entry entry = {
      .value = value, .jet = pass, .rows = rows, .columns = columns, .params = params};
  return ude_entry_taylor(series, order, u, p, t, &entry) ? 1 : 0;
}
