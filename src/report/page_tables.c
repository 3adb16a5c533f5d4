/* The head of the page with its key numbers, the parameters, the settings. */
#include <math.h>
#include <string.h>

#include "report/escape.h"
#include "report/number.h"
#include "report/page.h"

enum { LISTED_MEMBERS = 12 };

/* ------------------------------------------------------------------------------- summary -- */

static void fact(ude_text *html, const char *name, double value, int digits, const char *unit) {
  if (isfinite(value)) {
    ude_text_append(html, "<div><dt>%s</dt><dd>", name);
    ude_page_number(html, value, digits);
    ude_text_append(html, "%s</dd></div>\n", unit);
  }
}

/* A column's value in the last row of the history. */
static double last_of_history(const ude_run *run, const char *name) {
  const ude_table *history = run->tables[RUN_HISTORY];
  int64_t          column  = history ? ude_table_column(history, name) : -1;
  return column < 0 || history->rows == 0
             ? (double)NAN
             : history->values[(history->rows - 1) * history->columns + column];
}

static void count_data(const ude_table *data, int64_t *measurements, int64_t *trajectories) {
  double last   = (double)NAN;
  *measurements = 0;
  *trajectories = 0;
  for (int64_t i = 0; i < data->rows; i++) {
    double trajectory = ude_run_trajectory(data, i);
    *trajectories += i == 0 || trajectory < last || trajectory > last;
    last = trajectory;
    for (int64_t j = 0; j < data->columns; j++) {
      *measurements +=
          ude_run_is_quantity(data->names[j]) && isfinite(data->values[i * data->columns + j]);
    }
  }
}

static void facts(ude_text *html, const ude_run *run) {
  const cJSON *params = run->objects[RUN_PARAMS];
  const cJSON *values = cJSON_GetObjectItemCaseSensitive(params, "params");
  double       seed   = ude_json_number(params, "seed");
  ude_text_append(html, "<dl class=\"facts\">\n");
  fact(html, "Loss", ude_json_number(params, "loss"), 5, "");
  if (cJSON_IsObject(values)) {
    fact(html, "Parameters", cJSON_GetArraySize(values), 17, "");
  }
  if (run->tables[RUN_DATA]) {
    int64_t measurements = 0;
    int64_t trajectories = 0;
    count_data(run->tables[RUN_DATA], &measurements, &trajectories);
    fact(html, "Measurements", (double)measurements, 17, "");
    fact(html, "Trajectories", trajectories > 1 ? (double)trajectories : (double)NAN, 17, "");
  }
  fact(html, "Evaluations", last_of_history(run, "evaluation"), 17, "");
  fact(html, "Training time", last_of_history(run, "seconds"), 3, "&nbsp;s");
  fact(html, "Seed", isfinite(seed) ? seed : ude_json_number(run->objects[RUN_SETTINGS], "seed"),
       17, "");
  ude_text_append(html, "</dl>\n");
}

void ude_page_summary(ude_text *html, const ude_run *run, const char *title, const char *subtitle) {
  const char *status = ude_json_text(run->objects[RUN_PARAMS], "status");
  ude_text_append(html, "<header>\n<h1>");
  ude_escape_html(html, title);
  ude_text_append(html, "</h1>\n");
  if (subtitle) {
    ude_text_append(html, "<p class=\"subtitle\">");
    ude_escape_html(html, subtitle);
    ude_text_append(html, "</p>\n");
  }
  if (status) {
    bool finished = strcmp(status, "finished") == 0;
    ude_text_append(html, "<p><span class=\"tag %s\">", finished ? "good" : "warning");
    ude_escape_html(html, status);
    ude_text_append(html, "</span>%s</p>\n",
                    strcmp(status, "interrupted") == 0
                        ? " The training was interrupted: these are the best parameters so far."
                        : "");
  }
  facts(html, run);
  ude_text_append(html, "</header>\n");
}

/* ---------------------------------------------------------------------------- parameters -- */

/* Length of the part of a name that its group shares: up to the first of `ends`. */
static size_t stem_length(const char *name, const char *ends) {
  return strcspn(name, ends);
}

static bool same_stem(const cJSON *a, const cJSON *b, const char *ends) {
  size_t length = stem_length(a->string, ends);
  return length == stem_length(b->string, ends) && strncmp(a->string, b->string, length) == 0;
}

/* Members that follow one another and share the stem of `first`. */
static int64_t group_size(const cJSON *first, const char *ends) {
  int64_t count = 0;
  for (const cJSON *item = first; item && same_stem(first, item, ends); item = item->next) {
    count++;
  }
  return count;
}

static void stem_cell(ude_text *html, const cJSON *first, const char *ends) {
  ude_text stem = {0};
  ude_text_append_bytes(&stem, first->string, stem_length(first->string, ends));
  html->failed = html->failed || stem.failed;
  if (!stem.failed) {
    ude_page_text_cell(html, stem.data);
  }
  ude_text_free(&stem);
}

static void group_cells(ude_text *html, const cJSON *first, int64_t count) {
  double       low     = (double)INFINITY;
  double       high    = -(double)INFINITY;
  double       squares = 0;
  const cJSON *item    = first;
  for (int64_t i = 0; item && i < count; i++, item = item->next) {
    double value = cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
    low          = fmin(low, value);
    high         = fmax(high, value);
    squares += value * value;
  }
  ude_page_number_cell(html, (double)count, 17);
  ude_page_number_cell(html, low, 4);
  ude_page_number_cell(html, high, 4);
  ude_page_number_cell(html, sqrt(squares / (double)count), 4);
}

