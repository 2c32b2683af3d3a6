#include "base/sizes.h"
#include "graph/op.h"
#include "tensor/storage.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SENTENCE = 512, FIRST_VALUES = 64, FIRST_SLOTS = 256 };

struct aigc__graph {
    aigc__memory_t *memory;
    aigc__arena_t arena; /* values and names; they never move */
    aigc__value_t **values;
    uint32_t count, capacity;
    aigc__id_t *slots; /* open addressing by what makes values equal; a power of two, at most half full */
    uint32_t n_slots;
    uint32_t n_random;
    aigc__assignment_t *assignments;
    size_t n_assignments, assignment_capacity;
    aigc_status_t status;
    char sentence[SENTENCE];
};

static const aigc__value_t nothing;

aigc_status_t aigc__graph_create(aigc__graph_t **out, aigc__memory_t *memory)
{
    aigc__graph_t *graph = NULL;
    aigc_status_t status = AIGC_OK;
    AIGC__GOTO(done, aigc__memory_alloc_zeroed(memory, sizeof *graph, (void **)&graph));
    graph->memory = memory;
    aigc__arena_init(&graph->arena, memory);
    AIGC__GOTO(done, aigc__memory_alloc_zeroed(memory, FIRST_VALUES * sizeof *graph->values, (void **)&graph->values));
    AIGC__GOTO(done, aigc__memory_alloc_zeroed(memory, FIRST_SLOTS * sizeof *graph->slots, (void **)&graph->slots));
    graph->count = 1;
    graph->capacity = FIRST_VALUES;
    graph->n_slots = FIRST_SLOTS;
    *out = graph;
    graph = NULL;
done:
    aigc__graph_free(graph);
    return status;
}

void aigc__graph_free(aigc__graph_t *graph)
{
    if (!graph) return;
    aigc__memory_t *memory = graph->memory;
    aigc__arena_free(&graph->arena);
    aigc__memory_free(memory, graph->values);
    aigc__memory_free(memory, graph->slots);
    aigc__memory_free(memory, graph->assignments);
    aigc__memory_free(memory, graph);
}

aigc__memory_t *aigc__graph_memory(const aigc__graph_t *graph) { return graph->memory; }

aigc_status_t aigc__graph_status(const aigc__graph_t *graph)
{
    if (graph->status != AIGC_OK) aigc__failure_restore(graph->sentence);
    return graph->status;
}

/* Keeps the thread's sentence as the graph's failure, unless there is one already. */
static aigc__id_t keep_failure(aigc__graph_t *graph, aigc_status_t status)
{
    if (graph->status != AIGC_OK || status == AIGC_OK) return 0;
    graph->status = status;
    aigc__failure_copy(graph->sentence);
    return 0;
}

aigc__id_t aigc__graph_fail(aigc__graph_t *graph, aigc_status_t status, const char *format, ...)
{
    char sentence[SENTENCE];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(sentence, sizeof sentence, format, arguments) < 0) sentence[0] = '\0';
    va_end(arguments);
    return keep_failure(graph, aigc__fail(status, "%s", sentence));
}

uint32_t aigc__graph_count(const aigc__graph_t *graph) { return graph->count; }

const aigc__value_t *aigc__graph_value(const aigc__graph_t *graph, aigc__id_t id)
{
    return id > 0 && id < graph->count ? graph->values[id] : &nothing;
}

aigc__shape_t aigc__graph_shape(const aigc__graph_t *graph, aigc__id_t id)
{
    return aigc__graph_value(graph, id)->shape;
}

aigc__shape_t aigc__shape_of(size_t rank, const int64_t *dims)
{
    aigc__shape_t shape = {.rank = rank > AIGC_MAX_RANK ? AIGC_MAX_RANK + 1 : (uint32_t)rank};
    for (size_t k = 0; k < rank && k < AIGC_MAX_RANK; k++) shape.dims[k] = dims[k];
    return shape;
}

