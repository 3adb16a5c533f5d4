/* Numbers for the eye: rounded, '.' as the decimal point in every locale. */
#ifndef UDE_REPORT_NUMBER_H
#define UDE_REPORT_NUMBER_H

#include <ude/base.h>

enum { UDE_NUMBER_SIZE = 48 };

/* `digits` (1 to 17) significant digits without trailing zeros, "1.5e-7" where zeros would be
 * many; "nan", "inf", "-inf". Finite ones are JSON numbers. Returns `buffer`. */
char *ude_number_short(double value, int digits, char buffer[UDE_NUMBER_SIZE]);

/* Exactly `decimals` (0 to 15) places; |value| * 10^decimals must stay below 1e17, larger ones fall
 * back to ude_number_short. Never "-0.00". Returns `buffer`. */
char *ude_number_fixed(double value, int decimals, char buffer[UDE_NUMBER_SIZE]);

#endif
