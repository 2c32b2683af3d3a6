#include "base/sizes.h"
#include "graph/compile.h"
#include <math.h>
#include <string.h>

typedef struct run_step {
    aigc__step_t step;
    aigc__bindings_t bindings;
    const aigc__plan_step_t *plan;
} run_step_t;

struct aigc__executor {
    const aigc__plan_t *plan;
    aigc_context_t *context;
    aigc__arena_t tables; /* the steps and their pointers */
    run_step_t *steps;
    void **slots;   /* where each slot lies; NULL: a feed or external fetch that was not set yet */
    void **fetches; /* where the caller wants each fetch; NULL: where it lies anyway */
    aigc__store_t *store;
    char *arena;
    void *own_arena, *folded;
    bool is_bound;  /* the steps' pointers are those of `slots` */
    bool is_folded; /* the folding steps have run */
};

/* ---- running a step ---- */

typedef struct task {
    const run_step_t *step;
    size_t phase, first_tile; /* of the phase among the tiles of all phases */
} task_t;

static void run_tile(void *user, size_t tile, size_t worker)
{
    const task_t *task = user;
    const aigc__step_t *step = &task->step->step;
    const aigc__program_t *program = task->step->bindings.program;
    char *scratch = step->scratch + worker * step->scratch_bytes;
    if (program) aigc__program_begin_tile(&task->step->bindings, scratch);
    if (step->op) {
        step->op->run(step, task->phase, tile, worker);
    } else {
        const size_t first = tile * program->tile_count, left = program->count - first;
        const size_t n = left < program->tile_count ? left : program->tile_count;
        aigc__program_run(&task->step->bindings, scratch, NULL, first, n);
    }
    if (program) aigc__program_end_tile(&task->step->bindings, scratch, task->first_tile + tile);
}

/* false: cancelled */
static bool run_step(const aigc__executor_t *executor, const run_step_t *step)
{
    task_t task = {.step = step};
    if (step->plan->packs_for != AIGC__NONE) {
        const aigc__step_t *consumer = &executor->steps[step->plan->packs_for].step;
        consumer->op->pack(consumer, step->plan->packs_input, executor->slots[step->plan->inputs[0]],
                           executor->slots[step->plan->output]);
        return true;
    }
    for (; task.phase < AIGC__PHASES && step->step.tiles[task.phase] > 0; task.phase++) {
        if (!aigc__pool_run(executor->context->pool, run_tile, &task, step->step.tiles[task.phase])) return false;
        task.first_tile += step->step.tiles[task.phase];
    }
    if (step->bindings.program) aigc__program_add_up(&step->bindings, step->plan->tiles);
    return true;
}

/* ---- poison: whoever reads what is dead, or not written yet, reads NaN ---- */

static void poison_slot(const aigc__executor_t *executor, const aigc__slot_t *slot)
{
    if (slot->place == AIGC__IN_ARENA)
        executor->context->kernels->fill((float *)(void *)(executor->arena + slot->offset), NAN,
                                         slot->bytes / sizeof(float));
}

/* Memory that was handed over lives on in the slot that took it. */
static bool is_taken_over(const aigc__plan_t *plan, uint32_t slot)
{
    for (uint32_t k = 0; k < plan->n_slots; k++)
        if (plan->slots[k].base == plan->slots[slot].base && plan->slots[k].last > plan->slots[slot].last) return true;
    return false;
}

static void poison(const aigc__executor_t *executor, uint32_t step)
{
    const aigc__plan_t *plan = executor->plan;
    for (uint32_t k = 0; k < plan->n_slots; k++)
        if (plan->slots[k].last == step && !is_taken_over(plan, k)) poison_slot(executor, &plan->slots[k]);
}

static bool run_steps(const aigc__executor_t *executor, uint32_t from, uint32_t to, uint64_t seed, uint32_t number)
{
    const aigc__stream_t stream = {.seed = seed, .stream = AIGC__STREAM_GRAPH, .step = number};
    for (uint32_t i = from; i < to; i++) {
        executor->steps[i].step.stream = stream;
        if (!run_step(executor, &executor->steps[i])) return false;
        if (executor->plan->poison) poison(executor, i);
    }
    return true;
}