bool aigc__shape_equal(const aigc__shape_t *a, const aigc__shape_t *b)
{
    if (a->rank != b->rank) return false;
    for (size_t k = 0; k < a->rank; k++)
        if (a->dims[k] != b->dims[k]) return false;
    return true;
}

void aigc__attributes_set_shape(aigc__attributes_t *attributes, const aigc__shape_t *shape)
{
    attributes->i[AIGC__AT_RANK] = shape->rank;
    for (size_t k = 0; k < AIGC_MAX_RANK; k++) attributes->i[AIGC__AT_DIMS + k] = k < shape->rank ? shape->dims[k] : 0;
}

aigc__shape_t aigc__attributes_shape(const aigc__attributes_t *attributes)
{
    return aigc__shape_of((size_t)attributes->i[AIGC__AT_RANK], attributes->i + AIGC__AT_DIMS);
}

bool aigc__is_constant(const aigc__graph_t *graph, aigc__id_t id, double *number)
{
    const aigc__value_t *value = aigc__graph_value(graph, id);
    if (value->op != AIGC__OP_constant) return false;
    *number = value->attributes.p[0];
    return true;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ (hash >> 29);
}

static uint32_t hash_of(const aigc__value_t *value)
{
    uint64_t words[sizeof(aigc__attributes_t) / sizeof(uint64_t)];
    memcpy(words, &value->attributes, sizeof words);
    uint64_t hash = mix(value->op, value->n_inputs);
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) hash = mix(hash, words[k]);
    for (size_t k = 0; k < value->n_inputs; k++) hash = mix(hash, value->inputs[k]);
    for (const char *c = value->name; c && *c; c++) hash = mix(hash, (uint8_t)*c);
    return (uint32_t)(hash >> 32);
}

static bool same_value(const aigc__value_t *a, const aigc__value_t *b)
{
    if (a->op != b->op || a->n_inputs != b->n_inputs || !a->name != !b->name) return false;
    if (memcmp(&a->attributes, &b->attributes, sizeof a->attributes) != 0) return false;
    for (size_t k = 0; k < a->n_inputs; k++)
        if (a->inputs[k] != b->inputs[k]) return false;
    return !a->name || strcmp(a->name, b->name) == 0;
}

/* The slot of an equal value, or the empty one where it belongs. */
static aigc__id_t *find_slot(const aigc__graph_t *graph, const aigc__value_t *value)
{
    const uint32_t mask = graph->n_slots - 1;
    uint32_t k = hash_of(value) & mask;
    while (graph->slots[k] && !same_value(graph->values[graph->slots[k]], value)) k = (k + 1) & mask;
    return &graph->slots[k];
}

static aigc_status_t grow_values(aigc__graph_t *graph)
{
    size_t bytes;
    if (graph->count < graph->capacity) return AIGC_OK;
    if (graph->capacity > UINT32_MAX / 4) return aigc__fail(AIGC_ERROR_LIMIT, "a graph has more than 2^30 values");
    AIGC__TRY(aigc__bytes_of(2 * (size_t)graph->capacity, sizeof *graph->values, &bytes));
    AIGC__TRY(aigc__memory_resize(graph->memory, bytes, (void **)&graph->values));
    graph->capacity *= 2;
    return AIGC_OK;
}

static aigc_status_t grow_slots(aigc__graph_t *graph)
{
    if (graph->count < graph->n_slots / 2) return AIGC_OK;
    aigc__id_t *slots, *old = graph->slots;
    size_t bytes;
    AIGC__TRY(aigc__bytes_of(2 * (size_t)graph->n_slots, sizeof *slots, &bytes));
    AIGC__TRY(aigc__memory_alloc_zeroed(graph->memory, bytes, (void **)&slots));
    graph->slots = slots;
    graph->n_slots *= 2;
    for (aigc__id_t id = 1; id < graph->count; id++) *find_slot(graph, graph->values[id]) = id;
    aigc__memory_free(graph->memory, old);
    return AIGC_OK;
}

