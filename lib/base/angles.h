/* Sine, cosine and arc tangent in double by series: within 1e-14 of the true value and the same on every
 * machine, which a C library's are not. For set-up work; numbers in bulk go through the kernels. */
#ifndef AIGC_BASE_ANGLES_H
#define AIGC_BASE_ANGLES_H

double aigc__sin_pi(double x); /* sin(pi x), |x| < 2^50 */
double aigc__cos_pi(double x); /* cos(pi x), |x| < 2^50 */
double aigc__arc_tangent(double x); /* x >= 0 */

#endif
