/* The report page: complete, self-contained, escaped, and honest about what is missing. */
#include <cjson/cJSON.h>
#include <ude/report.h>

#include "report/markup.h"
#include "report/run_files.h"

static char *page_of(const run_folder *folder, const ude_report_options *options) {
  ude_text  html  = {0};
  ude_error error = {0};
  ck_ok(ude_report_html(folder->path, options, &html, &error), &error);
  return html.data;
}

static void expect(const char *page, const char *text) {
  ck_assert_msg(strstr(page, text) != NULL, "the page has no '%s'", text);
}

static void expect_not(const char *page, const char *text) {
  ck_assert_msg(strstr(page, text) == NULL, "the page has '%s'", text);
}

static int count(const char *text, const char *what) {
  int found = 0;
  for (; (text = strstr(text, what)) != NULL; text += strlen(what)) {
    found++;
  }
  return found;
}

/* The JSON of the page, parsed. */
static cJSON *data_of(const char *page) {
  static const char mark[] = "<script type=\"application/json\" id=\"run\">";
  const char       *start  = strstr(page, mark);
  ck_assert_ptr_nonnull(start);
  start += sizeof mark - 1;
  const char *end = strstr(start, "</script>");
  ck_assert_ptr_nonnull(end);
  cJSON *data = cJSON_ParseWithLength(start, (size_t)(end - start));
  ck_assert_msg(data != NULL, "the embedded data are not JSON");
  return data;
}

static const cJSON *member(const cJSON *object, const char *a, const char *b) {
  const cJSON *inner = cJSON_GetObjectItemCaseSensitive(object, a);
  return b ? cJSON_GetObjectItemCaseSensitive(inner, b) : inner;
}

/* Value in a column of an embedded table. */
static const cJSON *cell(const cJSON *table, const char *name, int row) {
  const cJSON *item   = NULL;
  int          column = 0;
  cJSON_ArrayForEach(item, member(table, "names", NULL)) {
    if (strcmp(item->valuestring, name) == 0) {
      return cJSON_GetArrayItem(cJSON_GetArrayItem(member(table, "values", NULL), column), row);
    }
    column++;
  }
  return NULL;
}

START_TEST(is_whole) {
  run_folder folder = run_full();
  char      *page   = page_of(&folder, NULL);
  markup     markup;
  ck_assert_str_eq(markup_problem(&markup, page, true), "");
  expect(page, "<!DOCTYPE html>");
  expect(page, "<title>re&lt;act&gt;or</title>");
  expect(page, "3.25·10<sup>−7</sup>"); /* loss */
  expect(page, "<dt>Parameters</dt><dd>22</dd>");
  expect(page, "<dt>Measurements</dt><dd>43</dd>"); /* 44 cells, one missing */
  expect(page, "<dt>Trajectories</dt><dd>2</dd>");
  expect(page, "<dt>Evaluations</dt><dd>30</dd>");
  expect(page, "<dt>Training time</dt><dd>3.75&nbsp;s</dd>");
  expect(page, "<span class=\"tag good\">finished</span>");
  static const char *const ids[] = {"equations", "fit",        "extrapolation", "learned",
                                    "history",   "parameters", "settings",      "alternatives"};
  for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
    char section[64];
    snprintf(section, sizeof section, "<section id=\"%s\"", ids[i]);
    expect(page, section);
  }
  expect_not(page, "Not part of this run");
  free(page);
  run_delete(&folder);
}
END_TEST

START_TEST(equations_are_typeset) {
  run_folder folder = run_full();
  char      *page   = page_of(&folder, NULL);
  ck_assert_int_eq(count(page, "<math display=\"block\">"), 3);
  expect(page, "<mn>0.9027</mn>"); /* as many digits as the standard error leaves */
  expect(page, "<mfrac>");
  expect(page, "<mn>2.5</mn>");
  expect(page, "<mtext>x**&lt;bad&gt;</mtext>"); /* what is no formula stands as text */
  expect(page, "<td>refitted along</td><td>k_on</td>");
  expect(page, "dropped &lt;x^9&gt;");
  expect(page, "<code>rate[0]: x &amp; y</code>");
  expect(page, "char s[] = &quot;&lt;/script&gt;&quot;;");
  free(page);
  run_delete(&folder);
}
END_TEST

