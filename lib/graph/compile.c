#include "graph/compile.h"
#include "base/sizes.h"
#include <string.h>

aigc_status_t aigc__compile_array(aigc__arena_t *arena, size_t n, size_t element_bytes, void **out)
{
    size_t bytes = 0;
    AIGC__TRY(aigc__bytes_of(n, element_bytes, &bytes));
    return aigc__arena_alloc(arena, bytes, out);
}

/* ---- what a value is ---- */

static bool has_flag(const aigc__value_t *value, uint32_t flag) { return (aigc__op(value->op)->flags & flag) != 0; }

static bool is_broadcast(const aigc__value_t *value)
{
    return value->op == AIGC__OP_broadcast && value->dtype == AIGC_DTYPE_F32;
}

static bool has_flags(const aigc__compile_t *compile, aigc__id_t id, unsigned flags)
{
    return (compile->flags[id] & flags) == flags;
}

static void set_flags(const aigc__compile_t *compile, aigc__id_t id, unsigned flags)
{
    compile->flags[id] = (uint8_t)(compile->flags[id] | flags);
}

bool aigc__is_full_sum(const aigc__compile_t *compile, const aigc__value_t *value)
{
    if (compile->options.no_fusion || value->op != AIGC__OP_sum || value->count != 1) return false;
    const aigc__id_t root = compile->roots[value->inputs[0]];
    const aigc__value_t *from = compile->values[root];
    return from->count > 1 && has_flags(compile, root, AIGC__EXECUTED) &&
           (aigc__is_map(from) || has_flag(from, AIGC__OP_EPILOGUE));
}

aigc__read_t aigc__read_of(const aigc__compile_t *compile, aigc__id_t id, size_t input)
{
    const aigc__value_t *value = compile->values[id];
    const aigc__id_t root = compile->roots[value->inputs[input]];
    aigc__read_t read = {.kind = AIGC__READ_WHOLE, .source = root, .operand = root};
    if (aigc__is_map(value)) {
        read.kind = AIGC__READ_SAME;
        if (compile->options.no_fusion) return read;
        if (has_flags(compile, root, AIGC__UNIFORM)) {
            read.kind = AIGC__READ_NUMBER;
        } else if (is_broadcast(compile->values[root])) {
            read.kind = AIGC__READ_EXPAND;
            read.source = compile->roots[compile->values[root]->inputs[0]];
        }
    } else if (aigc__is_full_sum(compile, value)) {
        read.kind = AIGC__READ_SAME;
    }
    return read;
}

/* ---- passes ---- */

static aigc_status_t copy_value(aigc__compile_t *compile, aigc__id_t id)
{
    const aigc__value_t *value = aigc__graph_value(compile->graph, id);
    aigc__arena_t *arena = &compile->plan->arena;
    void *memory = NULL;
    AIGC__TRY(aigc__arena_alloc(arena, sizeof *value, &memory));
    aigc__value_t *copy = memory;
    *copy = *value;
    AIGC__TRY(aigc__compile_array(arena, value->n_inputs, sizeof *value->inputs, &memory));
    if (value->n_inputs > 0) memcpy(memory, value->inputs, value->n_inputs * sizeof *value->inputs);
    copy->inputs = memory;
    if (value->name) AIGC__TRY(aigc__arena_copy_string(arena, value->name, strlen(value->name), &copy->name));
    compile->values[id] = copy;
    return AIGC_OK;
}

/* Prunes: only what the fetches depend on is copied. */
static aigc_status_t copy_live_values(aigc__compile_t *compile)
{
    void *memory = NULL;
    AIGC__TRY(aigc__compile_array(&compile->scratch, compile->n, 1, &memory));
    uint8_t *live = memory;
    for (size_t k = 0; k < compile->n_fetches; k++) live[compile->fetches[k]] = 1;
    for (aigc__id_t id = compile->n; id-- > 1;) {
        if (!live[id]) continue;
        AIGC__TRY(copy_value(compile, id));
        const aigc__value_t *value = compile->values[id];
        for (size_t k = 0; k < value->n_inputs; k++) live[value->inputs[k]] = 1;
    }
    return AIGC_OK;
}

static void find_roots(aigc__compile_t *compile)
{
    for (aigc__id_t id = 1; id < compile->n; id++) {
        const aigc__value_t *value = compile->values[id];
        compile->roots[id] = id;
        if (!value) continue;
        const bool adds_axes_only = is_broadcast(value) && value->count == compile->values[value->inputs[0]]->count;
        if (has_flag(value, AIGC__OP_ALIAS) || adds_axes_only) compile->roots[id] = compile->roots[value->inputs[0]];
    }
    for (size_t k = 0; k < compile->n_fetches; k++)
        set_flags(compile, compile->roots[compile->fetches[k]], AIGC__FETCHED);
}

/* Whether every input has the flags. */
static bool all_inputs(const aigc__compile_t *compile, const aigc__value_t *value, unsigned flags)
{
    for (size_t k = 0; k < value->n_inputs; k++)
        if (!has_flags(compile, value->inputs[k], flags)) return false;
    return true;
}

