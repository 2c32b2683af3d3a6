/* Tiles of a convolution by Winograd's minimal filtering: the windows of a tile are transformed, multiplied point by
 * point with the transformed weights, a chunk of columns at a time so that products stay in the second level cache, and
 * transformed back. */
#include "kernels/convolution/winograd.h"
#include <string.h>

typedef struct tile_job {
    const aigc__convolution_call_t *call;
    aigc__conv_grid_t grid;
    aigc__winograd_t winograd;
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

/* A square of `extent` that reaches over the edge, with zeros there, as [extent][extent][read]. */
static void copy_edge(float *edge, const aigc__convolution_plan_t *p, const aigc__conv_axis_t *axes, size_t image,
                      ptrdiff_t h, ptrdiff_t w, size_t extent, const float *source)
{
    const size_t channels = p->read * p->shape.groups;
    size_t skip_h, skip_w;
    const size_t rows = inside(h, extent, axes[1].source, &skip_h),
                 columns = inside(w, extent, axes[2].source, &skip_w);
    memset(edge, 0, extent * extent * p->read * sizeof *edge);
    for (size_t i = 0; i < rows; i++) {
        const size_t row = image * axes[1].source + (size_t)(h + (ptrdiff_t)(skip_h + i));
        const float *from = source + (row * axes[2].source + (size_t)(w + (ptrdiff_t)skip_w)) * channels;
        float *to = edge + ((skip_h + i) * extent + skip_w) * p->read;
        for (size_t q = 0; q < columns; q++) memcpy(to + q * p->read, from + q * channels, p->read * sizeof *to);
    }
}

void aigc__winograd_read(const aigc__convolution_plan_t *plan, const aigc__conv_grid_t *grid, float *to, float *edge,
                         const float *source, size_t first, size_t n)
{
    const aigc__winograd_t winograd = aigc__winograd(plan->kernels, plan->filter_taps);
    const aigc__conv_axis_t *axes = grid->axes;
    const size_t channels = plan->read * plan->shape.groups, phases = plan->phases, extent = winograd.side * phases;
    for (size_t i = 0; i < n; i++) {
        const aigc__window_t window = aigc__window_of(grid, first + i);
        const ptrdiff_t h = (ptrdiff_t)(window.h * phases) + axes[1].offset;
        const ptrdiff_t w = (ptrdiff_t)(window.w * phases) + axes[2].offset;
        size_t skip, row = axes[2].source * channels, column = channels;
        const float *from = edge;
        if (inside(h, extent, axes[1].source, &skip) == extent && inside(w, extent, axes[2].source, &skip) == extent) {
            from = source + ((window.image * axes[1].source + (size_t)h) * axes[2].source + (size_t)w) * channels;
        } else {
            copy_edge(edge, plan, axes, window.image, h, w, extent, source);
            row = extent * plan->read;
            column = plan->read;
        }
        for (size_t phase = 0; phase < phases * phases; phase++)
            winograd.input(to + i * plan->read_ld + phase * plan->read, winograd.side * plan->read_step,
                           plan->read_step, from + phase / phases * row + phase % phases * column, phases * row,
                           phases * column, plan->read);
    }
}

/* Products of `all` steps in pieces of kc, for all windows and a strip of columns. */
static void multiply_steps(const tile_job_t *j, const float *a, const float *b, float *c, size_t strip, size_t all,
                           bool add)
{
    const aigc__convolution_plan_t *p = j->call->plan;
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const size_t start = aigc__conv_strip(p, strip), width = aigc__conv_strip(p, strip + 1) - start;
    for (size_t k0 = 0; k0 < all; k0 += p->kc)
        for (size_t row = 0; row < j->windows; row += kernel->group) {
            const aigc__gemm_strip_t s = {.rows = aigc__minimum(kernel->group, j->windows - row),
                                          .columns = aigc__minimum(width, p->made - start),
                                          .k = aigc__minimum(p->kc, all - k0),
                                          .a = a + row * p->read_ld + k0,
                                          .a_row = p->read_ld,
                                          .a_k = 1,
                                          .b = b + k0 * width,
                                          .b_k = width,
                                          .c = c + row * p->made_ld,
                                          .ldc = p->made_ld,
                                          .add = add || k0 > 0};
            kernel->strip(&s);
        }
}

/* A strip of columns at one point, into `c`; `a` and `b`: windows and weights of the point. */
static void multiply(const tile_job_t *j, size_t point, const float *a, const float *b, float *c, size_t strip)
{
    const aigc__convolution_plan_t *p = j->call->plan;
    const size_t start = aigc__conv_strip(p, strip), width = aigc__conv_strip(p, strip + 1) - start;
    bool add = false;
    for (size_t phase = 0, n; (n = aigc__winograd_phases(p, &j->grid, point, &phase)) > 0; phase += n, add = true)
        multiply_steps(j, a + phase * p->read, b + phase * p->read * width, c, strip, n * p->read, add);
    for (size_t i = 0; !add && i < j->windows; i++) memset(c + i * p->made_ld, 0, width * sizeof *c);
}

/* Pixel of the result where a window begins. */
static size_t pixel_of(const tile_job_t *j, const aigc__window_t *window)
{
    const aigc__convolution_plan_t *p = j->call->plan;
    const size_t *sizes = p->direction == AIGC__FORWARD ? p->shape.out : p->shape.in;
    const aigc__conv_axis_t *axes = j->grid.axes;
    return (window->image * sizes[1] + axes[1].start + window->h * axes[1].step) * sizes[2] + axes[2].start +
           window->w * axes[2].step;
}

/* Floats from one row of the grid to the next in the result. */
static size_t row_floats(const tile_job_t *j)
{
    const aigc__convolution_plan_t *p = j->call->plan;
    const size_t width = p->direction == AIGC__FORWARD ? p->shape.out[2] : p->shape.in[2];
    return j->grid.axes[1].step * width * p->made * p->shape.groups;
}

static void write_windows(const tile_job_t *j, size_t column, size_t columns)
{
    const aigc__convolution_plan_t *p = j->call->plan;
    const aigc__conv_axis_t *axes = j->grid.axes;
    const size_t channels = p->made * p->shape.groups, row = row_floats(j), step = axes[2].step * channels;
    for (size_t i = 0; i < j->windows; i++) {
        const aigc__window_t window = aigc__window_of(&j->grid, j->window + i);
        const size_t rows = aigc__window_part(window.h, axes[1].count),
                     across = aigc__window_part(window.w, axes[2].count);
        const bool is_whole = rows == AIGC__WINDOW && across == AIGC__WINDOW;
        float *to = j->call->result + pixel_of(j, &window) * channels + j->group * p->made + column;
        if (rows == 0 || across == 0) continue;
        j->winograd.output(is_whole ? to : j->edge, is_whole ? row : AIGC__WINDOW * columns, is_whole ? step : columns,
                           j->made + i * p->made_ld, j->winograd.side * p->made_step, p->made_step, columns);
        for (size_t h = 0; !is_whole && h < rows; h++)
            for (size_t w = 0; w < across; w++)
                memcpy(to + h * row + w * step, j->edge + (h * AIGC__WINDOW + w) * columns, columns * sizeof *to);
    }
}

/* Windows that lie side by side make rows of pixels. */
static void announce(const tile_job_t *j, size_t column, size_t columns, size_t worker)
{
    const aigc__convolution_call_t *call = j->call;
    const aigc__convolution_plan_t *p = call->plan;
    const aigc__conv_axis_t *axes = j->grid.axes;
    const size_t channels = p->made * p->shape.groups, step = axes[2].step * channels;
    if (!call->done) return;
    for (size_t i = 0, n; i < j->windows; i += n) {
        const aigc__window_t window = aigc__window_of(&j->grid, j->window + i);
        n = aigc__minimum(j->windows - i, aigc__windows_along(&axes[2]) - window.w / AIGC__WINDOW);
        const size_t pixels = window.w < axes[2].count ? aigc__minimum(n * AIGC__WINDOW, axes[2].count - window.w) : 0;
        for (size_t h = 0; pixels > 0 && h < aigc__window_part(window.h, axes[1].count); h++)
            call->done(call->user, pixel_of(j, &window) * channels + h * row_floats(j) + column, pixels, columns, step,
                       worker);
    }
}

static void make_group(const tile_job_t *j, const float *weights, size_t worker)
{
    const aigc__convolution_plan_t *p = j->call->plan;
    aigc__winograd_read(p, &j->grid, j->read, j->edge, j->call->a + j->group * p->read, j->window, j->windows);
    for (size_t strip = j->strip; strip < j->strips; strip += p->chunk_strips) {
        const size_t last = aigc__minimum(strip + p->chunk_strips, j->strips), first = aigc__conv_strip(p, strip);
        const size_t columns = aigc__minimum(aigc__conv_strip(p, last), p->made) - first;
        for (size_t point = 0; point < j->winograd.points; point++)
            for (size_t i = strip; i < last; i++)
                multiply(j, point, j->read + point * p->read_step,
                         weights + (i * j->winograd.points + point) * aigc__winograd_point_floats(p),
                         j->made + point * p->made_step + aigc__conv_strip(p, i) - first, i);
        write_windows(j, first, columns);
        announce(j, j->group * p->made + first, columns, worker);
    }
}

void aigc__winograd_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    const size_t column = tile % p->column_tiles, rest = tile / p->column_tiles, residue = rest / p->pixel_tiles;
    float *own = (float *)((char *)call->worker + worker * p->worker_bytes);
    tile_job_t j = {.call = call,
                    .grid = aigc__conv_grid(p, residue),
                    .winograd = aigc__winograd(p->kernels, p->filter_taps),
                    .read = own};
    const size_t weights = p->strips * j.winograd.points * aigc__winograd_point_floats(p);
    j.made = own + j.winograd.points * p->read_step;
    j.edge = own + p->scratch;
    j.window = rest % p->pixel_tiles * p->tile_windows;
    const size_t windows = aigc__all_windows(p, &j.grid);
    if (j.window >= windows) return;
    j.windows = aigc__minimum(p->tile_windows, windows - j.window);
    j.strip = column * p->tile_strips;
    j.strips = aigc__minimum(j.strip + p->tile_strips, p->strips);
    for (j.group = 0; j.group < p->shape.groups; j.group++)
        make_group(&j,
                   (p->is_packed ? call->b : (const float *)call->shared) +
                       (residue * p->shape.groups + j.group) * weights,
                   worker);
}

