/* Which way a product is computed, and how it is cut: from its shape and the level's block sizes.
 *
 * Operands are read in place where that is fast. A is only ever broadcast, so either orientation will
 * do; it is copied only where it is stored transposed in long rows. B is read in place if its rows are and
 * do not fall on few cache sets. Otherwise it is packed: by each tile for itself, or once for all in phase
 * one. Phase one is only worth it for many rows and a small B: what one core packs the other has to fetch
 * from it, which costs more than packing twice. */
#include "kernels/gemm_layout.h"
#include <string.h>

enum { TILES_WANTED = 16, TILE_FLOP = 1 << 20 };

/* Rows this far apart fall on few sets of the first level cache. */
static bool sets_collide(size_t ld) { return ld % 512 == 0; }

static size_t copies(size_t step, const aigc__gemm_shape_t *s) { return step ? s->batch : 1; }

/* A row or column vector is contiguous whichever way it is said to be stored. */
static void simplify(aigc__gemm_shape_t *s)
{
    if (s->ta && s->m == 1 && s->lda == 1 && !s->a_packed) s->ta = false, s->lda = s->k;
    if (!s->tb && s->n == 1 && s->ldb == 1 && !s->b_packed) s->tb = true, s->ldb = s->k;
}

/* Few rows or columns, and rows of both operands that can be multiplied as they lie. Up to 32 it is
 * faster than packing, as long as those few stay in the first level cache. */
static bool is_dot(const aigc__gemm_shape_t *s)
{
    const size_t few = aigc__minimum(s->m, s->n);
    if (s->ta || !s->tb || s->a_packed || s->b_packed || s->k == 0) return false;
    return few <= 8 || (few <= 32 && s->k >= 128 && few * s->k <= 1 << 14);
}

static void plan_dot(aigc__gemm_plan_t *p)
{
    const aigc__gemm_shape_t *s = &p->core;
    const size_t longer = aigc__maximum(s->m, s->n), shorter = s->m + s->n - longer;
    const size_t enough = aigc__ceil_div(1 << 16, s->k * shorter);
    const size_t part = aigc__round_up(aigc__maximum(enough, aigc__ceil_div(longer, TILES_WANTED)), 16);
    p->variant = AIGC__GEMM_DOT;
    p->tile_rows = s->m > s->n ? part : s->m;
    p->tile_strips = s->m > s->n ? s->n : part; /* strips of one column */
    p->row_tiles = aigc__ceil_div(s->m, p->tile_rows);
    p->column_tiles = aigc__ceil_div(s->n, p->tile_strips);
    p->tiles = p->row_tiles * p->column_tiles * s->batch;
}

/* A transposed A touches a row of memory every step of k: it is read in place only if rows are short. */
static bool is_a_copied(const aigc__gemm_shape_t *s)
{
    return s->ta && !s->a_packed && (s->lda > 512 || sets_collide(s->lda));
}

/* How k is cut, and whether slices are summed apart: where C has too few tiles for all of k to be done
 * at once, and each slice is still long. */
static void plan_k(aigc__gemm_plan_t *p)
{
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const aigc__gemm_shape_t *s = &p->core;
    const size_t longest = is_a_copied(s) ? kernel->copy_kc : kernel->kc;
    p->slices = 1;
    p->slice_k = s->k;
    if (s->m * s->n * s->batch <= 256 * 256 && s->k >= 8 * kernel->kc) {
        p->variant = AIGC__GEMM_SPLIT;
        p->slice_k = aigc__round_up(aigc__ceil_div(s->k, aigc__minimum(s->k / (2 * kernel->kc), 32)), 16);
        p->slices = aigc__ceil_div(s->k, p->slice_k);
    }
    const size_t blocks = aigc__ceil_div(p->slice_k, longest);
    p->kc = blocks > 1 ? aigc__round_up(aigc__ceil_div(p->slice_k, blocks), 16) : p->slice_k;
}

static void plan_b_source(aigc__gemm_plan_t *p)
{
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const aigc__gemm_shape_t *s = &p->core;
    const size_t small = is_a_copied(s) ? 2 * kernel->b_floats : kernel->b_floats;
    /* A read across its rows and B as well touch too many pages at once; many rows pay for packing. */
    const bool crowds_pages = s->ta && !is_a_copied(s) && s->m >= 256;
    if (s->b_packed)
        p->b_source = AIGC__B_GIVEN;
    else if (!s->tb && !sets_collide(s->ldb) && !crowds_pages)
        p->b_source = AIGC__B_IN_PLACE;
    else if (p->variant == AIGC__GEMM_BLOCKED && s->m > kernel->mc / 2 && s->k * s->n <= small)
        p->b_source = AIGC__B_SHARED;
    else
        p->b_source = AIGC__B_OWN;
}

/* Enough tiles to share out, as long as each is worth handing over. */
static size_t tiles_wanted(const aigc__gemm_shape_t *s)
{
    const size_t most = is_a_copied(s) ? TILES_WANTED / 2 : TILES_WANTED;
    const double tiles = 2.0 * (double)s->m * (double)s->n * (double)s->k * (double)s->batch / TILE_FLOP;
    return tiles < 1 ? 1 : tiles < (double)most ? (size_t)tiles : most;
}

/* `count`, raised so that `others` times it reaches `wanted`, but not beyond `limit`. */
static size_t raised(size_t count, size_t limit, size_t others, size_t wanted)
{
    return aigc__maximum(count, aigc__minimum(limit, aigc__ceil_div(wanted, others)));
}

