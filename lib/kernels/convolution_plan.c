/* How a convolution is cut, from its shape and the level's block sizes. */
#include "kernels/winograd.h"
#include <string.h>

enum { TILES_WANTED = 16, TILE_PIXELS = 192, SLICE_PIXELS = 512 };

static size_t common_divisor(size_t a, size_t b)
{
    while (b > 0) {
        const size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static aigc__conv_axis_t forward_axis(const aigc__convolution_shape_t *s, size_t axis)
{
    return (aigc__conv_axis_t){.step = 1,
                               .count = s->out[axis],
                               .source = s->in[axis],
                               .source_step = s->stride[axis],
                               .offset = -(ptrdiff_t)s->before[axis],
                               .offset_step = (ptrdiff_t)s->dilation[axis],
                               .taps = s->kernel[axis],
                               .tap_step = 1};
}

/* Position i of x meets tap k where i + before - k * dilation is a multiple of the stride, which then is the
 * position of y. Of such taps the last comes first: it reads the lowest position. */
static aigc__conv_axis_t gradient_axis(const aigc__convolution_shape_t *s, size_t axis, size_t residue)
{
    const size_t stride = s->stride[axis], dilation = s->dilation[axis];
    const size_t tap_step = stride / common_divisor(stride, dilation), reach = residue + s->before[axis];
    aigc__conv_axis_t a = {.start = residue, .step = stride, .source = s->out[axis], .source_step = 1};
    size_t tap = 0;
    a.count = residue < s->in[axis] ? aigc__ceil_div(s->in[axis] - residue, stride) : 0;
    while (tap < tap_step && (tap * dilation) % stride != reach % stride) tap++;
    if (tap >= tap_step || tap >= s->kernel[axis]) return a;
    a.taps = aigc__ceil_div(s->kernel[axis] - tap, tap_step);
    a.tap = (ptrdiff_t)(tap + (a.taps - 1) * tap_step);
    a.tap_step = -(ptrdiff_t)tap_step;
    a.offset_step = (ptrdiff_t)(tap_step * dilation / stride);
    a.offset = ((ptrdiff_t)reach - a.tap * (ptrdiff_t)dilation) / (ptrdiff_t)stride;
    return a;
}

static aigc__conv_grid_t grid_of(const aigc__conv_axis_t *axes, size_t images)
{
    aigc__conv_grid_t grid = {.pixels = images, .taps = 1};
    for (size_t k = 0; k < AIGC__SPATIAL; k++) {
        grid.axes[k] = axes[k];
        grid.pixels *= axes[k].count;
        grid.taps *= axes[k].taps;
    }
    return grid;
}

aigc__conv_grid_t aigc__conv_forward_grid(const aigc__convolution_shape_t *shape)
{
    aigc__conv_axis_t axes[AIGC__SPATIAL];
    for (size_t k = 0; k < AIGC__SPATIAL; k++) axes[k] = forward_axis(shape, k);
    return grid_of(axes, shape->images);
}

aigc__conv_grid_t aigc__conv_grid(const aigc__convolution_plan_t *plan, size_t residue)
{
    const aigc__convolution_shape_t *s = &plan->shape;
    aigc__conv_axis_t axes[AIGC__SPATIAL];
    if (plan->direction == AIGC__FORWARD) return aigc__conv_forward_grid(s);
    for (size_t k = AIGC__SPATIAL; k-- > 0; residue /= plan->residues[k])
        axes[k] = gradient_axis(s, k, residue % plan->residues[k]);
    return grid_of(axes, s->images);
}

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
static void set_phases(aigc__convolution_plan_t *p, size_t tiles)
{
    p->shared_bytes = p->is_packed ? 0 : p->packed_bytes;
    p->tiles[0] = p->is_packed ? tiles : p->pack_tiles;
    p->tiles[1] = p->is_packed ? 0 : tiles;
}

/* Steps of the inner sum between two visits to a piece of the result. */
static size_t even_part(size_t steps, size_t most)
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
static void plan_result(aigc__convolution_plan_t *p)
{
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    size_t longest;
    const size_t pixels = most_pixels(p, &longest), residues = aigc__conv_residues(p);
    const size_t even = aigc__round_up(aigc__ceil_div(pixels * residues, TILES_WANTED), kernel->group);
    p->tile_pixels = aigc__minimum(aigc__maximum(even, kernel->group), TILE_PIXELS);
    p->pixel_tiles = aigc__ceil_div(pixels, p->tile_pixels);
    p->column_tiles = 1;
    if (p->shape.groups == 1)
        p->column_tiles = aigc__minimum(p->strips, aigc__ceil_div(TILES_WANTED, p->pixel_tiles * residues));
    p->tile_strips = aigc__ceil_div(p->strips, p->column_tiles);
    p->column_tiles = aigc__ceil_div(p->strips, p->tile_strips);
    p->kc = even_part(longest, kernel->kc);
    set_phases(p, residues * p->pixel_tiles * p->column_tiles);
    p->scratch = p->tile_pixels * aigc__spread_ld(p->kc);
    const size_t own = p->scratch + p->tile_pixels * p->tile_strips * kernel->nr;
    p->worker_bytes = aigc__whole_lines(own) * sizeof(float);
}

/* ---- long rows ---- */

/* Whether taps along a row read neighbours, and rows are long enough. */
static bool has_long_rows(const aigc__convolution_plan_t *p)
{
    enum { LONG = 16 };
    for (size_t k = 0; k < aigc__conv_residues(p); k++) {
        const aigc__conv_grid_t grid = aigc__conv_grid(p, k);
        if (grid.pixels == 0 || grid.taps == 0) continue;
        if (grid.axes[2].count < LONG || (grid.axes[2].taps > 1 && grid.axes[2].offset_step != 1)) return false;
    }
    return p->shape.groups == 1;
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
    enum { ROW_PIXELS = 256 };
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const aigc__conv_grid_t grid = aigc__conv_grid(p, 0);
    const size_t residues = aigc__conv_residues(p), width = aigc__maximum(grid.axes[2].count, 1);
    const size_t all = row_tiles(p, 1) * residues;
    p->tile_rows = aigc__minimum(aigc__maximum(ROW_PIXELS / width, 1), aigc__maximum(all / TILES_WANTED, 1));
    p->pixel_tiles = row_tiles(p, p->tile_rows);
    p->column_tiles = aigc__minimum(p->strips, aigc__ceil_div(TILES_WANTED, p->pixel_tiles * residues));
    p->tile_strips = aigc__ceil_div(p->strips, p->column_tiles);
    p->column_tiles = aigc__ceil_div(p->strips, p->tile_strips);
    p->kc = kernel->kc;
    set_phases(p, residues * p->pixel_tiles * p->column_tiles);
    for (size_t k = 0; k < residues; k++) {
        const aigc__conv_grid_t each = aigc__conv_grid(p, k);
        const size_t bytes = aigc__conv_band_floats(p, &each, p->tile_rows) * sizeof(float);
        p->worker_bytes = aigc__maximum(p->worker_bytes, bytes);
    }
}

/* ---- Winograd ---- */

/* Taps of each phase along an axis where minimal filtering is known for them; 0 where it is not. */
static size_t filter_taps(const aigc__conv_axis_t *axis)
{
    const size_t phases = axis->source_step;
    if (phases > 2 || axis->offset_step != 1 || axis->taps % phases != 0) return 0;
    return axis->taps == 3 * phases || axis->taps == 2 * phases ? axis->taps / phases : 0;
}

/* Squares of taps that are known, channels enough for products to outweigh transforms, and not much beyond the edges. */
static bool is_winograd(aigc__convolution_plan_t *p, const aigc__conv_grid_t *grid)
{
    enum { CHANNELS = 16 };
    const aigc__conv_axis_t *axes = grid->axes;
    const size_t taps = filter_taps(&axes[1]);
    if (p->read < CHANNELS || p->made < CHANNELS || grid->pixels == 0) return false;
    if (axes[0].taps != 1 || axes[0].source_step != 1 || axes[0].step != 1 || axes[0].offset != 0) return false;
    if (axes[0].count != axes[0].source || taps == 0 || filter_taps(&axes[2]) != taps) return false;
    if (axes[1].source_step != axes[2].source_step) return false;
    const size_t side_h = aigc__round_up(axes[1].count, AIGC__WINDOW), side_w = aigc__round_up(axes[2].count, AIGC__WINDOW);
    p->filter_taps = taps;
    p->phases = axes[1].source_step;
    /* of the 4 (three taps) or 2.56 (two) times fewer multiplications some must be left */
    return 2 * side_h * side_w <= (taps == 3 ? 4 : 3) * axes[1].count * axes[2].count;
}

/* All residues alike. */
static bool is_winograd_all(aigc__convolution_plan_t *p)
{
    for (size_t k = aigc__conv_residues(p); k-- > 0;) {
        const aigc__conv_grid_t grid = aigc__conv_grid(p, k);
        if (!is_winograd(p, &grid)) return false;
    }
    return true;
}

static size_t spread_step(size_t floats) { return (aigc__ceil_div(floats, 16) | 1) * 16; }

static void count_windows(aigc__convolution_plan_t *p, const aigc__conv_grid_t *grid)
{
    p->windows[0] = aigc__ceil_div(grid->axes[1].count, AIGC__WINDOW);
    p->windows[1] = aigc__ceil_div(grid->axes[2].count, AIGC__WINDOW);
    p->all_windows = p->shape.images * p->shape.in[0] * p->windows[0] * p->windows[1];
    p->read_ld = aigc__spread_ld(p->read * p->phases * p->phases);
}

static void plan_windows(aigc__convolution_plan_t *p, const aigc__conv_grid_t *grid)
{
    enum { V_FLOATS = 1 << 18, M_FLOATS = 1 << 17 };
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const aigc__convolution_shape_t *s = &p->shape;
    const size_t columns = aigc__round_up(p->made, kernel->unit);
    p->method = AIGC__CONV_WINOGRAD;
    count_windows(p, grid);
    const size_t even = aigc__round_up(aigc__ceil_div(p->all_windows, TILES_WANTED), kernel->mr);
    const size_t points = aigc__winograd(p->kernels, p->filter_taps).points, all = p->read * p->phases * p->phases;
    const size_t residues = aigc__conv_residues(p);
    const size_t held = aigc__round_up(V_FLOATS / (points * all), kernel->group);
    p->tile_windows = aigc__minimum(aigc__maximum(even, 2 * kernel->group), aigc__maximum(held, 2 * kernel->group));
    p->pixel_tiles = aigc__ceil_div(p->all_windows, p->tile_windows);
    p->column_tiles = aigc__minimum(p->strips, aigc__ceil_div(TILES_WANTED / 4, p->pixel_tiles * residues));
    if (s->groups > 1) p->column_tiles = 1;
    p->tile_strips = aigc__ceil_div(p->strips, p->column_tiles);
    p->column_tiles = aigc__ceil_div(p->strips, p->tile_strips);
    p->chunk_strips = aigc__maximum(M_FLOATS / (points * p->tile_windows * kernel->nr), 1);
    p->chunk_strips = aigc__minimum(p->chunk_strips, p->tile_strips);
    p->read_step = spread_step(p->tile_windows * p->read_ld);
    p->made_ld = p->chunk_strips * kernel->nr;
    p->made_step = spread_step(p->tile_windows * p->made_ld);
    p->kc = even_part(all, kernel->kc);
    p->packed_bytes = aigc__whole_lines(residues * s->groups * columns * points * all) * sizeof(float);
    p->pack_tiles = s->groups * p->strips;
    set_phases(p, residues * p->pixel_tiles * p->column_tiles);
    p->scratch = points * (p->read_step + p->made_step);
    const size_t edge = aigc__maximum(points * all, AIGC__WINDOW * AIGC__WINDOW * p->made_ld);
    p->worker_bytes = aigc__whole_lines(p->scratch + edge) * sizeof(float);
}

/* ---- weight gradient ---- */

/* Each tile sums the products of a slice of the windows for a block of the result's channels; phase two adds the
 * slices. Sums take 36 times the room of a tap's weights, so large ones are not sliced. */
static void plan_window_slices(aigc__convolution_plan_t *p, const aigc__conv_grid_t *grid)
{
    enum { SUM_FLOATS = 1 << 23, SLICE_WINDOWS = 64, BLOCK = 64, HELD_FLOATS = 1 << 18 };
    const aigc__convolution_shape_t *s = &p->shape;
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    p->method = AIGC__CONV_WINOGRAD;
    const size_t points = aigc__winograd(p->kernels, p->filter_taps).points;
    count_windows(p, grid);
    const size_t sums = points * s->out_channels * p->read_ld;
    p->slices = aigc__maximum(aigc__minimum(SUM_FLOATS / sums, TILES_WANTED / s->groups), 1);
    p->slices = aigc__minimum(p->slices, aigc__ceil_div(p->all_windows, SLICE_WINDOWS));
    p->slice_pixels = aigc__ceil_div(p->all_windows, p->slices);
    p->slices = aigc__ceil_div(p->all_windows, p->slice_pixels);
    const size_t blocks = aigc__minimum(aigc__ceil_div(TILES_WANTED, p->slices), aigc__ceil_div(p->made, BLOCK));
    p->block = aigc__round_up(aigc__ceil_div(p->made, blocks), kernel->group);
    p->column_tiles = aigc__ceil_div(p->made, p->block);
    p->made_ld = aigc__spread_ld(p->block);
    const size_t held = HELD_FLOATS / (points * (p->read_ld + p->made_ld));
    p->tile_windows = aigc__minimum(aigc__round_up(aigc__maximum(held, 32), 16), aigc__round_up(p->slice_pixels, 16));
    p->read_step = spread_step(p->tile_windows * p->read_ld);
    p->made_step = spread_step(p->tile_windows * p->made_ld);
    p->tiles[0] = p->slices * s->groups * p->column_tiles;
    p->tiles[1] = s->groups * aigc__ceil_div(p->made, AIGC__SUM_ROWS);
    p->shared_bytes = p->slices * sums * sizeof(float);
    p->scratch = points * (p->read_step + p->made_step);
    const size_t edge = points * aigc__maximum(p->read_ld, p->block);
    const size_t turned = (points + 9) * p->read_ld;
    p->worker_bytes = aigc__whole_lines(aigc__maximum(p->scratch + edge, turned)) * sizeof(float);
}

/* Whether rows are so long, or the sums so few, that visiting all sums once a row of the result costs little. */
static bool has_rows_to_sum(const aigc__convolution_plan_t *p, const aigc__conv_grid_t *grid)
{
    enum { LONG = 64, SHORT = 16, FEW_SUMS = 1 << 14 };
    const aigc__conv_axis_t *axis = &grid->axes[2];
    if (p->shape.groups > 1 || grid->pixels == 0 || (axis->taps > 1 && axis->offset_step != 1)) return false;
    return axis->count >= LONG || (axis->count >= SHORT && grid->taps * p->read * p->made <= FEW_SUMS);
}

/* Each tile sums over a slice of the rows of the result, [tap][channel read][channel made]; phase two adds the slices. */
static void plan_row_slices(aigc__convolution_plan_t *p, const aigc__conv_grid_t *grid)
{
    enum { SUM_FLOATS = 1 << 23, BAND_PIXELS = 256 };
    const aigc__convolution_shape_t *s = &p->shape;
    const size_t rows = s->images * s->out[0] * s->out[1];
    p->method = AIGC__CONV_ROWS;
    p->made_ld = aigc__spread_ld(p->made);
    const size_t sums = grid->taps * p->read * p->made_ld;
    p->slices = aigc__maximum(aigc__minimum(SUM_FLOATS / sums, TILES_WANTED), 1);
    p->slice_pixels = aigc__ceil_div(rows, aigc__minimum(p->slices, rows));
    p->slices = aigc__ceil_div(rows, p->slice_pixels);
    p->tile_rows = aigc__maximum(BAND_PIXELS / s->out[2], 1);
    p->tiles[0] = p->slices;
    p->tiles[1] = aigc__ceil_div(p->read, AIGC__SUM_ROWS);
    p->shared_bytes = p->slices * sums * sizeof(float);
    p->scratch = aigc__conv_band_floats(p, grid, p->tile_rows);
    const size_t padded = p->made % p->kernels->gemm->unit ? s->out[2] * p->made_ld : 0;
    p->worker_bytes = aigc__maximum(p->scratch + padded, grid->taps * p->made_ld) * sizeof(float);
}

/* Each tile sums a block of columns over a slice of the pixels; phase two adds the slices. */
static void plan_slices(aigc__convolution_plan_t *p)
{
    const aigc__convolution_shape_t *s = &p->shape;
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const size_t columns = p->read * s->kernel[0] * s->kernel[1] * s->kernel[2];
    const size_t pixels = aigc__conv_forward_grid(s).pixels;
    p->block = 4 * kernel->nr;
    const size_t blocks = aigc__ceil_div(columns, p->block) * s->groups;
    /* Without pixels there is one slice too: it makes the zeros. */
    const size_t most = aigc__maximum(aigc__ceil_div(pixels, SLICE_PIXELS), 1);
    const size_t slices = aigc__minimum(aigc__ceil_div(TILES_WANTED, blocks), most);
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

void aigc__convolution_plan(aigc__convolution_plan_t *out, const struct aigc__kernels *kernels,
                            const aigc__convolution_shape_t *shape, aigc__direction_t direction, bool is_packed)
{
    const aigc__gemm_kernel_t *kernel = kernels->gemm;
    const bool is_input = direction == AIGC__INPUT_GRADIENT;
    memset(out, 0, sizeof *out);
    out->kernels = kernels;
    out->shape = *shape;
    out->direction = direction;
    out->is_packed = is_packed;
    out->weights_shape = *shape;
    if (direction != AIGC__WEIGHT_GRADIENT) out->flat_taps = flatten(&out->shape);
    shape = &out->shape;
    out->read = (is_input ? shape->out_channels : shape->in_channels) / shape->groups;
    out->made = (is_input ? shape->in_channels : shape->out_channels) / shape->groups;
    for (size_t k = 0; k < AIGC__SPATIAL; k++) out->residues[k] = is_input ? shape->stride[k] : 1;
    out->strips = aigc__ceil_div(aigc__round_up(out->made, kernel->unit), kernel->nr);
    const bool is_weights = direction == AIGC__WEIGHT_GRADIENT;
    const aigc__conv_grid_t grid = is_weights ? aigc__conv_forward_grid(shape) : aigc__conv_grid(out, 0);
    if (is_weights && is_winograd(out, &grid)) {
        plan_window_slices(out, &grid);
    } else if (!is_weights && is_winograd_all(out)) {
        plan_windows(out, &grid);
    } else if (is_weights && has_rows_to_sum(out, &grid)) {
        plan_row_slices(out, &grid);
    } else if (is_weights) {
        plan_slices(out);
    } else if (has_long_rows(out)) {
        out->method = out->made <= 8 ? AIGC__CONV_DOT : AIGC__CONV_ROWS;
        if (out->method == AIGC__CONV_DOT) out->strips = 1;
        plan_weights(out);
        plan_rows(out);
    } else {
        plan_weights(out);
        plan_result(out);
    }
}
