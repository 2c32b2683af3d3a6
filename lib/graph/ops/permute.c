/* Output axis k is input axis i[k]. */
#include "graph/ops/strided.h"
#include <string.h>

static const char *infer_permute(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                 aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    uint32_t seen = 0;
    if (n != 1) return "it takes one input";
    *shape = in[0]->shape;
    for (uint32_t k = 0; k < shape->rank; k++) {
        const int64_t axis = attributes->i[k];
        if (axis < 0 || axis >= shape->rank || (seen >> axis & 1)) return "the order is no permutation of the axes";
        seen |= 1u << axis;
        shape->dims[k] = in[0]->shape.dims[axis];
    }
    *dtype = in[0]->dtype;
    return NULL;
}

static void gradient_permute(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx)
{
    const aigc__value_t *y = aigc__graph_value(graph, value);
    uint32_t inverse[AIGC_MAX_RANK] = {0};
    (void)want;
    for (uint32_t k = 0; k < y->shape.rank; k++) inverse[y->attributes.i[k]] = k;
    dx[0] = aigc__permute(graph, dy, inverse);
}

/* Whether the axes that are not of size 1 keep their order: then the numbers do not move. */
static bool keeps_order(const aigc__attributes_t *attributes, const aigc__shape_t *input)
{
    int64_t last = -1;
    for (uint32_t k = 0; k < input->rank; k++) {
        const int64_t axis = attributes->i[k];
        if (input->dims[axis] == 1) continue;
        if (axis < last) return false;
        last = axis;
    }
    return true;
}

static aigc__id_t simplify_permute(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n,
                                   const aigc__id_t *in)
{
    const aigc__value_t *a = aigc__graph_value(graph, in[0]);
    uint32_t order[AIGC_MAX_RANK] = {0};
    aigc__shape_t shape = a->shape;
    (void)n;
    for (uint32_t k = 0; k < shape.rank; k++) shape.dims[k] = a->shape.dims[attributes->i[k]];
    if (a->op == AIGC__OP_constant || keeps_order(attributes, &a->shape)) return aigc__reshape(graph, in[0], shape);
    if (a->op != AIGC__OP_permute) return 0;
    for (uint32_t k = 0; k < shape.rank; k++) order[k] = (uint32_t)a->attributes.i[attributes->i[k]];
    return aigc__permute(graph, a->inputs[0], order);
}

static aigc__strided_t view_of(const aigc__value_t *value, const aigc__value_t *input)
{
    ptrdiff_t strides[AIGC_MAX_RANK] = {0}, permuted[AIGC_MAX_RANK] = {0};
    aigc__row_strides(&input->shape, strides);
    for (uint32_t k = 0; k < value->shape.rank; k++) permuted[k] = strides[value->attributes.i[k]];
    return aigc__strided_of(&value->shape, permuted, 0);
}

static void reference_permute(const aigc__value_t *value, const aigc__value_t *const *in_values,
                              const double *const *in, double *out)
{
    const aigc__strided_t view = view_of(value, in_values[0]);
    aigc__strided_reference(&view, in[0], out, value->count);
}

/* A permutation that moves the last axis is a batch of matrix transposes: the output's last axis and
 * the one that was the input's last. Matrices larger than a tile are cut into blocks, small ones
 * grouped. */
typedef struct transposes {
    size_t rows, columns;      /* of a matrix as the input has it */
    size_t y_stride, a_stride; /* between columns in the output, rows in the input */
    size_t block_rows, block_columns;
    size_t group;                                                                           /* matrices in a tile */
    size_t batch;                                                                           /* matrices in all */
    size_t dims[AIGC_MAX_RANK - 2], y_steps[AIGC_MAX_RANK - 2], a_steps[AIGC_MAX_RANK - 2]; /* the other axes */
} transposes_t;

enum { BLOCK_ROWS = 128, IS_TRANSPOSE = 23 /* place in detail that tells the two ways apart */ };

