/* aigc_tensor_copy() and aigc_tensor_view(): every type and order, any layout, and none that cannot be. */
#include "base/philox.h"
#include "models/small_world.h"
#include "support/unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static small_world_t world;

static int setup(void **state)
{
    (void)state;
    small_world_begin(&world, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    small_world_end(&world); /* nothing is left */
    return 0;
}

static void put_bytes(uint8_t *to, const void *number, size_t width, bool is_big_endian)
{
    const uint8_t *from = number;
    for (size_t i = 0; i < width; i++) to[is_big_endian ? width - 1 - i : i] = from[i];
}

/* ---- types ---- */

/* The same numbers as the type holds them and as the tensor must. */
typedef struct sample {
    const char *code;
    aigc_dtype_t dtype;
    const void *given, *expected;
    size_t n;
} sample_t;

#define ARRAY(type, ...) ((const type[]){__VA_ARGS__})

static void every_type_in_every_order(void **state)
{
    (void)state;
    const sample_t samples[] = {
        {"f8", AIGC_DTYPE_F32, ARRAY(double, 0.1, -1e300, 1e-300), ARRAY(float, 0.1f, -INFINITY, 0), 3},
        {"f4", AIGC_DTYPE_F32, ARRAY(float, 0.1f, -3e38f, 1e-45f), ARRAY(float, 0.1f, -3e38f, 1e-45f), 3},
        {"f2", AIGC_DTYPE_F16, ARRAY(uint16_t, 0x3c00, 0xfbff, 1), ARRAY(uint16_t, 0x3c00, 0xfbff, 1), 3},
        {"i8", AIGC_DTYPE_I64, ARRAY(int64_t, INT64_MIN, -2, INT64_MAX), ARRAY(int64_t, INT64_MIN, -2, INT64_MAX), 3},
        {"i4", AIGC_DTYPE_I32, ARRAY(int32_t, INT32_MIN, -2, 7), ARRAY(int32_t, INT32_MIN, -2, 7), 3},
        {"i2", AIGC_DTYPE_I32, ARRAY(int16_t, INT16_MIN, -2, 259), ARRAY(int32_t, INT16_MIN, -2, 259), 3},
        {"i1", AIGC_DTYPE_I32, ARRAY(int8_t, INT8_MIN, -2, 127), ARRAY(int32_t, INT8_MIN, -2, 127), 3},
        {"u8", AIGC_DTYPE_I64, ARRAY(uint64_t, 0, 258, INT64_MAX), ARRAY(int64_t, 0, 258, INT64_MAX), 3},
        {"u4", AIGC_DTYPE_I64, ARRAY(uint32_t, 0, 258, UINT32_MAX), ARRAY(int64_t, 0, 258, UINT32_MAX), 3},
        {"u2", AIGC_DTYPE_I32, ARRAY(uint16_t, 0, 258, UINT16_MAX), ARRAY(int32_t, 0, 258, UINT16_MAX), 3},
        {"u1", AIGC_DTYPE_U8, ARRAY(uint8_t, 0, 25, 255), ARRAY(uint8_t, 0, 25, 255), 3},
        {"b1", AIGC_DTYPE_I32, ARRAY(uint8_t, 0, 1, 200), ARRAY(int32_t, 0, 1, 1), 3},
    };
    for (size_t k = 0; k < sizeof samples / sizeof *samples; k++)
        for (const char *order = "<>|="; *order; order++) {
            const sample_t *s = &samples[k];
            const size_t width = (size_t)(s->code[1] - '0');
            const char type[] = {*order, s->code[0], s->code[1], '\0'};
            const int64_t n = (int64_t)s->n;
            uint8_t bytes[64];
            aigc_tensor_t *tensor = NULL;
            aigc_dtype_t dtype = 0;
            uint64_t size = 0;
            for (size_t i = 0; i < s->n; i++)
                put_bytes(bytes + i * width, (const uint8_t *)s->given + i * width, width, *order == '>');
            check_ok(aigc_tensor_copy(&tensor, world.context, bytes, type, 1, &n, NULL));
            check_ok(aigc_tensor_info(tensor, &dtype, NULL, &size));
            assert_int_equal(dtype, s->dtype);
            assert_memory_equal(aigc_tensor_data(tensor), s->expected, size);
            aigc_tensor_release(tensor);
        }
}

/* What aigc_dtype_info() says is understood, also of bf16, and changes no bit. */
static void types_of_tensors_come_back(void **state)
{
    const char *name = "untouched", *type = NULL;
    size_t width = 0;
    uint8_t bytes[32];
    const int64_t n = 4;
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 37 + 11);
    for (aigc_dtype_t dtype = AIGC_DTYPE_F32; dtype <= AIGC_DTYPE_I64; dtype++) {
        aigc_tensor_t *tensor = NULL;
        aigc_dtype_t found = 0;
        uint64_t size = 0;
        check_ok(aigc_dtype_info(dtype, &name, &width, &type));
        check_ok(aigc_tensor_copy(&tensor, world.context, bytes, type, 1, &n, NULL));
        check_ok(aigc_tensor_info(tensor, &found, NULL, &size));
        assert_int_equal(found, dtype);
        assert_int_equal(size, 4 * width);
        assert_memory_equal(aigc_tensor_data(tensor), bytes, size);
        aigc_tensor_release(tensor);
    }
    assert_string_equal(name, "i64");
    assert_int_equal(aigc_dtype_info(0, &name, NULL, NULL), AIGC_ERROR_NOT_FOUND);
    assert_int_equal(aigc_dtype_info(7, &name, NULL, NULL), AIGC_ERROR_NOT_FOUND);
    assert_int_equal(aigc_dtype_info(-1, &name, NULL, NULL), AIGC_ERROR_NOT_FOUND);
    assert_string_equal(name, "i64");
    check_ok(aigc_dtype_info(AIGC_DTYPE_F32, NULL, NULL, NULL));
}