/* No address of another place where a browser would load one. */
START_TEST(loads_nothing) {
  run_folder folder = run_full();
  char      *page   = page_of(&folder, NULL);
  expect(page, "Content-Security-Policy\" content=\"default-src 'none'");
  static const char *const loaders[] = {"<link",
                                        "<img",
                                        "<iframe",
                                        "<object",
                                        "<embed",
                                        "@import",
                                        "url(",
                                        "<base",
                                        "<audio",
                                        "<video",
                                        "<script src",
                                        "srcset=",
                                        "http-equiv=\"refresh"};
  for (size_t i = 0; i < sizeof loaders / sizeof loaders[0]; i++) {
    const char *echarts = strstr(page, "<script>");
    const char *found   = strstr(page, loaders[i]);
    ck_assert_msg(!found || found > echarts, "the page has '%s'", loaders[i]);
  }
  for (const char *at = page; (at = strstr(at, " src=")) != NULL; at++) {
    ck_assert_msg(strncmp(at, " src=\"http", 10) != 0, "%.60s", at);
  }
  for (const char *at = page; (at = strstr(at, " href=\"")) != NULL; at++) {
    ck_assert_msg(at[7] == '#', "%.60s", at);
  }
  free(page);
  run_delete(&folder);
}
END_TEST

/* Three scripts begin and three end: no name can end one. */
START_TEST(names_stay_names) {
  run_folder         folder  = run_full();
  ude_report_options options = {.title = HOSTILE, .subtitle = "<i>&"};
  char              *page    = page_of(&folder, &options);
  markup             markup;
  ck_assert_str_eq(markup_problem(&markup, page, true), "");
  ck_assert_int_eq(count(page, "<script"), 3);
  ck_assert_int_eq(count(page, "</script"), 3);
  expect(page, "<h1>&lt;/script&gt;&lt;b&gt;&quot;&amp;&#39;</h1>");
  expect(page, "<p class=\"subtitle\">&lt;i&gt;&amp;</p>");
  expect_not(page, "<b>");
  cJSON       *data  = data_of(page);
  const cJSON *table = member(data, "tables", "data");
  ck_assert_ptr_nonnull(cell(table, HOSTILE, 0));
  ck_assert(cell(table, HOSTILE, 2)->valuedouble == 9);
  cJSON_Delete(data);
  free(page);
  run_delete(&folder);
}
END_TEST

START_TEST(data_are_those_of_the_files) {
  run_folder   folder = run_full();
  char        *page   = page_of(&folder, NULL);
  cJSON       *data   = data_of(page);
  const cJSON *table  = member(data, "tables", "data");
  ck_assert(cell(table, "x", 1)->valuedouble == 0.75);
  ck_assert(cJSON_IsNull(cell(table, "x", 3))); /* the missing cell */
  ck_assert(cell(table, "trajectory", 21)->valuedouble == 1);
  ck_assert_ptr_null(cell(table, "x", 22));
  ck_assert(cell(member(data, "tables", "history"), "loss", 9)->valuedouble == 10);
  ck_assert(cell(member(data, "tables", "extrapolation"), "truth:x", 1)->valuedouble == 1.5);
  const cJSON *learned = cJSON_GetArrayItem(member(data, "learned", NULL), 0);
  ck_assert_str_eq(member(learned, "name", NULL)->valuestring, "rate");
  ck_assert(cell(member(learned, "table", NULL), "rec:1", 2)->valuedouble == 1);
  cJSON_Delete(data);
  free(page);
  run_delete(&folder);
}
END_TEST

/* x misses by 0.25 everywhere, the recovered term by 0.5 in one output and by nothing in the other. */
START_TEST(agreement_in_numbers) {
  run_folder folder = run_full();
  char      *page   = page_of(&folder, NULL);
  expect(page, "<tr><td>x</td><td class=\"number\">21</td><td class=\"number\">0.25</td>");
  expect(page, "<tr><td>rate[0]</td><td class=\"number\">22</td><td class=\"number\">0.5</td>");
  expect(page, "<tr><td>rate[1]</td><td class=\"number\">22</td><td class=\"number\">0</td>");
  expect(page, "<tr><td>x</td><td class=\"number\">22</td><td class=\"number\">0.5</td>");
  /* the network: 20 values of +-3 */
  expect(page,
         "<tr><td>net</td><td class=\"number\">20</td><td class=\"number\">−3</td>"
         "<td class=\"number\">3</td><td class=\"number\">3</td></tr>");
  expect(page, "<tr><td>alpha&lt;1&gt;</td><td class=\"number\">−0.5</td></tr>");
  expect(page, "<th scope=\"row\">adam</th><td class=\"break\">300</td>");
  expect(page, "<th scope=\"row\">data</th><td class=\"break\">/data/a&amp;b.csv</td>");
  free(page);
  run_delete(&folder);
}
END_TEST

