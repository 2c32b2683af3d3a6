/* Where minimal filtering applies, and how it is cut. */
#include "kernels/convolution/winograd.h"

enum { MIN_WINDOWS = 24, MAX_WINDOWS = 128 };

/* Taps of one phase of an axis. */
static size_t phase_taps(const aigc__conv_axis_t *axis, size_t phase)
{
    return phase < axis->taps ? aigc__ceil_div(axis->taps - phase, axis->source_step) : 0;
}

size_t aigc__winograd_phases(const aigc__convolution_plan_t *plan, const aigc__conv_grid_t *grid, size_t point,
                             size_t *phase)
{
    const size_t side = aigc__winograd(plan->kernels, plan->filter_taps).side, all = plan->phases * plan->phases;
    const bool is_last_row = point / side == side - 1, is_last_column = point % side == side - 1;
    size_t n = 0;
    for (size_t k = *phase; k < all; k++) {
        const bool is_short = phase_taps(&grid->axes[1], k / plan->phases) < plan->filter_taps,
                   is_narrow = phase_taps(&grid->axes[2], k % plan->phases) < plan->filter_taps;
        if ((is_last_row && is_short) || (is_last_column && is_narrow)) {
            if (n > 0) break;
            continue;
        }
        if (n++ == 0) *phase = k;
    }
    return n;
}

/* Along two axes only, and phases alike along both. */
static bool can_filter(const aigc__conv_grid_t *grid)
{
    const aigc__conv_axis_t *axes = grid->axes;
    if (axes[0].taps != 1 || axes[0].source_step != 1 || axes[0].step != 1 || axes[0].offset != 0) return false;
    if (axes[0].count != axes[0].source || axes[1].source_step != axes[2].source_step) return false;
    return axes[1].source_step <= 2 && axes[1].offset_step == 1 && axes[2].offset_step == 1;
}

/* Two or three taps in every phase of every residue, or one fewer. */
bool aigc__winograd_can(aigc__convolution_plan_t *plan)
{
    if (plan->flat_taps > 0 || aigc__conv_grid(plan, 0).pixels == 0) return false;
    size_t most = 0, least = SIZE_MAX;
    for (size_t k = 0; k < aigc__conv_residues(plan); k++) {
        const aigc__conv_grid_t grid = aigc__conv_grid(plan, k);
        if (!can_filter(&grid)) return false;
        for (size_t axis = 1; axis < AIGC__SPATIAL; axis++) {
            plan->phases = grid.axes[axis].source_step;
            most = aigc__maximum(most, phase_taps(&grid.axes[axis], 0));
            least = aigc__minimum(least, phase_taps(&grid.axes[axis], plan->phases - 1));
        }
    }
    plan->filter_taps = most;
    return (most == 2 || most == 3) && least + 1 >= most;
}

/* Multiplications along an axis for one window: points of each phase. */
static size_t points_along(const aigc__convolution_plan_t *plan, const aigc__conv_axis_t *axis)
{
    size_t points = 0;
    for (size_t phase = 0; phase < plan->phases; phase++) points += phase_taps(axis, phase) + AIGC__WINDOW - 1;
    return points;
}

/* Channels enough for products to outweigh transforms, and half of the multiplications, as windows reach beyond the
 * edges: they run slower than those of the direct methods. With windows enough to make up for the transformed weights
 * two thirds will do. Weights that are packed once are read again for each call, and transformed they are up to six
 * times as many: few windows do not make up for that. What counts are the windows of one picture, so that a picture
 * does not depend on how many come with it. */
bool aigc__winograd_pays(const aigc__convolution_plan_t *plan)
{
    enum { CHANNELS = 16, MANY = 64, FEW = 16 };
    double direct = 0, here = 0;
    size_t windows = 0;
    if (plan->read < CHANNELS || plan->made < CHANNELS) return false;
    for (size_t k = 0; k < aigc__conv_residues(plan); k++) {
        const aigc__conv_grid_t grid = aigc__conv_grid(plan, k);
        const size_t points = points_along(plan, &grid.axes[1]) * points_along(plan, &grid.axes[2]);
        direct += (double)grid.pixels * (double)grid.taps;
        windows = aigc__maximum(windows, aigc__all_windows(plan, &grid) / aigc__maximum(plan->shape.images, 1));
        here += (double)aigc__all_windows(plan, &grid) * (double)points;
    }
    if (plan->is_packed && windows < FEW) return false;
    return direct >= here * (windows >= MANY * plan->read ? 1.5 : 2);
}

static void count_windows(aigc__convolution_plan_t *p)
{
    const aigc__conv_grid_t grid = aigc__conv_grid(p, 0);
    p->all_windows = aigc__all_windows(p, &grid);
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