static void types_that_nothing_holds_are_refused(void **state)
{
    static const char *const types[] = {"",    "<",   "f",   "<f",   "<f16", "<c8",         "<U4",
                                        "|O",  "|V2", "V2",  "<V4",  "f44",  "?f4",         "<f4 ",
                                        "<M8", "|S1", "<b4", "<f8>", "<i16", "\xff\xff\xff"};
    aigc_tensor_t *tensor = (aigc_tensor_t *)(void *)&world;
    const uint8_t bytes[32] = {0};
    (void)state;
    for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
        check_failure(aigc_tensor_copy(&tensor, world.context, bytes, types[k], 0, NULL, NULL), AIGC_ERROR_UNSUPPORTED,
                      "elements of type");
        assert_ptr_equal(tensor, &world);
    }
}

static void a_number_too_large_is_named(void **state)
{
    const uint64_t numbers[] = {1, 2, 3, (uint64_t)1 << 63, 5};
    aigc_tensor_t *tensor = NULL;
    (void)state;
    check_failure(aigc_tensor_copy(&tensor, world.context, numbers, "<u8", 1, (int64_t[]){5}, NULL),
                  AIGC_ERROR_UNSUPPORTED, "element 3");
    check_failure(aigc_tensor_copy(&tensor, world.context, numbers + 4, "<u8", 1, (int64_t[]){5}, (int64_t[]){-8}),
                  AIGC_ERROR_UNSUPPORTED, "element 1");
    assert_null(tensor);
}

/* ---- layouts ---- */

static uint64_t draw(aigc__random_t *random, uint64_t below) { return aigc__random_below(random, below); }

/* A layout and memory that holds exactly what it spans, so that a sanitizer sees every byte too far. */
typedef struct layout {
    size_t rank, width;
    int64_t shape[AIGC_MAX_RANK], strides[AIGC_MAX_RANK];
    uint8_t *memory, *first;
} layout_t;

static layout_t draw_layout(aigc__random_t *random)
{
    static const int64_t steps[] = {0, 1, 2, 3, 4, 5, 8, 12, 16, 24, 40};
    layout_t layout = {.rank = (size_t)draw(random, AIGC_MAX_RANK + 1), .width = (size_t)1 << draw(random, 4)};
    int64_t low = 0, high = (int64_t)layout.width, dense = (int64_t)layout.width;
    const bool is_nearly_dense = draw(random, 3) == 0;
    for (size_t k = layout.rank; k-- > 0;) {
        const uint64_t kind = draw(random, 30);
        layout.shape[k] = kind == 0 ? 0 : kind < 6 ? 1 : (int64_t)(2 + draw(random, 5));
        layout.strides[k] = is_nearly_dense && draw(random, 8) > 0 ? dense : steps[draw(random, 11)];
        if (draw(random, 4) == 0) layout.strides[k] = -layout.strides[k];
        if (layout.shape[k] > 0) dense *= layout.shape[k];
        if (layout.shape[k] > 1) *(layout.strides[k] < 0 ? &low : &high) += (layout.shape[k] - 1) * layout.strides[k];
        if (layout.shape[k] < 2 && draw(random, 2) == 0) layout.strides[k] = INT64_MIN; /* never looked at */
    }
    layout.memory = malloc((size_t)(high - low));
    for (int64_t i = 0; i < high - low; i++) layout.memory[i] = (uint8_t)draw(random, 256);
    layout.first = layout.memory - low;
    return layout;
}

