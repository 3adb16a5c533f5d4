#include "report/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The digits and the exponent of value = +-d.ddd x 10^exponent. Only digits are taken from what
 * printf writes, so that the decimal point of the locale does not matter. */
static int split(double value, int digits, char mantissa[20]) {
  char text[UDE_NUMBER_SIZE];
  snprintf(text, sizeof text, "%.*e", digits - 1, fabs(value));
  int         used = 0;
  const char *at   = text;
  for (; *at != '\0' && *at != 'e'; at++) {
    if (*at >= '0' && *at <= '9' && used < 19) {
      mantissa[used++] = *at;
    }
  }
  mantissa[used] = '\0';
  while (used > 1 && mantissa[used - 1] == '0') {
    mantissa[--used] = '\0';
  }
  return *at == 'e' ? (int)strtol(at + 1, NULL, 10) : 0;
}

char *ude_number_short(double value, int digits, char buffer[UDE_NUMBER_SIZE]) {
  if (!isfinite(value)) {
    snprintf(buffer, UDE_NUMBER_SIZE, "%s", isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
    return buffer;
  }
  char        mantissa[20];
  int         exponent = split(value, digits < 1 ? 1 : digits > 17 ? 17 : digits, mantissa);
  int         count    = (int)strlen(mantissa);
  const char *sign     = value < 0 ? "-" : "";
  if (exponent < -4 || (exponent >= 6 && count + 2 <= exponent) || exponent > 17) {
    snprintf(buffer, UDE_NUMBER_SIZE, "%s%c%s%se%d", sign, mantissa[0], count > 1 ? "." : "",
             mantissa + 1, exponent);
  } else if (exponent < 0) {
    snprintf(buffer, UDE_NUMBER_SIZE, "%s0.%.*s%s", sign, -exponent - 1, "000", mantissa);
  } else if (count <= exponent + 1) {
    snprintf(buffer, UDE_NUMBER_SIZE, "%s%s%.*s", value == 0 ? "" : sign, mantissa,
             exponent + 1 - count, "0000000000000000");
  } else {
    snprintf(buffer, UDE_NUMBER_SIZE, "%s%.*s.%s", sign, exponent + 1, mantissa,
             mantissa + exponent + 1);
  }
  return buffer;
}

char *ude_number_fixed(double value, int decimals, char buffer[UDE_NUMBER_SIZE]) {
  double scale = 1;
  for (int i = 0; i < decimals; i++) {
    scale *= 10;
  }
  const double largest = 1e17;
  if (!(fabs(value) * scale < largest)) {
    return ude_number_short(value, 6, buffer);
  }
  long long whole    = llround(value * scale);
  long long absolute = whole < 0 ? -whole : whole;
  long long unit     = (long long)scale;
  if (decimals == 0) {
    snprintf(buffer, UDE_NUMBER_SIZE, "%lld", whole);
  } else {
    snprintf(buffer, UDE_NUMBER_SIZE, "%s%lld.%0*lld", whole < 0 ? "-" : "", absolute / unit,
             decimals, absolute % unit);
  }
  return buffer;
}
