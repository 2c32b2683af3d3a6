/* Convolutions whose result has long rows: the source is read in place, or from a copy of the rows a tile needs with
 * zeros at both ends, so that the taps along a row are one run of neighbours and nothing is copied once a tap. With
 * many columns to make, runs are multiplied by strips of packed weights; with few, the sums are taken as dot products.
 */
#include "kernels/convolution/convolution_layout.h"
#include "kernels/kernels.h"
#include <string.h>

typedef struct tile_job {
    const aigc__convolution_call_t *call;
    aigc__conv_grid_t grid;
    size_t steps;           /* of the inner sum */
    aigc__conv_rows_t rows; /* of the positions made */
    size_t strip, strips;   /* strips: one past the last */
    const float *weights;
    aigc__conv_band_t band;
    float *result;               /* the first pixel made */
    size_t pixel_step, row_step; /* of the result */
} tile_job_t;

/* ---- sums ---- */

/* A part of the inner sum: steps [k0, k0 + k * runs) of the packed weights, read in runs of k. */
typedef struct part {
    size_t k0, k, runs;
    const float *from; /* of the first row and pixel made */
    size_t run_step;
} part_t;

static void multiply(const tile_job_t *j, const part_t *part)
{
    const aigc__convolution_plan_t *p = j->call->plan;
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const aigc__conv_axis_t *axes = j->grid.axes;
    const size_t pixels = j->rows.pixels, first = aigc__conv_strip(p, j->strip), a_row = axes[2].source_step * p->read;
    for (size_t row = 0; row < j->rows.n; row++)
        for (size_t pixel = 0; pixel < pixels; pixel += kernel->group)
            for (size_t i = j->strip; i < j->strips; i++) {
                const size_t start = aigc__conv_strip(p, i), width = aigc__conv_strip(p, i + 1) - start;
                const aigc__gemm_strip_t strip = {
                    .rows = aigc__minimum(kernel->group, pixels - pixel),
                    .columns = aigc__minimum(width, p->made - start),
                    .k = part->k,
                    .a = part->from + row * axes[1].source_step * j->band.row_floats + pixel * a_row,
                    .a_row = a_row,
                    .a_k = 1,
                    .more_runs = part->runs - 1,
                    .a_skip = part->run_step - part->k,
                    .b = j->weights + start * j->steps + part->k0 * width,
                    .b_k = width,
                    .c = j->result + row * j->row_step + (j->rows.pixel + pixel) * j->pixel_step + start - first,
                    .ldc = j->pixel_step,
                    .add = part->k0 > 0};
                kernel->strip(&strip);
            }
}

static void dot(const tile_job_t *j, const part_t *part)
{
    const aigc__convolution_plan_t *p = j->call->plan;
    const aigc__conv_axis_t *axes = j->grid.axes;
    for (size_t row = 0; row < j->rows.n; row++) {
        const aigc__gemm_dot_t d = {.rows = p->made,
                                    .columns = j->rows.pixels,
                                    .k = part->k,
                                    .a = j->weights + part->k0,
                                    .b = part->from + row * axes[1].source_step * j->band.row_floats,
                                    .lda = j->steps,
                                    .ldb = axes[2].source_step * p->read,
                                    .more_runs = part->runs - 1,
                                    .b_skip = part->run_step - part->k,
                                    .c = j->result + row * j->row_step + j->rows.pixel * j->pixel_step,
                                    .c_i = 1,
                                    .c_j = j->pixel_step,
                                    .add = part->k0 > 0};
        p->kernels->gemm->dot(&d);
    }
}

/* Runs are cut, or several taken together, so that a part has about kc steps. */
static void add_parts(const tile_job_t *j)
{
    const aigc__convolution_plan_t *p = j->call->plan;
    const aigc__conv_axis_t *axes = j->grid.axes;
    const size_t run = axes[2].taps * p->read, run_step = (size_t)axes[1].offset_step * j->band.row_floats;
    const bool is_dot = p->method == AIGC__CONV_DOT;
    const size_t together = is_dot ? axes[1].taps : aigc__maximum(p->kc / run, 1);
    const size_t cut = is_dot ? run : aigc__conv_even_part(run, p->kc); /* as patches */
    part_t part = {.run_step = run_step};
    for (size_t d = 0; d < axes[0].taps; d++)
        for (size_t h = 0; h < axes[1].taps; h += together)
            for (size_t at = 0; at < run; at += cut) {
                part.k = aigc__minimum(cut, run - at);
                part.runs = aigc__minimum(together, axes[1].taps - h);
                part.k0 = (d * axes[1].taps + h) * run + at;
                part.from = j->band.from + d * j->band.depth_floats + h * run_step + at;
                (is_dot ? dot : multiply)(j, &part);
            }
}

