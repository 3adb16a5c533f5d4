/* The numbers that the script of the page draws. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/axis.h"
#include "report/escape.h"
#include "report/number.h"
#include "report/page.h"

/* Bounds that keep the page quick to open: curves are thinned to them, columns beyond are left out, and the
 * page says so. Measurements are never thinned. */
enum { MOST_COLUMNS = 64, MOST_CELLS = 400000, LEAST_ROWS = 400, DIGITS = 9 };

/* Is row i kept when every `every`-th is? The ends of each trajectory always are. */
static bool is_kept(const ude_table *table, int64_t i, int64_t every) {
  if (every == 1 || i % every == 0 || i + 1 == table->rows) {
    return true;
  }
  double here  = ude_run_trajectory(table, i);
  double left  = ude_run_trajectory(table, i - 1);
  double right = ude_run_trajectory(table, i + 1);
  return left < here || left > here || right < here || right > here;
}

static void append_column(ude_text *html, const ude_table *table, int64_t j, int64_t every) {
  char buffer[UDE_NUMBER_SIZE];
  bool any = false;
  ude_text_append(html, "[");
  for (int64_t i = 0; i < table->rows; i++) {
    if (is_kept(table, i, every)) {
      double value = table->values[i * table->columns + j];
      ude_text_append(html, "%s%s", any ? "," : "",
                      isfinite(value) ? ude_number_short(value, DIGITS, buffer) : "null");
      any = true;
    }
  }
  ude_text_append(html, "]");
}

static void append_table(ude_text *html, const ude_table *table, bool thin) {
  int64_t columns = table->columns < MOST_COLUMNS ? table->columns : MOST_COLUMNS;
  int64_t rows    = MOST_CELLS / (columns ? columns : 1);
  rows            = rows < LEAST_ROWS ? LEAST_ROWS : rows;
  int64_t every   = thin && table->rows > rows ? (table->rows + rows - 1) / rows : 1;
  ude_text_append(html, "{\"every\":%lld,\"left_out\":%lld,\"names\":[", (long long)every,
                  (long long)(table->columns - columns));
  for (int64_t j = 0; j < columns; j++) {
    ude_text_append(html, j ? "," : "");
    ude_escape_json(html, table->names[j]);
  }
  ude_text_append(html, "],\"values\":[");
  for (int64_t j = 0; j < columns; j++) {
    ude_text_append(html, j ? ",\n" : "");
    append_column(html, table, j, every);
  }
  ude_text_append(html, "]}");
}

void ude_page_data(ude_text *html, const ude_run *run) {
  ude_text_append(html, "{\"palette\":[");
  for (int i = 0; i < UDE_COLOURS; i++) {
    ude_text_append(html, "%s\"%s\"", i ? "," : "", ude_palette[i].hex);
  }
  ude_text_append(html, "],\n\"tables\":{");
  bool any = false;
  for (int i = 0; i < RUN_TABLES; i++) {
    if (run->tables[i]) {
      ude_text_append(html, "%s\"%.*s\":", any ? ",\n" : "",
                      (int)strcspn(ude_run_table_files[i], "."), ude_run_table_files[i]);
      append_table(html, run->tables[i], i != RUN_DATA);
      any = true;
    }
  }
  ude_text_append(html, "},\n\"learned\":[");
  for (int64_t i = 0; i < run->learned_count; i++) {
    ude_text_append(html, "%s{\"name\":", i ? ",\n" : "");
    ude_escape_json(html, run->learned[i].name);
    ude_text_append(html, ",\"table\":");
    append_table(html, run->learned[i].table, true);
    ude_text_append(html, "}");
  }
  ude_text_append(html, "]}");
}
