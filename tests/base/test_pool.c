#include "base/cpu.h"
#include "base/pool.h"
#include "support/fault_memory.h"
#include "support/unit.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_TILES = 5000 };
/* The bit of the floating-point control register. */
#if defined(__x86_64__)
static const uint64_t FLUSH_TO_ZERO = 0x8000;
#elif defined(__aarch64__)
static const uint64_t FLUSH_TO_ZERO = 1 << 24;
#else
static const uint64_t FLUSH_TO_ZERO = 0;
#endif
static const size_t thread_counts[] = {1, 2, 3, 7};

static test_memory_t world;
static aigc__memory_t memory;
static _Atomic int cancel;

/* Linked with --wrap=pthread_create: threads from this number on cannot be created (0: all can). */
static size_t threads_created, fail_thread_at;
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*main)(void *), void *arg);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*main)(void *), void *arg);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*main)(void *), void *arg)
{
    threads_created++;
    if (fail_thread_at && threads_created >= fail_thread_at) return EAGAIN;
    return __real_pthread_create(thread, attributes, main, arg);
}

static int setup(void **state)
{
    (void)state;
    test_memory_init(&world);
    aigc__memory_init(&memory, &world.allocator, 0);
    atomic_store(&cancel, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return world.blocks || world.mistakes;
}

typedef struct sheet {
    _Atomic int counts[MAX_TILES];
    size_t threads, cancel_at;
    _Atomic size_t mistakes;
    _Atomic int inside[8]; /* by worker: no two tiles share a worker's scratch at once */
} sheet_t;

static void mark(void *user, size_t tile, size_t worker)
{
    sheet_t *sheet = user;
    if (worker >= sheet->threads || atomic_fetch_add(&sheet->inside[worker], 1) != 0) atomic_fetch_add(&sheet->mistakes, 1);
    atomic_fetch_add(&sheet->counts[tile], 1);
    if (sheet->cancel_at && tile == sheet->cancel_at) atomic_store(&cancel, 1);
    atomic_fetch_sub(&sheet->inside[worker], 1);
}

static void every_tile_runs_once_on_any_number_of_threads(void **state)
{
    (void)state;
    static const size_t tile_counts[] = {0, 1, 2, 3, 8, 100, MAX_TILES};
    for (size_t t = 0; t < 4; t++) {
        aigc__pool_t *pool = NULL;
        check_ok(aigc__pool_create(&pool, &memory, thread_counts[t], &cancel));
        assert_int_equal(aigc__pool_threads(pool), thread_counts[t]);
        for (size_t k = 0; k < 7; k++) {
            sheet_t sheet = {.threads = thread_counts[t]};
            assert_true(aigc__pool_run(pool, mark, &sheet, tile_counts[k]));
            for (size_t i = 0; i < MAX_TILES; i++) assert_int_equal(sheet.counts[i], i < tile_counts[k]);
            assert_int_equal(sheet.mistakes, 0);
        }
        aigc__pool_free(pool);
    }
}

typedef struct sum {
    size_t base, tiles;
    uint64_t parts[64];
} sum_t;

static void add(void *user, size_t tile, size_t worker)
{
    (void)worker;
    sum_t *sum = user;
    sum->parts[tile] += sum->base + tile;
}

/* Tasks of changing size and data right after each other, and some after the workers fell asleep:
 * a late worker must never mix one task's function or data with another's tile. */
static void tasks_in_quick_succession_do_not_mix(void **state)
{
    (void)state;
    for (size_t t = 1; t < 4; t++) {
        aigc__pool_t *pool = NULL;
        sum_t sums[3] = {{.base = 1, .tiles = 2}, {.base = 1000, .tiles = 64}, {.base = 1000000, .tiles = 7}};
        check_ok(aigc__pool_create(&pool, &memory, thread_counts[t], NULL));
        enum { ROUNDS = 3000 };
        for (size_t i = 0; i < ROUNDS; i++) {
            for (size_t k = 0; k < 3; k++) assert_true(aigc__pool_run(pool, add, &sums[k], sums[k].tiles));
            if (i % 500 == 0) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        for (size_t k = 0; k < 3; k++)
            for (size_t i = 0; i < 64; i++)
                assert_int_equal(sums[k].parts[i], i < sums[k].tiles ? (sums[k].base + i) * ROUNDS : 0);
        aigc__pool_free(pool);
    }
}

static void a_cancel_skips_the_rest_and_says_so(void **state)
{
    (void)state;
    for (size_t t = 0; t < 4; t++) {
        aigc__pool_t *pool = NULL;
        sheet_t sheet = {.threads = thread_counts[t], .cancel_at = 10};
        check_ok(aigc__pool_create(&pool, &memory, thread_counts[t], &cancel));
        assert_false(aigc__pool_run(pool, mark, &sheet, MAX_TILES));
        size_t done = 0;
        for (size_t i = 0; i < MAX_TILES; i++) {
            assert_true(sheet.counts[i] <= 1);
            done += (size_t)sheet.counts[i];
        }
        assert_true(done > 10 && done < MAX_TILES);
        sheet_t whole = {.threads = thread_counts[t]};
        aigc__pool_run_whole(pool, mark, &whole, 100);
        for (size_t i = 0; i < 100; i++) assert_int_equal(whole.counts[i], 1);
        sheet_t none = {.threads = thread_counts[t]};
        assert_false(aigc__pool_run(pool, mark, &none, 1));
        assert_int_equal(none.counts[0], 0);
        atomic_store(&cancel, 0);
        assert_true(aigc__pool_run(pool, mark, &none, 100));
        aigc__pool_free(pool);
    }
}

static void look_around(void *user, size_t tile, size_t worker)
{
    (void)tile;
    _Atomic size_t *found = user;
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL); /* lets every worker get a tile */
    if (worker == 0) return;
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    const bool is_calm = sigismember(&blocked, SIGINT) && sigismember(&blocked, SIGALRM) && sigismember(&blocked, SIGTERM);
    volatile float tiny = 0x1p-126f;
    const bool keeps_denormals = tiny * 0.5f != 0;
    atomic_fetch_add(&found[is_calm && keeps_denormals ? 0 : 1], 1);
}

/* Whatever the creator's state is. */
static void workers_block_signals_and_keep_denormals(void **state)
{
    (void)state;
    aigc__pool_t *pool = NULL;
    _Atomic size_t found[2] = {0};
    sigset_t old, after;
    pthread_sigmask(SIG_SETMASK, &(sigset_t){0}, &old);
    const aigc__fp_state_t kept = aigc__fp_enter();
    aigc__fp_leave((aigc__fp_state_t){kept.control | FLUSH_TO_ZERO});
    const aigc_status_t status = aigc__pool_create(&pool, &memory, 3, NULL);
    aigc__fp_leave(kept);
    check_ok(status);
    pthread_sigmask(SIG_SETMASK, &old, &after);
    assert_int_equal(sigismember(&after, SIGINT) + sigismember(&after, SIGTERM), 0);
    aigc__pool_run(pool, look_around, (void *)found, 30);
    aigc__pool_free(pool);
    assert_true(found[0] > 0);
    assert_int_equal(found[1], 0);
}

static void a_pool_without_memory_or_with_odd_counts_is_refused(void **state)
{
    (void)state;
    aigc__pool_t *pool = NULL;
    test_memory_fail(&world, 1, true);
    assert_int_equal(aigc__pool_create(&pool, &memory, 3, NULL), AIGC_ERROR_MEMORY);
    check_failure(aigc__pool_create(&pool, &memory, 0, NULL), AIGC_ERROR_ARGUMENT, "0 threads");
    check_failure(aigc__pool_create(&pool, &memory, 1025, NULL), AIGC_ERROR_ARGUMENT, "1..1024");
    assert_null(pool);
    aigc__pool_free(NULL);
}

static void a_thread_that_cannot_be_created_undoes_the_others(void **state)
{
    (void)state;
    for (fail_thread_at = 1; fail_thread_at <= 6; fail_thread_at++) {
        aigc__pool_t *pool = NULL;
        threads_created = 0;
        check_failure(aigc__pool_create(&pool, &memory, 7, NULL), AIGC_ERROR_THREAD, "of 7");
        assert_null(pool);
        assert_int_equal(threads_created, fail_thread_at);
        assert_int_equal(world.blocks, 0);
    }
    fail_thread_at = 0;
}

static void a_forked_child_can_free(void **state)
{
    (void)state;
    aigc__pool_t *pool = NULL;
    sheet_t sheet = {.threads = 3};
    check_ok(aigc__pool_create(&pool, &memory, 3, NULL));
    aigc__pool_run(pool, mark, &sheet, 100);
    const pid_t child = fork();
    if (child == 0) {
        alarm(5); /* a child that waits for threads it does not have ends here */
        aigc__pool_free(pool);
        _exit(world.blocks == 0 ? 0 : 1);
    }
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    aigc__pool_run(pool, mark, &sheet, 100);
    aigc__pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_tile_runs_once_on_any_number_of_threads, setup, teardown),
        cmocka_unit_test_setup_teardown(tasks_in_quick_succession_do_not_mix, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cancel_skips_the_rest_and_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(workers_block_signals_and_keep_denormals, setup, teardown),
        cmocka_unit_test_setup_teardown(a_pool_without_memory_or_with_odd_counts_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_thread_that_cannot_be_created_undoes_the_others, setup, teardown),
        cmocka_unit_test_setup_teardown(a_forked_child_can_free, setup, teardown),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
