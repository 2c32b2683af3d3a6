#include "base/angles.h"
#include "models/network.h"

static void truncate_row(const aigc__kernels_t *kernels, float *row, size_t dim, aigc__stream_t stream, float most)
{
    uint64_t next = dim;
    for (size_t i = 0; i < dim; i++)
        while (row[i] > most || row[i] < -most) kernels->random_normal(&row[i], 1, stream, next++);
}

void aigc__latents_draw(const aigc_context_t *context, float *out, const int64_t *seeds, size_t n, size_t dim,
                        double temperature, double truncation)
{
    const aigc__kernels_t *kernels = context->kernels;
    for (size_t i = 0; i < n; i++) {
        const aigc__stream_t stream = {(uint64_t)seeds[i], AIGC__STREAM_LATENT, 0};
        float *row = out + i * dim;
        kernels->random_normal(row, dim, stream, 0);
        if (truncation > 0) truncate_row(kernels, row, dim, stream, (float)truncation);
        kernels->map[AIGC__MAP_scale](row, row, NULL, NULL, dim, (float)temperature);
    }
}

static double norm(const float *a, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)a[i];
    return __builtin_sqrt(sum);
}

/* Angle between two directions as a part of pi: 2 atan(|a - b| / |a + b|) of the unit vectors, accurate
 * at every angle. */
static double angle_between(const float *a, const float *b, size_t n, double norm_a, double norm_b)
{
    double difference = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double u = (double)a[i] / norm_a, v = (double)b[i] / norm_b;
        difference += (u - v) * (u - v);
        sum += (u + v) * (u + v);
    }
    const double pi = 3.14159265358979323846;
    const double d = __builtin_sqrt(difference), s = __builtin_sqrt(sum);
    return d <= s ? 2 / pi * aigc__arc_tangent(s > 0 ? d / s : 0) : 1 - 2 / pi * aigc__arc_tangent(s / d);
}

/* Spherical: White 2016, arXiv:1609.04468, section 2. Where the directions (nearly) agree or oppose,
 * no great circle is distinguished and the straight way is taken. */
void aigc__latents_between(float *out, const float *a, const float *b, size_t dim, double t, bool spherical)
{
    double weight_a = 1 - t, weight_b = t;
    const double norm_a = norm(a, dim), norm_b = norm(b, dim);
    if (spherical && norm_a > 0 && norm_b > 0) {
        const double angle = angle_between(a, b, dim, norm_a, norm_b), s = aigc__sin_pi(angle);
        if (s > 1e-6) {
            weight_a = aigc__sin_pi((1 - t) * angle) / s;
            weight_b = aigc__sin_pi(t * angle) / s;
        }
    }
    for (size_t i = 0; i < dim; i++) out[i] = (float)(weight_a * (double)a[i] + weight_b * (double)b[i]);
}
