/* Bands: the rows of the source that some rows of the result read, in place where they lie inside it, otherwise as a
 * copy with zeros beyond the edges. */
#include "kernels/convolution/convolution_layout.h"
#include <string.h>

static size_t read_width(const aigc__conv_grid_t *grid, size_t pixels)
{
    const aigc__conv_axis_t *a = &grid->axes[2];
    return (pixels - 1) * a->source_step + a->taps;
}

static size_t read_height(const aigc__conv_grid_t *grid, size_t rows)
{
    const aigc__conv_axis_t *a = &grid->axes[1];
    return (rows - 1) * a->source_step + (a->taps > 0 ? a->taps - 1 : 0) * (size_t)a->offset_step + 1;
}

size_t aigc__conv_band_floats(const aigc__convolution_plan_t *plan, const aigc__conv_grid_t *grid, size_t rows)
{
    if (grid->pixels == 0 || grid->taps == 0) return 0;
    return aigc__whole_lines(grid->axes[0].taps * read_height(grid, rows) * read_width(grid, grid->axes[2].count) *
                             plan->read);
}

static bool is_inside(ptrdiff_t first, size_t length, size_t size)
{
    return first >= 0 && (size_t)first + length <= size;
}

/* Row h of depth d from position `first` on, with zeros beyond the ends. */
static void copy_row(float *to, const float *source, const aigc__conv_axis_t *axes, size_t image, ptrdiff_t d,
                     ptrdiff_t h, ptrdiff_t first, size_t width, size_t channels)
{
    const ptrdiff_t end = first + (ptrdiff_t)width, size = (ptrdiff_t)axes[2].source;
    const ptrdiff_t from = first < 0 ? 0 : first > size ? size : first, last = end < size ? end : size;
    if (!is_inside(d, 1, axes[0].source) || !is_inside(h, 1, axes[1].source) || last <= from) {
        memset(to, 0, width * channels * sizeof *to);
        return;
    }
    const size_t row = (image * axes[0].source + (size_t)d) * axes[1].source + (size_t)h;
    const size_t before = (size_t)(from - first) * channels, n = (size_t)(last - from) * channels;
    memset(to, 0, before * sizeof *to);
    memcpy(to + before, source + (row * axes[2].source + (size_t)from) * channels, n * sizeof *to);
    memset(to + before + n, 0, (width * channels - before - n) * sizeof *to);
}

void aigc__conv_find_band(aigc__conv_band_t *band, const aigc__convolution_plan_t *plan, const aigc__conv_grid_t *grid,
                          const float *source, aigc__conv_rows_t rows, float *copy)
{
    const aigc__conv_axis_t *axes = grid->axes;
    const size_t channels = plan->read, width = read_width(grid, rows.pixels), height = read_height(grid, rows.n);
    const ptrdiff_t d = (ptrdiff_t)(rows.depth * axes[0].source_step) + axes[0].offset;
    const ptrdiff_t h = (ptrdiff_t)(rows.first * axes[1].source_step) + axes[1].offset;
    const ptrdiff_t w = (ptrdiff_t)(rows.pixel * axes[2].source_step) + axes[2].offset;
    const size_t depths = (axes[0].taps - 1) * (size_t)axes[0].offset_step + 1;
    if (is_inside(w, width, axes[2].source) && is_inside(h, height, axes[1].source) &&
        is_inside(d, depths, axes[0].source)) {
        const size_t row = (rows.image * axes[0].source + (size_t)d) * axes[1].source + (size_t)h;
        band->from = source + (row * axes[2].source + (size_t)w) * channels;
        band->row_floats = axes[2].source * channels;
        band->depth_floats = axes[1].source * band->row_floats * (size_t)axes[0].offset_step;
        return;
    }
    band->from = copy;
    band->row_floats = width * channels;
    band->depth_floats = height * band->row_floats;
    for (size_t k = 0; k < axes[0].taps; k++)
        for (size_t i = 0; i < height; i++)
            copy_row(copy + k * band->depth_floats + i * band->row_floats, source, axes, rows.image,
                     d + (ptrdiff_t)k * axes[0].offset_step, h + (ptrdiff_t)i, w, width, channels);
}
