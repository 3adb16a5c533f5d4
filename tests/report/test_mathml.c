/* Formulas as MathML: structure, fallbacks, escaping. */
#include "report/escape.h"
#include "report/markup.h"
#include "report/mathml.h"
#include "support/ude_check.h"

/* The formula without elements that only group, so that expectations can be read. */
static char *bare(const char *markup) {
  static const char *const dropped[] = {"<mrow>",
                                        "</mrow>",
                                        "<mo>&#x2062;</mo>",
                                        "<mspace width=\"0.17em\"/>",
                                        " lspace=\"0.15em\" rspace=\"0.15em\"",
                                        " rspace=\"0\""};
  ude_text                 out       = {0};
  for (const char *at = markup; *at;) {
    size_t skip = 0;
    for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++) {
      if (strncmp(at, dropped[i], strlen(dropped[i])) == 0) {
        skip = strlen(dropped[i]);
      }
    }
    if (skip) {
      at += skip;
    } else {
      ude_text_append_bytes(&out, at++, 1);
    }
  }
  return out.data;
}

static void check_formula(const char *text, bool factor, const char *expected) {
  ude_text out = {0};
  markup   markup;
  ck_assert_msg(ude_mathml_formula(&out, text, factor), "'%s' is refused", text);
  ck_assert_str_eq(markup_problem(&markup, out.data, false), "");
  char *got = bare(out.data);
  ck_assert_msg(strcmp(got, expected) == 0, "%s\ngot      %s\nexpected %s", text, got, expected);
  free(got);
  ude_text_free(&out);
}

START_TEST(structure) {
  check_formula("2*x", false, "<mn>2</mn><mi>x</mi>");
  check_formula("prey*predator", false, "<mi>prey</mi><mo>⋅</mo><mi>predator</mi>");
  check_formula("x^2", false, "<msup><mi>x</mi><mn>2</mn></msup>");
  check_formula("x^-1", false, "<msup><mi>x</mi><mo>−</mo><mn>1</mn></msup>");
  check_formula("(x + y)^2", false,
                "<msup><mo>(</mo><mi>x</mi><mo>+</mo><mi>y</mi><mo>)</mo><mn>2</mn></msup>");
  check_formula("a/(1 + x)", false, "<mfrac><mi>a</mi><mn>1</mn><mo>+</mo><mi>x</mi></mfrac>");
  check_formula("(a - 1)/(1 + x)^2", false,
                "<mfrac><mi>a</mi><mo>−</mo><mn>1</mn><msup><mo>(</mo><mn>1</mn><mo>+</mo>"
                "<mi>x</mi><mo>)</mo><mn>2</mn></msup></mfrac>");
  check_formula("a/b*c", false, "<mfrac><mi>a</mi><mi>b</mi></mfrac><mo>⋅</mo><mi>c</mi>");
  check_formula("sqrt(x) - sin(2*t)", false,
                "<msqrt><mi>x</mi></msqrt><mo>−</mo><mi>sin</mi><mo>&#x2061;</mo><mo>(</mo>"
                "<mn>2</mn><mi>t</mi><mo>)</mo>");
  check_formula("abs(x)", false, "<mo>|</mo><mi>x</mi><mo>|</mo>");
  check_formula("1.5e-7", false,
                "<mn>1.5</mn><mo>×</mo><msup><mn>10</mn><mo>−</mo><mn>7</mn></msup>");
  check_formula("2*3", false, "<mn>2</mn><mo>×</mo><mn>3</mn>");
}
END_TEST

START_TEST(names) {
  check_formula("alpha", false, "<mi>α</mi>");
  check_formula("k_on", false, "<msub><mi>k</mi><mi>on</mi></msub>");
  check_formula("x1", false, "<msub><mi>x</mi><mn>1</mn></msub>");
  check_formula("prey1", false, "<mi>prey1</mi>");
  check_formula("u[3][4]", false, "<msub><mi>u</mi><mn>3</mn><mo>,</mo><mn>4</mn></msub>");
  check_formula("net.k", false, "<mi>net.k</mi>");
  check_formula("é", false, "<mi>é</mi>");
}
END_TEST