/* ---- pointers ---- */

static void *slot_at(const aigc__executor_t *executor, uint32_t slot)
{
    return slot == AIGC__NONE ? NULL : executor->slots[slot];
}

static void bind_step(const aigc__executor_t *executor, run_step_t *run)
{
    const aigc__plan_step_t *step = run->plan;
    const aigc__program_t *program = step->program;
    char *shared = slot_at(executor, step->shared);
    run->step.output = slot_at(executor, step->output);
    run->step.shared = shared;
    for (size_t k = 0; k < run->step.n_inputs; k++) run->step.inputs[k] = slot_at(executor, step->inputs[k]);
    if (!program) return;
    for (size_t k = 0; k < program->n_operands; k++) run->bindings.operands[k] = slot_at(executor, step->operands[k]);
    for (size_t k = 0; k < program->n_outputs; k++) run->bindings.outputs[k] = slot_at(executor, step->outputs[k]);
    for (size_t k = 0; k < program->n_sums; k++) run->bindings.sums[k] = slot_at(executor, step->sums[k]);
    if (program->n_sums > 0 && shared) run->bindings.partials = (double *)(void *)(shared + step->partials_offset);
}

static aigc_status_t check_slots(const aigc__executor_t *executor)
{
    const aigc__plan_t *plan = executor->plan;
    for (uint32_t k = 0; k < plan->n_slots; k++) {
        if (executor->slots[k]) continue;
        if (plan->slots[k].place == AIGC__IN_FEED)
            return aigc__fail(AIGC_ERROR_STATE, "feed \"%s\" was never set", plan->slots[k].name);
    }
    for (uint32_t k = 0; k < plan->n_fetches; k++)
        if (plan->fetches[k].is_external && !executor->fetches[k])
            return aigc__fail(AIGC_ERROR_STATE, "fetch %d is external and was never set", (int)k);
    return AIGC_OK;
}

static aigc_status_t bind(aigc__executor_t *executor)
{
    if (executor->is_bound) return AIGC_OK;
    AIGC__TRY(check_slots(executor));
    for (uint32_t i = 0; i < executor->plan->n_steps; i++) bind_step(executor, &executor->steps[i]);
    executor->is_bound = true;
    return AIGC_OK;
}

aigc_status_t aigc__executor_set_feed(aigc__executor_t *executor, const char *name, const void *data)
{
    const aigc__plan_t *plan = executor->plan;
    for (uint32_t k = 0; k < plan->n_slots; k++) {
        if (plan->slots[k].place != AIGC__IN_FEED || strcmp(plan->slots[k].name, name) != 0) continue;
        union {
            const void *in;
            void *out;
        } pointer = {.in = data}; /* feeds are only read */
        executor->is_bound &= executor->slots[k] == pointer.out;
        executor->slots[k] = pointer.out;
        return AIGC_OK;
    }
    return aigc__fail(AIGC_ERROR_NOT_FOUND, "the plan has no feed \"%s\"", name);
}

/* The place a slot has in this executor's own memory or store. */
static void *home_of(const aigc__executor_t *executor, uint32_t slot)
{
    const aigc__slot_t *s = &executor->plan->slots[slot];
    if (s->place == AIGC__IN_ARENA) return executor->arena + s->offset;
    if (s->place == AIGC__IN_FOLDED) return (char *)executor->folded + s->offset;
    return NULL;
}

aigc_status_t aigc__executor_set_fetch(aigc__executor_t *executor, size_t index, void *data)
{
    const aigc__plan_t *plan = executor->plan;
    if (index >= plan->n_asked)
        return aigc__fail(AIGC_ERROR_NOT_FOUND, "fetch %zu is past the last of %d", index, (int)plan->n_asked);
    const aigc__fetch_t *fetch = &plan->fetches[index];
    executor->fetches[index] = data;
    executor->is_bound &= data != NULL; /* an external one is missed at the next run */
    if (fetch->is_copied) return AIGC_OK;
    void *place = data ? data : home_of(executor, fetch->slot);
    executor->is_bound &= executor->slots[fetch->slot] == place;
    executor->slots[fetch->slot] = place;
    return AIGC_OK;
}

