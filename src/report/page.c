/* A run folder as one HTML page. */
#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <ude/report.h>
#include <unistd.h>

#include "report/embedded.h"

/* Bytes of a script: "</script" would end the element early, "<!--" change how it is read. In strings,
 * where alone they stand, the escape means the same. */
static void append_script(ude_text *html, const char *bytes, size_t length) {
  static const char *const marks[] = {"</script", "<!--"};
  size_t                   from    = 0;
  for (size_t i = 0; i < length; i++) {
    for (size_t m = 0; bytes[i] == '<' && m < sizeof marks / sizeof marks[0]; m++) {
      size_t size = strlen(marks[m]);
      if (length - i >= size && strncasecmp(bytes + i, marks[m], size) == 0) {
        ude_text_append_bytes(html, bytes + from, i - from);
        ude_text_append(html, "\\u003c");
        from = i + 1;
      }
    }
  }
  ude_text_append_bytes(html, bytes + from, length - from);
}

static void append_escaped(ude_text *html, const char *text) {
  for (const char *c = text; *c; c++) {
    switch (*c) {
    case '<': ude_text_append(html, "&lt;"); break;
    case '>': ude_text_append(html, "&gt;"); break;
    case '&': ude_text_append(html, "&amp;"); break;
    case '"': ude_text_append(html, "&quot;"); break;
    default: ude_text_append_bytes(html, c, 1);
    }
  }
}

/* Six or more significant digits are more than a plot shows; nine keep tooltips honest. */
static cJSON *number(double value) {
  return isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull();
}

static ude_status add_table(cJSON *to, const char *key, const char *path, ude_error *error) {
  ude_table *table = NULL;
  ude_status status = ude_table_read(path, &table, error);
  if (status) {
    return status;
  }
  cJSON *object  = cJSON_AddObjectToObject(to, key);
  cJSON *columns = cJSON_AddArrayToObject(object, "columns");
  cJSON *rows    = cJSON_AddArrayToObject(object, "rows");
  for (int64_t j = 0; j < table->columns; j++) {
    cJSON_AddItemToArray(columns, cJSON_CreateString(table->names[j]));
  }
  cJSON *last = NULL;
  for (int64_t i = 0; i < table->rows; i++) {
    cJSON *row  = cJSON_CreateArray();
    cJSON *cell = NULL;
    for (int64_t j = table->columns - 1; j >= 0; j--) { /* from the back: linear in the length */
      cell = number(table->values[i * table->columns + j]);
      cJSON_InsertItemInArray(row, 0, cell);
    }
    cJSON_AddItemToArray(rows, row);
    last = row;
  }
  bool complete = object && columns && rows && (last || table->rows == 0);
  ude_table_free(table);
  return complete ? UDE_OK : ude_fail_memory(error, "the report");
}

static ude_status add_json(cJSON *to, const char *key, const char *path, ude_error *error) {
  char      *data   = NULL;
  size_t     length = 0;
  ude_status status = ude_file_read(path, &data, &length, error);
  if (status == UDE_OK) {
    cJSON *value = cJSON_ParseWithLength(data, length);
    if (value) {
      cJSON_AddItemToObject(to, key, value);
    } else {
      status = ude_fail(error, UDE_BAD_DATA, "%s: is not valid JSON", path);
    }
  }
  free(data);
  return status;
}

/* learned_<f>.csv */
static ude_status add_learned(cJSON *root, const char *folder, ude_error *error) {
  DIR *directory = opendir(folder);
  if (!directory) {
    return ude_fail(error, UDE_IO, "%s: cannot open: %s", folder, strerror(errno));
  }
  cJSON         *learned = cJSON_AddObjectToObject(root, "learned");
  ude_status     status  = learned ? UDE_OK : ude_fail_memory(error, "the report");
  struct dirent *entry   = NULL;
  while (status == UDE_OK && (entry = readdir(directory)) != NULL) {
    const char *name   = entry->d_name;
    size_t      length = strlen(name);
    if (length > 12 && strncmp(name, "learned_", 8) == 0 && strcmp(name + length - 4, ".csv") == 0) {
      ude_text path = {0};
      ude_text key  = {0};
      ude_text_append(&path, "%s/%s", folder, name);
      ude_text_append(&key, "%.*s", (int)(length - 12), name + 8);
      status = path.failed || key.failed ? ude_fail_memory(error, "the report")
                                         : add_table(learned, key.data, path.data, error);
      ude_text_free(&path);
      ude_text_free(&key);
    }
  }
  closedir(directory);
  return status;
}