/* A factor is put into parentheses only if it is a sum. */
START_TEST(factors) {
  check_formula("1 + x", true, "<mo>(</mo><mn>1</mn><mo>+</mo><mi>x</mi><mo>)</mo>");
  check_formula("1/(1 + x)", true, "<mfrac><mn>1</mn><mn>1</mn><mo>+</mo><mi>x</mi></mfrac>");
  check_formula("1e-5", true, "<mn>1</mn><mo>×</mo><msup><mn>10</mn><mo>−</mo><mn>5</mn></msup>");
  check_formula("rate + x", true, "<mo>(</mo><mi>rate</mi><mo>+</mo><mi>x</mi><mo>)</mo>");
  check_formula("2e3 - x", true,
                "<mo>(</mo><mn>2</mn><mo>×</mo><msup><mn>10</mn><mn>3</mn></msup><mo>−</mo>"
                "<mi>x</mi><mo>)</mo>");
  check_formula("x^-2", true, "<msup><mi>x</mi><mo>−</mo><mn>2</mn></msup>");
}
END_TEST

START_TEST(what_is_no_formula_is_refused_without_a_trace) {
  static const char *const texts[] = {"",    "x**y", "x y", "(x",  "x)",
                                      "<b>", "2x",   "a +", "x &", "f("};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    ude_text out = {0};
    ude_text_append(&out, "before");
    ck_assert_msg(!ude_mathml_formula(&out, texts[i], true), "'%s' is accepted", texts[i]);
    ck_assert_str_eq(out.data, "before");
    ude_text_free(&out);
  }
}
END_TEST

/* Depth is bounded: no text exhausts the stack. */
START_TEST(deep_formulas) {
  enum { DEPTH = 200000 };
  static const char *const pieces[] = {"(", "x^", "sin(", "-("};
  for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
    ude_text text = {0}, out = {0};
    for (int k = 0; k < DEPTH; k++) {
      ude_text_append(&text, "%s", pieces[i]);
    }
    ude_text_append(&text, "x");
    ck_assert(!ude_mathml_formula(&out, text.data, false));
    ude_text_free(&text);
    ude_text_free(&out);
  }
}
END_TEST

static void check_left(const char *name, const char *expected) {
  ude_text out = {0};
  markup   markup;
  ude_mathml_left_side(&out, name);
  ck_assert_str_eq(markup_problem(&markup, out.data, false), "");
  char *got = bare(out.data);
  ck_assert_str_eq(got, expected);
  free(got);
  ude_text_free(&out);
}

START_TEST(left_sides) {
  check_left("dx/dt", "<mfrac><mo>d</mo><mi>x</mi><mo>d</mo><mi>t</mi></mfrac>");
  check_left("dk_on/dt",
             "<mfrac><mo>d</mo><msub><mi>k</mi><mi>on</mi></msub><mo>d</mo><mi>t</mi></mfrac>");
  check_left("interaction[0]", "<msub><mi>interaction</mi><mn>0</mn></msub>");
  check_left("a<b", "<mtext>a&lt;b</mtext>");
  check_left("d/dt", "<mfrac><mi>d</mi><mi>dt</mi></mfrac>");
}
END_TEST

START_TEST(utf8) {
  static const struct {
    const char *text;
    uint32_t    codes[4];
  } cases[] = {{"aé", {'a', 0xE9}},
               {"\xe2\x82\xac", {0x20AC}},
               {"\xf0\x9f\x98\x80", {0x1F600}},
               {"\xc0\x80", {0xFFFD, 0xFFFD}},
               {"\xed\xa0\x80", {0xFFFD, 0xFFFD, 0xFFFD}},
               {"\xe2\x82", {0xFFFD, 0xFFFD}},
               {"\xff", {0xFFFD}}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    size_t at = 0;
    for (int k = 0; k < 4 && cases[i].codes[k]; k++) {
      ck_assert_uint_eq(ude_utf8_next(cases[i].text, &at), cases[i].codes[k]);
    }
    ck_assert_uint_eq(ude_utf8_next(cases[i].text, &at), 0);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("mathml");
  TCase *tcase = tcase_create("mathml");
  suite_add_tcase(suite, tcase);
  tcase_add_test(tcase, structure);
  tcase_add_test(tcase, names);
  tcase_add_test(tcase, factors);
  tcase_add_test(tcase, what_is_no_formula_is_refused_without_a_trace);
  tcase_add_test(tcase, deep_formulas);
  tcase_add_test(tcase, left_sides);
  tcase_add_test(tcase, utf8);
  return ude_check_run(suite);
}
