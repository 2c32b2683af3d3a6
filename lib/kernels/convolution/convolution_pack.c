/* Weights as strips of a matrix: for each residue and group strips of columns, each [taps * read, width], in
 * the order of patches. */
#include "kernels/convolution/winograd.h"
#include <string.h>

enum { ROWS = 48, MAX_WIDTH = 64 };

typedef struct strip {
    const aigc__convolution_plan_t *plan;
    const float *weights; /* of the group */
    float *packed;
    size_t start, width, columns, taps;
    size_t places[AIGC__MAX_TAPS]; /* where the row of a tap and channel 0 goes */
} strip_t;

/* Number of the kernel's tap that tap `j` of a grid is. */
static size_t kernel_tap(const aigc__convolution_shape_t *s, const aigc__conv_grid_t *grid, size_t j)
{
    const aigc__conv_axis_t *axes = grid->axes;
    const size_t at[] = {j / axes[2].taps / axes[1].taps, j / axes[2].taps % axes[1].taps, j % axes[2].taps};
    size_t tap = 0;
    for (size_t k = 0; k < AIGC__SPATIAL; k++)
        tap = tap * s->kernel[k] + (size_t)(axes[k].tap + (ptrdiff_t)at[k] * axes[k].tap_step);
    return tap;
}

/* The rows of taps of one residue; where they begin depends on the residues before. */
static void find_places(strip_t *s, const aigc__conv_grid_t *grid, size_t base)
{
    for (size_t j = 0; j < grid->taps; j++)
        s->places[kernel_tap(&s->plan->shape, grid, j)] = base + j * s->plan->read * s->width;
}

static void prepare_strip(strip_t *s, size_t group)
{
    const aigc__convolution_plan_t *p = s->plan;
    const size_t columns = aigc__round_up(p->made, p->kernels->gemm->unit);
    size_t base = 0;
    for (size_t residue = 0; residue < aigc__conv_residues(p); residue++) {
        const aigc__conv_grid_t grid = aigc__conv_grid(p, residue);
        const size_t steps = grid.taps * p->read;
        find_places(s, &grid, base + group * columns * steps + s->start * steps);
        base += p->shape.groups * columns * steps;
    }
}

/* `n` numbers of each column, which are far from the next column's and read a piece at a time: no processor sees that
 * coming. */
static void ask_for(const strip_t *s, const float *from, size_t ld, size_t n)
{
    enum { LINE = 16 };
    for (size_t column = 0; column < s->columns; column++)
        for (size_t k = 0; k < n; k += LINE) __builtin_prefetch(from + column * ld + k);
}

/* Puts `n` transposed rows, of which the first is of that channel and tap, in their places. */
static void place_rows(const strip_t *s, const float *rows, size_t channel, size_t tap, size_t n)
{
    for (size_t i = 0; i < n; i++, rows += s->width) {
        float *to = s->packed + s->places[tap] + channel * s->width;
        memcpy(to, rows, s->columns * sizeof *to);
        memset(to + s->columns, 0, (s->width - s->columns) * sizeof *to);
        if (++tap < s->taps) continue;
        tap = 0;
        channel++;
    }
}

/* The taps of one channel, one row of the strip each, as [point][phase] of `to`. */
static void transform_channel(const strip_t *s, const aigc__conv_grid_t *grid, const float *rows, float *to)
{
    const aigc__convolution_plan_t *p = s->plan;
    const aigc__winograd_t winograd = aigc__winograd(p->kernels, p->filter_taps);
    const size_t phases = p->phases, point = aigc__winograd_point_floats(p);
    float filter[9 * MAX_WIDTH];
    for (size_t phase = 0; phase < phases * phases; phase++) {
        for (size_t i = 0; i < winograd.taps * winograd.taps; i++) {
            const size_t h = i / winograd.taps * phases + phase / phases,
                         w = i % winograd.taps * phases + phase % phases;
            float *to_tap = filter + i * s->width;
            if (h < grid->axes[1].taps && w < grid->axes[2].taps)
                memcpy(to_tap, rows + kernel_tap(&p->shape, grid, h * grid->axes[2].taps + w) * s->width,
                       s->width * sizeof *filter);
            else
                memset(to_tap, 0, s->width * sizeof *filter);
        }
        winograd.weights(to + phase * p->read * s->width, winograd.side * point, point, filter,
                         winograd.taps * s->width, s->width, s->width);
    }
}

