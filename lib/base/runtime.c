#include "base/runtime.h"
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

aigc_status_t aigc__context_create(aigc_context_t **out, const aigc_allocator_t *allocator, size_t threads,
                                   uint64_t memory_limit, aigc__cpu_level_t cpu, const struct aigc__kernels *kernels)
{
    /* The context's own block is counted by a copy of its memory, made before it exists. */
    aigc__memory_t memory;
    void *block = NULL;
    aigc__memory_init(&memory, allocator, memory_limit);
    AIGC__TRY(aigc__memory_alloc_zeroed(&memory, sizeof(aigc_context_t), &block));
    aigc_context_t *context = block;
    context->kind = AIGC__CONTEXT;
    atomic_init(&context->references, 1);
    aigc__memory_init(&context->memory, allocator, memory_limit);
    atomic_init(&context->memory.live, atomic_load(&memory.live));
    atomic_init(&context->memory.peak, atomic_load(&memory.peak));
    context->files = &aigc__posix_files;
    context->kernels = kernels;
    context->cpu = cpu;
    context->process = getpid();
    atomic_init(&context->cancelled, 0);
    atomic_init(&context->log_lock, 0);
    const aigc_status_t status =
        aigc__pool_create(&context->pool, &context->memory, threads ? threads : aigc__cpu_cores(), &context->cancelled);
    if (status != AIGC_OK) {
        aigc__context_release(context);
        return status;
    }
    *out = context;
    return AIGC_OK;
}

void aigc__context_retain(aigc_context_t *context)
{
    atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
}

void aigc__context_release(aigc_context_t *context)
{
    if (!context || atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) != 1) return;
    aigc__pool_free(context->pool);
    context->kind = AIGC__DEAD;
    aigc__memory_t memory;
    aigc__memory_init(&memory, &context->memory.allocator, 0);
    aigc__memory_free(&memory, context);
}

aigc_status_t aigc__check_handle(const void *handle, aigc__kind_t kind, const char *argument)
{
    if (!handle) return aigc__fail(AIGC_ERROR_ARGUMENT, "argument '%s' is NULL", argument);
    const uint32_t found = *(const uint32_t *)handle;
    if (found == (uint32_t)kind) return AIGC_OK;
    const char *state = found == AIGC__DEAD ? "a handle that was freed" : "a handle of another kind";
    return aigc__fail(AIGC_ERROR_HANDLE, "argument '%s' is %s", argument, state);
}

aigc_status_t aigc__check_context(const aigc_context_t *context, const char *argument)
{
    AIGC__TRY(aigc__check_handle(context, AIGC__CONTEXT, argument));
    if (context->process != getpid())
        return aigc__fail(AIGC_ERROR_FORKED, "the context of '%s' was made by the process this one was forked from", argument);
    if (context->busy)
        return aigc__fail(AIGC_ERROR_STATE, "'%s' is used inside a callback of a call that still runs", argument);
    return AIGC_OK;
}

aigc_status_t aigc__check_cancel(aigc_context_t *context)
{
    if (!atomic_exchange(&context->cancelled, 0)) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_CANCELLED, "cancelled by aigc_context_cancel()");
}

void aigc__log(aigc_context_t *context, int32_t level, const char *format, ...)
{
    char line[512];
    va_list arguments;
    if (!context->log) return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    aigc__make_printable(line, sizeof line);
    while (atomic_exchange_explicit(&context->log_lock, 1, memory_order_acquire)) sched_yield();
    context->log(level, line, context->log_user);
    atomic_store_explicit(&context->log_lock, 0, memory_order_release);
}
