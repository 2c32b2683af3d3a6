#include "graph/store.h"
#include "base/sizes.h"
#include "tensor/storage.h"
#include <string.h>

enum { START_MULTIPLE = 16 }; /* elements: 64 bytes */

struct aigc__store {
    aigc_context_t *context;
    aigc__arena_t names;
    aigc__parameter_t *parameters;
    size_t n, capacity;
    size_t elements; /* of the block, padding included */
    size_t trained;  /* of what an optimizer works on */
    uint32_t part;   /* what is new belongs to it; the last one */
    float *block;    /* NULL before the seal */
};

aigc_status_t aigc__store_create(aigc__store_t **out, aigc_context_t *context)
{
    void *memory = NULL;
    AIGC__TRY(aigc__memory_alloc_zeroed(&context->memory, sizeof(aigc__store_t), &memory));
    aigc__store_t *store = memory;
    aigc__context_retain(context);
    store->context = context;
    aigc__arena_init(&store->names, &context->memory);
    *out = store;
    return AIGC_OK;
}

void aigc__store_free(aigc__store_t *store)
{
    if (!store) return;
    aigc_context_t *context = store->context;
    aigc__arena_free(&store->names);
    aigc__memory_free(&context->memory, store->parameters);
    aigc__memory_free(&context->memory, store->block);
    aigc__memory_free(&context->memory, store);
    aigc__context_release(context);
}

static aigc_status_t reserve_one(aigc__store_t *store)
{
    if (store->n < store->capacity) return AIGC_OK;
    const size_t capacity = store->capacity ? store->capacity * 2 : 16;
    size_t bytes = 0;
    void *grown = store->parameters;
    AIGC__TRY(aigc__bytes_of(capacity, sizeof *store->parameters, &bytes));
    AIGC__TRY(aigc__memory_resize(&store->context->memory, bytes, &grown));
    store->parameters = grown;
    store->capacity = capacity;
    return AIGC_OK;
}

static size_t whole(size_t count) { return (count + START_MULTIPLE - 1) / START_MULTIPLE * START_MULTIPLE; }

/* Appends a parameter; nothing is changed on failure. */
static aigc_status_t add(aigc__store_t *store, const char *name, const aigc__shape_t *shape,
                         const aigc__initialiser_t *initialiser, aigc__role_t role)
{
    size_t count = 0, end = 0, bytes = 0;
    AIGC__TRY(aigc__shape_count(shape->rank, shape->dims, &count));
    if (!aigc__size_add(count, START_MULTIPLE - 1, &end) ||
        !aigc__size_add(store->elements, end / START_MULTIPLE * START_MULTIPLE, &end))
        return aigc__fail(AIGC_ERROR_LIMIT, "parameter \"%s\" makes the store too large", name);
    AIGC__TRY(aigc__bytes_of(end, sizeof(float), &bytes));
    AIGC__TRY(reserve_one(store));
    const char *copy = NULL;
    AIGC__TRY(aigc__arena_copy_string(&store->names, name, strlen(name), &copy));
    store->parameters[store->n++] = (aigc__parameter_t){
        .name = copy, .role = role, .part = store->part, .shape = *shape, .count = count, .initialiser = *initialiser};
    store->elements = end;
    if (role == AIGC__TRAINED) store->trained += whole(count);
    return AIGC_OK;
}

static aigc__id_t leaf(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__shape_t shape,
                       aigc__initialiser_t initialiser, aigc__role_t role)
{
    if (aigc__graph_status(graph) != AIGC_OK) return 0;
    int64_t index = aigc__store_find(store, name);
    if (index < 0) {
        if (store->block)
            return aigc__graph_fail(graph, AIGC_ERROR_STATE,
                                    "parameter \"%s\" is not in the store, and no more can be added to it", name);
        const aigc_status_t status = add(store, name, &shape, &initialiser, role);
        if (status != AIGC_OK) {
            char text[512];
            aigc__failure_copy(text);
            return aigc__graph_fail(graph, status, "%s", text);
        }
        index = (int64_t)store->n - 1;
    }
    const aigc__parameter_t *parameter = &store->parameters[index];
    if (!aigc__shape_equal(&parameter->shape, &shape)) {
        char here[96], before[96];
        return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "parameter \"%s\" is %s in the store, but %s is asked for",
                                name, aigc__shape_text(before, parameter->shape.rank, parameter->shape.dims),
                                aigc__shape_text(here, shape.rank, shape.dims));
    }
    if (parameter->role != role)
        return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "\"%s\" is asked for as trained and as state", name);
    return aigc__append_leaf(graph, AIGC__OP_param, parameter->name, AIGC_DTYPE_F32, shape, index);
}

