/* Where minimal filtering applies, and how it is cut. */
#include "kernels/convolution/winograd.h"

enum { MIN_WINDOWS = 24, MAX_WINDOWS = 128 };

/* Taps of each phase along an axis where minimal filtering is known for them; 0 where it is not. */
static size_t filter_taps(const aigc__conv_axis_t *axis)
{
    const size_t phases = axis->source_step;
    if (phases > 2 || axis->offset_step != 1 || axis->taps % phases != 0) return 0;
    return axis->taps == 3 * phases || axis->taps == 2 * phases ? axis->taps / phases : 0;
}

/* Squares of taps that are known, along two axes only. */
static bool can_filter(aigc__convolution_plan_t *p, const aigc__conv_grid_t *grid)
{
    const aigc__conv_axis_t *axes = grid->axes;
    const size_t taps = filter_taps(&axes[1]);
    if (axes[0].taps != 1 || axes[0].source_step != 1 || axes[0].step != 1 || axes[0].offset != 0) return false;
    if (axes[0].count != axes[0].source || taps == 0 || filter_taps(&axes[2]) != taps) return false;
    if (axes[1].source_step != axes[2].source_step) return false;
    p->filter_taps = taps;
    p->phases = axes[1].source_step;
    return grid->pixels > 0;
}

/* All residues alike. */
bool aigc__winograd_can(aigc__convolution_plan_t *plan)
{
    if (plan->flat_taps > 0) return false;
    for (size_t k = aigc__conv_residues(plan); k-- > 0;) {
        const aigc__conv_grid_t grid = aigc__conv_grid(plan, k);
        if (!can_filter(plan, &grid)) return false;
    }
    return true;
}

/* Channels enough for products to outweigh transforms, and not so much beyond the edges that nothing is left of the 4
 * (three taps) or 2.56 (two) times fewer multiplications. */
bool aigc__winograd_pays(const aigc__convolution_plan_t *plan)
{
    enum { CHANNELS = 16 };
    const aigc__conv_grid_t grid = aigc__conv_grid(plan, 0);
    const size_t height = grid.axes[1].count, width = grid.axes[2].count;
    const size_t covered = aigc__round_up(height, AIGC__WINDOW) * aigc__round_up(width, AIGC__WINDOW);
    if (plan->read < CHANNELS || plan->made < CHANNELS) return false;
    return 2 * covered <= (plan->filter_taps == 3 ? 4 : 3) * height * width;
}

static void count_windows(aigc__convolution_plan_t *p)
{
    const aigc__conv_grid_t grid = aigc__conv_grid(p, 0);
    p->windows[0] = aigc__ceil_div(grid.axes[1].count, AIGC__WINDOW);
    p->windows[1] = aigc__ceil_div(grid.axes[2].count, AIGC__WINDOW);
    p->all_windows = p->shape.images * p->shape.in[0] * p->windows[0] * p->windows[1];
    p->read_ld = aigc__spread_ld(p->read * p->phases * p->phases);
}

/* All windows are transformed once, by all workers; then a tile is a strip of columns of a residue. */
static void plan_stages(aigc__convolution_plan_t *p, size_t points, size_t all)
{
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const size_t residues = aigc__conv_residues(p);
    p->is_staged = true;
    p->read_step = aigc__spread_ld(p->all_windows * p->read_ld);
    p->made_ld = kernel->nr;
    p->made_step = aigc__spread_ld(p->all_windows * p->made_ld);
    p->tiles[0] = residues * aigc__ceil_div(p->all_windows, AIGC__STAGE_WINDOWS);
    p->tiles[1] = residues * p->strips;
    p->shared_bytes = residues * points * p->read_step * sizeof(float);
    p->scratch = points * (aigc__winograd_point_floats(p) + p->made_step);
    const size_t edge = aigc__maximum(points * all, AIGC__WINDOW * AIGC__WINDOW * p->made_ld);
    p->worker_bytes = aigc__whole_lines(p->scratch + edge) * sizeof(float);
}

