/* Which way a convolution is computed, and how it is cut: from its shape and the level's block sizes. */
#include "kernels/convolution/winograd.h"
#include <string.h>

enum { TILE_PIXELS = 192, SLICE_PIXELS = 512 };

/* ---- forward and input gradient ---- */

static void plan_weights(aigc__convolution_plan_t *p)
{
    const aigc__convolution_shape_t *s = &p->shape;
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const size_t taps = s->kernel[0] * s->kernel[1] * s->kernel[2];
    const size_t columns = aigc__round_up(p->made, kernel->unit);
    const bool is_dot = p->method == AIGC__CONV_DOT;
    p->packed_bytes = aigc__whole_lines(s->groups * (is_dot ? p->made : columns) * taps * p->read) * sizeof(float);
    p->pack_tiles = is_dot ? 1 : s->groups * p->strips;
    if (p->flat_taps > 0 && p->direction == AIGC__INPUT_GRADIENT)
        p->pack_tiles = aigc__ceil_div(p->read, AIGC__FLAT_CHANNELS);
}

/* Weights are packed in a first phase unless they come so. */
void aigc__conv_set_phases(aigc__convolution_plan_t *p, size_t tiles)
{
    p->shared_bytes = p->is_packed ? 0 : p->packed_bytes;
    p->tiles[0] = p->is_packed ? tiles : p->pack_tiles;
    p->tiles[1] = p->is_packed ? 0 : tiles;
}

/* Steps of the inner sum between two visits to a piece of the result. */
size_t aigc__conv_even_part(size_t steps, size_t most)
{
    return aigc__round_up(aigc__ceil_div(steps, aigc__maximum(aigc__ceil_div(steps, most), 1)), 16);
}

static size_t most_pixels(const aigc__convolution_plan_t *p, size_t *longest)
{
    size_t most = 0;
    *longest = 0;
    for (size_t k = 0; k < aigc__conv_residues(p); k++) {
        const aigc__conv_grid_t grid = aigc__conv_grid(p, k);
        most = aigc__maximum(most, grid.pixels);
        *longest = aigc__maximum(*longest, grid.taps * p->read);
    }
    return most;
}

/* Tiles of pixels and of strips: enough of them to share out. With several groups a tile makes all channels. */
static void plan_patches(aigc__convolution_plan_t *p)
{
    plan_weights(p);
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    size_t longest;
    const size_t pixels = most_pixels(p, &longest), residues = aigc__conv_residues(p);
    const size_t even = aigc__round_up(aigc__ceil_div(pixels * residues, AIGC__CONV_TILES), kernel->group);
    p->tile_pixels = aigc__minimum(aigc__maximum(even, kernel->group), TILE_PIXELS);
    p->pixel_tiles = aigc__ceil_div(pixels, p->tile_pixels);
    p->column_tiles = 1;
    if (p->shape.groups == 1)
        p->column_tiles = aigc__minimum(p->strips, aigc__ceil_div(AIGC__CONV_TILES, p->pixel_tiles * residues));
    p->tile_strips = aigc__ceil_div(p->strips, p->column_tiles);
    p->column_tiles = aigc__ceil_div(p->strips, p->tile_strips);
    p->kc = aigc__conv_even_part(longest, kernel->kc);
    aigc__conv_set_phases(p, residues * p->pixel_tiles * p->column_tiles);
    p->scratch = p->tile_pixels * aigc__spread_ld(p->kc);
    const size_t own = p->scratch + p->tile_pixels * p->tile_strips * kernel->nr;
    p->worker_bytes = aigc__whole_lines(own) * sizeof(float);
}

/* ---- long rows ---- */

/* Whether taps along a row read neighbours: then a row of taps is one run. */
static bool can_run(aigc__convolution_plan_t *p)
{
    for (size_t k = 0; k < aigc__conv_residues(p); k++) {
        const aigc__conv_axis_t axis = aigc__conv_grid(p, k).axes[2];
        if (axis.taps > 1 && axis.offset_step != 1) return false;
    }
    return p->shape.groups == 1;
}