/* Element `index` in row-major order, by the definition. */
static const uint8_t *element(const layout_t *layout, uint64_t index)
{
    int64_t offset = 0;
    for (size_t k = layout->rank; k-- > 0;) {
        const uint64_t n = (uint64_t)layout->shape[k];
        if (n > 1) offset += (int64_t)(index % n) * layout->strides[k];
        index /= n;
    }
    return layout->first + offset;
}

static void any_layout_is_read_as_defined(void **state)
{
    /* types that do and that do not change their width on the way, by their own width */
    static const char *const types[][2] = {{"|u1", "|i1"}, {"<f2", ">u2"}, {">i4", "<u4"}, {">i8", "<u8"}};
    aigc__random_t random;
    (void)state;
    aigc__random_init(&random, (aigc__stream_t){1, 2, 3});
    for (int round = 0; round < 3000; round++) {
        layout_t layout = draw_layout(&random);
        aigc_tensor_t *tensor = NULL, *single = NULL;
        uint64_t count = 0, bytes = 0;
        const size_t place = layout.width == 1 ? 0 : layout.width == 2 ? 1 : layout.width == 4 ? 2 : 3;
        const char *type = types[place][draw(&random, 2)];
        const aigc_status_t status =
            aigc_tensor_copy(&tensor, world.context, layout.first, type, layout.rank, layout.shape, layout.strides);
        if (status != AIGC_OK) { /* random u8 are too large */
            check_failure(status, AIGC_ERROR_UNSUPPORTED, "signed 64-bit");
            free(layout.memory);
            continue;
        }
        check_ok(aigc_tensor_info(tensor, NULL, &count, &bytes));
        for (uint64_t i = 0; i < count; i++) {
            check_ok(aigc_tensor_copy(&single, world.context, element(&layout, i), type, 0, NULL, NULL));
            assert_memory_equal((uint8_t *)aigc_tensor_data(tensor) + i * (bytes / count), aigc_tensor_data(single),
                                bytes / count);
            aigc_tensor_release(single);
        }
        aigc_tensor_release(tensor);
        free(layout.memory);
    }
}

/* More than goes through the intermediate buffer at once, and rows that end inside of it. */
static void large_arrays_are_gathered_in_pieces(void **state)
{
    enum { ROWS = 37, COLUMNS = 911, PITCH = 1001 };
    uint8_t *memory = malloc(ROWS * PITCH * 2);
    aigc_tensor_t *tensor = NULL;
    (void)state;
    for (size_t i = 0; i < ROWS * PITCH; i++) put_bytes(memory + 2 * i, &(uint16_t){(uint16_t)i}, 2, true);
    check_ok(aigc_tensor_copy(&tensor, world.context, memory, ">u2", 2, (int64_t[]){ROWS, COLUMNS},
                              (int64_t[]){2 * PITCH, 2}));
    const int32_t *numbers = aigc_tensor_data(tensor);
    for (size_t y = 0; y < ROWS; y++)
        for (size_t x = 0; x < COLUMNS; x++) assert_int_equal(numbers[y * COLUMNS + x], y * PITCH + x);
    aigc_tensor_release(tensor);
    free(memory);
}

static void impossible_layouts_are_refused(void **state)
{
    enum { LARGE = INT32_MAX };
    static const struct {
        size_t rank;
        int64_t shape[AIGC_MAX_RANK + 1], strides[AIGC_MAX_RANK + 1];
        aigc_status_t expected;
    } cases[] = {
        {1, {2}, {INT64_MAX}, AIGC_ERROR_ARGUMENT},
        {1, {2}, {INT64_MIN}, AIGC_ERROR_ARGUMENT},
        {1, {3}, {INT64_MAX / 2 + 1}, AIGC_ERROR_ARGUMENT},
        {1, {3}, {INT64_MIN / 2}, AIGC_ERROR_ARGUMENT},
        {2, {2, 2}, {INT64_MAX / 2 + 1, INT64_MAX / 2 + 1}, AIGC_ERROR_ARGUMENT},
        {2, {2, 2}, {INT64_MIN / 2, INT64_MIN / 2 - 8}, AIGC_ERROR_ARGUMENT},
        {2, {2, 2}, {INT64_MAX - 3, -8}, AIGC_ERROR_ARGUMENT},
        {1, {2}, {-((int64_t)1 << 48)}, AIGC_ERROR_ARGUMENT}, /* below address 0 */
        {2, {-1, 2}, {4, 4}, AIGC_ERROR_ARGUMENT},
        {2, {(int64_t)LARGE + 1, 2}, {0, 0}, AIGC_ERROR_ARGUMENT},
        {7, {1, 1, 1, 1, 1, 1, 1}, {4, 4, 4, 4, 4, 4, 4}, AIGC_ERROR_ARGUMENT},
        {3, {LARGE, LARGE, LARGE}, {0, 0, 0}, AIGC_ERROR_LIMIT},
        {3, {LARGE, LARGE, 0}, {0, 0, 0}, AIGC_ERROR_LIMIT},
    };
    const float numbers[4] = {1, 2, 3, 4};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        aigc_tensor_t *tensor = (aigc_tensor_t *)(void *)&world;
        const aigc_status_t status =
            aigc_tensor_copy(&tensor, world.context, numbers, "<f4", cases[k].rank, cases[k].shape, cases[k].strides);
        if (status != cases[k].expected) print_error("case %zu: %s\n", k, aigc_last_error());
        assert_int_equal(status, cases[k].expected);
        assert_ptr_equal(tensor, &world);
    }
}

