/* Pages and plots under failing allocations. */
#include <ude/report.h>

#include "report/run_files.h"
#include "support/fault.h"

static ude_status html(void *context, ude_error *error) {
  ude_text   page   = {0};
  ude_status status = ude_report_html(context, NULL, &page, error);
  ude_text_free(&page);
  return status;
}

static ude_status write_page(void *context, ude_error *error) {
  return ude_report_write(context, "report_fault.html", NULL, error);
}

static ude_status picture(void *context, ude_error *error) {
  return ude_report_picture(context, NULL, "report_fault.svg", NULL, error);
}

static const double    values[] = {1, 2, 4, 8, 16};
static ude_plot_series series[] = {{.name = "a", .count = 5, .y = values},
                                   {.name = "b", .count = 5, .y = values, .mark = UDE_MARK_POINTS}};
static const ude_plot  plot     = {.title = "t", .series = series, .count = 2};

static ude_status lines(void *context, ude_error *error) {
  ude_text   text   = {0};
  ude_status status = ude_plot_lines(context, NULL, &text, error);
  ude_text_free(&text);
  return status;
}

static ude_status svg(void *context, ude_error *error) {
  ude_text   text   = {0};
  ude_status status = ude_plot_svg(context, NULL, &text, error);
  ude_text_free(&text);
  return status;
}

START_TEST(plots) {
  ude_plot copy = plot;
  fault_every_allocation(lines, &copy, 5);
  fault_every_allocation(svg, &copy, 5);
}
END_TEST

START_TEST(pages) {
  run_folder folder = run_full();
  fault_every_allocation(html, folder.path, 100);
  fault_every_allocation(picture, folder.path, 50);
  remove("report_fault.svg");
  run_delete(&folder);
}
END_TEST

START_TEST(files) {
  run_folder folder = run_empty();
  run_put(&folder, "params.json", "{\"loss\":1,\"params\":{\"a\":2}}");
  fault_every_allocation(write_page, folder.path, 10);
  remove("report_fault.html");
  run_delete(&folder);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("report_fault");
  TCase *tcase = tcase_create("report_fault");
  suite_add_tcase(suite, tcase);
  tcase_set_timeout(tcase, 120);
  tcase_add_test(tcase, plots);
  tcase_add_test(tcase, pages);
  tcase_add_test(tcase, files);
  return ude_check_run(suite);
}