static bool can_dot(aigc__convolution_plan_t *p)
{
    return can_run(p) && !(p->flat_taps > 0 && p->direction == AIGC__INPUT_GRADIENT);
}

static bool has_long_rows(const aigc__convolution_plan_t *p)
{
    enum { LONG = 16 };
    return aigc__conv_grid(p, 0).axes[2].count >= LONG;
}

static bool has_few_columns(const aigc__convolution_plan_t *p)
{
    enum { FEW = 8 };
    return p->made <= FEW && has_long_rows(p);
}

static size_t row_tiles(const aigc__convolution_plan_t *p, size_t rows)
{
    size_t most = 0;
    for (size_t k = 0; k < aigc__conv_residues(p); k++) {
        const aigc__conv_grid_t grid = aigc__conv_grid(p, k);
        most = aigc__maximum(most, p->shape.images * grid.axes[0].count * aigc__ceil_div(grid.axes[1].count, rows));
    }
    return most;
}

static void plan_rows(aigc__convolution_plan_t *p)
{
    plan_weights(p);
    enum { ROW_PIXELS = 256 };
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const aigc__conv_grid_t grid = aigc__conv_grid(p, 0);
    const size_t residues = aigc__conv_residues(p), width = aigc__maximum(grid.axes[2].count, 1);
    const size_t all = row_tiles(p, 1) * residues;
    p->tile_rows = aigc__minimum(aigc__maximum(ROW_PIXELS / width, 1), aigc__maximum(all / AIGC__CONV_TILES, 1));
    p->pixel_tiles = row_tiles(p, p->tile_rows);
    p->column_tiles = aigc__minimum(p->strips, aigc__ceil_div(AIGC__CONV_TILES, p->pixel_tiles * residues));
    p->tile_strips = aigc__ceil_div(p->strips, p->column_tiles);
    p->column_tiles = aigc__ceil_div(p->strips, p->tile_strips);
    p->kc = kernel->kc;
    aigc__conv_set_phases(p, residues * p->pixel_tiles * p->column_tiles);
    for (size_t k = 0; k < residues; k++) {
        const aigc__conv_grid_t each = aigc__conv_grid(p, k);
        const size_t bytes = aigc__conv_band_floats(p, &each, p->tile_rows) * sizeof(float);
        p->worker_bytes = aigc__maximum(p->worker_bytes, bytes);
    }
}

/* ---- few channels, scattered ---- */

static bool can_scatter(aigc__convolution_plan_t *p)
{
    const aigc__convolution_shape_t *s = &p->shape;
    if (p->direction != AIGC__INPUT_GRADIENT || p->flat_taps > 0 || s->groups > 1) return false;
    return s->in[0] == 1 && s->kernel[0] == 1 && s->out[0] == 1 && s->before[0] == 0 && s->dilation[1] == 1 &&
           s->dilation[2] == 1;
}

static bool has_few_scattered(const aigc__convolution_plan_t *p)
{
    enum { FEW = 4, LONG = 8 };
    return p->made <= FEW && p->shape.stride[2] > 1 && p->shape.out[2] >= LONG;
}

/* Taps count as channels made, as where the kernel is as large as the picture. */
static void plan_scatter(aigc__convolution_plan_t *p)
{
    enum { ROWS = 32 };
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const aigc__convolution_shape_t *s = &p->shape;
    p->flat_taps = s->kernel[1] * s->kernel[2];
    p->made *= p->flat_taps;
    p->strips = aigc__ceil_div(aigc__round_up(p->made, kernel->unit), kernel->nr);
    plan_weights(p);
    p->packed_bytes = aigc__whole_lines(aigc__conv_strip(p, p->strips) * p->read) * sizeof(float);
    p->tile_rows = s->images >= AIGC__CONV_TILES ? s->in[1] : aigc__minimum(ROWS, s->in[1]);
    p->made_ld = aigc__spread_ld(p->made);
    p->worker_bytes = s->out[2] * p->made_ld * sizeof(float);
    aigc__conv_set_phases(p, s->images * aigc__ceil_div(s->in[1], p->tile_rows));
}

