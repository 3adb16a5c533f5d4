/* The table of methods. */
#include <string.h>

#include "solve/tableaus.h"

static const ude_erk_tableau *const methods[] = {&ude_tsit5, &ude_vern7};

enum { METHOD_COUNT = sizeof methods / sizeof methods[0] };

/* Below this relative tolerance the seventh-order pair needs fewer evaluations than the fifth-order. */
static const double high_order_rtol = 1e-7;

const ude_erk_tableau *ude_erk_find(const char *name, double rtol) {
  if (!name || strcmp(name, "auto") == 0) {
    return rtol > high_order_rtol ? &ude_tsit5 : &ude_vern7;
  }
  for (int i = 0; i < METHOD_COUNT; i++) {
    if (strcmp(methods[i]->name, name) == 0) {
      return methods[i];
    }
  }
  return NULL;
}

const char *ude_method_name(int index) {
  return index >= 0 && index < METHOD_COUNT ? methods[index]->name : NULL;
}

int ude_method_order(const char *name) {
  const ude_erk_tableau *tableau = name ? ude_erk_find(name, 1) : NULL;
  return tableau ? tableau->order : 0;
}

int ude_method_dense_order(const char *name) {
  const ude_erk_tableau *tableau = name ? ude_erk_find(name, 1) : NULL;
  return tableau ? tableau->dense_order : 0;
}
