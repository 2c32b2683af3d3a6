/* The context: what every call needs from below the models. Counted, so that handles may be freed in
 * any order. */
#ifndef AIGC_BASE_RUNTIME_H
#define AIGC_BASE_RUNTIME_H

#include "base/cpu.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/option_table.h"
#include "base/pool.h"

/* First member of every handle: which kind it is, or AIGC__DEAD once freed. */
typedef enum aigc__kind {
    AIGC__CONTEXT = 0x61636f6e,
    AIGC__TENSOR = 0x6174656e,
    AIGC__OPTIONS = 0x616f7074,
    AIGC__DATASET = 0x61646174,
    AIGC__MODEL = 0x616d6f64,
    AIGC__WEIGHTS = 0x61776774,
    AIGC__DEAD = 0x61646561
} aigc__kind_t;

struct aigc__kernels;

struct aigc_context {
    uint32_t kind;
    _Atomic uint32_t references;
    aigc__memory_t memory;
    aigc__pool_t *pool;
    const aigc__file_calls_t *files;
    const struct aigc__kernels *kernels; /* set by the creator from the kernel table */
    aigc__cpu_level_t cpu;
    _Atomic int cancelled;
    _Atomic int log_lock;
    aigc_log_fn log;
    void *log_user;
    int64_t process; /* pid of the creator */
    int busy;        /* a call that runs callbacks is on the stack */
};

/* `threads` 0: one per core; `cpu` is a level this machine has. The context starts with one reference. */
aigc_status_t aigc__context_create(aigc_context_t **out, const aigc_allocator_t *allocator, size_t threads,
                                   uint64_t memory_limit, aigc__cpu_level_t cpu, const struct aigc__kernels *kernels);
void aigc__context_retain(aigc_context_t *context);
void aigc__context_release(aigc_context_t *context);

/* AIGC_ERROR_HANDLE (not `kind`, or freed), AIGC_ERROR_ARGUMENT (NULL). `argument` names the parameter. */
aigc_status_t aigc__check_handle(const void *handle, aigc__kind_t kind, const char *argument);
/* As above for a context, and AIGC_ERROR_FORKED, AIGC_ERROR_STATE where a callback re-enters. */
aigc_status_t aigc__check_context(const aigc_context_t *context, const char *argument);

/* AIGC_ERROR_CANCELLED and the flag cleared if a cancel is pending. */
aigc_status_t aigc__check_cancel(aigc_context_t *context);

void aigc__log(aigc_context_t *context, int32_t level, const char *format, ...) AIGC__PRINTF(3, 4);

#endif
