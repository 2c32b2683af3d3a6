/* Initial numbers of parameters. Those of each depend on the seed and its place alone, not on the other shapes. */
#include "graph/store.h"

/* Divides n numbers, `stride` apart, by their length; what has none becomes the first axis. */
static void make_unit(float *a, size_t n, size_t stride)
{
    double squares = 0;
    for (size_t i = 0; i < n; i++) squares += (double)a[i * stride] * (double)a[i * stride];
    if (squares > 0)
        for (size_t i = 0; i < n; i++) a[i * stride] = (float)((double)a[i * stride] / __builtin_sqrt(squares));
    else if (n > 0)
        a[0] = 1;
}

/* Gram-Schmidt on `count` vectors of n numbers; twice, because one pass leaves what rounding makes of
 * almost parallel vectors. */
static void make_orthonormal(float *a, size_t count, size_t next, size_t n, size_t stride)
{
    for (size_t k = 0; k < count; k++) {
        float *own = a + k * next;
        for (size_t pass = 0; pass < 2; pass++)
            for (size_t j = 0; j < k; j++) {
                const float *other = a + j * next;
                double dot = 0;
                for (size_t i = 0; i < n; i++) dot += (double)own[i * stride] * (double)other[i * stride];
                for (size_t i = 0; i < n; i++)
                    own[i * stride] = (float)((double)own[i * stride] - dot * (double)other[i * stride]);
            }
        make_unit(own, n, stride);
    }
}

static void make_orthogonal(float *a, const aigc__parameter_t *parameter)
{
    const size_t rows = parameter->shape.rank > 0 ? (size_t)parameter->shape.dims[0] : 1;
    const size_t columns = rows > 0 ? parameter->count / rows : 0;
    if (rows <= columns)
        make_orthonormal(a, rows, columns, columns, 1);
    else
        make_orthonormal(a, columns, 1, rows, columns);
}

void aigc__initialise(const aigc__kernels_t *kernels, const aigc__parameter_t *parameter, size_t index, uint64_t seed,
                      float *data)
{
    const aigc__initialiser_t *initialiser = &parameter->initialiser;
    const aigc__stream_t stream = {.seed = seed, .stream = AIGC__STREAM_INITIALISE, .step = (uint32_t)index};
    double offset = initialiser->a, factor = initialiser->b;
    switch (initialiser->distribution) {
    case AIGC__INITIAL_UNIFORM:
        kernels->random_uniform(data, parameter->count, stream, 0);
        factor = initialiser->b - initialiser->a;
        break;
    case AIGC__INITIAL_NORMAL:
        kernels->random_normal(data, parameter->count, stream, 0);
        break;
    case AIGC__INITIAL_DIRECTION:
        kernels->random_normal(data, parameter->count, stream, 0);
        make_unit(data, parameter->count, 1);
        return;
    case AIGC__INITIAL_ORTHOGONAL:
        kernels->random_normal(data, parameter->count, stream, 0);
        make_orthogonal(data, parameter);
        factor = initialiser->a;
        offset = 0;
        break;
    case AIGC__INITIAL_CONSTANT:
        kernels->fill(data, (float)initialiser->a, parameter->count);
        return;
    }
    kernels->map[AIGC__MAP_scale](data, data, NULL, NULL, parameter->count, (float)factor);
    kernels->map[AIGC__MAP_shift](data, data, NULL, NULL, parameter->count, (float)offset);
}
