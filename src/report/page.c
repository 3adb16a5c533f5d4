/* A run folder as one HTML page. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <ude/report.h>

#include "report/embedded.h"
#include "report/escape.h"
#include "report/number.h"
#include "report/page.h"

void ude_page_number(ude_text *html, double value, int digits) {
  char buffer[UDE_NUMBER_SIZE];
  if (!isfinite(value)) {
    ude_text_append(html, "–");
    return;
  }
  const char *text     = ude_number_short(fabs(value), digits, buffer);
  const char *exponent = strchr(text, 'e');
  ude_text_append(html, "%s%.*s", value < 0 ? "−" : "", (int)strcspn(text, "e"), text);
  if (exponent) {
    bool minus = exponent[1] == '-';
    ude_text_append(html, "·10<sup>%s%s</sup>", minus ? "−" : "", exponent + 1 + minus);
  }
}

void ude_page_number_cell(ude_text *html, double value, int digits) {
  ude_text_append(html, "<td class=\"number\">");
  ude_page_number(html, value, digits);
  ude_text_append(html, "</td>");
}

void ude_page_text_cell(ude_text *html, const char *text) {
  ude_text_append(html, "<td>");
  ude_escape_html(html, text);
  ude_text_append(html, "</td>");
}

void ude_page_section(ude_text *html, const char *id, const char *title) {
  ude_text_append(html, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">",
                  id, id, id);
  ude_escape_html(html, title);
  ude_text_append(html, "</h2>\n");
}

/* The model's file without its ending; examples/NAME/model.c is called NAME; else the run folder. */
static void default_title(const ude_run *run, const char *folder, ude_text *title) {
  const cJSON *models = cJSON_GetObjectItemCaseSensitive(run->objects[RUN_SETTINGS], "model");
  const cJSON *first  = cJSON_IsArray(models) ? cJSON_GetArrayItem(models, 0) : models;
  const char  *path   = cJSON_IsString(first) ? first->valuestring : folder;
  size_t       length = strlen(path);
  while (length > 1 && path[length - 1] == '/') {
    length--;
  }
  size_t start = length;
  while (start > 0 && path[start - 1] != '/') {
    start--;
  }
  static const char generic[] = "model.c";
  if (path != folder && start > 1 && strcmp(path + start, generic) == 0) {
    length = start - 1;
    start  = length;
    while (start > 0 && path[start - 1] != '/') {
      start--;
    }
  } else if (path != folder && length - start > 2 && strncmp(path + length - 2, ".c", 2) == 0) {
    length -= 2;
  }
  ude_text_append(title, "%.*s", (int)(length - start), path + start);
}

/* What a run can have and this one has not, so that nobody looks for it. */
static void absent_parts(ude_text *html, const ude_run *run) {
  const struct {
    bool        present;
    const char *what, *file;
  } parts[] = {
      {run->objects[RUN_DISCOVERED], "recovered equations", "discovered.json"},
      {run->tables[RUN_DATA], "fit against data", "data.csv"},
      {run->tables[RUN_EXTRAPOLATION], "extrapolation", "extrapolation.csv"},
      {run->learned_count > 0, "learned terms", "learned_*.csv"},
      {run->tables[RUN_HISTORY], "loss history", "history.csv"},
      {run->objects[RUN_PARAMS], "parameters", "params.json"},
      {run->objects[RUN_SETTINGS], "settings", "settings.json"},
  };
  bool any = false;
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    if (!parts[i].present) {
      ude_text_append(html, "%s%s (<code>%s</code>)",
                      any ? ", " : "<p class=\"quiet\">Not part of this run: ", parts[i].what,
                      parts[i].file);
      any = true;
    }
  }
  ude_text_append(html, any ? ".</p>\n" : "");
}