/* Weights of one residue as [point][phase][channel][width]. Forward, the taps of a column's channels lie one after
 * another: several channels are taken at once, so that transposed rows come in fours. */
static void pack_points(const strip_t *s, const aigc__conv_grid_t *grid, float *to)
{
    enum { TOGETHER = 4 };
    const aigc__convolution_plan_t *p = s->plan;
    const bool is_forward = p->direction == AIGC__FORWARD;
    const size_t ld = is_forward ? p->read * s->taps : s->taps, together = is_forward ? TOGETHER : 1;
    float rows[TOGETHER * AIGC__WINOGRAD_TAPS * MAX_WIDTH] = {0};
    for (size_t channel = 0; channel < p->read; channel += together) {
        const size_t n = aigc__minimum(together, p->read - channel);
        const size_t start = is_forward ? s->start * p->read + channel : channel * p->made + s->start;
        p->kernels->gemm->transpose(rows, s->width, s->weights + start * s->taps, ld, n * s->taps, s->columns);
        const size_t next = aigc__minimum(together, p->read - channel - n);
        if (is_forward) ask_for(s, s->weights + (start + n) * s->taps, ld, next * s->taps);
        for (size_t i = 0; i < n; i++)
            transform_channel(s, grid, rows + i * s->taps * s->width, to + (channel + i) * s->width);
    }
}

static void pack_residues(const strip_t *s, size_t group, size_t strip)
{
    const aigc__convolution_plan_t *p = s->plan;
    const size_t floats = aigc__winograd(p->kernels, p->filter_taps).points * aigc__winograd_point_floats(p);
    for (size_t residue = 0; residue < aigc__conv_residues(p); residue++) {
        const aigc__conv_grid_t grid = aigc__conv_grid(p, residue);
        pack_points(s, &grid, s->packed + ((residue * p->shape.groups + group) * p->strips + strip) * floats);
    }
}

/* For dot products: each column's weights as one row, [column][tap][channel], residue after residue. */
static void pack_columns(const aigc__convolution_plan_t *p, const float *weights, float *to)
{
    const aigc__convolution_shape_t *s = &p->shape;
    const size_t taps = s->kernel[0] * s->kernel[1] * s->kernel[2];
    const size_t column_step = p->direction == AIGC__FORWARD ? p->read * taps : taps;
    const size_t channel_step = p->direction == AIGC__FORWARD ? taps : p->made * taps;
    for (size_t residue = 0; residue < aigc__conv_residues(p); residue++) {
        const aigc__conv_grid_t grid = aigc__conv_grid(p, residue);
        for (size_t column = 0; column < p->made; column++)
            for (size_t j = 0; j < grid.taps; j++) {
                const float *from = weights + column * column_step + kernel_tap(s, &grid, j);
                for (size_t c = 0; c < p->read; c++) *to++ = from[c * channel_step];
            }
    }
}

static strip_t strip_of(const aigc__convolution_plan_t *plan, const float *weights, float *packed, size_t group,
                        size_t strip)
{
    const size_t *kernel = plan->shape.kernel;
    strip_t s = {.plan = plan, .packed = packed, .taps = kernel[0] * kernel[1] * kernel[2]};
    s.weights = weights + group * plan->read * plan->made * s.taps;
    s.start = aigc__conv_strip(plan, strip);
    s.width = aigc__conv_strip(plan, strip + 1) - s.start;
    s.columns = aigc__minimum(s.width, plan->made - s.start);
    return s;
}

void aigc__winograd_pack_strip(const aigc__convolution_plan_t *plan, const float *weights, float *to, size_t residue,
                               size_t strip)
{
    const strip_t s = strip_of(plan, weights, to, 0, strip);
    const aigc__conv_grid_t grid = aigc__conv_grid(plan, residue);
    pack_points(&s, &grid, to);
}