const void *aigc__executor_fetch(const aigc__executor_t *executor, size_t index)
{
    const aigc__fetch_t *fetch = &executor->plan->fetches[index];
    return fetch->is_copied && executor->fetches[index] ? executor->fetches[index] : executor->slots[fetch->slot];
}

/* ---- a run ---- */

static void copy_fetches(const aigc__executor_t *executor)
{
    const aigc__plan_t *plan = executor->plan;
    for (uint32_t k = 0; k < plan->n_fetches; k++) {
        const uint32_t slot = plan->fetches[k].slot;
        void *to = executor->fetches[k];
        if (plan->fetches[k].is_copied && to && to != executor->slots[slot] && plan->slots[slot].bytes > 0)
            memcpy(to, executor->slots[slot], plan->slots[slot].bytes);
    }
}

aigc_status_t aigc__executor_run(aigc__executor_t *executor, uint64_t seed, uint32_t step)
{
    const aigc__plan_t *plan = executor->plan;
    AIGC__TRY(bind(executor));
    for (uint32_t k = 0; plan->poison && k < plan->n_slots; k++) poison_slot(executor, &plan->slots[k]);
    if (!executor->is_folded && !run_steps(executor, 0, plan->n_folding, seed, step)) goto cancelled;
    executor->is_folded = true;
    if (!run_steps(executor, plan->n_folding, plan->n_steps, seed, step)) goto cancelled;
    copy_fetches(executor);
    return AIGC_OK;
cancelled:
    return aigc__fail(AIGC_ERROR_CANCELLED, "cancelled by aigc_context_cancel()");
}

void aigc__executor_commit(aigc__executor_t *executor, aigc__store_t *follower, float decay)
{
    const aigc__plan_t *plan = executor->plan;
    for (uint32_t k = plan->n_asked; k < plan->n_fetches; k++) {
        const size_t index = (size_t)aigc__store_find(executor->store, plan->assigned[k - plan->n_asked]);
        const aigc__parameter_t *parameter = aigc__store_parameter(executor->store, index);
        const size_t bytes = parameter->count * sizeof(float);
        if (bytes == 0) continue;
        float *state = aigc__store_data(executor->store, index);
        memmove(state, aigc__executor_fetch(executor, k), bytes);
        if (follower && parameter->role == AIGC__STATISTIC)
            executor->context->kernels->update_average(aigc__store_data(follower, index), state, parameter->count,
                                                       decay);
        else if (follower)
            memcpy(aigc__store_data(follower, index), state, bytes);
    }
}

void aigc__executor_thaw(aigc__executor_t *executor) { executor->is_folded = false; }

/* ---- making one ---- */

static aigc_status_t allocate_memory(aigc__executor_t *executor, void *arena)
{
    const aigc__plan_t *plan = executor->plan;
    const uint64_t folded = aigc__plan_folded_bytes(plan);
    const uint64_t bytes = aigc__plan_bytes(plan, aigc__pool_threads(executor->context->pool)) - folded;
    if (bytes > SIZE_MAX) return aigc__fail(AIGC_ERROR_LIMIT, "the plan needs more memory than can be addressed");
    if (folded > 0) AIGC__TRY(aigc__memory_alloc(&executor->context->memory, (size_t)folded, &executor->folded));
    if (!arena) AIGC__TRY(aigc__memory_alloc(&executor->context->memory, (size_t)bytes, &executor->own_arena));
    executor->arena = arena ? arena : executor->own_arena;
    return AIGC_OK;
}

/* Arena: [slots][worker parts][worker registers]. */
static aigc_status_t make_steps(aigc__executor_t *executor)
{
    const aigc__plan_t *plan = executor->plan;
    const size_t workers = aigc__pool_threads(executor->context->pool);
    void *memory = NULL;
    AIGC__TRY(aigc__compile_array(&executor->tables, plan->n_steps, sizeof *executor->steps, &memory));
    executor->steps = memory;
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        run_step_t *run = &executor->steps[i];
        run->plan = &plan->steps[i];
        run->step = run->plan->step;
        run->step.bindings = &run->bindings;
        run->bindings.program = run->plan->program;
        run->step.worker = executor->arena + plan->arena_bytes;
        run->step.scratch = run->step.worker + workers * plan->worker_bytes;
        run->step.scratch_bytes = plan->scratch_bytes;
        AIGC__TRY(aigc__compile_array(&executor->tables, run->step.n_inputs, sizeof *run->step.inputs, &memory));
        run->step.inputs = memory;
    }
    return AIGC_OK;
}