static void find_fixed(aigc__compile_t *compile)
{
    for (aigc__id_t id = 1; id < compile->n; id++) {
        const aigc__value_t *value = compile->values[id];
        if (!value || value->op == AIGC__OP_feed || has_flag(value, AIGC__OP_RANDOM)) continue;
        if (value->op == AIGC__OP_param && !compile->options.frozen) continue;
        if (all_inputs(compile, value, AIGC__FIXED)) set_flags(compile, id, AIGC__FIXED);
    }
}

/* One number all over, by the very kernels that would have made it. */
static void find_uniform(aigc__compile_t *compile)
{
    for (aigc__id_t id = 1; id < compile->n; id++) {
        const aigc__value_t *value = compile->values[id];
        if (!value || value->dtype != AIGC_DTYPE_F32) continue;
        if (value->op == AIGC__OP_constant) {
            compile->numbers[id] = (float)value->attributes.p[0];
            set_flags(compile, id, AIGC__UNIFORM);
            continue;
        }
        const bool is_alias = compile->roots[id] != id;
        if (value->n_inputs == 0 || !(is_alias || is_broadcast(value) || aigc__is_map(value))) continue;
        if (!all_inputs(compile, value, AIGC__UNIFORM)) continue;
        float in[3] = {0, 0, 0};
        for (size_t k = 0; k < value->n_inputs && k < 3; k++) in[k] = compile->numbers[value->inputs[k]];
        compile->numbers[id] = in[0];
        if (aigc__is_map(value))
            compile->plan->kernels->map[value->attributes.i[0]](&compile->numbers[id], &in[0], &in[1], &in[2], 1,
                                                                (float)value->attributes.p[0]);
        set_flags(compile, id, AIGC__UNIFORM);
    }
}

/* Uniform and broadcast values that only tile programs read need no step: `in_memory` tells who else
 * reads a value. Users come after what they use, so one walk down is enough. */
static aigc_status_t find_executed(aigc__compile_t *compile)
{
    enum { IN_PROGRAM = 1, IN_MEMORY = 2 };
    const bool fused = !compile->options.no_fusion;
    void *memory = NULL;
    AIGC__TRY(aigc__compile_array(&compile->scratch, compile->n, 1, &memory));
    uint8_t *demand = memory;
    for (aigc__id_t id = compile->n; id-- > 1;) {
        const aigc__value_t *value = compile->values[id];
        if (has_flags(compile, id, AIGC__FETCHED)) demand[id] = IN_MEMORY;
        if (!value || demand[id] == 0 || has_flag(value, AIGC__OP_LEAF)) continue;
        const bool in_memory = (demand[id] & IN_MEMORY) != 0;
        if (fused && !in_memory && has_flags(compile, id, AIGC__UNIFORM)) continue;
        const bool is_operand = fused && !in_memory && is_broadcast(value);
        if (!is_operand) set_flags(compile, id, AIGC__EXECUTED);
        const uint8_t wanted = fused && !is_operand && aigc__is_map(value) ? IN_PROGRAM : IN_MEMORY;
        for (size_t k = 0; k < value->n_inputs; k++) {
            const aigc__id_t root = compile->roots[value->inputs[k]];
            demand[root] = (uint8_t)(demand[root] | wanted);
        }
    }
    return AIGC_OK;
}

static void find_stored(aigc__compile_t *compile)
{
    for (aigc__id_t id = 1; id < compile->n; id++) {
        if (has_flags(compile, id, AIGC__FETCHED)) set_flags(compile, id, AIGC__STORED);
        if (!has_flags(compile, id, AIGC__EXECUTED)) continue;
        for (size_t k = 0; k < compile->values[id]->n_inputs; k++) {
            const aigc__read_t read = aigc__read_of(compile, id, k);
            const bool is_inside = read.kind == AIGC__READ_SAME && compile->units[read.source] == compile->units[id];
            if (read.kind != AIGC__READ_NUMBER && !is_inside) set_flags(compile, read.source, AIGC__STORED);
        }
    }
}

/* ---- driver ---- */

static aigc_status_t allocate_tables(aigc__compile_t *compile)
{
    aigc__arena_t *scratch = &compile->scratch;
    const size_t n = compile->n;
    void *memory = NULL;
    AIGC__TRY(aigc__compile_array(scratch, n, sizeof *compile->values, &memory));
    compile->values = memory;
    AIGC__TRY(aigc__compile_array(scratch, n, sizeof *compile->roots, &memory));
    compile->roots = memory;
    AIGC__TRY(aigc__compile_array(scratch, n, sizeof *compile->flags, &memory));
    compile->flags = memory;
    AIGC__TRY(aigc__compile_array(scratch, n, sizeof *compile->numbers, &memory));
    compile->numbers = memory;
    AIGC__TRY(aigc__compile_array(scratch, n, sizeof *compile->units, &memory));
    compile->units = memory;
    AIGC__TRY(aigc__compile_array(scratch, n, sizeof *compile->next, &memory));
    compile->next = memory;
    AIGC__TRY(aigc__compile_array(scratch, n, sizeof *compile->order, &memory));
    compile->order = memory;
    AIGC__TRY(aigc__compile_array(scratch, n, sizeof *compile->slots, &memory));
    compile->slots = memory;
    memset(compile->slots, 0xff, n * sizeof *compile->slots);
    return AIGC_OK;
}