static void contents(ude_text *html, const ude_run *run) {
  const struct {
    bool        present;
    const char *id, *title;
  } parts[] = {
      {run->objects[RUN_DISCOVERED], "equations", "Equations"},
      {run->tables[RUN_DATA] || run->tables[RUN_TRAJECTORY], "fit", "Fit"},
      {run->tables[RUN_EXTRAPOLATION], "extrapolation", "Extrapolation"},
      {run->learned_count > 0, "learned", "Learned terms"},
      {run->tables[RUN_HISTORY], "history", "Loss"},
      {run->objects[RUN_PARAMS], "parameters", "Parameters"},
      {run->objects[RUN_SETTINGS], "settings", "Settings"},
  };
  ude_text_append(html, "<nav aria-label=\"Sections\">");
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    if (parts[i].present) {
      ude_text_append(html, "<a href=\"#%s\">%s</a> ", parts[i].id, parts[i].title);
    }
  }
  ude_text_append(html, "</nav>\n");
}

/* The policy makes browsers refuse to load anything, whatever the page holds. */
static void head(ude_text *html, const char *title) {
  ude_text_append(html,
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n"
                  "<meta name=\"generator\" content=\"ude " UDE_VERSION_TEXT "\">\n<title>");
  ude_escape_html(html, title);
  ude_text_append(html, "</title>\n<style>\n");
  ude_text_append_bytes(html, ude_embedded_style,
                        (size_t)(ude_embedded_style_end - ude_embedded_style));
  ude_text_append(html, "</style>\n</head>\n<body>\n<main>\n");
}

static void scripts(ude_text *html, const ude_run *run) {
  ude_text_append(html, "<script type=\"application/json\" id=\"run\">");
  ude_page_data(html, run);
  ude_text_append(html, "</script>\n<script>");
  ude_text_append_bytes(html, ude_embedded_echarts,
                        (size_t)(ude_embedded_echarts_end - ude_embedded_echarts));
  ude_text_append(html, "</script>\n<script>\n");
  ude_text_append_bytes(html, ude_embedded_script,
                        (size_t)(ude_embedded_script_end - ude_embedded_script));
  ude_text_append(html, "</script>\n");
}

static ude_status compose(const ude_run *run, const char *title, const char *subtitle,
                          ude_text *html, ude_error *error) {
  head(html, title);
  ude_page_summary(html, run, title, subtitle);
  contents(html, run);
  ude_text_append(html,
                  "<noscript><p class=\"quiet\">Scripts are switched off: the plots below are "
                  "still pictures.</p></noscript>\n");
  ude_page_equations(html, run);
  ude_status status = ude_page_figures(html, run, error);
  ude_page_alternatives(html, run);
  ude_page_parameters(html, run);
  ude_page_settings(html, run);
  absent_parts(html, run);
  ude_text_append(html, "</main>\n");
  scripts(html, run);
  ude_text_append(html, "</body>\n</html>\n");
  return status;
}

ude_status ude_report_html(const char *run_folder, const ude_report_options *options,
                           ude_text *html, ude_error *error) {
  ude_run    run    = {0};
  ude_text   title  = {0};
  ude_status status = ude_run_load(run_folder, &run, error);
  if (status) {
    return status;
  }
  if (options && options->title) {
    ude_text_append(&title, "%s", options->title);
  } else {
    default_title(&run, run_folder, &title);
  }
  status = title.failed
               ? ude_fail_memory(error, "the report")
               : compose(&run, title.data, options ? options->subtitle : NULL, html, error);
  if (status == UDE_OK && html->failed) {
    status = ude_fail_memory(error, "the report");
  }
  ude_text_free(&title);
  ude_run_release(&run);
  return status;
}

ude_status ude_report_write(const char *run_folder, const char *output_path,
                            const ude_report_options *options, ude_error *error) {
  ude_text   html   = {0};
  ude_text   path   = {0};
  ude_status status = ude_report_html(run_folder, options, &html, error);
  if (status == UDE_OK) {
    ude_text_append(&path, "%s/report.html", run_folder);
    status = path.failed ? ude_fail_memory(error, "the report")
                         : ude_file_write(output_path ? output_path : path.data, html.data,
                                          html.length, error);
  }
  ude_text_free(&html);
  ude_text_free(&path);
  return status;
}
