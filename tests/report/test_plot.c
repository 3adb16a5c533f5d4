/* Plots of characters and as SVG. */
#include <stdio.h>
#include <ude/report.h>

#include "report/axis.h"
#include "report/markup.h"
#include "support/ude_check.h"

enum { POINTS = 21 };

/* A parabola with a gap, a falling broken line, five points on it. */
static void example(double x[POINTS], double y[POINTS], double z[POINTS],
                    ude_plot_series series[3]) {
  for (int i = 0; i < POINTS; i++) {
    x[i] = 0.1 * i;
    y[i] = i == 10 ? (double)NAN : x[i] * x[i];
    z[i] = 2 - x[i];
  }
  series[0] = (ude_plot_series){.name = "square", .count = POINTS, .x = x, .y = y};
  series[1] =
      (ude_plot_series){.name = "line", .count = POINTS, .x = x, .y = z, .mark = UDE_MARK_DASHED};
  series[2] = (ude_plot_series){
      .name = "seen", .count = 5, .x = x + 8, .y = z + 8, .mark = UDE_MARK_POINTS, .colour = 1};
}

static char *draw(const ude_plot *plot, ude_plot_text_options options) {
  ude_text  text  = {0};
  ude_error error = {0};
  ck_ok(ude_plot_lines(plot, &options, &text, &error), &error);
  return text.data;
}

static void check_drawing(ude_plot_text_options options, const char *expected) {
  double          x[POINTS], y[POINTS], z[POINTS];
  ude_plot_series series[3];
  example(x, y, z, series);
  ude_plot plot = {.title  = "two curves",
                   .x      = {.label = "t"},
                   .y      = {.label = "value"},
                   .series = series,
                   .count  = 3};
  char    *got  = draw(&plot, options);
  ck_assert_msg(strcmp(got, expected) == 0, "got\n%s\nexpected\n%s", got, expected);
  free(got);
}

START_TEST(braille) {
  check_drawing((ude_plot_text_options){.width = 40, .height = 8},
                "                two curves\n"
                "value\n"
                "4 ┤                                   ⡠⠒\n"
                "  │                                ⢀⠤⠋\n"
                "  │                             ⣀⠔⠊⠁\n"
                "  │                          ⣀⠤⠊\n"
                "2 ┤⠉⠉ ⠐⠒⠄ ⠠⣀⡀            ⢀⡠⠒⠉\n"
                "  │           ⠈⠑⠂o⠠o⠄o ⠒⠊⠁\n"
                "  │           ⢀⣀⡤⠤⠒⠊  ⠈o⠁o⠐⠢⠄ ⢀⣀⡀\n"
                "0 ┤⠤⠤⠤⠤⠤⠤⠔⠒⠒⠊⠉⠁                   ⠈⠒⠂ ⠠⠤\n"
                "  └┬────────┬────────┬────────┬────────┬\n"
                "  0.0      0.5      1.0      1.5     2.0\n"
                "                     t\n"
                "   ⠤⠤⠤⠤ square   ⠤⠤⠀⠀ line   o seen\n");
}
END_TEST

START_TEST(ascii) {
  check_drawing((ude_plot_text_options){.width = 40, .height = 8, .ascii = true},
                "                two curves\n"
                "value\n"
                "4 +                                   ..\n"
                "  |                                ...\n"
                "  |                              ...\n"
                "  |                          ....\n"
                "2 +:: :: :: ::           ....\n"
                "  |            ::o:o o:o:\n"
                "  |         ........     o :: :: ::\n"
                "0 +.........                       :: ::\n"
                "  ++--------+--------+--------+--------+\n"
                "  0.0      0.5      1.0      1.5     2.0\n"
                "                     t\n"
                "   .... square   :: : line   o seen\n");
}
END_TEST

START_TEST(colours_switch_off_at_each_line) {
  const double    y[] = {1, 2, 3};
  ude_plot_series s[] = {{.name = "a", .count = 3, .y = y}, {.name = "b", .count = 3, .y = y}};
  ude_plot        p   = {.series = s, .count = 2};
  char           *got = draw(&p, (ude_plot_text_options){.width = 30, .height = 4, .colour = true});
  int             on  = 0;
  ck_assert(strstr(got, "\x1b[33m"));
  for (const char *at = got; *at; at++) {
    if (*at == '\x1b') {
      on = at[2] != '0';
    }
    ck_assert(*at != '\n' || !on);
  }
  free(got);
}
END_TEST

/* Lines keep to the asked width, whatever is in them. */
START_TEST(width_is_kept) {
  double y[200];
  for (int i = 0; i < 200; i++) {
    y[i] = 1e5 * sin(0.1 * i);
  }
  ude_plot_series s[] = {{.name = "first of them", .count = 200, .y = y},
                         {.name = "another with a long name", .count = 200, .y = y},
                         {.name = "a third", .count = 200, .y = y}};
  ude_plot        p   = {.title = "t", .x = {.label = "x"}, .series = s, .count = 3};
  for (int width = 40; width <= 200; width += 7) {
    char *got = draw(&p, (ude_plot_text_options){.width = width, .height = 6});
    int   at  = 0;
    for (const char *c = got; *c; c++) {
      at = *c == '\n' ? 0 : at + (((unsigned char)*c & 0xC0) != 0x80);
      ck_assert_msg(at <= width, "a line of more than %d", width);
    }
    free(got);
  }
}
END_TEST

START_TEST(names_cannot_command_the_terminal) {
  const double    y[] = {1, 2};
  ude_plot_series s   = {.name = "a\x1b[2Jb\n\xc2\x9b\xff", .count = 2, .y = y};
  ude_plot        p   = {.series = &s, .count = 1};
  char           *got = draw(&p, (ude_plot_text_options){.width = 40, .height = 4});
  ck_assert(strstr(got, "a?[2Jb???\n"));
  ck_assert(!strchr(got, '\x1b'));
  free(got);
}
END_TEST