static void arrays_without_elements_need_no_memory(void **state)
{
    aigc_tensor_t *tensor = NULL;
    uint64_t count = 1;
    (void)state;
    check_ok(aigc_tensor_copy(&tensor, world.context, NULL, "<f8", 3, (int64_t[]){3, 0, 5},
                              (int64_t[]){INT64_MAX, INT64_MIN, 7}));
    check_ok(aigc_tensor_info(tensor, NULL, &count, NULL));
    assert_int_equal(count, 0);
    aigc_tensor_release(tensor);
    tensor = NULL;
    check_failure(aigc_tensor_copy(&tensor, world.context, NULL, "<f8", 1, (int64_t[]){1}, NULL), AIGC_ERROR_ARGUMENT,
                  "data is NULL");
    check_failure(aigc_tensor_copy(&tensor, world.context, &count, "<f8", 1, NULL, NULL), AIGC_ERROR_ARGUMENT,
                  "shape is NULL");
    assert_null(tensor);
}

/* ---- views ---- */

static void views_share_memory_and_keep_it(void **state)
{
    aigc_tensor_t *whole = NULL, *rows = NULL, *row = NULL, *flat = NULL;
    const float numbers[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    const int64_t *shape = NULL;
    size_t rank = 0;
    (void)state;
    check_ok(aigc_tensor_copy(&whole, world.context, numbers, "<f4", 2, (int64_t[]){4, 3}, NULL));
    check_ok(aigc_tensor_view(&rows, whole, 3, 2, (int64_t[]){2, 3}));
    check_ok(aigc_tensor_view(&row, rows, 3, 1, (int64_t[]){3}));
    check_ok(aigc_tensor_view(&flat, whole, 0, 1, (int64_t[]){12}));
    check_ok(aigc_tensor_shape(row, &rank, &shape));
    assert_true(rank == 1 && shape[0] == 3);
    ((float *)aigc_tensor_data(row))[1] = 70;
    assert_true(((float *)aigc_tensor_data(whole))[7] == 70 && ((float *)aigc_tensor_data(flat))[7] == 70);
    aigc_context_free(world.context);
    world.context = NULL;
    aigc_tensor_release(whole);
    aigc_tensor_release(rows);
    aigc_tensor_release(flat);
    assert_true(((float *)aigc_tensor_data(row))[2] == 8);
    aigc_tensor_release(row);
}

static void views_beyond_the_tensor_are_refused(void **state)
{
    aigc_tensor_t *whole = NULL, *view = (aigc_tensor_t *)(void *)&world;
    (void)state;
    check_ok(aigc_tensor_create(&whole, world.context, AIGC_DTYPE_U8, 1, (int64_t[]){10}));
    static const struct {
        uint64_t first;
        int64_t n;
    } cases[] = {{0, 11}, {5, 6}, {10, 1}, {11, 0}, {UINT64_MAX, 1}, {UINT64_MAX, 0}, {1, -1}, {0, INT64_MAX}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        assert_int_equal(aigc_tensor_view(&view, whole, cases[k].first, 1, &cases[k].n), AIGC_ERROR_ARGUMENT);
        assert_ptr_equal(view, &world);
    }
    check_ok(aigc_tensor_view(&view, whole, 10, 1, (int64_t[]){0}));
    aigc_tensor_release(view);
    aigc_tensor_release(whole);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_type_in_every_order),
        TEST(types_of_tensors_come_back),
        TEST(types_that_nothing_holds_are_refused),
        TEST(a_number_too_large_is_named),
        TEST(any_layout_is_read_as_defined),
        TEST(large_arrays_are_gathered_in_pieces),
        TEST(impossible_layouts_are_refused),
        TEST(arrays_without_elements_need_no_memory),
        TEST(views_share_memory_and_keep_it),
        TEST(views_beyond_the_tensor_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