/* ---- two stages ---- */

void aigc__winograd_windows_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    const size_t parts = aigc__ceil_div(p->all_windows, AIGC__STAGE_WINDOWS),
                 first = tile % parts * AIGC__STAGE_WINDOWS;
    const size_t points = aigc__winograd(p->kernels, p->filter_taps).points, residue = tile / parts;
    const aigc__conv_grid_t grid = aigc__conv_grid(p, residue);
    const size_t windows = aigc__all_windows(p, &grid);
    if (first >= windows) return;
    float *to = (float *)call->shared + residue * points * p->read_step + first * p->read_ld;
    float *own = (float *)((char *)call->worker + worker * p->worker_bytes);
    aigc__winograd_read(p, &grid, to, own + p->scratch, call->a, first,
                        aigc__minimum(AIGC__STAGE_WINDOWS, windows - first));
}

void aigc__winograd_strip_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    const size_t strip = tile % p->strips, residue = tile / p->strips, first = aigc__conv_strip(p, strip);
    const size_t columns = aigc__minimum(aigc__conv_strip(p, strip + 1), p->made) - first;
    const size_t point_floats = aigc__winograd_point_floats(p);
    float *weights = (float *)((char *)call->worker + worker * p->worker_bytes);
    tile_job_t j = {.call = call,
                    .grid = aigc__conv_grid(p, residue),
                    .winograd = aigc__winograd(p->kernels, p->filter_taps),
                    .strip = strip,
                    .strips = strip + 1,
                    .edge = weights + p->scratch};
    j.windows = aigc__all_windows(p, &j.grid);
    j.read = (float *)call->shared + residue * j.winograd.points * p->read_step;
    j.made = weights + j.winograd.points * point_floats;
    aigc__winograd_pack_strip(p, call->b, weights, residue, strip);
    for (size_t point = 0; point < j.winograd.points; point++)
        multiply(&j, point, j.read + point * p->read_step, weights + point * point_floats,
                 j.made + point * p->made_step, strip);
    write_windows(&j, first, columns);
    announce(&j, first, columns, worker);
}