static aigc_status_t find_parameter(const aigc__slot_t *slot, aigc__store_t *store, void **out)
{
    if (!store || !aigc__store_sealed(store))
        return aigc__fail(AIGC_ERROR_STATE, "the plan reads parameter \"%s\", but there is no sealed store",
                          slot->name);
    const int64_t index = aigc__store_find(store, slot->name);
    if (index < 0) return aigc__fail(AIGC_ERROR_NOT_FOUND, "the store has no parameter \"%s\"", slot->name);
    if (!aigc__shape_equal(&aigc__store_parameter(store, (size_t)index)->shape, &slot->value->shape))
        return aigc__fail(AIGC_ERROR_ARGUMENT, "parameter \"%s\" has another shape in the store than in the plan",
                          slot->name);
    *out = aigc__store_data(store, (size_t)index);
    return AIGC_OK;
}

/* So that a commit cannot fail. */
static aigc_status_t check_assigned(const aigc__plan_t *plan, const aigc__store_t *store)
{
    for (uint32_t k = 0; k < plan->n_fetches - plan->n_asked; k++) {
        const size_t bytes = plan->slots[plan->fetches[plan->n_asked + k].slot].bytes;
        const int64_t index = store && aigc__store_sealed(store) ? aigc__store_find(store, plan->assigned[k]) : -1;
        if (index < 0 || aigc__store_parameter(store, (size_t)index)->count * sizeof(float) != bytes)
            return aigc__fail(AIGC_ERROR_NOT_FOUND,
                              "the plan assigns to \"%s\", which the store has not, or in another shape",
                              plan->assigned[k]);
    }
    return AIGC_OK;
}

static aigc_status_t find_slots(aigc__executor_t *executor, aigc__store_t *store)
{
    const aigc__plan_t *plan = executor->plan;
    void *memory = NULL;
    AIGC__TRY(aigc__compile_array(&executor->tables, plan->n_slots, sizeof *executor->slots, &memory));
    executor->slots = memory;
    AIGC__TRY(aigc__compile_array(&executor->tables, plan->n_fetches, sizeof *executor->fetches, &memory));
    executor->fetches = memory;
    for (uint32_t k = 0; k < plan->n_slots; k++) {
        executor->slots[k] = home_of(executor, k);
        if (plan->slots[k].place == AIGC__IN_STORE)
            AIGC__TRY(find_parameter(&plan->slots[k], store, &executor->slots[k]));
    }
    return AIGC_OK;
}

aigc_status_t aigc__executor_create(aigc__executor_t **out, const aigc__plan_t *plan, aigc_context_t *context,
                                    aigc__store_t *store, void *arena)
{
    aigc_status_t status = AIGC_OK;
    void *memory = NULL;
    AIGC__TRY(aigc__memory_alloc_zeroed(&context->memory, sizeof(aigc__executor_t), &memory));
    aigc__executor_t *executor = memory;
    aigc__context_retain(context);
    executor->plan = plan;
    executor->context = context;
    executor->store = store;
    aigc__arena_init(&executor->tables, &context->memory);
    AIGC__GOTO(done, allocate_memory(executor, arena));
    AIGC__GOTO(done, make_steps(executor));
    AIGC__GOTO(done, find_slots(executor, store));
    AIGC__GOTO(done, check_assigned(plan, store));
    *out = executor;
    executor = NULL;
done:
    aigc__executor_free(executor);
    return status;
}

void aigc__executor_free(aigc__executor_t *executor)
{
    if (!executor) return;
    aigc_context_t *context = executor->context;
    aigc__arena_free(&executor->tables);
    aigc__memory_free(&context->memory, executor->own_arena);
    aigc__memory_free(&context->memory, executor->folded);
    aigc__memory_free(&context->memory, executor);
    aigc__context_release(context);
}
