/* The thread pool of a context: a fixed number of workers that share the tiles of one task. */
#ifndef AIGC_BASE_POOL_H
#define AIGC_BASE_POOL_H

#include "base/memory.h"

typedef struct aigc__pool aigc__pool_t;

/* Does tile number `tile`; `worker` is 0..threads-1 and names private scratch. What a tile computes
 * must not depend on `worker`. */
typedef void (*aigc__tile_fn)(void *user, size_t tile, size_t worker);

enum { AIGC__POOL_MAX_THREADS = 1024 };

/* `threads` counts the calling thread: 1 creates none. AIGC_ERROR_THREAD if one cannot be created
 * (then all are gone again); AIGC_ERROR_ARGUMENT: not 1..1024. `cancel` (may be NULL) is polled before
 * each tile. Workers block every signal but the processor's faults and run with the default
 * floating-point state. */
aigc_status_t aigc__pool_create(aigc__pool_t **out, aigc__memory_t *memory, size_t threads, const _Atomic int *cancel);
void aigc__pool_free(aigc__pool_t *pool); /* joins; NULL is fine; in a forked child only frees */
size_t aigc__pool_threads(const aigc__pool_t *pool);

/* Runs tiles 0..tiles-1, the caller taking part as worker 0, and returns when all are done. false:
 * cancelled, some tiles were skipped. One tile, or one thread, runs without waking anybody. Workers
 * spin for some microseconds after a task before they sleep, so that consecutive tasks start fast. */
bool aigc__pool_run(aigc__pool_t *pool, aigc__tile_fn fn, void *user, size_t tiles);

/* The same without looking at the cancel flag: for updates that must not stop half-way. */
void aigc__pool_run_whole(aigc__pool_t *pool, aigc__tile_fn fn, void *user, size_t tiles);

#endif