/* Positions that no tap meets. */
static void clear(const tile_job_t *j, size_t columns)
{
    for (size_t row = 0; row < j->rows.n; row++)
        for (size_t i = 0; i < j->grid.axes[2].count; i++)
            memset(j->result + row * j->row_step + i * j->pixel_step, 0, columns * sizeof *j->result);
}

/* ---- tiles ---- */

static void announce(const tile_job_t *j, size_t columns, size_t worker)
{
    const aigc__convolution_call_t *call = j->call;
    const size_t first = (size_t)(j->result - call->result), pixels = j->grid.axes[2].count;
    if (!call->done) return;
    if (j->row_step == pixels * j->pixel_step) {
        call->done(call->user, first, j->rows.n * pixels, columns, j->pixel_step, worker);
        return;
    }
    for (size_t row = 0; row < j->rows.n; row++)
        call->done(call->user, first + row * j->row_step, pixels, columns, j->pixel_step, worker);
}

/* Makes pixels [first, end) of the rows. */
static void make(tile_job_t *j, size_t first, size_t end, float *copy)
{
    if (first >= end) return;
    j->rows.pixel = first;
    j->rows.pixels = end - first;
    aigc__conv_find_band(&j->band, j->call->plan, &j->grid, j->call->a, j->rows, copy);
    add_parts(j);
}

/* Few columns cost little more than reading the source, so that only pixels at the ends of rows work on a copy. */
static void make_rows(tile_job_t *j, float *copy)
{
    const aigc__conv_axis_t *axis = &j->grid.axes[2];
    const ptrdiff_t step = (ptrdiff_t)axis->source_step,
                    room = (ptrdiff_t)axis->source - (ptrdiff_t)axis->taps - axis->offset;
    size_t left = axis->offset < 0 ? (size_t)((step - 1 - axis->offset) / step) : 0;
    size_t right = room < 0 ? 0 : (size_t)(room / step) + 1;
    if (j->call->plan->method != AIGC__CONV_DOT) left = right = 0;
    left = aigc__minimum(left, axis->count);
    right = aigc__maximum(aigc__minimum(right, axis->count), left);
    make(j, 0, left, copy);
    make(j, left, right, copy);
    make(j, right, axis->count, copy);
}

void aigc__conv_rows_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    const size_t column = tile % p->column_tiles, rest = tile / p->column_tiles;
    const size_t residue = rest / p->pixel_tiles, residues = aigc__conv_residues(p);
    tile_job_t j = {.call = call, .grid = aigc__conv_grid(p, residue % residues)};
    const aigc__conv_axis_t *axes = j.grid.axes;
    const size_t *sizes = p->direction == AIGC__FORWARD ? p->shape.out : p->shape.in;
    const size_t parts = aigc__ceil_div(axes[1].count, p->tile_rows), place = rest % p->pixel_tiles;
    if (j.grid.pixels == 0 || place >= p->shape.images * axes[0].count * parts) return;
    j.rows.first = place % parts * p->tile_rows;
    j.rows.n = aigc__minimum(p->tile_rows, axes[1].count - j.rows.first);
    j.rows.depth = place / parts % axes[0].count;
    j.rows.image = place / parts / axes[0].count;
    j.strip = column * p->tile_strips;
    j.strips = aigc__minimum(j.strip + p->tile_strips, p->strips);
    const size_t start = aigc__conv_strip(p, j.strip),
                 columns = aigc__minimum(aigc__conv_strip(p, j.strips), p->made) - start;
    const size_t d = axes[0].start + j.rows.depth * axes[0].step, h = axes[1].start + j.rows.first * axes[1].step;
    j.pixel_step = axes[2].step * p->made;
    j.row_step = axes[1].step * sizes[2] * p->made;
    j.result =
        call->result + (((j.rows.image * sizes[0] + d) * sizes[1] + h) * sizes[2] + axes[2].start) * p->made + start;
    j.steps = j.grid.taps * p->read;
    j.weights = aigc__conv_weights_of(call, residue);
    if (j.steps > 0) {
        make_rows(&j, (float *)((char *)call->worker + worker * p->worker_bytes));
    } else {
        clear(&j, columns);
    }
    announce(&j, columns, worker);
}
