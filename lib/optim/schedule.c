#include "optim/schedule.h"

/* cos(pi t) for 0 <= t <= 1 by its Taylor series around the nearer multiple of pi/2: 1e-12 absolute,
 * and the same on every machine, which a C library's cos is not. */
static double cos_pi(double t)
{
    const double pi = 3.14159265358979323846;
    const double x = pi * (0.5 - t), y = x * x; /* cos(pi t) = sin(x), |x| <= pi/2 */
    double term = x, sum = x;
    for (int k = 1; k < 12; k++) {
        term *= -y / (double)(2 * k * (2 * k + 1));
        sum += term;
    }
    return sum;
}

double aigc__schedule_factor(const aigc__schedule_t *schedule, uint64_t step)
{
    const double s = (double)step, warmup = (double)schedule->warmup;
    if (s < warmup) return (s + 1) / warmup;
    if (schedule->total <= 0) return 1;
    const double span = (double)schedule->total - warmup;
    const double t = span > 0 ? (s - warmup) / span : 1;
    const double left = t < 1 ? 1 - t : 0;
    switch (schedule->kind) {
    case AIGC__SCHEDULE_LINEAR: return schedule->final + (1 - schedule->final) * left;
    case AIGC__SCHEDULE_COSINE: return schedule->final + (1 - schedule->final) * 0.5 * (1 + cos_pi(1 - left));
    default: return 1;
    }
}