START_TEST(pictures_without_scripts) {
  run_folder folder = run_full();
  char      *page   = page_of(&folder, NULL);
  ck_assert_int_eq(count(page, "<noscript><svg"), 4);
  free(page);
  run_delete(&folder);
}
END_TEST

START_TEST(what_is_missing_is_left_out) {
  static const struct {
    const char *file, *section;
  } parts[]         = {{"discovered.json", "equations"}, {"extrapolation.csv", "extrapolation"},
                       {"learned_rate.csv", "learned"},  {"history.csv", "history"},
                       {"params.json", "parameters"},    {"settings.json", "settings"}};
  run_folder folder = run_full();
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    run_remove(&folder, parts[i].file);
    char  *page = page_of(&folder, NULL);
    char   section[64];
    markup markup;
    snprintf(section, sizeof section, "<section id=\"%s\"", parts[i].section);
    expect_not(page, section);
    expect(page, "Not part of this run");
    ck_assert_str_eq(markup_problem(&markup, page, true), "");
    cJSON_Delete(data_of(page));
    free(page);
  }
  run_remove(&folder, "data.csv"); /* now only the solution */
  char *page = page_of(&folder, NULL);
  expect(page, "Fitted solution");
  expect(page, "<title>report_run_");
  free(page);
  run_delete(&folder);
}
END_TEST

START_TEST(interrupted_runs_say_so) {
  run_folder folder = run_empty();
  run_put(&folder, "params.json", "{\"status\":\"interrupted\",\"loss\":null,\"params\":{}}");
  char *page = page_of(&folder, NULL);
  expect(page, "<span class=\"tag warning\">interrupted</span>");
  expect(page, "interrupted: these are the best parameters so far");
  expect_not(page, "<dt>Loss</dt>");
  free(page);
  run_delete(&folder);
}
END_TEST

START_TEST(odd_contents_do_no_harm) {
  static const char *const objects[] = {
      "{}", "{\"equations\":5,\"alternatives\":{},\"notes\":[]}",
      "{\"equations\":[7,{},{\"name\":4,\"terms\":{}}],\"refitted\":[null],"
      "\"alternatives\":[1,{\"text\":2}],\"params\":[1],\"model\":7,\"status\":3}",
      "{\"params\":{\"a\":\"text\",\"b\":null,\"c\":[1]},\"model\":[[]],\"options\":{\"x\":{\"y\":["
      "{}]}}}"};
  for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
    run_folder folder = run_empty();
    run_put(&folder, "discovered.json", objects[i]);
    run_put(&folder, "params.json", objects[i]);
    run_put(&folder, "settings.json", objects[i]);
    run_put(&folder, "history.csv", "evaluation,loss\n,\n");
    run_put(&folder, "data.csv", "t,x\nnan,\n");
    run_put(&folder, "learned_.csv", "not a table"); /* no name: not a learned function */
    char  *page = page_of(&folder, NULL);
    markup markup;
    ck_assert_str_eq(markup_problem(&markup, page, true), "");
    cJSON_Delete(data_of(page));
    free(page);
    run_delete(&folder);
  }
}
END_TEST

/* Long curves are thinned, their ends kept, and the page says so; measurements never are. */
START_TEST(long_files) {
  run_folder folder = run_empty();
  ude_text   curve  = {0};
  ude_text_append(&curve, "trajectory,t,x\n");
  enum { ROWS = 300001 };
  for (int i = 0; i < ROWS; i++) {
    ude_text_append(&curve, "%d,%d,%d\n", i >= 1234, i, i);
  }
  run_put(&folder, "trajectory.csv", curve.data);
  run_put(&folder, "data.csv", curve.data);
  ude_text_free(&curve);
  char        *page  = page_of(&folder, NULL);
  cJSON       *data  = data_of(page);
  const cJSON *thin  = member(data, "tables", "trajectory");
  const cJSON *whole = member(data, "tables", "data");
  ck_assert(member(thin, "every", NULL)->valuedouble == 3);
  ck_assert(member(whole, "every", NULL)->valuedouble == 1);
  const cJSON *x     = cJSON_GetArrayItem(member(thin, "values", NULL), 2);
  bool         left  = false;
  bool         right = false;
  const cJSON *item  = NULL;
  double       last  = -1;
  cJSON_ArrayForEach(item, x) {
    ck_assert(item->valuedouble > last && item->valuedouble <= last + 3);
    last  = item->valuedouble;
    left  = left || last == 1233;
    right = right || last == 1234;
  }
  ck_assert(left && right && last == ROWS - 1);
  ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetArrayItem(member(whole, "values", NULL), 2)), ROWS);
  cJSON_Delete(data);
  free(page);
  run_delete(&folder);
}
END_TEST

