/* The reader of parameter files (JSON, name=value, plain numbers) on arbitrary bytes: never crashes;
 * a refusal has a message, what is accepted is finite and leaves no entry outside the layout touched. */
#include "fuzz/fuzz.h"

#include <math.h>
#include <ude/fit.h>

static const ude_member members[] = {
    {.name = "alpha", .first = 0, .count = 1, .fixed = true},
    {.name = "net.w[0]", .first = 1, .count = 6, .rank = 2, .extents = {2, 3}},
    {.name = "beta", .first = 7, .count = 1},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const ude_vector_field field = {.param = {.count = 8, .members = 3, .member = members}};
  double                 p[10] = {0, 0, 0, 0, 0, 0, 0, 0, 7, 7};
  ude_error              error = {0};
  char                   path[96];
  write_file(scratch("in", path), data, size);
  ude_status status = ude_params_read(path, &field, p, &error);
  unlink(path);
  require(status == UDE_OK || status == UDE_BAD_DATA);
  require_message(status, &error);
  for (int i = 0; i < 8; i++) {
    require(isfinite(p[i]));
  }
  require(p[8] == 7 && p[9] == 7);
  return 0;
}
