/* Estimators of derivatives, apart from the choice of a method. */
#ifndef UDE_DISCOVER_DERIVATIVE_H
#define UDE_DISCOVER_DERIVATIVE_H

#include <ude/discover.h>

/* Natural cubic smoothing spline of y(t), its parameter by generalised cross-validation; arrays as in
 * ude_differentiate, count >= 5. */
ude_status smoothing_spline(int64_t count, const double *t, const double *y, double *value,
                            double *slope, ude_error *error);

/* Likewise by a truncated sine series (spectral.c) and by least total variation of the slope (total_variation.c). */
ude_status spectral_slope(int64_t count, const double *t, const double *y, double *value,
                          double *slope, ude_error *error);
ude_status total_variation_slope(int64_t count, const double *t, const double *y, double *value,
                                 double *slope, ude_error *error);

#endif