START_TEST(bad_files_are_named) {
  static const struct {
    const char *file, *text, *word1, *word2;
  } cases[] = {{"data.csv", "t,x\n0,abc\n", "data.csv:2", "'x'"},
               {"data.csv", "time,x\n0,1\n", "data.csv", "'t'"},
               {"history.csv", "evaluation,cost\n0,1\n", "history.csv", "'loss'"},
               {"learned_g.csv", "t,in:x\n0,1\n", "learned_g.csv", "'out:0'"},
               {"params.json", "{\n\"loss\": 1,\n\"x\": }", "params.json:3", "not JSON"},
               {"params.json", "", "params.json", "not JSON"},
               {"params.json", "{} x", "params.json:1", "not JSON"},
               {"discovered.json", "[1]", "discovered.json", "no object"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    run_folder folder = run_full();
    ude_error  error  = {0};
    run_put(&folder, cases[i].file, cases[i].text);
    ck_fails(ude_report_write(folder.path, NULL, NULL, &error), UDE_BAD_DATA, &error,
             cases[i].word1, cases[i].word2);
    char path[512];
    run_path(&folder, "report.html", path);
    ck_assert_int_ne(access(path, F_OK), 0);
    run_delete(&folder);
  }
}
END_TEST

START_TEST(bad_folders_are_named) {
  ude_error  error  = {0};
  run_folder folder = run_empty();
  ck_fails(ude_report_write("no_such_folder", NULL, NULL, &error), UDE_IO, &error, "no_such_folder",
           "No such file");
  ck_fails(ude_report_write(folder.path, NULL, NULL, &error), UDE_BAD_DATA, &error, folder.path,
           "no run folder");
  run_put(&folder, "params.json", "{}");
  ck_fails(ude_report_write(folder.path, "no/such/place.html", NULL, &error), UDE_IO, &error,
           "no/such/place.html", "");
  run_delete(&folder);
}
END_TEST

START_TEST(same_run_same_bytes) {
  run_folder folder = run_full();
  char       path[512];
  char      *written = NULL;
  size_t     length  = 0;
  ck_ok(ude_report_write(folder.path, NULL, NULL, NULL), NULL);
  run_path(&folder, "report.html", path);
  ck_ok(ude_file_read(path, &written, &length, NULL), NULL);
  char *page = page_of(&folder, NULL);
  ck_assert(length == strlen(page) && memcmp(page, written, length) == 0);
  ck_assert_int_ge((int64_t)length, 700000); /* with the script that draws */
  free(page);
  free(written);
  run_delete(&folder);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("page");
  TCase *tcase = tcase_create("page");
  suite_add_tcase(suite, tcase);
  tcase_set_timeout(tcase, 60);
  tcase_add_test(tcase, is_whole);
  tcase_add_test(tcase, equations_are_typeset);
  tcase_add_test(tcase, loads_nothing);
  tcase_add_test(tcase, names_stay_names);
  tcase_add_test(tcase, data_are_those_of_the_files);
  tcase_add_test(tcase, agreement_in_numbers);
  tcase_add_test(tcase, pictures_without_scripts);
  tcase_add_test(tcase, what_is_missing_is_left_out);
  tcase_add_test(tcase, interrupted_runs_say_so);
  tcase_add_test(tcase, odd_contents_do_no_harm);
  tcase_add_test(tcase, long_files);
  tcase_add_test(tcase, bad_files_are_named);
  tcase_add_test(tcase, bad_folders_are_named);
  tcase_add_test(tcase, same_run_same_bytes);
  return ude_check_run(suite);
}