static const char group_head[] =
    "<div class=\"scroll\"><table>\n<thead><tr><th>name</th><th class=\"number\">values</th>"
    "<th class=\"number\">least</th><th class=\"number\">largest</th>"
    "<th class=\"number\">root mean square</th></tr></thead>\n<tbody>\n";

static void end_table(ude_text *html) {
  ude_text_append(html, "</tbody>\n</table></div>\n");
}

static void group_row(ude_text *html, const cJSON *first, int64_t count, const char *ends) {
  ude_text_append(html, "<tr>");
  stem_cell(html, first, ends);
  group_cells(html, first, count);
  ude_text_append(html, "</tr>\n");
}

/* A large group: one row in the overview, and its arrays one by one on request. */
static void large_groups(ude_text *html, const cJSON *values) {
  ude_text_append(html, "%s", group_head);
  for (const cJSON *item = values->child; item;) {
    int64_t count = group_size(item, ".[");
    if (count > LISTED_MEMBERS) {
      group_row(html, item, count, ".[");
    }
    for (int64_t i = 0; item && i < count; i++) {
      item = item->next;
    }
  }
  end_table(html);
  ude_text_append(html, "<details><summary>Array by array</summary>\n%s", group_head);
  for (const cJSON *item = values->child; item;) {
    bool    large = group_size(item, ".[") > LISTED_MEMBERS;
    int64_t count = group_size(item, "[");
    if (large || count > LISTED_MEMBERS) {
      group_row(html, item, count, "[");
    }
    for (int64_t i = 0; item && i < count; i++) {
      item = item->next;
    }
  }
  end_table(html);
  ude_text_append(html, "</details>\n");
}

static void small_groups(ude_text *html, const cJSON *values) {
  ude_text_append(html,
                  "<div class=\"scroll\"><table class=\"narrow\">\n<thead><tr><th>name</th>"
                  "<th class=\"number\">value</th></tr></thead>\n<tbody>\n");
  for (const cJSON *item = values->child; item;) {
    int64_t count = group_size(item, ".[");
    for (int64_t i = 0; item && i < count; i++, item = item->next) {
      if (count <= LISTED_MEMBERS) {
        ude_text_append(html, "<tr>");
        ude_page_text_cell(html, item->string);
        ude_page_number_cell(html, cJSON_IsNumber(item) ? item->valuedouble : (double)NAN, 6);
        ude_text_append(html, "</tr>\n");
      }
    }
  }
  end_table(html);
}

void ude_page_parameters(ude_text *html, const ude_run *run) {
  if (!run->objects[RUN_PARAMS]) {
    return;
  }
  const cJSON *values = cJSON_GetObjectItemCaseSensitive(run->objects[RUN_PARAMS], "params");
  bool         small  = false;
  bool         large  = false;
  ude_page_section(html, "parameters", "Parameters");
  for (const cJSON *item = cJSON_IsObject(values) ? values->child : NULL; item;) {
    int64_t count = group_size(item, ".[");
    small         = small || count <= LISTED_MEMBERS;
    large         = large || count > LISTED_MEMBERS;
    for (int64_t i = 0; item && i < count; i++) {
      item = item->next;
    }
  }
  if (small) {
    small_groups(html, values);
  }
  if (large) {
    large_groups(html, values);
  }
  ude_text_append(html, "%s</section>\n", small || large ? "" : "<p class=\"quiet\">None.</p>\n");
}

/* ------------------------------------------------------------------------------ settings -- */

static void setting_value(ude_text *html, const cJSON *item) {
  char number[32];
  if (cJSON_IsString(item)) {
    ude_escape_html(html, item->valuestring);
  } else if (cJSON_IsNumber(item)) {
    ude_text_append(html, "%s", ude_format_real(item->valuedouble, number));
  } else if (cJSON_IsBool(item)) {
    ude_text_append(html, "%s", cJSON_IsTrue(item) ? "yes" : "no");
  } else if (cJSON_IsNull(item)) {
    ude_text_append(html, "–");
  } else if (cJSON_GetArraySize(item) == 0) {
    ude_text_append(html, "<span class=\"quiet\">none</span>");
  } else if (cJSON_IsArray(item)) {
    for (const cJSON *member = item->child; member; member = member->next) {
      if (!cJSON_IsArray(member) && !cJSON_IsObject(member)) {
        setting_value(html, member);
        ude_text_append(html, member->next ? "<br>" : "");
      }
    }
  }
}

/* One row for each value; the members of an object (options) in rows of their own. */
static void setting_rows(ude_text *html, const cJSON *object) {
  for (const cJSON *item = object->child; item; item = item->next) {
    if (cJSON_IsObject(item) && item->child) {
      setting_rows(html, item);
      continue;
    }
    ude_text_append(html, "<tr><th scope=\"row\">");
    ude_escape_html(html, item->string);
    ude_text_append(html, "</th><td class=\"break\">");
    setting_value(html, item);
    ude_text_append(html, "</td></tr>\n");
  }
}

void ude_page_settings(ude_text *html, const ude_run *run) {
  if (run->objects[RUN_SETTINGS]) {
    ude_page_section(html, "settings", "Settings");
    ude_text_append(html, "<div class=\"scroll\"><table class=\"narrow\">\n<tbody>\n");
    setting_rows(html, run->objects[RUN_SETTINGS]);
    end_table(html);
    ude_text_append(html, "</section>\n");
  }
}