/* ---- each channel by itself ---- */

static bool can_depthwise(aigc__convolution_plan_t *p)
{
    return p->flat_taps == 0 && p->read == 1 && p->made == 1 && p->shape.groups > 1;
}

static bool has_vectors(const aigc__convolution_plan_t *p) { return p->shape.groups >= p->kernels->gemm->unit; }

/* Of each worker: a pixel of zeros and a pointer for each tap. */
static void plan_depthwise_worker(aigc__convolution_plan_t *p)
{
    const size_t taps = p->shape.kernel[0] * p->shape.kernel[1] * p->shape.kernel[2];
    p->scratch = aigc__whole_lines(p->shape.groups);
    p->worker_bytes = aigc__round_up(p->scratch * sizeof(float) + taps * sizeof(float *), 64);
}

static void plan_depthwise(aigc__convolution_plan_t *p)
{
    enum { TILE_FLOATS = 1 << 14 };
    size_t longest;
    const size_t pixels = most_pixels(p, &longest), taps = p->shape.kernel[0] * p->shape.kernel[1] * p->shape.kernel[2];
    p->tile_pixels = aigc__maximum(TILE_FLOATS / p->shape.groups, 1);
    p->pixel_tiles = aigc__ceil_div(pixels, p->tile_pixels);
    p->packed_bytes = aigc__whole_lines(taps * p->shape.groups) * sizeof(float);
    p->pack_tiles = 1;
    aigc__conv_set_phases(p, aigc__conv_residues(p) * p->pixel_tiles);
    plan_depthwise_worker(p);
}

static void plan_depthwise_slices(aigc__convolution_plan_t *p)
{
    const size_t pixels = aigc__conv_grid(p, 0).pixels, taps = aigc__conv_grid(p, 0).taps;
    const size_t most = aigc__maximum(aigc__ceil_div(pixels, SLICE_PIXELS), 1);
    p->slice_pixels = aigc__maximum(aigc__ceil_div(pixels, aigc__minimum(most, AIGC__CONV_TILES)), 1);
    p->slices = aigc__maximum(aigc__ceil_div(pixels, p->slice_pixels), 1);
    p->tiles[0] = p->slices;
    p->tiles[1] = 1;
    p->shared_bytes = aigc__whole_lines(p->slices * taps * p->shape.groups) * sizeof(float);
    plan_depthwise_worker(p);
}

/* ---- weight gradient ---- */

static bool can_sum_rows(aigc__convolution_plan_t *p) { return can_run(p) && aigc__conv_grid(p, 0).pixels > 0; }

/* Rows so long, or sums so few, that visiting all sums once a row of the result costs little. */
static bool has_rows_to_sum(const aigc__convolution_plan_t *p)
{
    enum { LONG = 64, SHORT = 16, FEW_SUMS = 1 << 14 };
    const aigc__conv_grid_t grid = aigc__conv_grid(p, 0);
    const size_t width = grid.axes[2].count;
    return width >= LONG || (width >= SHORT && grid.taps * p->read * p->made <= FEW_SUMS);
}

/* Each tile sums over a slice of the rows of the result, [tap][channel read][channel made]; phase two adds the slices.
 */
