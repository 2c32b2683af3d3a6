#include "base/pool.h"
#include "base/cpu.h"
#include "base/sizes.h"
#include "base/threads.h"
#include <sched.h>
#include <string.h>
#include <unistd.h>

/* One word holds which task this is and its next tile: `ticket` = epoch << 24 | tile. A worker takes
 * a tile by a compare-and-swap of the whole word, so one that wakes late, after its task is over, can
 * never take a tile of the next task with the last one's function. */
enum { TILE_BITS = 24 };
static const uint64_t TILE_MASK = ((uint64_t)1 << TILE_BITS) - 1;

static const double SPIN_SECONDS = 50e-6;
enum { STACK_BYTES = 1 << 20 };

typedef struct worker {
    aigc__pool_t *pool;
    size_t number;
    pthread_t thread;
} worker_t;

struct aigc__pool {
    aigc__memory_t *memory;
    const _Atomic int *cancel;
    size_t threads;  /* the caller counted */
    size_t started;  /* threads that run */
    bool is_crowded; /* more threads than cores: yield rather than spin */
    pid_t process;

    _Alignas(AIGC__ALIGNMENT) _Atomic uint64_t ticket;
    /* The task of the ticket's epoch; written only while no tile is left to take. */
    _Atomic(aigc__tile_fn) fn;
    void *_Atomic user;
    _Atomic size_t first, tiles;
    const _Atomic int *_Atomic watched; /* NULL: not to be cancelled */

    _Alignas(AIGC__ALIGNMENT) _Atomic size_t done;
    _Atomic bool was_skipped;
    _Atomic bool is_caller_asleep;

    _Alignas(AIGC__ALIGNMENT) _Atomic size_t sleepers;
    _Atomic bool is_stopping;
    pthread_mutex_t mutex;
    pthread_cond_t work, finished;
    worker_t workers[];
};