static void pack_strip(const aigc__convolution_plan_t *plan, const float *weights, float *packed, size_t group,
                       size_t strip)
{
    const aigc__gemm_kernel_t *kernel = plan->kernels->gemm;
    strip_t s = strip_of(plan, weights, packed, group, strip);
    float rows[ROWS * MAX_WIDTH];
    if (plan->method == AIGC__CONV_WINOGRAD) {
        pack_residues(&s, group, strip);
        return;
    }
    prepare_strip(&s, group);
    /* Forward, the columns' weights are long rows; in an input gradient they are rows of taps. */
    const bool is_forward = plan->direction == AIGC__FORWARD;
    const size_t length = is_forward ? plan->read * s.taps : s.taps, from_ld = length;
    for (size_t channel = 0; channel < (is_forward ? 1 : plan->read); channel++) {
        const float *from = s.weights + (is_forward ? s.start * length : (channel * plan->made + s.start) * s.taps);
        for (size_t k = 0; k < length; k += ROWS) {
            const size_t n = aigc__minimum(ROWS, length - k);
            kernel->transpose(rows, s.width, from + k, from_ld, n, s.columns);
            if (is_forward) ask_for(&s, from + k + n, from_ld, aigc__minimum(ROWS, length - k - n));
            place_rows(&s, rows, channel + k / s.taps, k % s.taps, n);
        }
    }
}

/* [residue][tap][channel] */
static void pack_depthwise(const aigc__convolution_plan_t *p, const float *weights, float *to)
{
    const size_t taps = p->shape.kernel[0] * p->shape.kernel[1] * p->shape.kernel[2];
    for (size_t residue = 0; residue < aigc__conv_residues(p); residue++) {
        const aigc__conv_grid_t grid = aigc__conv_grid(p, residue);
        for (size_t j = 0; j < grid.taps; j++) {
            const float *from = weights + kernel_tap(&p->shape, &grid, j);
            for (size_t c = 0; c < p->shape.groups; c++) *to++ = from[c * taps];
        }
    }
}

/* Where taps count as channels of what is made: columns [tap][channel], a few channels of y a tile. */
static void pack_flat(const aigc__convolution_plan_t *p, const float *weights, float *packed, size_t tile)
{
    const size_t taps = p->flat_taps, channels = p->made / taps, first = tile * AIGC__FLAT_CHANNELS;
    const size_t last = aigc__minimum(first + AIGC__FLAT_CHANNELS, p->read);
    for (size_t read = first; read < last; read++) {
        const float *from = weights + read * p->made;
        for (size_t strip = 0; strip < p->strips; strip++) {
            const size_t start = aigc__conv_strip(p, strip), width = aigc__conv_strip(p, strip + 1) - start;
            float *to = packed + start * p->read + read * width;
            size_t tap = start / channels, channel = start % channels;
            for (size_t i = 0; i < width; i++) {
                to[i] = start + i < p->made ? from[channel * taps + tap] : 0;
                if (++channel == channels) channel = 0, tap++;
            }
        }
    }
}

void aigc__conv_pack_tile(const aigc__convolution_plan_t *plan, const float *weights, float *packed, size_t tile)
{
    aigc__convolution_plan_t as_stored = *plan;
    if (plan->flat_taps > 0 && plan->direction == AIGC__INPUT_GRADIENT) {
        pack_flat(plan, weights, packed, tile);
        return;
    }
    as_stored.shape = plan->weights_shape;
    if (plan->flat_taps > 0) as_stored.read = plan->read / plan->flat_taps;
    if (plan->method == AIGC__CONV_DEPTHWISE)
        pack_depthwise(plan, weights, packed);
    else if (plan->method == AIGC__CONV_DOT)
        pack_columns(&as_stored, weights, packed);
    else
        pack_strip(&as_stored, weights, packed, tile / plan->strips, tile % plan->strips);
}

void aigc__convolution_pack(const aigc__convolution_plan_t *plan, const float *weights, void *packed)
{
    for (size_t tile = 0; tile < plan->pack_tiles; tile++) aigc__conv_pack_tile(plan, weights, packed, tile);
}
