#include "graph/op.h"
#include "tensor/storage.h"
#include <string.h>

/* What a sweep knows of the values 0..y. */
typedef struct sweep {
    aigc__graph_t *graph;
    aigc__id_t y;
    uint8_t *reached; /* depends on a wrt, by way of differentiable ops */
    uint8_t *path;    /* and y depends on it */
    aigc__id_t *cotangents;
} sweep_t;

/* A failure is the graph's, as a builder's is: whoever goes on building with what is missing does not hide it. */
static aigc_status_t sweep_alloc(sweep_t *sweep)
{
    aigc__memory_t *memory = aigc__graph_memory(sweep->graph);
    const size_t n = (size_t)sweep->y + 1;
    aigc_status_t status = aigc__memory_alloc_zeroed(memory, n, (void **)&sweep->reached);
    if (status == AIGC_OK) status = aigc__memory_alloc_zeroed(memory, n, (void **)&sweep->path);
    if (status == AIGC_OK)
        status = aigc__memory_alloc_zeroed(memory, n * sizeof *sweep->cotangents, (void **)&sweep->cotangents);
    if (status != AIGC_OK) aigc__graph_fail(sweep->graph, status, "%s", aigc__failure_text());
    return status;
}

static void sweep_free(sweep_t *sweep)
{
    aigc__memory_t *memory = aigc__graph_memory(sweep->graph);
    aigc__memory_free(memory, sweep->reached);
    aigc__memory_free(memory, sweep->path);
    aigc__memory_free(memory, sweep->cotangents);
}

static void mark_reached(sweep_t *sweep, const aigc__id_t *wrt, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (wrt[k] <= sweep->y) sweep->reached[wrt[k]] = 1;
    for (aigc__id_t id = 1; id <= sweep->y; id++) {
        const aigc__value_t *value = aigc__graph_value(sweep->graph, id);
        if (aigc__op(value->op)->flags & AIGC__OP_NO_GRADIENT) continue;
        for (size_t k = 0; k < value->n_inputs; k++) sweep->reached[id] |= sweep->reached[value->inputs[k]];
    }
}

static void mark_path(sweep_t *sweep)
{
    sweep->path[sweep->y] = sweep->reached[sweep->y];
    for (aigc__id_t id = sweep->y; id > 0; id--) {
        const aigc__value_t *value = aigc__graph_value(sweep->graph, id);
        if (!sweep->path[id] || (aigc__op(value->op)->flags & AIGC__OP_NO_GRADIENT)) continue;
        for (size_t k = 0; k < value->n_inputs; k++) sweep->path[value->inputs[k]] |= sweep->reached[value->inputs[k]];
    }
}

static void add_cotangent(sweep_t *sweep, aigc__id_t id, aigc__id_t contribution)
{
    aigc__id_t *sum = &sweep->cotangents[id];
    *sum = *sum ? aigc__add(sweep->graph, *sum, contribution) : contribution;
}

/* Asks the op of value `id` for its inputs' cotangents and hands them on. */
static aigc_status_t pass_back(sweep_t *sweep, aigc__id_t id)
{
    aigc__graph_t *graph = sweep->graph;
    const aigc__value_t *value = aigc__graph_value(graph, id);
    const aigc__op_t *op = aigc__op(value->op);
    aigc__id_t dx[AIGC__MAX_INPUTS] = {0};
    uint32_t want = 0;
    for (uint32_t k = 0; k < value->n_inputs; k++)
        if (sweep->path[value->inputs[k]]) want |= 1u << k;
    if (!want || (op->flags & AIGC__OP_NO_GRADIENT)) return AIGC_OK;
    if (!op->gradient) {
        aigc__graph_fail(graph, AIGC_ERROR_UNSUPPORTED, "%s has no gradient", op->name);
        return aigc__graph_status(graph);
    }
    op->gradient(graph, id, sweep->cotangents[id], want, dx);
    AIGC__TRY(aigc__graph_status(graph));
    for (uint32_t k = 0; k < value->n_inputs; k++) {
        const aigc__shape_t shape = aigc__graph_shape(graph, value->inputs[k]), found = aigc__graph_shape(graph, dx[k]);
        char a[96], b[96];
        if (!(want >> k & 1) || !dx[k]) continue;
        if (!aigc__shape_equal(&shape, &found)) {
            aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "gradient of %s: input %u is %s, its cotangent %s",
                             aigc__op_title(value->op, &value->attributes), k,
                             aigc__shape_text(a, shape.rank, shape.dims), aigc__shape_text(b, found.rank, found.dims));
            return aigc__graph_status(graph);
        }
        add_cotangent(sweep, value->inputs[k], dx[k]);
    }
    return aigc__graph_status(graph);
}

static aigc_status_t check_arguments(aigc__graph_t *graph, aigc__id_t y, const aigc__id_t *wrt, size_t n)
{
    AIGC__TRY(aigc__graph_status(graph));
    if (aigc__graph_value(graph, y)->dtype != AIGC_DTYPE_F32)
        aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "gradient: what is differentiated is no f32 value");
    for (size_t k = 0; k < n; k++)
        if (aigc__graph_value(graph, wrt[k])->dtype != AIGC_DTYPE_F32)
            aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "gradient: wrt %zu is no f32 value", k);
    return aigc__graph_status(graph);
}

aigc_status_t aigc__gradient(aigc__graph_t *graph, aigc__id_t y, const aigc__id_t *wrt, size_t n, aigc__id_t *out)
{
    sweep_t sweep = {.graph = graph, .y = y};
    AIGC__TRY(check_arguments(graph, y, wrt, n));
    aigc_status_t status = AIGC_OK;
    AIGC__GOTO(done, sweep_alloc(&sweep));
    mark_reached(&sweep, wrt, n);
    mark_path(&sweep);
    if (sweep.path[y]) sweep.cotangents[y] = aigc__constant(graph, 1, aigc__graph_shape(graph, y));
    AIGC__GOTO(done, aigc__graph_status(graph));
    for (aigc__id_t id = y; id > 0; id--)
        if (sweep.cotangents[id]) AIGC__GOTO(done, pass_back(&sweep, id));
    for (size_t k = 0; k < n; k++) out[k] = wrt[k] <= y ? sweep.cotangents[wrt[k]] : 0;
done:
    sweep_free(&sweep);
    return status;
}