/* What two and four threads spend on `units` cut into parts of `each`, every part coming `others` times. */
static size_t cost_of(size_t units, size_t each, size_t others)
{
    const size_t tiles = aigc__ceil_div(units, each) * others;
    return each * (aigc__round_up(tiles, 2) + aigc__round_up(tiles, 4));
}

/* Units a part, for at least `parts` parts and at most twice as many: what leaves threads least idle. More
 * parts than asked for must save a twentieth. */
static size_t balanced(size_t units, size_t parts, size_t others)
{
    size_t best = aigc__ceil_div(units, parts), best_cost = SIZE_MAX;
    for (size_t each = best; each > 0 && aigc__ceil_div(units, each) <= 2 * parts; each--) {
        const size_t cost = cost_of(units, each, others);
        if (cost < best_cost - best_cost / 20) best = each, best_cost = cost;
    }
    return best;
}

/* Tiles of C: large enough to reuse what they load, enough of them to share out evenly. Where B stays in
 * the second level cache tiles had better be wide; a B that is packed by each tile, or comes from far, must
 * meet many rows. */
static void plan_tiles(aigc__gemm_plan_t *p)
{
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const aigc__gemm_shape_t *s = &p->core;
    const size_t products = s->batch * p->slices;
    const size_t nc = is_a_copied(s) ? kernel->copy_nc : kernel->nc, wanted = tiles_wanted(s);
    const bool is_wide = p->b_source != AIGC__B_OWN && s->n * p->kc <= kernel->b_floats;
    const size_t row_units = aigc__ceil_div(s->m, kernel->mr);
    size_t rows = aigc__ceil_div(s->m, kernel->mc), columns = aigc__ceil_div(p->strips, nc / kernel->nr);
    if (is_wide) {
        rows = raised(rows, s->m / 64, products, wanted);
        columns = raised(1, p->strips / 2, rows * products, wanted);
        rows = raised(rows, s->m / 32, columns * products, wanted);
        columns = raised(columns, p->strips, rows * products, wanted);
        p->tile_strips = aigc__ceil_div(p->strips, columns);
        p->tile_rows = balanced(row_units, rows, aigc__ceil_div(p->strips, p->tile_strips) * products) * kernel->mr;
    } else {
        columns = raised(columns, p->strips, rows * products, wanted);
        rows = raised(rows, s->m / 256, columns * products, wanted);
        p->tile_strips = balanced(p->strips, columns, rows * products);
        const size_t whole = 2 * cost_of(p->strips, p->tile_strips, rows * products);
        const size_t halved = cost_of(p->strips, p->tile_strips, 2 * rows * products);
        if (s->m >= rows * 384 && halved < whole - whole / 32) rows *= 2;
        p->tile_rows = aigc__ceil_div(row_units, rows) * kernel->mr;
    }
    p->row_tiles = aigc__ceil_div(s->m, p->tile_rows);
    p->column_tiles = aigc__ceil_div(p->strips, p->tile_strips);
    p->tiles = p->row_tiles * p->column_tiles * products;
    p->group_rows = kernel->group;
}

static void plan_workspace(aigc__gemm_plan_t *p)
{
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const aigc__gemm_shape_t *s = &p->core;
    if (p->b_source == AIGC__B_SHARED) {
        p->pack_k = 8 * aigc__ceil_div(s->k, 8 * aigc__ceil_div(s->k, 128)); /* fine enough for few strips */
        p->pack_tiles = p->strips * aigc__ceil_div(s->k, p->pack_k) * copies(s->b_step, s);
        p->shared_bytes = aigc__packed_b_floats(kernel, s) * copies(s->b_step, s) * sizeof(float);
    }
    size_t own = 0;
    if (is_a_copied(s)) {
        p->a_copy_rows =
            aigc__minimum(kernel->copy_groups * p->group_rows, aigc__round_up(p->tile_rows, p->group_rows));
        own = aigc__whole_lines(p->a_copy_rows * p->kc);
    }
    p->own_b = own;
    if (p->b_source == AIGC__B_OWN) own += aigc__whole_lines(p->tile_strips * kernel->nr * p->kc);
    if (p->b_source == AIGC__B_IN_PLACE && s->n % kernel->unit) own += aigc__whole_lines(kernel->nr * p->kc);
    p->worker_bytes = own * sizeof(float);
}

/* Phase one computes the slices, phase two adds them up. */
static void plan_sum(aigc__gemm_plan_t *p)
{
    const aigc__gemm_shape_t *s = &p->core;
    p->pack_tiles = p->tiles;
    p->tiles = s->batch * aigc__ceil_div(s->m, 16);
    p->shared_bytes = s->batch * p->slices * s->m * aigc__spread_ld(s->n) * sizeof(float);
}

void aigc__gemm_plan(aigc__gemm_plan_t *out, const struct aigc__kernels *kernels, const aigc__gemm_shape_t *shape)
{
    const aigc__gemm_kernel_t *kernel = kernels->gemm;
    memset(out, 0, sizeof *out);
    out->kernels = kernels;
    out->shape = out->core = *shape;
    out->packed_a_bytes = aigc__packed_a_floats(shape) * copies(shape->a_step, shape) * sizeof(float);
    out->packed_b_bytes = aigc__packed_b_floats(kernel, shape) * copies(shape->b_step, shape) * sizeof(float);
    if (shape->m == 0 || shape->n == 0) return;
    simplify(&out->core);
    if (is_dot(&out->core)) {
        plan_dot(out);
        return;
    }
    plan_k(out);
    out->strips = aigc__ceil_div(aigc__round_up(out->core.n, kernel->unit), kernel->nr);
    plan_b_source(out);
    plan_tiles(out);
    plan_workspace(out);
    if (out->variant == AIGC__GEMM_SPLIT) plan_sum(out);
}