static void plan_row_slices(aigc__convolution_plan_t *p)
{
    enum { SUM_FLOATS = 1 << 23, BAND_PIXELS = 256, FEW = 8 };
    const aigc__convolution_shape_t *s = &p->shape;
    const size_t rows = s->images * s->out[0] * s->out[1];
    const aigc__conv_grid_t grid = aigc__conv_grid(p, 0);
    const size_t columns = grid.taps * p->read, run = grid.axes[2].taps * p->read;
    p->made_ld = aigc__spread_ld(p->made);
    /* Whole vectors only: what follows a run is not always there to be read. */
    p->is_turned = p->made <= FEW && run % p->kernels->gemm->unit == 0;
    const size_t sums = p->is_turned ? p->made * aigc__spread_ld(columns) : columns * p->made_ld;
    p->slices = aigc__maximum(aigc__minimum(SUM_FLOATS / sums, AIGC__CONV_TILES), 1);
    p->slice_pixels = aigc__ceil_div(rows, aigc__minimum(p->slices, rows));
    p->slices = aigc__ceil_div(rows, p->slice_pixels);
    p->tile_rows = aigc__maximum(BAND_PIXELS / s->out[2], 1);
    p->tiles[0] = p->slices;
    p->tiles[1] = aigc__ceil_div(p->is_turned ? p->made : p->read, AIGC__SUM_ROWS);
    p->shared_bytes = p->slices * sums * sizeof(float);
    p->scratch = aigc__conv_band_floats(p, &grid, p->tile_rows);
    const size_t padded = p->made % p->kernels->gemm->unit ? s->out[2] * p->made_ld : 0;
    const size_t turned = aigc__maximum(grid.taps * p->made_ld, columns);
    p->worker_bytes = aigc__whole_lines(aigc__maximum(p->scratch + padded, turned)) * sizeof(float);
}

/* Each tile sums a block of columns over a slice of the pixels; phase two adds the slices. */
static void plan_slices(aigc__convolution_plan_t *p)
{
    const aigc__convolution_shape_t *s = &p->shape;
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const size_t columns = p->read * s->kernel[0] * s->kernel[1] * s->kernel[2];
    const size_t pixels = aigc__conv_grid(p, 0).pixels;
    p->block = 4 * kernel->nr;
    const size_t blocks = aigc__ceil_div(columns, p->block) * s->groups;
    /* Without pixels there is one slice too: it makes the zeros. */
    const size_t most = aigc__maximum(aigc__ceil_div(pixels, SLICE_PIXELS), 1);
    const size_t slices = aigc__minimum(aigc__ceil_div(AIGC__CONV_TILES, blocks), most);
    p->slice_pixels = aigc__round_up(aigc__maximum(aigc__ceil_div(pixels, slices), 1), 16);
    p->slices = aigc__maximum(aigc__ceil_div(pixels, p->slice_pixels), 1);
    p->tiles[0] = p->slices * blocks;
    p->tiles[1] = s->groups * aigc__ceil_div(p->made, AIGC__SUM_ROWS);
    p->shared_bytes = p->slices * s->out_channels * aigc__spread_ld(columns) * sizeof(float);
    p->kc = 128;
    const size_t panels = aigc__round_up(p->made, kernel->group) * p->kc, patches = p->block * p->kc;
    p->scratch = panels;
    p->worker_bytes = aigc__whole_lines(aigc__maximum(panels + patches, columns)) * sizeof(float);
}

/* A kernel as large as the picture makes one pixel of it: a product of matrices, as a row of pictures with one tap. */
static size_t flatten(aigc__convolution_shape_t *s)
{
    const size_t taps = s->kernel[0] * s->kernel[1] * s->kernel[2];
    for (size_t k = 0; k < AIGC__SPATIAL; k++)
        if (s->kernel[k] != s->in[k] || s->out[k] != 1 || s->before[k] > 0 || s->dilation[k] != 1) return 0;
    if (s->groups > 1 || taps == 1) return 0;
    const aigc__convolution_shape_t flat = {.images = 1,
                                            .groups = 1,
                                            .in_channels = s->in_channels * taps,
                                            .out_channels = s->out_channels,
                                            .in = {1, 1, s->images},
                                            .out = {1, 1, s->images},
                                            .kernel = {1, 1, 1},
                                            .stride = {1, 1, 1},
                                            .dilation = {1, 1, 1}};
    *s = flat;
    return taps;
}

