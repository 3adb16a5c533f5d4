/* Formulas typeset as MathML, which browsers draw without any help. */
#ifndef UDE_REPORT_MATHML_H
#define UDE_REPORT_MATHML_H

#include <ude/base.h>

/* Append "2*x*y/(1 + x^2)" as MathML: + - * / ^, calls, names ("prey", "k_on", "u[3][4]", "alpha"), numbers.
 * `factor`: in parentheses if it is a sum. False, and nothing appended, if the text is not such a
 * formula (or memory ran out: then out->failed). */
bool ude_mathml_formula(ude_text *out, const char *text, bool factor);

/* A left side: "dx/dt" as a derivative, "interaction[0]" with an index; anything else as text. */
void ude_mathml_left_side(ude_text *out, const char *name);

/* A number for the eye, as 1.5 x 10^-7 where it needs an exponent. The sign is left out. */
void ude_mathml_magnitude(ude_text *out, double value, int digits);

#endif
