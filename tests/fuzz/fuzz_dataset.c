/* The reader of data sets on arbitrary bytes: never crashes; what it accepts has times that are finite,
 * as many values as it says, and a place for every column. */
#include "fuzz/fuzz.h"

#include <math.h>
#include <ude/fit.h>

static int rhs(double *du, const double *u, const double *p, double t, void *context) {
  (void)p;
  (void)t;
  (void)context;
  for (int i = 0; i < 6; i++) {
    du[i] = u[i];
  }
  return 0;
}

static const ude_member members[] = {
    {.name = "prey", .first = 0, .count = 1},
    {.name = "predator", .first = 1, .count = 1},
    {.name = "g", .first = 2, .count = 4, .rank = 2, .extents = {2, 2}},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const ude_vector_field field = {.state = {.count = 6, .members = 3, .member = members},
                                  .rhs   = {.rows = 6, .columns = 6, .value = rhs}};
  ude_dataset           *set   = NULL;
  ude_error              error = {0};
  char                   path[96];
  write_file(scratch("in", path), data, size);
  const char *paths[] = {path};
  ude_status  status  = ude_dataset_read(paths, 1, &field, NULL, &set, &error);
  unlink(path);
  require((status == UDE_OK) == (set != NULL));
  require_message(status, &error);
  for (int64_t k = 0; set && k < set->trajectories; k++) {
    for (int64_t i = 0; i < set->trajectory[k].count; i++) {
      require(isfinite(set->trajectory[k].t[i]));
    }
  }
  ude_dataset_free(set);
  return 0;
}
