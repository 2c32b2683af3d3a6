#include "base/memory.h"
#include "support/fault_memory.h"
#include "support/unit.h"
#include <pthread.h>
#include <sched.h>
#include <string.h>

static test_memory_t world;
static aigc__memory_t memory;

static int setup(void **state)
{
    (void)state;
    test_memory_init(&world);
    aigc__memory_init(&memory, &world.allocator, 0);
    return 0;
}

/* Every test ends with nothing held and nothing misused. */
static int teardown(void **state)
{
    (void)state;
    return world.blocks || world.bytes || world.mistakes || memory.live;
}

static void blocks_are_aligned_whatever_the_allocator_gives(void **state)
{
    (void)state;
    void *blocks[100];
    for (size_t i = 0; i < 100; i++) {
        check_ok(aigc__memory_alloc(&memory, i * 7, &blocks[i]));
        assert_int_equal((uintptr_t)blocks[i] % AIGC__ALIGNMENT, 0);
        memset(blocks[i], 1, i * 7);
    }
    for (size_t i = 0; i < 100; i++) aigc__memory_free(&memory, blocks[i]);
    aigc__memory_free(&memory, NULL);
}

static void the_allocator_is_asked_for_what_is_counted(void **state)
{
    (void)state;
    void *a = NULL, *b = NULL;
    check_ok(aigc__memory_alloc(&memory, 1000, &a));
    check_ok(aigc__memory_alloc_zeroed(&memory, 500, &b));
    assert_int_equal(memory.live, world.bytes);
    assert_true(memory.live >= 1500 && memory.live <= 1500 + 2 * 128);
    for (size_t i = 0; i < 500; i++) assert_int_equal(((uint8_t *)b)[i], 0);
    const uint64_t peak = memory.live;
    aigc__memory_free(&memory, a);
    assert_int_equal(memory.live, world.bytes);
    assert_int_equal(memory.peak, peak);
    aigc__memory_free(&memory, b);
}

static void the_limit_is_exact_and_named(void **state)
{
    (void)state;
    void *a = NULL, *b = NULL;
    check_ok(aigc__memory_alloc(&memory, 1000, &a));
    const uint64_t one = memory.live;
    aigc__memory_free(&memory, a);

    memory.limit = 2 * one;
    check_ok(aigc__memory_alloc(&memory, 1000, &a));
    check_ok(aigc__memory_alloc(&memory, 1000, &b));
    aigc__memory_free(&memory, b);
    memory.limit = 2 * one - 1;
    b = NULL;
    const size_t asked = world.allocations;
    check_failure(aigc__memory_alloc(&memory, 1000, &b), AIGC_ERROR_LIMIT, "memory limit of 2223 bytes");
    assert_null(b);
    assert_int_equal(world.allocations, asked);
    aigc__memory_free(&memory, a);
}

static void a_failing_allocator_changes_nothing(void **state)
{
    (void)state;
    void *a = NULL;
    test_memory_fail(&world, 1, false);
    check_failure(aigc__memory_alloc(&memory, 1234, &a), AIGC_ERROR_MEMORY, "1234 bytes");
    assert_null(a);
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.peak, 0);
}

static void sizes_that_wrap_are_refused(void **state)
{
    (void)state;
    void *a = NULL;
    check_failure(aigc__memory_alloc(&memory, SIZE_MAX, &a), AIGC_ERROR_LIMIT, "18446744073709551615");
    check_failure(aigc__memory_alloc(&memory, SIZE_MAX - 111, &a), AIGC_ERROR_LIMIT, "bytes");
    check_failure(aigc__memory_alloc_zeroed(&memory, PTRDIFF_MAX, &a), AIGC_ERROR_LIMIT, "bytes");
    assert_int_equal(world.allocations, 0);
}

static void resize_keeps_contents_and_on_failure_the_block(void **state)
{
    (void)state;
    void *block = NULL;
    check_ok(aigc__memory_resize(&memory, 8, &block));
    memcpy(block, "12345678", 8);
    check_ok(aigc__memory_resize(&memory, 10000, &block));
    assert_memory_equal(block, "12345678", 8);
    void *const before = block;
    test_memory_fail(&world, 1, true);
    assert_int_equal(aigc__memory_resize(&memory, 20000, &block), AIGC_ERROR_MEMORY);
    assert_ptr_equal(block, before);
    assert_memory_equal(block, "12345678", 8);
    test_memory_fail(&world, 0, false);
    check_ok(aigc__memory_resize(&memory, 4, &block));
    assert_memory_equal(block, "1234", 4);
    char *copy = NULL;
    check_ok(aigc__memory_copy_string(&memory, "text", &copy));
    assert_string_equal(copy, "text");
    aigc__memory_free(&memory, copy);
    aigc__memory_free(&memory, block);
}

/* A refused thread tries again: how often depends on the scheduler, so only what must hold is asserted. */
static void *take_and_give(void *arg)
{
    size_t *taken = arg;
    while (*taken < 2000) {
        void *block = NULL;
        if (aigc__memory_alloc(&memory, 100 + *taken % 50, &block) == AIGC_OK)
            ++*taken;
        else
            sched_yield();
        aigc__memory_free(&memory, block);
    }
    return NULL;
}

static void threads_together_stay_below_the_limit(void **state)
{
    (void)state;
    pthread_t threads[4];
    size_t taken[4] = {0};
    memory.limit = 700;
    for (size_t i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &taken[i]), 0);
    for (size_t i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    assert_true(memory.peak <= 700 && memory.peak > 0);
    assert_int_equal(memory.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(blocks_are_aligned_whatever_the_allocator_gives, setup, teardown),
        cmocka_unit_test_setup_teardown(the_allocator_is_asked_for_what_is_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(the_limit_is_exact_and_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failing_allocator_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(sizes_that_wrap_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(resize_keeps_contents_and_on_failure_the_block, setup, teardown),
        cmocka_unit_test_setup_teardown(threads_together_stay_below_the_limit, setup, teardown),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