aigc__id_t aigc__param(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__shape_t shape,
                       aigc__initialiser_t initialiser)
{
    return leaf(graph, store, name, shape, initialiser, AIGC__TRAINED);
}

aigc__id_t aigc__state_value(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__shape_t shape,
                             aigc__initialiser_t initialiser, aigc__role_t role)
{
    const aigc__id_t stored = leaf(graph, store, name, shape, initialiser, role);
    return stored ? aigc__stop_gradient(graph, aigc__assigned(graph, stored)) : 0;
}

void aigc__assign(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t value)
{
    const int64_t index = aigc__store_find(store, name);
    if (aigc__graph_status(graph) != AIGC_OK) return;
    if (index < 0 || store->parameters[index].role == AIGC__TRAINED) {
        aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "assign: \"%s\" is no state of the store", name);
        return;
    }
    const aigc__parameter_t *p = &store->parameters[index];
    aigc__assign_leaf(graph, aigc__append_leaf(graph, AIGC__OP_param, p->name, AIGC_DTYPE_F32, p->shape, index), value);
}

void aigc__store_next_part(aigc__store_t *store)
{
    if (store->part + 1 < AIGC__PARTS) store->part++;
}

uint32_t aigc__store_parts(const aigc__store_t *store) { return store->part + 1; }

size_t aigc__store_part_start(const aigc__store_t *store, uint32_t part)
{
    size_t start = 0;
    for (size_t i = 0; i < store->n; i++)
        if (store->parameters[i].role == AIGC__TRAINED && store->parameters[i].part < part)
            start += whole(store->parameters[i].count);
    return start;
}

/* What is trained, part after part as it was declared; then state. */
static void place(aigc__store_t *store)
{
    size_t trained = 0, state = store->trained;
    for (size_t i = 0; i < store->n; i++) {
        size_t *next = store->parameters[i].role == AIGC__TRAINED ? &trained : &state;
        store->parameters[i].first = *next;
        *next += whole(store->parameters[i].count);
    }
}

aigc_status_t aigc__store_seal(aigc__store_t *store, uint64_t seed)
{
    if (store->block) return aigc__fail(AIGC_ERROR_STATE, "the parameter store is sealed already");
    void *block = NULL;
    place(store);
    AIGC__TRY(aigc__memory_alloc_zeroed(&store->context->memory, store->elements * sizeof(float), &block));
    store->block = block;
    for (size_t i = 0; i < store->n; i++) {
        const aigc__parameter_t *parameter = &store->parameters[i];
        aigc__initialise(store->context->kernels, parameter, i, seed, store->block + parameter->first);
    }
    return AIGC_OK;
}

bool aigc__store_sealed(const aigc__store_t *store) { return store->block != NULL; }

aigc_status_t aigc__store_clone(aigc__store_t **out, const aigc__store_t *store)
{
    aigc_status_t status = AIGC_OK;
    aigc__store_t *clone = NULL;
    void *block = NULL;
    AIGC__TRY(aigc__store_create(&clone, store->context));
    for (size_t i = 0; i < store->n; i++) {
        const aigc__parameter_t *parameter = &store->parameters[i];
        clone->part = parameter->part;
        AIGC__GOTO(failed, add(clone, parameter->name, &parameter->shape, &parameter->initialiser, parameter->role));
    }
    clone->part = store->part;
    if (store->block) {
        AIGC__GOTO(failed, aigc__memory_alloc(&clone->context->memory, store->elements * sizeof(float), &block));
        memcpy(block, store->block, store->elements * sizeof(float));
        clone->block = block;
        place(clone);
    }
    *out = clone;
    return AIGC_OK;
failed:
    aigc__store_free(clone);
    return status;
}

size_t aigc__store_count(const aigc__store_t *store) { return store->n; }

const aigc__parameter_t *aigc__store_parameter(const aigc__store_t *store, size_t index)
{
    return &store->parameters[index];
}

int64_t aigc__store_find(const aigc__store_t *store, const char *name)
{
    for (size_t i = 0; i < store->n; i++)
        if (strcmp(store->parameters[i].name, name) == 0) return (int64_t)i;
    return -1;
}

float *aigc__store_data(const aigc__store_t *store, size_t index)
{
    return store->block ? store->block + store->parameters[index].first : NULL;
}

float *aigc__store_block(const aigc__store_t *store) { return store->block; }

size_t aigc__store_elements(const aigc__store_t *store) { return store->elements; }

size_t aigc__store_trained(const aigc__store_t *store) { return store->trained; }

size_t aigc__store_parameters(const aigc__store_t *store)
{
    size_t count = 0;
    for (size_t i = 0; i < store->n; i++)
        if (store->parameters[i].role == AIGC__TRAINED) count += store->parameters[i].count;
    return count;
}
