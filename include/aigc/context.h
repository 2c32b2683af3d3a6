/** @file
 *  Contexts: threads, memory, log, cancellation. Everything else belongs to one. */
#ifndef AIGC_CONTEXT_H
#define AIGC_CONTEXT_H

#include <aigc/status.h>

AIGC_BEGIN_DECLS

/** Threads and memory; made by aigc_context_create(). */
typedef struct aigc_context aigc_context_t;

/** Named settings of one call; made by aigc_options_create(). */
typedef struct aigc_options aigc_options_t;

/** Where a context gets its memory. `alloc` returns at least `bytes` bytes aligned to 16, or NULL;
 *  `free` gets back a block with the size it was asked for. Both may be called from the context's
 *  worker threads, `free` also from any thread that lets go of a tensor. */
typedef struct aigc_allocator {
    size_t struct_size; /**< sizeof(aigc_allocator_t) */
    void *(*alloc)(size_t bytes, void *user); /**< a new block, or NULL */
    void (*free)(void *block, size_t bytes, void *user); /**< takes a block back */
    void *user; /**< handed to both */
} aigc_allocator_t;

/** Levels of the log. */
enum {
    AIGC_LOG_ERROR = 0,   /**< something was lost */
    AIGC_LOG_WARNING = 1, /**< something was passed over */
    AIGC_LOG_INFO = 2     /**< what is going on */
};

/** Receives one finished line of UTF-8 without a newline. May be called from a worker thread, one
 *  call at a time. Must not call back into the context. */
typedef void (*aigc_log_fn)(int32_t level, const char *message, void *user);

/** Create a context with its own worker threads.
 *  @param options  verb "context": threads (0 = one per available core), memory_limit (bytes,
 *                  0 = none), cpu ("auto", or a lower level for tests)
 *  @return AIGC_OK; AIGC_ERROR_OPTION; AIGC_ERROR_UNSUPPORTED: no such cpu level here; AIGC_ERROR_MEMORY;
 *          AIGC_ERROR_LIMIT; AIGC_ERROR_THREAD
 *  The caller frees with aigc_context_free(). Any thread. Since 0.1. */
AIGC_API aigc_status_t aigc_context_create(aigc_context_t **out, const aigc_options_t *options);

/** The same with the caller's allocator: every byte the context and what belongs to it uses
 *  comes from there, apart from what jansson (headers of model files), libjpeg (while a JPEG is read or
 *  written) and libzip (directories of archives) take for themselves, and option sets, which need no context.
 *  @param allocator  copied; NULL means malloc and free. Since 0.1. */
AIGC_API aigc_status_t aigc_context_create_with(aigc_context_t **out, const aigc_allocator_t *allocator,
                                                const aigc_options_t *options);

/** Give up the caller's hold. Tensors, datasets and models keep the context alive until the last
 *  of them is freed. NULL is fine. Since 0.1. */
AIGC_API void aigc_context_free(aigc_context_t *context);

/** Send the log to `fn`, or nowhere with NULL (the start). Since 0.1. */
AIGC_API aigc_status_t aigc_context_set_log(aigc_context_t *context, aigc_log_fn fn, void *user);

/** Stop what the context is doing: the running call returns AIGC_ERROR_CANCELLED within tens of
 *  milliseconds; a training stops between two steps and can be resumed. Without a running call the
 *  next one that can be cancelled is, unless aigc_context_clear_cancel() comes first. NULL is fine. Any thread and
 *  signal handlers. Since 0.1. */
AIGC_API void aigc_context_cancel(aigc_context_t *context);

/** Forget a cancel that no call has answered yet: one that came when its call had just ended must not stop
 *  the next. NULL is fine. Any thread and signal handlers. Since 0.1. */
AIGC_API void aigc_context_clear_cancel(aigc_context_t *context);

/** Bytes held now and at most so far, allocator overhead of at most 128 bytes a block included.
 *  Either pointer may be NULL. Since 0.1. */
AIGC_API aigc_status_t aigc_context_memory(const aigc_context_t *context, uint64_t *live, uint64_t *peak);

/** Worker threads (the calling one counted) and CPU level in use ("c", "avx2", "avx512", "neon").
 *  Either pointer may be NULL. Since 0.1. */
AIGC_API aigc_status_t aigc_context_info(const aigc_context_t *context, uint32_t *threads, const char **cpu);

AIGC_END_DECLS

#endif
