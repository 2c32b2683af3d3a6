/* Pictures [N, H, W, C] with a sparse matrix applied along the height and another along the width: resizing,
 * average pooling, FIR filters with up- and downsampling, padding by reflection and the like. They are one op
 * because they are one thing: each number of the result is a weighted sum of a few neighbours along an axis. What
 * differs is the table of these weights (resample_rules.h), and the adjoint of all of them is the same op with the
 * tables transposed. So there is one loop to make fast, and derivatives of any order need nothing more.
 *
 * A run makes the two tables first, a few numbers for each row and column. Then each row of the result is a sum of
 * rows of x, whole rows at a time, and the columns of that sum, still in the nearest cache, are combined pixel by
 * pixel. Both are the kernel combine_rows. */
#include "graph/ops/resample_rules.h"
#include "graph/step.h"
#include <string.h>

static const char *infer_resample(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                  aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    const int64_t kind = attributes->i[AIGC__AT_RULE];
    if (n != 1) return "it takes one input";
    if (in[0]->dtype != AIGC_DTYPE_F32) return "the input must be f32";
    if (in[0]->shape.rank != 4) return "pictures have four axes: number, height, width, channels";
    if (kind < 0 || kind >= AIGC__RESAMPLINGS) return "there is no such resampling";
    *shape = in[0]->shape;
    *dtype = AIGC_DTYPE_F32;
    for (size_t axis = 0; axis < 2; axis++) {
        int64_t *size = &shape->dims[1 + axis];
        const aigc__rule_t rule = aigc__rule_of(attributes, axis, *size);
        const char *wrong = aigc__rule_check(&rule);
        if (wrong) return wrong;
        if (!(attributes->i[AIGC__AT_FLAGS] >> axis & 1) && rule.in != rule.out)
            return "an axis that is left alone changes";
        *size = attributes->i[AIGC__AT_RESULT + axis];
    }
    return NULL;
}

static void gradient_resample(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx)
{
    const aigc__value_t *y = aigc__graph_value(graph, value);
    const aigc__shape_t from = aigc__graph_shape(graph, y->inputs[0]);
    aigc__attributes_t adjoint = y->attributes;
    (void)want;
    adjoint.i[AIGC__AT_FLAGS] ^= AIGC__TRANSPOSED;
    for (uint32_t axis = 0; axis < 2; axis++) adjoint.i[AIGC__AT_RESULT + axis] = from.dims[1 + axis];
    dx[0] = aigc__append(graph, AIGC__OP_resample, &adjoint, 1, &dy);
}

static aigc__id_t simplify_resample(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n,
                                    const aigc__id_t *in)
{
    (void)graph, (void)n;
    return attributes->i[AIGC__AT_FLAGS] & (AIGC__ALONG_ROWS | AIGC__ALONG_COLUMNS) ? 0 : in[0];
}

static aigc__rule_t rule_of(const aigc__value_t *value, const aigc__value_t *const *in_values, size_t axis)
{
    return aigc__rule_of(&value->attributes, axis, in_values[0]->shape.dims[1 + axis]);
}

static bool is_transposed(const aigc__value_t *value) { return value->attributes.i[AIGC__AT_FLAGS] & AIGC__TRANSPOSED; }

/* ---- meaning ---- */

/* The pixel pair (y, x) of the matrices, with weight w, in every picture and channel. */
static void add_pixel(const aigc__value_t *value, const aigc__rule_t *rules, size_t y, size_t x, double w,
                      const double *in, double *out)
{
    const size_t channels = (size_t)value->shape.dims[3], images = (size_t)value->shape.dims[0];
    const size_t y_size = (size_t)(rules[0].out * rules[1].out), x_size = (size_t)(rules[0].in * rules[1].in);
    for (size_t n = 0; n < images; n++)
        for (size_t c = 0; c < channels; c++) {
            const size_t y_at = (n * y_size + y) * channels + c, x_at = (n * x_size + x) * channels + c;
            if (is_transposed(value))
                out[x_at] += w * in[y_at];
            else
                out[y_at] += w * in[x_at];
        }
}

static void reference_resample(const aigc__value_t *value, const aigc__value_t *const *in_values,
                               const double *const *in, double *out)
{
    const aigc__rule_t rules[2] = {rule_of(value, in_values, 0), rule_of(value, in_values, 1)};
    for (int64_t row = 0; row < rules[0].out; row++) {
        const aigc__window_t tall = aigc__rule_window(&rules[0], row);
        for (int64_t column = 0; column < rules[1].out; column++) {
            const aigc__window_t wide = aigc__rule_window(&rules[1], column);
            for (int64_t i = tall.first; i < tall.first + tall.count; i++)
                for (int64_t j = wide.first; j < wide.first + wide.count; j++)
                    add_pixel(value, rules, (size_t)(row * rules[1].out + column), (size_t)(i * rules[1].in + j),
                              aigc__rule_weight(&rules[0], &tall, row, i) *
                                  aigc__rule_weight(&rules[1], &wide, column, j),
                              in[0], out);
        }
    }
}

/* ---- tables ---- */

/* Result r of the axis is the sum over taps starts[r] .. starts[r + 1] - 1. */
typedef struct table {
    uint32_t *starts;
    aigc__tap_t *taps;
} table_t;

static size_t count_taps(const aigc__rule_t *rule)
{
    size_t n = 0;
    for (int64_t o = 0; o < rule->out; o++) n += (size_t)aigc__rule_window(rule, o).count;
    return n;
}

static void make_table(const aigc__rule_t *rule, table_t table)
{
    uint32_t n = 0;
    for (int64_t o = 0; o < rule->out; o++) {
        const aigc__window_t window = aigc__rule_window(rule, o);
        table.starts[o] = n;
        for (int64_t i = window.first; i < window.first + window.count; i++)
            table.taps[n++] = (aigc__tap_t){(uint32_t)i, (float)aigc__rule_weight(rule, &window, o, i)};
    }
    table.starts[rule->out] = n;
}

