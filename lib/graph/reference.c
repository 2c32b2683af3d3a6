#include "base/sizes.h"
#include "graph/op.h"
#include <string.h>

struct aigc__reference {
    aigc__memory_t *memory;
    uint32_t count;
    double **values; /* by id; NULL where not needed */
};

static void mark_needed(uint8_t *needed, const aigc__graph_t *graph, const aigc__id_t *fetches, size_t n)
{
    for (size_t k = 0; k < n; k++) needed[fetches[k]] = 1;
    for (aigc__id_t id = aigc__graph_count(graph) - 1; id > 0; id--) {
        const aigc__value_t *value = aigc__graph_value(graph, id);
        for (size_t k = 0; needed[id] && k < value->n_inputs; k++) needed[value->inputs[k]] = 1;
    }
}

static void compute(const aigc__reference_t *reference, const aigc__graph_t *graph, aigc__id_t id,
                    const aigc__reference_inputs_t *inputs)
{
    const aigc__value_t *value = aigc__graph_value(graph, id), *in_values[AIGC__MAX_INPUTS];
    const aigc__op_t *op = aigc__op(value->op);
    const double *in[AIGC__MAX_INPUTS];
    if (!op->reference) {
        inputs->leaf(inputs->user, graph, id, reference->values[id]);
        return;
    }
    for (size_t k = 0; k < value->n_inputs; k++) {
        in_values[k] = aigc__graph_value(graph, value->inputs[k]);
        in[k] = reference->values[value->inputs[k]];
    }
    op->reference(value, in_values, in, reference->values[id]);
}

static aigc_status_t check_fetches(const aigc__graph_t *graph, const aigc__id_t *fetches, size_t n)
{
    AIGC__TRY(aigc__graph_status(graph));
    for (size_t k = 0; k < n; k++)
        if (fetches[k] == 0 || fetches[k] >= aigc__graph_count(graph))
            return aigc__fail(AIGC_ERROR_ARGUMENT, "fetch %zu is no value", k);
    return AIGC_OK;
}

aigc_status_t aigc__reference_run(aigc__reference_t **out, const aigc__graph_t *graph, const aigc__id_t *fetches,
                                  size_t n, const aigc__reference_inputs_t *inputs)
{
    aigc__memory_t *memory = aigc__graph_memory(graph);
    const uint32_t count = aigc__graph_count(graph);
    aigc__reference_t *reference = NULL;
    uint8_t *needed = NULL;
    aigc_status_t status = AIGC_OK;
    AIGC__TRY(check_fetches(graph, fetches, n));
    AIGC__GOTO(done, aigc__memory_alloc_zeroed(memory, sizeof *reference, (void **)&reference));
    reference->memory = memory;
    reference->count = count;
    AIGC__GOTO(done, aigc__memory_alloc_zeroed(memory, count * sizeof *reference->values, (void **)&reference->values));
    AIGC__GOTO(done, aigc__memory_alloc_zeroed(memory, count, (void **)&needed));
    mark_needed(needed, graph, fetches, n);
    for (aigc__id_t id = 1; id < count; id++) {
        size_t bytes;
        if (!needed[id]) continue;
        AIGC__GOTO(done, aigc__bytes_of(aigc__graph_value(graph, id)->count, sizeof(double), &bytes));
        AIGC__GOTO(done, aigc__memory_alloc_zeroed(memory, bytes, (void **)&reference->values[id]));
        compute(reference, graph, id, inputs);
    }
    *out = reference;
    reference = NULL;
done:
    aigc__memory_free(memory, needed);
    aigc__reference_free(reference);
    return status;
}

const double *aigc__reference_value(const aigc__reference_t *reference, aigc__id_t id)
{
    return id < reference->count ? reference->values[id] : NULL;
}

void aigc__reference_free(aigc__reference_t *reference)
{
    if (!reference) return;
    for (uint32_t id = 0; reference->values && id < reference->count; id++)
        aigc__memory_free(reference->memory, reference->values[id]);
    aigc__memory_free(reference->memory, reference->values);
    aigc__memory_free(reference->memory, reference);
}
