/* The CSV reader on arbitrary bytes: never crashes; what it accepts survives writing and reading. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ude/base.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
  if (!holds) {
    abort();
  }
}

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
    require(error.message[0] != '\0' && strlen(error.message) < sizeof error.message);
    return 0;
  }
  require(table->rows > 0 && table->columns > 0);
  char path[64];
  snprintf(path, sizeof path, "fuzz_table.%ld.csv", (long)getpid());
  ude_table *again = NULL;
  require(ude_table_write(table, path, &error) == UDE_OK);
  require(ude_table_read(path, &again, &error) == UDE_OK);
  unlink(path);
  same(table, again);
  ude_table_free(again);
  ude_table_free(table);
  return 0;
}
