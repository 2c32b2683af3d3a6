#include "base/sizes.h"
#include "support/unit.h"
#include <string.h>

static void shapes_are_counted(void **state)
{
    (void)state;
    static const struct {
        size_t rank;
        int64_t shape[6];
        size_t count;
    } cases[] = {
        {0, {0}, 1},
        {1, {7}, 7},
        {4, {2, 3, 4, 5}, 120},
        {6, {1, 1, 1, 1, 1, 1}, 1},
        {3, {5, 0, 7}, 0},
        {2, {INT32_MAX, 1 << 28}, (size_t)INT32_MAX << 28}, /* just below 2^59 elements */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t count = 99;
        check_ok(aigc__shape_count(cases[i].rank, cases[i].shape, &count));
        assert_int_equal(count, cases[i].count);
    }
}

static void shapes_that_cannot_be_are_refused(void **state)
{
    (void)state;
    const int64_t negative[] = {2, -1}, long_one[] = {(int64_t)INT32_MAX + 1};
    size_t count = 99;
    check_failure(aigc__shape_count(7, NULL, &count), AIGC_ERROR_ARGUMENT, "rank 7");
    check_failure(aigc__shape_count(2, NULL, &count), AIGC_ERROR_ARGUMENT, "NULL");
    check_failure(aigc__shape_count(2, negative, &count), AIGC_ERROR_ARGUMENT, "dimension 1 of a shape is -1");
    check_failure(aigc__shape_count(1, long_one, &count), AIGC_ERROR_ARGUMENT, "2147483648");
    assert_int_equal(count, 99);
}

/* Products that wrap to 0, to 1 and to something small; a zero among them hides nothing. */
static void shapes_that_wrap_are_refused(void **state)
{
    (void)state;
    static const int64_t tuples[][6] = {
        {1 << 30, 1 << 30, 16, 1, 1, 1},                           /* 2^64 = 0 */
        {1 << 16, 1 << 16, 1 << 16, 1 << 16, 1, 1},                /* 2^64 = 0 */
        {641, 6700417, 4294967297 % INT32_MAX, 1 << 30, 1 << 30, 1}, /* far past */
        {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX},
        {0, 1 << 30, 1 << 30, 1, 1, 1},
        {1 << 30, 1 << 30, 0, 1, 1, 1},
        {1 << 30, 1 << 29, 1, 1, 1, 1}, /* 2^59 elements: 2^62 bytes of the widest type */
    };
    for (size_t i = 0; i < sizeof tuples / sizeof tuples[0]; i++) {
        size_t count = 99;
        assert_int_equal(aigc__shape_count(6, tuples[i], &count), AIGC_ERROR_LIMIT);
        assert_int_equal(count, 99);
    }
}

static void bytes_are_checked(void **state)
{
    (void)state;
    size_t bytes = 0;
    check_ok(aigc__bytes_of(10, 4, &bytes));
    assert_int_equal(bytes, 40);
    check_ok(aigc__bytes_sum(SIZE_MAX - 1, 1, &bytes));
    assert_int_equal(bytes, SIZE_MAX);
    check_failure(aigc__bytes_of(SIZE_MAX / 4 + 1, 4, &bytes), AIGC_ERROR_LIMIT, "4611686018427387904 elements");
    check_failure(aigc__bytes_sum(SIZE_MAX, 1, &bytes), AIGC_ERROR_LIMIT, "together");
    static const size_t aligned[][2] = {{0, 0}, {1, 64}, {64, 64}, {65, 128}, {SIZE_MAX - 63, SIZE_MAX - 63}};
    for (size_t i = 0; i < 5; i++) {
        check_ok(aigc__bytes_aligned(aligned[i][0], &bytes));
        assert_int_equal(bytes, aligned[i][1]);
    }
    assert_int_equal(aigc__bytes_aligned(SIZE_MAX - 62, &bytes), AIGC_ERROR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_counted),
        cmocka_unit_test(shapes_that_cannot_be_are_refused),
        cmocka_unit_test(shapes_that_wrap_are_refused),
        cmocka_unit_test(bytes_are_checked),
    };
    return cmocka_run_group_tests_name("sizes", tests, NULL, NULL);
}