static void relax(const aigc__pool_t *pool)
{
    if (pool->is_crowded) {
        sched_yield();
        return;
    }
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void tell_finished(aigc__pool_t *pool)
{
    if (!atomic_load(&pool->is_caller_asleep)) return;
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_signal(&pool->finished);
    pthread_mutex_unlock(&pool->mutex);
}

/* Takes tiles of the current task until none is left. */
static void work(aigc__pool_t *pool, size_t worker)
{
    uint64_t ticket = atomic_load(&pool->ticket);
    for (;;) {
        const size_t tile = (size_t)(ticket & TILE_MASK), tiles = atomic_load(&pool->tiles);
        if (tile >= tiles) return;
        const aigc__tile_fn fn = atomic_load(&pool->fn);
        void *const user = atomic_load(&pool->user);
        const size_t first = atomic_load(&pool->first);
        const _Atomic int *const watched = atomic_load(&pool->watched);
        if (!atomic_compare_exchange_weak(&pool->ticket, &ticket, ticket + 1)) continue;
        if (watched && atomic_load_explicit(watched, memory_order_relaxed))
            atomic_store(&pool->was_skipped, true);
        else
            fn(user, first + tile, worker);
        if (atomic_fetch_add(&pool->done, 1) + 1 == tiles) tell_finished(pool);
        ticket = atomic_load(&pool->ticket);
    }
}

/* Returns when a task other than `seen` is there: spins for a while, then sleeps. */
static void await_task(aigc__pool_t *pool, uint64_t seen_epoch)
{
    const double start = aigc__now();
    do {
        for (int i = 0; i < 32; i++) {
            if (atomic_load(&pool->ticket) >> TILE_BITS != seen_epoch || atomic_load(&pool->is_stopping)) return;
            relax(pool);
        }
    } while (aigc__now() - start < SPIN_SECONDS);
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    while (atomic_load(&pool->ticket) >> TILE_BITS == seen_epoch && !atomic_load(&pool->is_stopping))
        pthread_cond_wait(&pool->work, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
}

static void *worker_main(void *arg)
{
    const worker_t *self = arg;
    aigc__pool_t *pool = self->pool;
    uint64_t epoch = 0;
    aigc__fp_enter(); /* a new thread inherits its creator's state */
    for (;;) {
        await_task(pool, epoch);
        if (atomic_load(&pool->is_stopping)) return NULL;
        epoch = atomic_load(&pool->ticket) >> TILE_BITS;
        work(pool, self->number);
    }
}

static void wake_workers(aigc__pool_t *pool, size_t wanted)
{
    const size_t sleepers = atomic_load(&pool->sleepers);
    if (sleepers == 0) return;
    pthread_mutex_lock(&pool->mutex);
    if (wanted >= sleepers) pthread_cond_broadcast(&pool->work);
    for (size_t i = 0; wanted < sleepers && i < wanted; i++) pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
}

static void await_done(aigc__pool_t *pool, size_t tiles)
{
    const double start = aigc__now();
    do {
        for (int i = 0; i < 32; i++) {
            if (atomic_load(&pool->done) == tiles) return;
            relax(pool);
        }
    } while (aigc__now() - start < SPIN_SECONDS);
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->is_caller_asleep, true);
    while (atomic_load(&pool->done) != tiles) pthread_cond_wait(&pool->finished, &pool->mutex);
    atomic_store(&pool->is_caller_asleep, false);
    pthread_mutex_unlock(&pool->mutex);
}

static void run_shared(aigc__pool_t *pool, aigc__tile_fn fn, void *user, size_t first, size_t tiles,
                       const _Atomic int *watched)
{
    /* The last task's ticket stands at its tile count and would offer a tile as soon as `tiles` grows:
     * an epoch that offers none comes between. */
    const uint64_t between = (atomic_load(&pool->ticket) >> TILE_BITS) + 1;
    atomic_store(&pool->ticket, between << TILE_BITS | TILE_MASK);
    atomic_store(&pool->fn, fn);
    atomic_store(&pool->user, user);
    atomic_store(&pool->first, first);
    atomic_store(&pool->watched, watched);
    atomic_store(&pool->done, 0);
    atomic_store(&pool->tiles, tiles);
    atomic_store(&pool->ticket, (between + 1) << TILE_BITS);
    wake_workers(pool, tiles - 1);
    work(pool, 0);
    await_done(pool, tiles);
}

static bool run_alone(aigc__tile_fn fn, void *user, size_t tiles, const _Atomic int *watched)
{
    for (size_t tile = 0; tile < tiles; tile++) {
        if (watched && atomic_load_explicit(watched, memory_order_relaxed)) return false;
        fn(user, tile, 0);
    }
    return true;
}

static bool run(aigc__pool_t *pool, aigc__tile_fn fn, void *user, size_t tiles, const _Atomic int *watched)
{
    if (tiles <= 1 || pool->threads == 1) return run_alone(fn, user, tiles, watched);
    atomic_store(&pool->was_skipped, false);
    for (size_t first = 0; first < tiles;) {
        const size_t n = tiles - first < TILE_MASK ? tiles - first : (size_t)TILE_MASK;
        run_shared(pool, fn, user, first, n, watched);
        first += n;
    }
    return !atomic_load(&pool->was_skipped);
}

bool aigc__pool_run(aigc__pool_t *pool, aigc__tile_fn fn, void *user, size_t tiles)
{
    return run(pool, fn, user, tiles, pool->cancel);
}

void aigc__pool_run_whole(aigc__pool_t *pool, aigc__tile_fn fn, void *user, size_t tiles)
{
    run(pool, fn, user, tiles, NULL);
}

size_t aigc__pool_threads(const aigc__pool_t *pool) { return pool->threads; }

static aigc_status_t start_workers(aigc__pool_t *pool)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return aigc__fail(AIGC_ERROR_THREAD, "cannot prepare to create threads");
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int error = 0;
    for (size_t i = 0; i + 1 < pool->threads && error == 0; i++) {
        pool->workers[i].pool = pool;
        pool->workers[i].number = i + 1;
        error = aigc__thread_create(&pool->workers[i].thread, &attributes, worker_main, &pool->workers[i]);
        pool->started += error == 0;
    }
    pthread_attr_destroy(&attributes);
    if (error == 0) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_THREAD, "cannot create thread %zu of %zu (error %d of the system)", pool->started + 2,
                      pool->threads, error);
}

aigc_status_t aigc__pool_create(aigc__pool_t **out, aigc__memory_t *memory, size_t threads, const _Atomic int *cancel)
{
    if (threads < 1 || threads > AIGC__POOL_MAX_THREADS)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "%zu threads; expected 1..%d", threads, AIGC__POOL_MAX_THREADS);
    void *block = NULL;
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, sizeof(aigc__pool_t) + (threads - 1) * sizeof(worker_t), &block));
    aigc__pool_t *pool = block;
    pool->memory = memory;
    pool->cancel = cancel;
    pool->threads = threads;
    pool->is_crowded = threads > aigc__cpu_cores();
    pool->process = getpid();
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->finished, NULL);
    const aigc_status_t status = start_workers(pool);
    if (status != AIGC_OK) {
        aigc__pool_free(pool);
        return status;
    }
    *out = pool;
    return AIGC_OK;
}

void aigc__pool_free(aigc__pool_t *pool)
{
    if (!pool) return;
    if (pool->process == getpid()) {
        pthread_mutex_lock(&pool->mutex);
        atomic_store(&pool->is_stopping, true);
        pthread_cond_broadcast(&pool->work);
        pthread_mutex_unlock(&pool->mutex);
        for (size_t i = 0; i < pool->started; i++) pthread_join(pool->workers[i].thread, NULL);
        pthread_cond_destroy(&pool->finished);
        pthread_cond_destroy(&pool->work);
        pthread_mutex_destroy(&pool->mutex);
    }
    aigc__memory_free(pool->memory, pool);
}