START_TEST(nothing_to_draw) {
  const double    y[] = {(double)NAN, -1};
  ude_plot_series s   = {.name = "a", .count = 2, .y = y};
  ude_plot        p   = {.y = {.log = true}, .series = &s, .count = 1};
  char           *got = draw(&p, (ude_plot_text_options){0});
  ck_assert(strstr(got, "(no finite points)"));
  free(got);
  p   = (ude_plot){0};
  got = draw(&p, (ude_plot_text_options){0});
  ck_assert(strstr(got, "(no finite points)"));
  free(got);
}
END_TEST

/* Values far outside of the asked range neither draw nor overflow. */
START_TEST(clipping) {
  const double    x[] = {-1e300, 0.5, 1e300};
  const double    y[] = {-1e308, 0.5, 1e308};
  ude_plot_series s[] = {{.count = 3, .x = x, .y = y},
                         {.count = 3, .x = x, .y = y, .mark = UDE_MARK_POINTS}};
  ude_plot    p = {.x = {.low = 0, .high = 1}, .y = {.low = 0, .high = 1}, .series = s, .count = 2};
  char       *got  = draw(&p, (ude_plot_text_options){.width = 40, .height = 9, .ascii = true});
  const char *sign = strchr(got, 'x');
  ck_assert(sign && !strchr(sign + 1, 'x'));
  free(got);
}
END_TEST

START_TEST(bad_sizes_are_refused) {
  ude_plot              plot  = {0};
  ude_text              text  = {0};
  ude_error             error = {0};
  ude_plot_text_options small = {.width = 10};
  ude_plot_text_options high  = {.height = 501};
  ude_plot_svg_options  thin  = {.width = 100};
  ck_fails(ude_plot_lines(&plot, &small, &text, &error), UDE_INVALID_ARGUMENT, &error, "10 x 16",
           "20 to 1000");
  ck_fails(ude_plot_lines(&plot, &high, &text, &error), UDE_INVALID_ARGUMENT, &error, "501", "");
  ck_fails(ude_plot_svg(&plot, &thin, &text, &error), UDE_INVALID_ARGUMENT, &error, "100 x 400",
           "160");
  plot.y = (ude_plot_axis){.low = 3, .high = 3};
  ck_fails(ude_plot_svg(&plot, NULL, &text, &error), UDE_INVALID_ARGUMENT, &error, "3 to 3", "y");
  ude_text_free(&text);
}
END_TEST

static int count(const char *text, const char *what) {
  int found = 0;
  for (; (text = strstr(text, what)) != NULL; text += strlen(what)) {
    found++;
  }
  return found;
}

START_TEST(svg) {
  double          x[POINTS], y[POINTS], z[POINTS];
  ude_plot_series series[3];
  example(x, y, z, series);
  series[0].name = "<b>&\"";
  ude_plot plot  = {.title  = "a < b",
                    .x      = {.label = "t"},
                    .y      = {.label = "v", .log = true},
                    .series = series,
                    .count  = 3};
  for (int transparent = 0; transparent < 2; transparent++) {
    ude_plot_svg_options options = {.transparent = transparent};
    ude_text             text    = {0};
    ude_error            error   = {0};
    markup               markup;
    ck_ok(ude_plot_svg(&plot, &options, &text, &error), &error);
    ck_assert_str_eq(markup_problem(&markup, text.data, false), "");
    ck_assert_int_eq(strncmp(text.data, "<svg xmlns=\"http://www.w3.org/2000/svg\"", 39), 0);
    ck_assert(strstr(text.data, "<title>a &lt; b</title>"));
    ck_assert(strstr(text.data, "&lt;b&gt;&amp;&quot;"));
    ck_assert_int_eq(count(text.data, "<circle"), 5 + 1); /* and one in the legend */
    ck_assert(strstr(text.data, ude_palette[0].hex) && strstr(text.data, ude_palette[1].hex));
    ck_assert_int_eq(count(text.data, "nan"), 0);
    ck_assert_int_eq(strstr(text.data, "prefers-color-scheme") != NULL, transparent);
    ude_text_free(&text);
  }
}
END_TEST

/* The parabola has a gap: its path is set down twice. */
START_TEST(svg_gap) {
  double          x[POINTS], y[POINTS], z[POINTS];
  ude_plot_series series[3];
  example(x, y, z, series);
  series[0].name = NULL;
  ude_plot plot  = {.series = series, .count = 1};
  ude_text text  = {0};
  ck_ok(ude_plot_svg(&plot, NULL, &text, NULL), NULL);
  const char *path = strstr(text.data, "<path");
  ck_assert_ptr_nonnull(path);
  ck_assert_int_eq(count(path, "M"), 2);
  ck_assert_int_eq(count(path, "L"), POINTS - 3);
  ude_text_free(&text);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("plot");
  TCase *tcase = tcase_create("plot");
  suite_add_tcase(suite, tcase);
  tcase_add_test(tcase, braille);
  tcase_add_test(tcase, ascii);
  tcase_add_test(tcase, colours_switch_off_at_each_line);
  tcase_add_test(tcase, width_is_kept);
  tcase_add_test(tcase, names_cannot_command_the_terminal);
  tcase_add_test(tcase, nothing_to_draw);
  tcase_add_test(tcase, clipping);
  tcase_add_test(tcase, bad_sizes_are_refused);
  tcase_add_test(tcase, svg);
  tcase_add_test(tcase, svg_gap);
  return ude_check_run(suite);
}
