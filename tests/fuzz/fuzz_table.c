/* The CSV reader on arbitrary bytes: never crashes; what it accepts survives writing and reading. */
#include "fuzz/fuzz.h"

#include <math.h>

static void same(const ude_table *a, const ude_table *b) {
  require(a->rows == b->rows && a->columns == b->columns);
  for (int64_t j = 0; j < a->columns; j++) {
    require(strcmp(a->names[j], b->names[j]) == 0);
  }
  for (int64_t i = 0; i < a->rows * a->columns; i++) {
    require(a->values[i] == b->values[i] || (isnan(a->values[i]) && isnan(b->values[i])));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ude_table *table = NULL;
  ude_error  error = {0};
  ude_status status =
      ude_table_parse("fuzz.csv", size ? (const char *)data : "", size, &table, &error);
  require((status == UDE_OK) == (table != NULL));
  if (!table) {
    require_message(status, &error);
    return 0;
  }
  require(table->rows > 0 && table->columns > 0);
  char       path[96];
  ude_table *again = NULL;
  require(ude_table_write(table, scratch("csv", path), &error) == UDE_OK);
  require(ude_table_read(path, &again, &error) == UDE_OK);
  unlink(path);
  same(table, again);
  ude_table_free(again);
  ude_table_free(table);
  return 0;
}