/* Copies a value, its inputs and its name into the arena. */
static aigc_status_t store_value(aigc__graph_t *graph, const aigc__value_t *value, aigc__id_t *out)
{
    aigc__value_t *copy;
    aigc__id_t *inputs = NULL;
    AIGC__TRY(grow_values(graph));
    AIGC__TRY(grow_slots(graph));
    AIGC__TRY(aigc__arena_alloc(&graph->arena, sizeof *copy, (void **)&copy));
    *copy = *value;
    if (value->n_inputs > 0) {
        const size_t bytes = value->n_inputs * sizeof *inputs;
        AIGC__TRY(aigc__arena_alloc(&graph->arena, bytes, (void **)&inputs));
        memcpy(inputs, value->inputs, bytes);
    }
    copy->inputs = inputs;
    if (value->name) AIGC__TRY(aigc__arena_copy_string(&graph->arena, value->name, strlen(value->name), &copy->name));
    *find_slot(graph, copy) = graph->count;
    graph->values[graph->count] = copy;
    *out = graph->count++;
    return AIGC_OK;
}

/* "matmul of [3,4] and [5,6]: the inner sizes differ" */
static aigc__id_t fail_infer(aigc__graph_t *graph, const aigc__value_t *value, const aigc__value_t *const *in,
                             const char *text)
{
    char list[3][96] = {"", "", ""};
    for (size_t k = 0; k < value->n_inputs && k < 3; k++)
        aigc__shape_text(list[k], in[k]->shape.rank, in[k]->shape.dims);
    return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "%s%s%s%s%s%s%s%s: %s",
                            aigc__op_title(value->op, &value->attributes), value->n_inputs > 0 ? " of " : "", list[0],
                            value->n_inputs > 1 ? " and " : "", list[1], value->n_inputs > 2 ? " and " : "", list[2],
                            value->n_inputs > 3 ? " and more" : "", text);
}

static bool check_inputs(aigc__graph_t *graph, const aigc__value_t *value)
{
    const char *title = aigc__op_title(value->op, &value->attributes);
    for (size_t k = 0; k < value->n_inputs; k++) {
        if (value->inputs[k] > 0 && value->inputs[k] < graph->count) continue;
        aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "%s: input %zu is no value (a derivative that has no path?)",
                         title, k);
        return false;
    }
    return true;
}

/* Shape, dtype and count; false after a failure. */
static bool infer(aigc__graph_t *graph, aigc__value_t *value)
{
    const aigc__value_t *in[AIGC__MAX_INPUTS];
    for (size_t k = 0; k < value->n_inputs; k++) in[k] = aigc__graph_value(graph, value->inputs[k]);
    const char *wrong =
        aigc__op(value->op)->infer(&value->attributes, value->n_inputs, in, &value->shape, &value->dtype);
    if (wrong) {
        fail_infer(graph, value, in, wrong);
        return false;
    }
    aigc_status_t status = aigc__shape_count(value->shape.rank, value->shape.dims, &value->count);
    if (status == AIGC_OK) return true;
    status = aigc__fail_within(status, "%s: ", aigc__op_title(value->op, &value->attributes));
    keep_failure(graph, status);
    return false;
}

static aigc__id_t append_value(aigc__graph_t *graph, aigc__value_t *value)
{
    const aigc__op_t *op = aigc__op(value->op);
    if (graph->status != AIGC_OK || !check_inputs(graph, value) || !infer(graph, value)) return 0;
    if (op->simplify) {
        const aigc__id_t simpler = op->simplify(graph, &value->attributes, value->n_inputs, value->inputs);
        if (simpler || graph->status != AIGC_OK) return simpler;
    }
    if (op->flags & AIGC__OP_RANDOM) value->attributes.i[AIGC__AT_NUMBER] = graph->n_random++;
    aigc__id_t id = *find_slot(graph, value);
    if (!id) keep_failure(graph, store_value(graph, value, &id));
    return id;
}

