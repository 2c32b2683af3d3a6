#include "api/call.h"
#include "api/verb_tables.h"
#include "kernels/kernels.h"

aigc_status_t aigc_context_create(aigc_context_t **out, const aigc_options_t *options)
{
    return aigc_context_create_with(out, NULL, options);
}

/* Choice 0 is "auto", the others are the levels in their order. */
static aigc_status_t choose_kernels(int64_t choice, const aigc__kernels_t **out)
{
    const aigc__cpu_level_t level = choice == 0 ? AIGC__CPU_C : (aigc__cpu_level_t)(choice - 1);
    const aigc__kernels_t *kernels = choice == 0 ? aigc__kernels_best() : aigc__kernels_get(level);
    if (kernels == NULL || (choice != 0 && !aigc__cpu_has(level)))
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "option cpu: this machine or this build has no level %s",
                          aigc__cpu_name(level));
    *out = kernels;
    return AIGC_OK;
}

aigc_status_t aigc_context_create_with(aigc_context_t **out, const aigc_allocator_t *allocator,
                                       const aigc_options_t *options)
{
    aigc__context_options_t given;
    const aigc__kernels_t *kernels = NULL;
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(aigc__check_options(options));
    if (allocator && (allocator->struct_size < sizeof *allocator || !allocator->alloc || !allocator->free))
        return aigc__fail(AIGC_ERROR_ARGUMENT, "the allocator needs struct_size, alloc and free");
    const aigc__option_group_t group = aigc__verb_group("context", &given);
    AIGC__TRY(aigc__options_resolve(options, "context", &group, 1));
    AIGC__TRY(choose_kernels(given.cpu, &kernels));
    return aigc__context_create(out, allocator, (size_t)given.threads, (uint64_t)given.memory_limit, kernels->level,
                                kernels);
}

void aigc_context_free(aigc_context_t *context)
{
    if (context && aigc__check_handle(context, AIGC__CONTEXT, "context") == AIGC_OK) aigc__context_release(context);
}

aigc_status_t aigc_context_set_log(aigc_context_t *context, aigc_log_fn fn, void *user)
{
    AIGC__TRY(aigc__check_context(context, "context"));
    context->log = fn;
    context->log_user = user;
    return AIGC_OK;
}

void aigc_context_cancel(aigc_context_t *context)
{
    if (context && context->kind == AIGC__CONTEXT) atomic_store(&context->cancelled, 1);
}

void aigc_context_clear_cancel(aigc_context_t *context)
{
    if (context && context->kind == AIGC__CONTEXT) atomic_store(&context->cancelled, 0);
}

aigc_status_t aigc_context_memory(const aigc_context_t *context, uint64_t *live, uint64_t *peak)
{
    AIGC__TRY(aigc__check_handle(context, AIGC__CONTEXT, "context"));
    if (live) *live = atomic_load(&context->memory.live);
    if (peak) *peak = atomic_load(&context->memory.peak);
    return AIGC_OK;
}

aigc_status_t aigc_context_info(const aigc_context_t *context, uint32_t *threads, const char **cpu)
{
    AIGC__TRY(aigc__check_handle(context, AIGC__CONTEXT, "context"));
    if (threads) *threads = (uint32_t)aigc__pool_threads(context->pool);
    if (cpu) *cpu = aigc__cpu_name(context->cpu);
    return AIGC_OK;
}
