/** @file lanes_math.h
 *  @brief Mathematical functions that go into lanes; they need fused multiply-adds of the processor. */
#ifndef UDE_COMPILER_LANES_MATH_H
#define UDE_COMPILER_LANES_MATH_H

double ude_lane_exp(double x);
double ude_lane_log(double x);
double ude_lane_tanh(double x);

#endif