_Static_assert(sizeof(transposes_t) <= IS_TRANSPOSE * sizeof(size_t), "it fits into a step's detail");

static transposes_t find_transposes(const aigc__strided_t *view)
{
    const size_t last = view->rank - 1;
    transposes_t t = {.rows = view->dims[last], .a_stride = (size_t)view->strides[last], .batch = 1};
    size_t y_stride = view->dims[last], others = AIGC_MAX_RANK - 2;
    for (size_t k = 0; k < others; k++) t.dims[k] = 1;
    for (size_t k = last; k-- > 0; y_stride *= view->dims[k]) {
        if (view->strides[k] == 1) {
            t.columns = view->dims[k];
            t.y_stride = y_stride;
        } else {
            others--;
            t.dims[others] = view->dims[k];
            t.y_steps[others] = y_stride;
            t.a_steps[others] = (size_t)view->strides[k];
            t.batch *= view->dims[k];
        }
    }
    t.block_rows = t.rows < BLOCK_ROWS ? t.rows : BLOCK_ROWS;
    t.block_columns = AIGC__TILE_ELEMENTS / t.block_rows;
    if (t.block_columns > t.columns) t.block_columns = t.columns;
    const bool whole = t.block_rows == t.rows && t.block_columns == t.columns;
    t.group = whole ? AIGC__TILE_ELEMENTS / (t.rows * t.columns) : 1;
    return t;
}

static void prepare_permute(aigc__step_t *step)
{
    aigc__strided_t view = view_of(step->value, step->in_values[0]);
    if (step->value->count == 0) return;
    aigc__strided_collapse(&view);
    step->detail[IS_TRANSPOSE] = 0;
    if (view.strides[view.rank - 1] == 1) {
        aigc__strided_prepare(step, &view);
        return;
    }
    const transposes_t t = find_transposes(&view);
    memcpy(step->detail, &t, sizeof t);
    step->detail[IS_TRANSPOSE] = 1;
    step->tiles[0] =
        aigc__parts(t.batch, t.group) * aigc__parts(t.rows, t.block_rows) * aigc__parts(t.columns, t.block_columns);
}

static void run_transposes(const aigc__step_t *step, const transposes_t *t, size_t tile)
{
    const size_t row_blocks = aigc__parts(t->rows, t->block_rows),
                 column_blocks = aigc__parts(t->columns, t->block_columns);
    const size_t row = tile % row_blocks * t->block_rows;
    const size_t column = tile / row_blocks % column_blocks * t->block_columns;
    const size_t first = tile / row_blocks / column_blocks * t->group;
    const size_t rows = t->rows - row < t->block_rows ? t->rows - row : t->block_rows;
    const size_t columns = t->columns - column < t->block_columns ? t->columns - column : t->block_columns;
    for (size_t i = first; i < first + t->group && i < t->batch; i++) {
        size_t rest = i, y = column * t->y_stride + row, a = row * t->a_stride + column;
        for (size_t k = AIGC_MAX_RANK - 2; k-- > 0; rest /= t->dims[k]) {
            y += rest % t->dims[k] * t->y_steps[k];
            a += rest % t->dims[k] * t->a_steps[k];
        }
        step->kernels->transpose((float *)step->output + y, t->y_stride, (const float *)step->inputs[0] + a,
                                 t->a_stride, rows, columns);
    }
}

static void run_permute(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    transposes_t t;
    if (!step->detail[IS_TRANSPOSE]) {
        aigc__strided_run(step, phase, tile, worker);
        return;
    }
    memcpy(&t, step->detail, sizeof t);
    run_transposes(step, &t, tile);
}

const aigc__op_t aigc__op_permute = {
    .name = "permute",
    .infer = infer_permute,
    .gradient = gradient_permute,
    .simplify = simplify_permute,
    .reference = reference_permute,
    .prepare = prepare_permute,
    .run = run_permute,
};