/* ---- the choice ---- */

/* What a method needs, where it is faster than those below it, and how it is cut. */
typedef struct method {
    int method;
    bool (*can)(aigc__convolution_plan_t *plan);
    bool (*pays)(const aigc__convolution_plan_t *plan);
    void (*plan)(aigc__convolution_plan_t *plan);
} method_t;

static bool always_can(aigc__convolution_plan_t *p) { return p != NULL; }
static bool always_pays(const aigc__convolution_plan_t *p) { return p != NULL; }

static const method_t result_methods[] = {
    {AIGC__CONV_WINOGRAD, aigc__winograd_can, aigc__winograd_pays, aigc__winograd_plan_result},
    {AIGC__CONV_DEPTHWISE, can_depthwise, has_vectors, plan_depthwise},
    {AIGC__CONV_SCATTER, can_scatter, has_few_scattered, plan_scatter},
    {AIGC__CONV_DOT, can_dot, has_few_columns, plan_rows},
    {AIGC__CONV_ROWS, can_run, has_long_rows, plan_rows},
    {AIGC__CONV_PATCHES, always_can, always_pays, plan_patches},
};

static const method_t weight_methods[] = {
    {AIGC__CONV_WINOGRAD, aigc__winograd_can, aigc__winograd_pays, aigc__winograd_plan_weights},
    {AIGC__CONV_DEPTHWISE, can_depthwise, has_vectors, plan_depthwise_slices},
    {AIGC__CONV_ROWS, can_sum_rows, has_rows_to_sum, plan_row_slices},
    {AIGC__CONV_PATCHES, always_can, always_pays, plan_slices},
};

static void begin(aigc__convolution_plan_t *p, const struct aigc__kernels *kernels,
                  const aigc__convolution_shape_t *shape, aigc__direction_t direction, bool is_packed)
{
    const bool is_input = direction == AIGC__INPUT_GRADIENT;
    memset(p, 0, sizeof *p);
    p->kernels = kernels;
    p->shape = p->weights_shape = *shape;
    p->direction = direction;
    p->is_packed = is_packed;
    if (direction != AIGC__WEIGHT_GRADIENT) p->flat_taps = flatten(&p->shape);
    p->read = (is_input ? p->shape.out_channels : p->shape.in_channels) / p->shape.groups;
    p->made = (is_input ? p->shape.in_channels : p->shape.out_channels) / p->shape.groups;
    for (size_t k = 0; k < AIGC__SPATIAL; k++) p->residues[k] = is_input ? p->shape.stride[k] : 1;
    p->strips = aigc__ceil_div(aigc__round_up(p->made, kernels->gemm->unit), kernels->gemm->nr);
}

bool aigc__convolution_plan_by(aigc__convolution_plan_t *out, const struct aigc__kernels *kernels,
                               const aigc__convolution_shape_t *shape, aigc__direction_t direction, bool is_packed,
                               int method)
{
    const method_t *each = direction == AIGC__WEIGHT_GRADIENT ? weight_methods : result_methods;
    begin(out, kernels, shape, direction, is_packed);
    for (;; each++) {
        const bool is_asked = method == AIGC__CONV_BEST || method == each->method;
        if (is_asked && each->can(out) && (method != AIGC__CONV_BEST || each->pays(out))) break;
        if (each->method == AIGC__CONV_PATCHES) return false;
    }
    out->method = each->method;
    out->keeps_packed = true;
    if (out->method == AIGC__CONV_DOT) out->strips = 1;
    each->plan(out);
    return true;
}

void aigc__convolution_plan(aigc__convolution_plan_t *out, const struct aigc__kernels *kernels,
                            const aigc__convolution_shape_t *shape, aigc__direction_t direction, bool is_packed)
{
    aigc__convolution_plan_by(out, kernels, shape, direction, is_packed, AIGC__CONV_BEST);
}
