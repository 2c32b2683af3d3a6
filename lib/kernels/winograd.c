/* Tiles of a 3 x 3 convolution by Winograd's minimal filtering: the windows of a tile are transformed, multiplied
 * point by point with the transformed weights, a chunk of columns at a time so that products stay in the second level
 * cache, and transformed back. */
#include "kernels/convolution_layout.h"
#include "kernels/kernels.h"
#include <string.h>

typedef struct tile_job {
    const aigc__convolution_call_t *call;
    aigc__conv_grid_t grid;
    size_t group, window, windows;
    size_t strip, strips; /* of the tile; strips: one past the last */
    float *read, *made, *edge;
} tile_job_t;

/* How much of [first, first + length) along an axis of `size` is inside: `skip` before it, then the result. */
static size_t inside(ptrdiff_t first, size_t length, size_t size, size_t *skip)
{
    const ptrdiff_t from = first < 0 ? 0 : first, last = first + (ptrdiff_t)length, end = (ptrdiff_t)size;
    const ptrdiff_t to = last < end ? last : end;
    *skip = (size_t)(from - first);
    return to > from ? (size_t)(to - from) : 0;
}

/* A window that reaches over the edge, with zeros there, as [6][6][read]. */
static void copy_edge(float *edge, const aigc__convolution_plan_t *p, const aigc__conv_axis_t *axes, size_t image,
                      ptrdiff_t h, ptrdiff_t w, const float *source)
{
    const size_t channels = p->read * p->shape.groups;
    size_t skip_h, skip_w;
    const size_t rows = inside(h, AIGC__WINDOW_READ, axes[1].source, &skip_h);
    const size_t columns = inside(w, AIGC__WINDOW_READ, axes[2].source, &skip_w);
    memset(edge, 0, AIGC__POINTS * p->read * sizeof *edge);
    for (size_t i = 0; i < rows; i++) {
        const size_t row = image * axes[1].source + (size_t)(h + (ptrdiff_t)(skip_h + i));
        const float *from = source + (row * axes[2].source + (size_t)(w + (ptrdiff_t)skip_w)) * channels;
        float *to = edge + ((skip_h + i) * AIGC__WINDOW_READ + skip_w) * p->read;
        for (size_t q = 0; q < columns; q++) memcpy(to + q * p->read, from + q * channels, p->read * sizeof *to);
    }
}

void aigc__winograd_read(const aigc__convolution_plan_t *plan, const aigc__conv_grid_t *grid, float *to, float *edge,
                         const float *source, size_t first, size_t n)
{
    const aigc__conv_axis_t *axes = grid->axes;
    const size_t channels = plan->read * plan->shape.groups, row = axes[2].source * channels;
    for (size_t i = 0; i < n; i++) {
        const aigc__window_t window = aigc__window_of(plan, first + i);
        const ptrdiff_t h = (ptrdiff_t)window.h + axes[1].offset, w = (ptrdiff_t)window.w + axes[2].offset;
        size_t skip;
        const bool is_inside = inside(h, AIGC__WINDOW_READ, axes[1].source, &skip) == AIGC__WINDOW_READ &&
                               inside(w, AIGC__WINDOW_READ, axes[2].source, &skip) == AIGC__WINDOW_READ;
        const float *from = edge;
        if (is_inside)
            from = source + ((window.image * axes[1].source + (size_t)h) * axes[2].source + (size_t)w) * channels;
        else
            copy_edge(edge, plan, axes, window.image, h, w, source);
        plan->kernels->winograd_input(to + i * plan->read_ld, AIGC__WINDOW_READ * plan->read_step, plan->read_step, from,
                                      is_inside ? row : AIGC__WINDOW_READ * plan->read,
                                      is_inside ? channels : plan->read, plan->read);
    }
}

/* One point of a strip of columns. */
static void multiply(const tile_job_t *j, size_t point, size_t strip, size_t first, const float *weights)
{
    const aigc__convolution_plan_t *p = j->call->plan;
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const size_t start = aigc__conv_strip(p, strip), width = aigc__conv_strip(p, strip + 1) - start;
    const float *b = weights + (start * AIGC__POINTS + point * width) * p->read;
    for (size_t k0 = 0; k0 < p->read; k0 += p->kc)
        for (size_t row = 0; row < j->windows; row += kernel->group) {
            const aigc__gemm_strip_t s = {.rows = aigc__minimum(kernel->group, j->windows - row),
                                          .columns = aigc__minimum(width, p->made - start),
                                          .k = aigc__minimum(p->kc, p->read - k0),
                                          .a = j->read + point * p->read_step + row * p->read_ld + k0,
                                          .a_row = p->read_ld,
                                          .a_k = 1,
                                          .b = b + k0 * width,
                                          .b_k = width,
                                          .c = j->made + point * p->made_step + row * p->made_ld + start - first,
                                          .ldc = p->made_ld,
                                          .add = k0 > 0};
            kernel->strip(&s);
        }
}

