/* Input gradients with a stride that make few channels, such as the last layer of a generator: a row of y times the
 * weights of all taps at once, which makes vectors of taps and channels full, and what comes out is added where it
 * belongs, a row of taps being neighbours in x. */
#include "kernels/convolution/convolution_layout.h"
#include "kernels/kernels.h"
#include <string.h>

typedef struct tile_job {
    const aigc__convolution_call_t *call;
    size_t image, first, end; /* rows of x */
    float *products;          /* [pixel of a row of y][kernel row][kernel column][channel] */
} tile_job_t;

static void multiply_row(const tile_job_t *j, const float *y)
{
    const aigc__convolution_plan_t *p = j->call->plan;
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const float *weights = p->is_packed ? j->call->b : j->call->shared;
    for (size_t pixel = 0; pixel < p->shape.out[2]; pixel += kernel->group)
        for (size_t i = 0; i < p->strips; i++) {
            const size_t start = aigc__conv_strip(p, i), width = aigc__conv_strip(p, i + 1) - start;
            const aigc__gemm_strip_t strip = {.rows = aigc__minimum(kernel->group, p->shape.out[2] - pixel),
                                              .columns = aigc__minimum(width, p->made - start),
                                              .k = p->read,
                                              .a = y + pixel * p->read,
                                              .a_row = p->read,
                                              .a_k = 1,
                                              .b = weights + start * p->read,
                                              .b_k = width,
                                              .c = j->products + pixel * p->made_ld + start,
                                              .ldc = p->made_ld};
            kernel->strip(&strip);
        }
}

/* Adds the products of one kernel row to a row of x; what lies beyond its ends is left out. */
static void add_row(const tile_job_t *j, size_t kernel_row, float *x)
{
    const aigc__convolution_plan_t *p = j->call->plan;
    const aigc__convolution_shape_t *s = &p->shape;
    const size_t channels = s->in_channels, run = s->kernel[2] * channels;
    for (size_t w = 0; w < s->out[2]; w++) {
        const ptrdiff_t from = ((ptrdiff_t)(w * s->stride[2]) - (ptrdiff_t)s->before[2]) * (ptrdiff_t)channels;
        const ptrdiff_t room = (ptrdiff_t)(s->in[2] * channels) - from;
        const size_t low = from < 0 ? (size_t)-from : 0,
                     high = room < (ptrdiff_t)run ? (room > 0 ? (size_t)room : 0) : run;
        if (low >= high) continue;
        float *to = x + (from + (ptrdiff_t)low);
        p->kernels->map[AIGC__MAP_add](to, to, j->products + w * p->made_ld + kernel_row * run + low, NULL, high - low,
                                       0);
    }
}

void aigc__conv_scatter_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    const aigc__convolution_shape_t *s = &p->shape;
    const size_t parts = aigc__ceil_div(s->in[1], p->tile_rows), row = s->in[2] * s->in_channels;
    tile_job_t j = {.call = call, .image = tile / parts, .first = tile % parts * p->tile_rows};
    j.end = aigc__minimum(j.first + p->tile_rows, s->in[1]);
    j.products = (float *)((char *)call->worker + worker * p->worker_bytes);
    float *x = call->result + j.image * s->in[1] * row;
    memset(x + j.first * row, 0, (j.end - j.first) * row * sizeof *x);
    for (size_t h = 0; h < s->out[1]; h++) {
        const ptrdiff_t top = (ptrdiff_t)(h * s->stride[1]) - (ptrdiff_t)s->before[1];
        if (top >= (ptrdiff_t)j.end || top + (ptrdiff_t)s->kernel[1] <= (ptrdiff_t)j.first) continue;
        multiply_row(&j, call->a + (j.image * s->out[1] + h) * s->out[2] * p->read);
        for (size_t k = 0; k < s->kernel[1]; k++) {
            const ptrdiff_t at = top + (ptrdiff_t)k;
            if (at >= (ptrdiff_t)j.first && at < (ptrdiff_t)j.end) add_row(&j, k, x + (size_t)at * row);
        }
    }
    if (call->done)
        call->done(call->user, (j.image * s->in[1] + j.first) * row, 1, (j.end - j.first) * row,
                   (j.end - j.first) * row, worker);
}
