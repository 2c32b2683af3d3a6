#include "base/angles.h"
#include <stdint.h>

static const double PI = 3.14159265358979323846;

/* x reduced to -1/2..1/2 by the symmetries of the sine, then Taylor's series of sin(pi x). */
double aigc__sin_pi(double x)
{
    x -= 2 * (double)(int64_t)(x / 2); /* -2..2, exactly */
    if (x > 1) x -= 2;
    if (x < -1) x += 2;
    if (x > 0.5) x = 1 - x;
    if (x < -0.5) x = -1 - x;
    const double y = PI * x;
    double term = y, sum = y;
    for (int k = 1; k < 12; k++) {
        term *= -y * y / (double)(2 * k * (2 * k + 1));
        sum += term;
    }
    return sum;
}

double aigc__cos_pi(double x) { return aigc__sin_pi(x + 0.5); }

/* Halving the angle until it is small, then the series. */
double aigc__arc_tangent(double x)
{
    int halvings = 0;
    for (; x > 0.1; halvings++) x = x / (1 + __builtin_sqrt(1 + x * x));
    double term = x, sum = x;
    for (int k = 3; k < 21; k += 2) {
        term *= -x * x;
        sum += term / k;
    }
    for (; halvings > 0; halvings--) sum *= 2;
    return sum;
}