/* Counts each column, then lays the rows' taps behind one another; they stay in the order of the rows. */
static void make_transposed(const aigc__rule_t *rule, table_t table)
{
    memset(table.starts, 0, ((size_t)rule->in + 1) * sizeof *table.starts);
    for (int64_t o = 0; o < rule->out; o++) {
        const aigc__window_t window = aigc__rule_window(rule, o);
        for (int64_t i = window.first; i < window.first + window.count; i++) table.starts[i]++;
    }
    for (int64_t i = 0, n = 0; i <= rule->in; i++) { /* where each ends */
        n += table.starts[i];
        table.starts[i] = (uint32_t)n;
    }
    for (int64_t o = rule->out; o-- > 0;) {
        const aigc__window_t window = aigc__rule_window(rule, o);
        for (int64_t i = window.first; i < window.first + window.count; i++)
            table.taps[--table.starts[i]] = (aigc__tap_t){(uint32_t)o, (float)aigc__rule_weight(rule, &window, o, i)};
    }
}

/* ---- running ---- */

enum { TAPS, GROUP = 2 }; /* places in detail: taps of the two tables, rows in a tile */

static size_t rounded(size_t bytes) { return aigc__parts(bytes, 64) * 64; }

static size_t table_bytes(const aigc__step_t *step, size_t axis)
{
    const size_t results = (size_t)step->value->shape.dims[1 + axis];
    return rounded(step->detail[TAPS + axis] * sizeof(aigc__tap_t)) + rounded((results + 1) * sizeof(uint32_t));
}

static table_t table_of(const aigc__step_t *step, size_t axis)
{
    char *at = (char *)step->shared + (axis ? table_bytes(step, 0) : 0);
    void *starts = at + rounded(step->detail[TAPS + axis] * sizeof(aigc__tap_t)), *taps = at;
    return (table_t){starts, taps};
}

static void prepare_resample(aigc__step_t *step)
{
    const int64_t *x = step->in_values[0]->shape.dims, *y = step->value->shape.dims;
    const size_t row = (size_t)(y[2] * y[3]), flags = (size_t)step->value->attributes.i[AIGC__AT_FLAGS];
    if (step->value->count == 0) return;
    for (size_t axis = 0; axis < 2; axis++) {
        const aigc__rule_t rule = rule_of(step->value, step->in_values, axis);
        step->detail[TAPS + axis] = count_taps(&rule);
    }
    step->detail[GROUP] = row < AIGC__TILE_ELEMENTS ? AIGC__TILE_ELEMENTS / row : 1;
    step->tiles[0] = 1;
    step->tiles[1] = aigc__parts((size_t)(y[0] * y[1]), step->detail[GROUP]);
    step->shared_bytes = table_bytes(step, 0) + table_bytes(step, 1);
    if (flags & AIGC__ALONG_ROWS && flags & AIGC__ALONG_COLUMNS)
        step->worker_bytes = rounded((size_t)(x[2] * x[3]) * sizeof(float));
}

static void run_row(const aigc__step_t *step, const table_t *tables, size_t row, size_t worker)
{
    const int64_t *x = step->in_values[0]->shape.dims, *y = step->value->shape.dims;
    const size_t channels = (size_t)x[3], x_row = (size_t)x[2] * channels, y_row = (size_t)y[2] * channels;
    const size_t image = row / (size_t)y[1];
    const uint32_t *starts = tables[0].starts + row % (size_t)y[1];
    const aigc__tap_t *first = tables[0].taps + starts[0];
    const float *a = (const float *)step->inputs[0] + image * (size_t)x[1] * x_row;
    float *out = (float *)step->output + row * y_row;
    const aigc__kernels_t *kernels = step->kernels;
    if (!(step->value->attributes.i[AIGC__AT_FLAGS] & AIGC__ALONG_COLUMNS)) {
        kernels->combine_rows(out, a, starts, tables[0].taps, 1, x_row);
    } else if (starts[1] - starts[0] == 1 && first->weight == 1) {
        kernels->combine_rows(out, a + first->row * x_row, tables[1].starts, tables[1].taps, (size_t)y[2], channels);
    } else {
        float *sum = (float *)(void *)(step->worker + worker * step->worker_bytes);
        kernels->combine_rows(sum, a, starts, tables[0].taps, 1, x_row);
        kernels->combine_rows(out, sum, tables[1].starts, tables[1].taps, (size_t)y[2], channels);
    }
    aigc__epilogue_run(step, out, row * y_row, y_row, worker);
}

static void run_resample(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    const table_t tables[2] = {table_of(step, 0), table_of(step, 1)};
    const size_t rows = (size_t)(step->value->shape.dims[0] * step->value->shape.dims[1]), group = step->detail[GROUP];
    for (size_t axis = 0; phase == 0 && axis < 2; axis++) {
        const aigc__rule_t rule = rule_of(step->value, step->in_values, axis);
        if (is_transposed(step->value))
            make_transposed(&rule, tables[axis]);
        else
            make_table(&rule, tables[axis]);
    }
    for (size_t row = tile * group; phase == 1 && row < rows && row < (tile + 1) * group; row++)
        run_row(step, tables, row, worker);
}

const aigc__op_t aigc__op_resample = {
    .name = "resample",
    .flags = AIGC__OP_EPILOGUE,
    .infer = infer_resample,
    .gradient = gradient_resample,
    .simplify = simplify_resample,
    .reference = reference_resample,
    .prepare = prepare_resample,
    .run = run_resample,
};
