#include "base/arena.h"
#include "support/fault_memory.h"
#include "support/unit.h"
#include <string.h>

static void blocks_are_zeroed_apart_and_stay(void **state)
{
    (void)state;
    enum { N = 500 };
    test_memory_t world;
    aigc__memory_t memory;
    aigc__arena_t arena;
    uint8_t *blocks[N];
    test_memory_init(&world);
    aigc__memory_init(&memory, &world.allocator, 0);
    aigc__arena_init(&arena, &memory);
    for (size_t i = 0; i < N; i++) {
        const size_t bytes = i * i % 977 + (i == 300 ? 1000000 : 0);
        void *block = NULL;
        check_ok(aigc__arena_alloc(&arena, bytes, &block));
        blocks[i] = block;
        assert_int_equal((uintptr_t)block % 16, 0);
        for (size_t k = 0; k < bytes; k++) assert_int_equal(blocks[i][k], 0);
        memset(block, (int)(i & 255), bytes);
    }
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < i * i % 977; k++) assert_int_equal(blocks[i][k], i & 255);
    assert_true(world.blocks < 20);
    const char *text = NULL;
    check_ok(aigc__arena_copy_string(&arena, "texture", 4, &text));
    assert_string_equal(text, "text");
    aigc__arena_free(&arena);
    assert_int_equal(world.blocks + world.mistakes, 0);
    aigc__arena_free(&arena);
}

static void failures_leave_the_arena_usable(void **state)
{
    (void)state;
    test_memory_t world;
    aigc__memory_t memory;
    aigc__arena_t arena;
    void *block = NULL;
    test_memory_init(&world);
    aigc__memory_init(&memory, &world.allocator, 0);
    aigc__arena_init(&arena, &memory);
    assert_int_equal(aigc__arena_alloc(&arena, SIZE_MAX, &block), AIGC_ERROR_LIMIT);
    assert_int_equal(aigc__arena_alloc(&arena, SIZE_MAX - 20, &block), AIGC_ERROR_LIMIT);
    test_memory_fail(&world, 1, false);
    assert_int_equal(aigc__arena_alloc(&arena, 10, &block), AIGC_ERROR_MEMORY);
    assert_null(block);
    check_ok(aigc__arena_alloc(&arena, 10, &block));
    test_memory_fail(&world, 1, true);
    assert_int_equal(aigc__arena_alloc(&arena, 1000000, &block), AIGC_ERROR_MEMORY);
    check_ok(aigc__arena_alloc(&arena, 10, &block));
    aigc__arena_free(&arena);
    assert_int_equal(world.blocks + world.mistakes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_zeroed_apart_and_stay),
        cmocka_unit_test(failures_leave_the_arena_usable),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