static ude_status collect(const char *folder, cJSON *root, ude_error *error) {
  static const char *const tables[] = {"history", "data", "predicted", "trajectory", "extrapolation"};
  static const char *const objects[] = {"params", "settings", "discovered"};
  ude_text   path   = {0};
  ude_status status = UDE_OK;
  int        seen   = 0;
  for (int i = 0; i < 8 && status == UDE_OK; i++) {
    const char *key = i < 5 ? tables[i] : objects[i - 5];
    path.length     = 0;
    ude_text_append(&path, "%s/%s.%s", folder, key, i < 5 ? "csv" : "json");
    if (path.failed) {
      status = ude_fail_memory(error, "the report");
    } else if (access(path.data, F_OK) == 0) {
      status = i < 5 ? add_table(root, key, path.data, error) : add_json(root, key, path.data, error);
      seen++;
    }
  }
  ude_text_free(&path);
  if (status == UDE_OK && seen == 0) {
    status = ude_fail(error, UDE_BAD_DATA, "%s: is no run folder: none of a run's files is there", folder);
  }
  return status ? status : add_learned(root, folder, error);
}

/* The model file's folder or name, else the run folder's. */
static void append_title(const cJSON *root, const char *folder, ude_text *title) {
  const cJSON *settings = cJSON_GetObjectItemCaseSensitive(root, "settings");
  const cJSON *models   = cJSON_GetObjectItemCaseSensitive(settings, "model");
  const cJSON *first    = cJSON_GetArrayItem(models, 0);
  const char  *path     = cJSON_IsString(first) ? first->valuestring : folder;
  const char  *slash    = strrchr(path, '/');
  const char  *base     = slash ? slash + 1 : path;
  if (strcmp(base, "model.c") == 0 && slash) { /* examples/NAME/model.c */
    const char *start = slash;
    while (start > path && start[-1] != '/') {
      start--;
    }
    ude_text_append(title, "%.*s", (int)(slash - start), start);
    return;
  }
  ude_text_append(title, "%s", base);
}

static const char *find(const char *from, const char *end, const char *mark) {
  size_t length = strlen(mark);
  for (; from + length <= end; from++) {
    if (strncmp(from, mark, length) == 0) {
      return from;
    }
  }
  return end;
}

/* The page with its marks filled in. */
static void fill(const char *title, const char *subtitle, const char *data, ude_text *html) {
  const char *at  = ude_embedded_page;
  const char *end = ude_embedded_page_end;
  while (at < end) {
    const char *mark = find(at, end, "@");
    ude_text_append_bytes(html, at, (size_t)(mark - at));
    at = mark;
    if (at == end) {
      break;
    }
    if (find(at, end, "@TITLE@") == at) {
      append_escaped(html, title);
      at += strlen("@TITLE@");
    } else if (find(at, end, "@SUBTITLE@") == at) {
      append_escaped(html, subtitle);
      at += strlen("@SUBTITLE@");
    } else if (find(at, end, "@DATA@") == at) {
      append_script(html, data, strlen(data));
      at += strlen("@DATA@");
    } else if (find(at, end, "@ECHARTS@") == at) {
      append_script(html, ude_embedded_echarts,
                    (size_t)(ude_embedded_echarts_end - ude_embedded_echarts));
      at += strlen("@ECHARTS@");
    } else {
      ude_text_append_bytes(html, at++, 1);
    }
  }
}

ude_status ude_report_html(const char *run_folder, const ude_report_options *options,
                           ude_text *html, ude_error *error) {
  cJSON     *root   = cJSON_CreateObject();
  ude_text   title  = {0};
  ude_status status = root ? collect(run_folder, root, error) : ude_fail_memory(error, "the report");
  char      *data   = status == UDE_OK ? cJSON_PrintUnformatted(root) : NULL;
  if (options && options->title) {
    ude_text_append(&title, "%s", options->title);
  } else {
    append_title(root, run_folder, &title);
  }
  if (status == UDE_OK && (!data || title.failed)) {
    status = ude_fail_memory(error, "the report");
  }
  if (status == UDE_OK) {
    fill(title.data, options && options->subtitle ? options->subtitle : "a run of ude", data, html);
    status = html->failed ? ude_fail_memory(error, "the report") : UDE_OK;
  }
  cJSON_free(data);
  cJSON_Delete(root);
  ude_text_free(&title);
  return status;
}

ude_status ude_report_write(const char *run_folder, const char *output_path,
                            const ude_report_options *options, ude_error *error) {
  ude_text   html   = {0};
  ude_text   path   = {0};
  ude_status status = ude_report_html(run_folder, options, &html, error);
  ude_text_append(&path, "%s/report.html", run_folder);
  if (status == UDE_OK) {
    status = path.failed ? ude_fail_memory(error, "the report")
                         : ude_file_write(output_path ? output_path : path.data, html.data,
                                          html.length, error);
  }
  ude_text_free(&html);
  ude_text_free(&path);
  return status;
}