aigc__id_t aigc__append(aigc__graph_t *graph, aigc__op_code_t op, const aigc__attributes_t *attributes, size_t n_inputs,
                        const aigc__id_t *inputs)
{
    if (n_inputs > AIGC__MAX_INPUTS)
        return aigc__graph_fail(graph, AIGC_ERROR_LIMIT, "%s takes at most %d inputs, not %zu",
                                aigc__op_title((uint16_t)op, attributes), AIGC__MAX_INPUTS, n_inputs);
    aigc__value_t value = {.op = (uint16_t)op, .n_inputs = (uint16_t)n_inputs, .inputs = inputs};
    value.attributes = *attributes;
    return append_value(graph, &value);
}

aigc__id_t aigc__append_leaf(aigc__graph_t *graph, aigc__op_code_t op, const char *name, aigc_dtype_t dtype,
                             aigc__shape_t shape, int64_t number)
{
    aigc__value_t leaf = {.op = (uint16_t)op, .name = name};
    aigc__attributes_set_shape(&leaf.attributes, &shape);
    leaf.attributes.i[AIGC__AT_KIND] = dtype;
    leaf.attributes.i[AIGC__AT_NUMBER] = number;
    for (aigc__id_t id = 1; id < graph->count; id++) {
        const aigc__value_t *other = graph->values[id];
        if (other->op != op || strcmp(other->name, name) != 0 || same_value(other, &leaf)) continue;
        char now[96], before[96];
        return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "%s \"%s\" is %s here, but it was %s %s before",
                                aigc__op(leaf.op)->name, name, aigc__shape_text(now, shape.rank, shape.dims),
                                aigc__dtype_name(other->dtype),
                                aigc__shape_text(before, other->shape.rank, other->shape.dims));
    }
    return append_value(graph, &leaf);
}

/* ---- assignments ---- */

static aigc_status_t grow_assignments(aigc__graph_t *graph)
{
    if (graph->n_assignments < graph->assignment_capacity) return AIGC_OK;
    const size_t capacity = graph->assignment_capacity ? 2 * graph->assignment_capacity : 16;
    void *grown = graph->assignments;
    size_t bytes;
    AIGC__TRY(aigc__bytes_of(capacity, sizeof *graph->assignments, &bytes));
    AIGC__TRY(aigc__memory_resize(graph->memory, bytes, &grown));
    graph->assignments = grown;
    graph->assignment_capacity = capacity;
    return AIGC_OK;
}

void aigc__assign_leaf(aigc__graph_t *graph, aigc__id_t leaf, aigc__id_t value)
{
    const aigc__value_t *old = aigc__graph_value(graph, leaf), *new = aigc__graph_value(graph, value);
    if (graph->status != AIGC_OK) return;
    if (old->op != AIGC__OP_param || new->dtype != old->dtype || !aigc__shape_equal(&old->shape, &new->shape)) {
        aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "assign: \"%s\" and what is assigned to it differ in shape",
                         old->name ? old->name : "?");
        return;
    }
    for (size_t k = 0; k < graph->n_assignments; k++) {
        if (graph->assignments[k].leaf != leaf) continue;
        graph->assignments[k].value = value;
        return;
    }
    const aigc_status_t status = grow_assignments(graph);
    if (status == AIGC_OK)
        graph->assignments[graph->n_assignments++] = (aigc__assignment_t){leaf, value};
    else
        keep_failure(graph, status);
}

aigc__id_t aigc__assigned(const aigc__graph_t *graph, aigc__id_t leaf)
{
    for (size_t k = 0; k < graph->n_assignments; k++)
        if (graph->assignments[k].leaf == leaf) return graph->assignments[k].value;
    return leaf;
}

size_t aigc__assignments(const aigc__graph_t *graph, const aigc__assignment_t **out)
{
    *out = graph->assignments;
    return graph->n_assignments;
}