static void write_windows(const tile_job_t *j, size_t column, size_t columns)
{
    const aigc__convolution_plan_t *p = j->call->plan;
    const aigc__conv_axis_t *axes = j->grid.axes;
    const size_t channels = p->made * p->shape.groups, row = axes[2].count * channels;
    for (size_t i = 0; i < j->windows; i++) {
        const aigc__window_t window = aigc__window_of(p, j->window + i);
        const size_t rows = aigc__minimum(AIGC__WINDOW, axes[1].count - window.h);
        const size_t across = aigc__minimum(AIGC__WINDOW, axes[2].count - window.w);
        const bool is_whole = rows == AIGC__WINDOW && across == AIGC__WINDOW;
        float *to = j->call->result + ((window.image * axes[1].count + window.h) * axes[2].count + window.w) * channels +
                    j->group * p->made + column;
        p->kernels->winograd_output(is_whole ? to : j->edge, is_whole ? row : AIGC__WINDOW * columns,
                                    is_whole ? channels : columns, j->made + i * p->made_ld,
                                    AIGC__WINDOW_READ * p->made_step, p->made_step, columns);
        for (size_t h = 0; !is_whole && h < rows; h++)
            for (size_t w = 0; w < across; w++)
                memcpy(to + h * row + w * channels, j->edge + (h * AIGC__WINDOW + w) * columns, columns * sizeof *to);
    }
}

/* Windows that lie side by side make rows of pixels. */
static void announce(const tile_job_t *j, size_t column, size_t columns, size_t worker)
{
    const aigc__convolution_call_t *call = j->call;
    const aigc__convolution_plan_t *p = call->plan;
    const aigc__conv_axis_t *axes = j->grid.axes;
    const size_t channels = p->made * p->shape.groups;
    if (!call->done) return;
    for (size_t i = 0, n; i < j->windows; i += n) {
        const aigc__window_t window = aigc__window_of(p, j->window + i);
        n = aigc__minimum(j->windows - i, p->windows[1] - window.w / AIGC__WINDOW);
        const size_t pixels = aigc__minimum(n * AIGC__WINDOW, axes[2].count - window.w);
        const size_t rows = aigc__minimum(AIGC__WINDOW, axes[1].count - window.h);
        for (size_t h = 0; h < rows; h++) {
            const size_t first = (window.image * axes[1].count + window.h + h) * axes[2].count + window.w;
            call->done(call->user, first * channels + column, pixels, columns, channels, worker);
        }
    }
}

static void make_group(const tile_job_t *j, const float *weights, size_t worker)
{
    const aigc__convolution_plan_t *p = j->call->plan;
    aigc__winograd_read(p, &j->grid, j->read, j->edge, j->call->a + j->group * p->read, j->window, j->windows);
    for (size_t strip = j->strip; strip < j->strips; strip += p->chunk_strips) {
        const size_t last = aigc__minimum(strip + p->chunk_strips, j->strips), first = aigc__conv_strip(p, strip);
        const size_t columns = aigc__minimum(aigc__conv_strip(p, last), p->made) - first;
        for (size_t point = 0; point < AIGC__POINTS; point++)
            for (size_t i = strip; i < last; i++) multiply(j, point, i, first, weights);
        write_windows(j, first, columns);
        announce(j, j->group * p->made + first, columns, worker);
    }
}

void aigc__winograd_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    const size_t column = tile % p->column_tiles, padded = aigc__round_up(p->made, p->kernels->gemm->unit);
    const float *weights = p->is_packed ? call->b : call->shared;
    float *own = (float *)((char *)call->worker + worker * p->worker_bytes);
    tile_job_t j = {.call = call, .grid = aigc__conv_grid(p, 0), .read = own};
    j.made = own + AIGC__POINTS * p->read_step;
    j.edge = own + p->scratch;
    j.window = tile / p->column_tiles * p->tile_windows;
    j.windows = aigc__minimum(p->tile_windows, p->all_windows - j.window);
    j.strip = column * p->tile_strips;
    j.strips = aigc__minimum(j.strip + p->tile_strips, p->strips);
    for (j.group = 0; j.group < p->shape.groups; j.group++)
        make_group(&j, weights + j.group * padded * AIGC__POINTS * p->read, worker);
}
