/* Plans by (verb, batch). All executors of a model share one arena: it grows to the largest plan, and
 * when it does the executors are made anew (they are cheap, plans are not). */
#include "graph/step.h"
#include "models/network.h"

static bool key_equal(const aigc__plan_key_t *a, const aigc__plan_key_t *b)
{
    return a->verb == b->verb && a->variant == b->variant && a->n == b->n;
}

static void drop_executors(aigc_model_t *model)
{
    for (size_t k = 0; k < AIGC__PLANS; k++) {
        aigc__executor_free(model->plans.entries[k].executor);
        model->plans.entries[k].executor = NULL;
    }
}

static void drop_entry(aigc__plan_entry_t *entry)
{
    aigc__executor_free(entry->executor);
    aigc__plan_free(entry->plan);
    *entry = (aigc__plan_entry_t){0};
}

void aigc__model_forget_plans(aigc_model_t *model)
{
    for (size_t k = 0; k < AIGC__PLANS; k++) drop_entry(&model->plans.entries[k]);
    aigc__memory_free(&model->context->memory, model->plans.arena);
    model->plans.arena = NULL;
    model->plans.arena_bytes = 0;
}

static aigc_status_t make_plan(aigc_model_t *model, const aigc__plan_key_t *key, aigc__plan_builder builder,
                               aigc__plan_t **plan, bool *frozen)
{
    aigc__memory_t *memory = &model->context->memory;
    void *block = NULL;
    aigc__graph_t *graph = NULL;
    aigc_status_t status;
    AIGC__GOTO(done, aigc__memory_alloc_zeroed(memory, sizeof(aigc__plan_recipe_t), &block));
    aigc__plan_recipe_t *const recipe = block;
    AIGC__GOTO(done, aigc__graph_create(&graph, memory));
    AIGC__GOTO(done, builder(model, key, graph, recipe));
    AIGC__GOTO(done, aigc__graph_status(graph));
    const aigc__compile_options_t options = {
        .frozen = recipe->frozen, .assigns = recipe->assigns, .n_external = recipe->n_external};
    AIGC__GOTO(done, aigc__plan_create(plan, memory, graph, model->context->kernels, recipe->fetches, recipe->n_fetches,
                                       &options));
    *frozen = recipe->frozen;
done:
    aigc__graph_free(graph);
    aigc__memory_free(memory, block);
    return status;
}

/* The entry of a key, or the one to be replaced: free, else used longest ago. */
static aigc__plan_entry_t *find_entry(aigc__plan_cache_t *cache, const aigc__plan_key_t *key)
{
    aigc__plan_entry_t *oldest = &cache->entries[0];
    for (size_t k = 0; k < AIGC__PLANS; k++) {
        aigc__plan_entry_t *entry = &cache->entries[k];
        if (entry->plan && key_equal(&entry->key, key)) return entry;
        if (entry->used < oldest->used) oldest = entry;
    }
    return oldest;
}

static aigc_status_t entry_for(aigc_model_t *model, const aigc__plan_key_t *key, aigc__plan_builder builder,
                               aigc__plan_entry_t **out)
{
    aigc__plan_entry_t *entry = find_entry(&model->plans, key);
    if (entry->plan == NULL || !key_equal(&entry->key, key)) {
        aigc__plan_t *plan = NULL;
        bool frozen = false;
        AIGC__TRY(make_plan(model, key, builder, &plan, &frozen));
        drop_entry(entry);
        *entry = (aigc__plan_entry_t){.key = *key, .frozen = frozen, .plan = plan};
    }
    entry->used = ++model->plans.clock;
    *out = entry;
    return AIGC_OK;
}

/* What a plan needs of the shared arena; folded values lie in each executor's own memory. */
static uint64_t arena_bytes(const aigc_model_t *model, const aigc__plan_t *plan)
{
    return aigc__plan_bytes(plan, aigc__pool_threads(model->context->pool)) - aigc__plan_folded_bytes(plan);
}

static aigc_status_t grow_arena(aigc_model_t *model, uint64_t bytes)
{
    void *arena = NULL;
    if (model->plans.arena && bytes <= model->plans.arena_bytes) return AIGC_OK;
    if (bytes > SIZE_MAX)
        return aigc__fail(AIGC_ERROR_LIMIT, "the plan needs more memory than this machine can address");
    drop_executors(model);
    aigc__memory_free(&model->context->memory, model->plans.arena);
    model->plans.arena = NULL;
    model->plans.arena_bytes = 0;
    AIGC__TRY(aigc__memory_alloc(&model->context->memory, (size_t)bytes, &arena));
    model->plans.arena = arena;
    model->plans.arena_bytes = bytes;
    return AIGC_OK;
}

aigc_status_t aigc__model_executor(aigc_model_t *model, const aigc__plan_key_t *key, aigc__plan_builder builder,
                                   aigc__executor_t **out)
{
    aigc__plan_entry_t *entry = NULL;
    const uint64_t version = model->parameters_version;
    AIGC__TRY(entry_for(model, key, builder, &entry));
    AIGC__TRY(grow_arena(model, arena_bytes(model, entry->plan)));
    if (entry->executor == NULL) {
        aigc__store_t *store = entry->frozen ? aigc__model_sampling_store(model) : model->store;
        AIGC__TRY(aigc__executor_create(&entry->executor, entry->plan, model->context, store, model->plans.arena));
    } else if (entry->frozen && (entry->parameters_seen != version || atomic_load(&model->tensors_out) > 0)) {
        aigc__executor_thaw(entry->executor);
    }
    entry->parameters_seen = version;
    *out = entry->executor;
    return AIGC_OK;
}

aigc_status_t aigc__model_plan_bytes(aigc_model_t *model, const aigc__plan_key_t *key, aigc__plan_builder builder,
                                     uint64_t *arena, uint64_t *own)
{
    /* of an executor's record of a step, its share of lists and of unused room: at most */
    enum { STEP_BYTES = 6 * sizeof(aigc__step_t) };
    aigc__plan_entry_t *entry = NULL;
    AIGC__TRY(entry_for(model, key, builder, &entry));
    const uint64_t needed = arena_bytes(model, entry->plan);
    const uint64_t growth = needed > model->plans.arena_bytes ? needed - model->plans.arena_bytes : 0;
    if (growth > *arena) *arena = growth;
    if (entry->executor == NULL)
        *own += aigc__plan_steps(entry->plan) * STEP_BYTES + aigc__plan_folded_bytes(entry->plan);
    return AIGC_OK;
}