static aigc_status_t run_passes(aigc__compile_t *compile)
{
    AIGC__TRY(allocate_tables(compile));
    AIGC__TRY(copy_live_values(compile));
    find_roots(compile);
    find_fixed(compile);
    find_uniform(compile);
    AIGC__TRY(find_executed(compile));
    AIGC__TRY(aigc__fuse(compile));
    find_stored(compile);
    AIGC__TRY(aigc__lower(compile));
    return aigc__plan_memory(compile->plan, &compile->options);
}

static aigc_status_t check_fetches(const aigc__graph_t *graph, const aigc__id_t *fetches, size_t n,
                                   const aigc__compile_options_t *options)
{
    AIGC__TRY(aigc__graph_status(graph));
    if (n > UINT32_MAX / 2) return aigc__fail(AIGC_ERROR_LIMIT, "%zu fetches are too many", n);
    if (options->n_external > n)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "%zu of %zu fetches cannot be external", options->n_external, n);
    for (size_t k = 0; k < n; k++)
        if (fetches[k] == 0 || fetches[k] >= aigc__graph_count(graph))
            return aigc__fail(AIGC_ERROR_ARGUMENT, "fetch %zu is no value of the graph", k);
    return AIGC_OK;
}

/* What was asked for, then what is assigned, into the plan's memory. */
static aigc_status_t list_fetches(aigc__compile_t *compile, const aigc__id_t *asked, size_t n_asked)
{
    const aigc__assignment_t *assignments;
    const size_t n = compile->options.assigns ? aigc__assignments(compile->graph, &assignments) : 0;
    aigc__plan_t *plan = compile->plan;
    void *memory = NULL;
    AIGC__TRY(aigc__compile_array(&compile->scratch, n_asked + n, sizeof *asked, &memory));
    aigc__id_t *fetches = memory;
    AIGC__TRY(aigc__compile_array(&plan->arena, n, sizeof *plan->assigned, &memory));
    plan->assigned = memory;
    plan->n_asked = (uint32_t)n_asked;
    if (n_asked > 0) memcpy(fetches, asked, n_asked * sizeof *fetches);
    for (size_t k = 0; k < n; k++) {
        const char *name = aigc__graph_value(compile->graph, assignments[k].leaf)->name;
        AIGC__TRY(aigc__arena_copy_string(&plan->arena, name, strlen(name), &plan->assigned[k]));
        fetches[n_asked + k] = assignments[k].value;
    }
    compile->fetches = fetches;
    compile->n_fetches = n_asked + n;
    return AIGC_OK;
}

aigc_status_t aigc__plan_create(aigc__plan_t **out, aigc__memory_t *memory, const aigc__graph_t *graph,
                                const aigc__kernels_t *kernels, const aigc__id_t *fetches, size_t n_fetches,
                                const aigc__compile_options_t *options)
{
    static const aigc__compile_options_t none;
    aigc_status_t status = AIGC_OK;
    if (!options) options = &none;
    AIGC__TRY(check_fetches(graph, fetches, n_fetches, options));
    void *block = NULL;
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, sizeof(aigc__plan_t), &block));
    aigc__plan_t *plan = block;
    aigc__arena_init(&plan->arena, memory);
    plan->kernels = kernels;
    plan->poison = options->poison;
    aigc__compile_t compile = {.plan = plan, .graph = graph, .options = *options, .n = aigc__graph_count(graph)};
    aigc__arena_init(&compile.scratch, memory);
    AIGC__GOTO(done, list_fetches(&compile, fetches, n_fetches));
    AIGC__GOTO(done, run_passes(&compile));
    *out = plan;
    plan = NULL;
done:
    aigc__arena_free(&compile.scratch);
    aigc__plan_free(plan);
    return status;
}

void aigc__plan_free(aigc__plan_t *plan)
{
    if (!plan) return;
    aigc__memory_t *memory = plan->arena.memory;
    aigc__arena_free(&plan->arena);
    aigc__memory_free(memory, plan);
}

uint64_t aigc__plan_bytes(const aigc__plan_t *plan, size_t workers)
{
    return (uint64_t)plan->arena_bytes + (uint64_t)plan->folded_bytes +
           (uint64_t)workers * ((uint64_t)plan->worker_bytes + plan->scratch_bytes);
}

uint64_t aigc__plan_folded_bytes(const aigc__plan_t *plan) { return plan->folded_bytes; }

size_t aigc__plan_steps(const aigc__plan_t *plan) { return plan->n_steps; }
