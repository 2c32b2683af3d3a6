#include "nn/initialisers.h"

static aigc__initialiser_t uniform(double bound) { return (aigc__initialiser_t){AIGC__INITIAL_UNIFORM, -bound, bound}; }

static aigc__initialiser_t normal(double deviation)
{
    return (aigc__initialiser_t){AIGC__INITIAL_NORMAL, 0, deviation};
}

/* sqrt(a / fan), 0 for no fan at all */
static double root_over(double a, int64_t fan) { return fan > 0 ? __builtin_sqrt(a / (double)fan) : 0.0; }

aigc__initialiser_t aigc__kaiming_uniform(int64_t fan_in, int64_t fan_out)
{
    (void)fan_out;
    return uniform(root_over(1, fan_in));
}

aigc__initialiser_t aigc__kaiming_normal(int64_t fan_in, int64_t fan_out)
{
    (void)fan_out;
    return normal(root_over(2, fan_in));
}

aigc__initialiser_t aigc__xavier_uniform(int64_t fan_in, int64_t fan_out)
{
    return uniform(root_over(6, fan_in + fan_out));
}

aigc__initialiser_t aigc__xavier_normal(int64_t fan_in, int64_t fan_out)
{
    return normal(root_over(2, fan_in + fan_out));
}

aigc__initialiser_t aigc__dcgan_normal(int64_t fan_in, int64_t fan_out)
{
    (void)fan_in, (void)fan_out;
    return normal(0.02);
}

aigc__initialiser_t aigc__standard_normal(int64_t fan_in, int64_t fan_out)
{
    (void)fan_in, (void)fan_out;
    return normal(1);
}

aigc__initialiser_t aigc__orthogonal(int64_t fan_in, int64_t fan_out)
{
    (void)fan_in, (void)fan_out;
    return (aigc__initialiser_t){AIGC__INITIAL_ORTHOGONAL, 1, 0};
}

aigc__initialiser_t aigc__zeros(int64_t fan_in, int64_t fan_out)
{
    (void)fan_in, (void)fan_out;
    return aigc__constant_init(0);
}

aigc__initialiser_t aigc__constant_init(double value)
{
    return (aigc__initialiser_t){AIGC__INITIAL_CONSTANT, value, 0};
}