void aigc__winograd_plan_result(aigc__convolution_plan_t *p)
{
    enum { M_FLOATS = 1 << 17, FEW_BYTES = 1 << 22, FEW_WINDOWS = 16 };
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const aigc__convolution_shape_t *s = &p->shape;
    count_windows(p);
    const size_t points = aigc__winograd(p->kernels, p->filter_taps).points, all = p->read * p->phases * p->phases;
    const size_t residues = aigc__conv_residues(p);
    /* Few windows stay in the second level cache with all they become; many make up for reading large weights. */
    const size_t held = aigc__minimum(aigc__maximum(aigc__round_up(all / 4, 8), MIN_WINDOWS), MAX_WINDOWS);
    p->tile_windows = aigc__minimum(held, aigc__round_up(p->all_windows, kernel->mr));
    p->pixel_tiles = aigc__ceil_div(p->all_windows, p->tile_windows);
    p->column_tiles = aigc__minimum(p->strips, aigc__ceil_div(AIGC__CONV_TILES / 2, p->pixel_tiles * residues));
    if (s->groups > 1) p->column_tiles = 1;
    p->tile_strips = aigc__ceil_div(p->strips, p->column_tiles);
    p->column_tiles = aigc__ceil_div(p->strips, p->tile_strips);
    p->chunk_strips = aigc__maximum(M_FLOATS / (points * p->tile_windows * kernel->nr), 1);
    p->chunk_strips = aigc__minimum(p->chunk_strips, p->tile_strips);
    p->read_step = aigc__spread_ld(p->tile_windows * p->read_ld);
    p->made_ld = p->chunk_strips * kernel->nr;
    p->made_step = aigc__spread_ld(p->tile_windows * p->made_ld);
    p->kc = aigc__conv_even_part(all, kernel->kc);
    p->packed_bytes = residues * s->groups * p->strips * points * aigc__winograd_point_floats(p) * sizeof(float);
    p->pack_tiles = s->groups * p->strips;
    /* Transformed weights take up to four times the room, and transforming them little of the time of many windows. */
    p->keeps_packed = p->packed_bytes <= FEW_BYTES || p->all_windows <= FEW_WINDOWS;
    aigc__conv_set_phases(p, residues * p->pixel_tiles * p->column_tiles);
    p->scratch = points * (p->read_step + p->made_step);
    const size_t edge = aigc__maximum(points * all, AIGC__WINDOW * AIGC__WINDOW * p->made_ld);
    p->worker_bytes = aigc__whole_lines(p->scratch + edge) * sizeof(float);
    if (!p->is_packed && s->groups == 1 && p->all_windows < p->made) plan_stages(p, points, all);
}

/* Each tile sums the products of a slice of the windows for a block of the result's channels; phase two adds the
 * slices. Sums take 36 times the room of a tap's weights, so large ones are not sliced. */
void aigc__winograd_plan_weights(aigc__convolution_plan_t *p)
{
    enum { SUM_FLOATS = 1 << 23, SLICE_WINDOWS = 64, BLOCK = 64, HELD_FLOATS = 1 << 18 };
    const aigc__convolution_shape_t *s = &p->shape;
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const size_t points = aigc__winograd(p->kernels, p->filter_taps).points;
    count_windows(p);
    const size_t sums = points * s->out_channels * p->read_ld;
    p->slices = aigc__maximum(aigc__minimum(SUM_FLOATS / sums, AIGC__CONV_TILES / s->groups), 1);
    p->slices = aigc__minimum(p->slices, aigc__ceil_div(p->all_windows, SLICE_WINDOWS));
    p->slice_pixels = aigc__ceil_div(p->all_windows, p->slices);
    p->slices = aigc__ceil_div(p->all_windows, p->slice_pixels);
    const size_t blocks = aigc__minimum(aigc__ceil_div(AIGC__CONV_TILES, p->slices), aigc__ceil_div(p->made, BLOCK));
    p->block = aigc__round_up(aigc__ceil_div(p->made, blocks), kernel->group);
    p->column_tiles = aigc__ceil_div(p->made, p->block);
    p->made_ld = aigc__spread_ld(p->block);
    const size_t held = HELD_FLOATS / (points * (p->read_ld + p->made_ld));
    p->tile_windows = aigc__minimum(aigc__round_up(aigc__maximum(held, 32), 16), aigc__round_up(p->slice_pixels, 16));
    p->read_step = aigc__spread_ld(p->tile_windows * p->read_ld);
    p->made_step = aigc__spread_ld(p->tile_windows * p->made_ld);
    p->tiles[0] = p->slices * s->groups * p->column_tiles;
    p->tiles[1] = s->groups * aigc__ceil_div(p->made, AIGC__SUM_ROWS);
    p->shared_bytes = p->slices * sums * sizeof(float);
    p->scratch = points * (p->read_step + p->made_step);
    const size_t edge = points * aigc__maximum(p->read_ld, p->block);
    const size_t turned = (points + 9) * p->read_ld;
    p->worker_bytes = aigc__whole_lines(aigc__maximum(p->scratch + edge, turned)) * sizeof(float);
}
