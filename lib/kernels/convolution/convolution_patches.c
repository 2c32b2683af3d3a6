/* Patches: what each position reads, copied to rows that a matrix product takes. A tile's patches stay in
 * the second level cache. */
#include "kernels/convolution/convolution_layout.h"
#include <string.h>

static void move_on(const aigc__conv_grid_t *grid, aigc__conv_place_t *place)
{
    for (size_t k = AIGC__SPATIAL; k-- > 0; place->at[k] = 0)
        if (++place->at[k] < grid->axes[k].count) return;
    place->image++;
}

/* Elements [low, high) of a run that begins `start` elements into a row of `size`: zeros outside of it. */
static void copy_run(float *to, const float *row, ptrdiff_t start, size_t size, size_t low, size_t high)
{
    const ptrdiff_t from = start + (ptrdiff_t)low, end = start + (ptrdiff_t)high, last = (ptrdiff_t)size;
    const ptrdiff_t inside = from < 0 ? 0 : from, outside = end > last ? last : end;
    if (!row || inside >= outside) {
        memset(to, 0, (high - low) * sizeof *to);
        return;
    }
    if (inside > from) memset(to, 0, (size_t)(inside - from) * sizeof *to);
    memcpy(to + (inside - from), row + inside, (size_t)(outside - inside) * sizeof *to);
    if (end > outside) memset(to + (outside - from), 0, (size_t)(end - outside) * sizeof *to);
}

/* The source row that taps jd, jh of a pixel read; NULL outside. */
static const float *source_row(const float *source, const aigc__conv_grid_t *grid, const aigc__conv_place_t *place,
                               size_t jd, size_t jh, size_t row_elements)
{
    const size_t d = aigc__conv_read(&grid->axes[0], place->at[0], jd),
                 h = aigc__conv_read(&grid->axes[1], place->at[1], jh);
    if (d >= grid->axes[0].source || h >= grid->axes[1].source) return NULL;
    return source + ((place->image * grid->axes[0].source + d) * grid->axes[1].source + h) * row_elements;
}

/* Taps along the last axis that read neighbours are one run where all channels are wanted. */
typedef struct runs {
    size_t n, length, taps; /* runs of a row of taps; elements and taps of each */
} runs_t;

static runs_t runs_of(const aigc__conv_grid_t *grid, size_t channels, size_t all_channels)
{
    const aigc__conv_axis_t *axis = &grid->axes[2];
    if (channels == all_channels && axis->offset_step == 1) return (runs_t){1, axis->taps * channels, axis->taps};
    return (runs_t){axis->taps, channels, 1};
}

static void one_patch(float *to, const float *source, const aigc__conv_grid_t *grid, const aigc__conv_place_t *place,
                      const runs_t *runs, size_t k0, size_t k, size_t channel, size_t all_channels)
{
    const aigc__conv_axis_t *axis = &grid->axes[2];
    const size_t rows = grid->axes[0].taps * grid->axes[1].taps, row_elements = axis->source * all_channels;
    const size_t end = k0 + k;
    size_t run = k0 / runs->length, at = run * runs->length;
    for (; at < end; run++, at += runs->length) {
        const size_t row = run / runs->n, tap = run % runs->n * runs->taps;
        if (row >= rows) return;
        const float *from =
            source_row(source, grid, place, row / grid->axes[1].taps, row % grid->axes[1].taps, row_elements);
        const ptrdiff_t w =
            (ptrdiff_t)(place->at[2] * axis->source_step) + axis->offset + (ptrdiff_t)tap * axis->offset_step;
        const size_t low = at < k0 ? k0 - at : 0, high = aigc__minimum(end - at, runs->length);
        const bool is_whole = runs->taps > 1 || (w >= 0 && w < (ptrdiff_t)axis->source);
        copy_run(to + (at + low - k0), is_whole ? from : NULL, w * (ptrdiff_t)all_channels + (ptrdiff_t)channel,
                 row_elements, low, high);
    }
}

void aigc__conv_patches(float *to, size_t ld, const float *source, const aigc__conv_grid_t *grid, size_t first,
                        size_t n, size_t k0, size_t k, size_t channel, size_t channels, size_t all_channels)
{
    const runs_t runs = runs_of(grid, channels, all_channels);
    aigc__conv_place_t place = aigc__conv_place(grid, first);
    for (size_t i = 0; i < n; i++, to += ld) {
        one_patch(to, source, grid, &place, &runs, k0, k, channel, all_channels);
        move_on(grid, &place);
    }
}
