#include "format_maker.h"
#include "formats/npy.h"
#include "support/unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static format_world_t world;

static int setup(void **state)
{
    (void)state;
    return format_world_open(&world);
}

static int teardown(void **state)
{
    (void)state;
    return format_world_close(&world);
}

static aigc_status_t read_npy(aigc_tensor_t **out, const char *name, test_bytes_t bytes)
{
    aigc__source_t source;
    aigc__source_from_memory(&source, name, bytes.data, bytes.size);
    return format_read(out, world.context, &source);
}

static test_bytes_t make_typed(const char *descr, const char *shape, bool is_fortran, const void *data, size_t size)
{
    char header[256];
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", descr,
             is_fortran ? "True" : "False", shape);
    return make_npy(1, header, strlen(header), data, size);
}

/* ---- writing ---- */

static const char expected_file[] =
    "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
    "                                                          \n";

static void the_written_file_is_numpys(void **state)
{
    (void)state;
    const float data[6] = {1, 2, 3, 4, 5, 6};
    aigc_tensor_t *tensor;
    check_ok(aigc__tensor_create(&tensor, world.context, AIGC_DTYPE_F32, 2, (const int64_t[]){2, 3}));
    memcpy(tensor->data, data, sizeof data);
    aigc__saver_t *saver = format_begin(&world);
    check_ok(aigc__npy_write(saver, tensor));
    const test_bytes_t bytes = format_commit(&world, saver);
    assert_int_equal(sizeof expected_file - 1, 128);
    assert_int_equal(bytes.size, 128 + sizeof data);
    assert_memory_equal(bytes.data, expected_file, 128);
    assert_memory_equal(bytes.data + 128, data, sizeof data);
    aigc__tensor_release(tensor);
    free(bytes.data);
}

static void every_dtype_and_rank_comes_back(void **state)
{
    (void)state;
    const int64_t shape[AIGC_MAX_RANK] = {2, 1, 3, 2, 1, 2147483647};
    for (aigc_dtype_t dtype = AIGC_DTYPE_F32; dtype <= AIGC_DTYPE_I64; dtype++)
        for (size_t rank = 0; rank < AIGC_MAX_RANK; rank++) {
            aigc_tensor_t *tensor, *read;
            check_ok(aigc__tensor_create(&tensor, world.context, dtype, rank, shape));
            for (size_t i = 0; i < tensor->bytes; i++) ((uint8_t *)tensor->data)[i] = (uint8_t)(i % 64);
            aigc__saver_t *saver = format_begin(&world);
            check_ok(aigc__npy_write(saver, tensor));
            const test_bytes_t bytes = format_commit(&world, saver);
            check_ok(read_npy(&read, "made", bytes));
            assert_int_equal(read->rank, rank);
            assert_memory_equal(read->shape, shape, rank * sizeof *shape);
            assert_int_equal(read->dtype, dtype == AIGC_DTYPE_BF16 ? AIGC_DTYPE_F32 : dtype);
            if (dtype == AIGC_DTYPE_BF16) /* widened by zeros */
                for (size_t i = 0; i < read->count; i++)
                    assert_int_equal(((uint32_t *)read->data)[i], (uint32_t)((uint16_t *)tensor->data)[i] << 16);
            else
                assert_memory_equal(read->data, tensor->data, tensor->bytes);
            aigc__tensor_release(tensor);
            aigc__tensor_release(read);
            free(bytes.data);
        }
}

static void empty_arrays_come_back(void **state)
{
    (void)state;
    aigc_tensor_t *tensor, *read;
    check_ok(aigc__tensor_create(&tensor, world.context, AIGC_DTYPE_F32, 3, (const int64_t[]){4, 0, 2147483647}));
    aigc__saver_t *saver = format_begin(&world);
    check_ok(aigc__npy_write(saver, tensor));
    const test_bytes_t bytes = format_commit(&world, saver);
    check_ok(read_npy(&read, "made", bytes));
    assert_int_equal(read->count, 0);
    assert_int_equal(read->shape[2], 2147483647);
    aigc__tensor_release(tensor);
    aigc__tensor_release(read);
    free(bytes.data);
}

/* ---- reading ---- */

typedef struct type_case {
    const char *descr;
    aigc_dtype_t dtype;
    const char *raw;
    size_t raw_size;
    const void *expected;
    size_t expected_size;
} type_case_t;

static const type_case_t type_cases[] = {
    {"<f4", AIGC_DTYPE_F32, "\0\0\x80\x3f\0\0\x20\xc0", 8, (const float[]){1.0f, -2.5f}, 8},
    {">f4", AIGC_DTYPE_F32, "\x3f\x80\0\0\xc0\x20\0\0", 8, (const float[]){1.0f, -2.5f}, 8},
    {"<f8", AIGC_DTYPE_F32, "\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\x04\xc0", 16, (const float[]){1.0f, -2.5f}, 8},
    {">f8", AIGC_DTYPE_F32, "\x3f\xf0\0\0\0\0\0\0\xc0\x04\0\0\0\0\0\0", 16, (const float[]){1.0f, -2.5f}, 8},
    {"<f2", AIGC_DTYPE_F16, "\0\x3c\0\xc1", 4, "\0\x3c\0\xc1", 4},
    {">f2", AIGC_DTYPE_F16, "\x3c\0\xc1\0", 4, "\0\x3c\0\xc1", 4},
    {"|u1", AIGC_DTYPE_U8, "\x01\xff", 2, "\x01\xff", 2},
    {"|i1", AIGC_DTYPE_I32, "\x01\xff", 2, (const int32_t[]){1, -1}, 8},
    {"|b1", AIGC_DTYPE_I32, "\x00\x01", 2, (const int32_t[]){0, 1}, 8},
    {"<i2", AIGC_DTYPE_I32, "\x02\x01\xfe\xff", 4, (const int32_t[]){258, -2}, 8},
    {">i2", AIGC_DTYPE_I32, "\x01\x02\xff\xfe", 4, (const int32_t[]){258, -2}, 8},
    {"<u2", AIGC_DTYPE_I32, "\x02\x01\xfe\xff", 4, (const int32_t[]){258, 65534}, 8},
    {"<i4", AIGC_DTYPE_I32, "\4\3\2\1\xfd\xff\xff\xff", 8, (const int32_t[]){0x01020304, -3}, 8},
    {">u4", AIGC_DTYPE_I64, "\1\2\3\4\xff\xff\xff\xfd", 8, (const int64_t[]){0x01020304, 4294967293}, 16},
    {">i8", AIGC_DTYPE_I64, "\0\0\0\0\1\2\3\4\xff\xff\xff\xff\xff\xff\xff\xfd", 16, (const int64_t[]){0x01020304, -3},
     16},
    {"<u8", AIGC_DTYPE_I64, "\4\3\2\1\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\x7f", 16,
     (const int64_t[]){0x01020304, INT64_MAX}, 16},
};

static void every_type_is_read_with_its_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof type_cases / sizeof *type_cases; i++) {
        const type_case_t *c = &type_cases[i];
        test_bytes_t bytes = make_typed(c->descr, "(2,)", false, c->raw, c->raw_size);
        aigc_tensor_t *tensor;
        check_ok(read_npy(&tensor, c->descr, bytes));
        assert_int_equal(tensor->dtype, c->dtype);
        assert_int_equal(tensor->bytes, c->expected_size);
        assert_memory_equal(tensor->data, c->expected, c->expected_size);
        aigc__tensor_release(tensor);
        free(bytes.data);
    }
}

/* More numbers than one piece, so that the walk goes on between pieces. */
static void fortran_order_is_turned_to_c_order(void **state)
{
    (void)state;
    enum { A = 7, B = 61, C = 97 };
    int16_t *raw = malloc(A * B * C * sizeof *raw);
    size_t n = 0;
    for (int c = 0; c < C; c++)
        for (int b = 0; b < B; b++)
            for (int a = 0; a < A; a++) raw[n++] = (int16_t)(a * 5000 + (b * C + c) % 5000);
    test_bytes_t bytes = make_typed("<i2", "(7, 61, 97)", true, raw, n * sizeof *raw);
    aigc_tensor_t *tensor;
    check_ok(read_npy(&tensor, "made", bytes));
    const int32_t *value = tensor->data;
    for (int a = 0; a < A; a++)
        for (int b = 0; b < B; b++)
            for (int c = 0; c < C; c++) assert_int_equal(*value++, (int16_t)(a * 5000 + (b * C + c) % 5000));
    aigc__tensor_release(tensor);
    free(bytes.data);
    free(raw);
}

static void headers_of_all_versions_and_writers_are_read(void **state)
{
    (void)state;
    const char *const headers[] = {
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }\n",
        "{\"shape\":(2,),\"descr\":\"|u1\",\"fortran_order\":True}",
        "  { 'shape' : ( 2L , ) , 'fortran_order' : False , 'descr' : '|u1' }   \n",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2)}",
    };
    for (int version = 1; version <= 3; version++)
        for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
            test_bytes_t bytes = make_npy(version, headers[i], strlen(headers[i]), "\5\6", 2);
            aigc_tensor_t *tensor;
            check_ok(read_npy(&tensor, "made", bytes));
            assert_memory_equal(tensor->data, "\5\6", 2);
            aigc__tensor_release(tensor);
            free(bytes.data);
        }
}

/* ---- refusals ---- */

static void broken_headers_are_named(void **state)
{
    (void)state;
    const struct {
        const char *header;
        aigc_status_t status;
        const char *part;
    } cases[] = {
        {"{'descr': '|u1', 'fortran_order': False}", AIGC_ERROR_CORRUPT, "all of descr"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2,), 'shape': (2,)}", AIGC_ERROR_CORRUPT, "once"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2,), 'more': 1}", AIGC_ERROR_CORRUPT, "once"},
        {"{'descr': '|u1', 'fortran_order': false, 'shape': (2,)}", AIGC_ERROR_CORRUPT,
         "byte 44: True or False expected"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2)}", AIGC_ERROR_CORRUPT, "','"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (-2,)}", AIGC_ERROR_CORRUPT, "a dimension expected"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2 2)}", AIGC_ERROR_CORRUPT, "','"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2,)", AIGC_ERROR_CORRUPT, "'}'"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2,)} x", AIGC_ERROR_CORRUPT, "nothing more"},
        {"{'descr': '|u1, 'fortran_order': False, 'shape': (2,)}", AIGC_ERROR_UNSUPPORTED, "|u1, "},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", AIGC_ERROR_UNSUPPORTED, "Python objects"},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (2,)}", AIGC_ERROR_CORRUPT, "16 bytes"},
        {"{'descr': '<U4', 'fortran_order': False, 'shape': (2,)}", AIGC_ERROR_UNSUPPORTED, "<U4"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", AIGC_ERROR_UNSUPPORTED, "structured"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,2)}", AIGC_ERROR_UNSUPPORTED, "8 dimensions"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2147483648,)}", AIGC_ERROR_LIMIT, "above 2147483647"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2147483647, 2147483647, 4)}", AIGC_ERROR_LIMIT,
         "more numbers"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2147483647,)}", AIGC_ERROR_CORRUPT, "17179869176 bytes"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}", AIGC_ERROR_CORRUPT,
         "declares 3 bytes of numbers, the file holds 2"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", AIGC_ERROR_CORRUPT, "declares 1 bytes"},
        {"", AIGC_ERROR_CORRUPT, "byte 10: '{' expected"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_bytes_t bytes = make_npy(1, cases[i].header, strlen(cases[i].header), "\5\6", 2);
        aigc_tensor_t *tensor = NULL;
        check_failure(read_npy(&tensor, "a.npy", bytes), cases[i].status, cases[i].part);
        assert_non_null(strstr(aigc__failure_text(), "a.npy"));
        assert_null(tensor);
        free(bytes.data);
    }
}

static void a_twelve_byte_file_allocates_nothing_large(void **state)
{
    (void)state;
    aigc_tensor_t *tensor;
    world.context->memory.peak = 0;
    check_failure(read_npy(&tensor, "a.npy", (test_bytes_t){(uint8_t *)"\x93NUMPY\x02\x00\xff\xff\xff\xff", 12}),
                  AIGC_ERROR_LIMIT, "4294967295 bytes");
    check_failure(read_npy(&tensor, "a.npy", (test_bytes_t){(uint8_t *)"\x93NUMPY\x02\x00\x10\x27\x00\x00", 12}),
                  AIGC_ERROR_CORRUPT, "a.npy");
    assert_true(world.context->memory.peak < 65536);
    check_failure(read_npy(&tensor, "a.npy", (test_bytes_t){(uint8_t *)"\x93NUMPY\x04\x00\x10\x27\x00\x00", 12}),
                  AIGC_ERROR_UNSUPPORTED, "version 4.0");
}

static void an_unsigned_number_that_does_not_fit_is_named(void **state)
{
    (void)state;
    uint8_t raw[24] = {0};
    aigc_tensor_t *tensor;
    raw[23] = 0x80;
    test_bytes_t bytes = make_typed("<u8", "(3,)", false, raw, sizeof raw);
    check_failure(read_npy(&tensor, "a.npy", bytes), AIGC_ERROR_UNSUPPORTED, "a number is larger");
    free(bytes.data);
}

static void every_failing_allocation_is_told_and_leaks_nothing(void **state)
{
    (void)state;
    const int16_t raw[4] = {1, 2, 3, 4};
    test_bytes_t bytes = make_typed("<i2", "(2, 2)", true, raw, sizeof raw);
    const size_t idle = world.memory.blocks;
    size_t failed = 0;
    for (size_t at = 1; at < 100; at++) {
        aigc_tensor_t *tensor;
        test_memory_fail(&world.memory, at, false);
        const aigc_status_t status = read_npy(&tensor, "made", bytes);
        test_memory_fail(&world.memory, 0, false);
        if (status == AIGC_OK) {
            aigc__tensor_release(tensor);
            break;
        }
        assert_int_equal(status, AIGC_ERROR_MEMORY);
        assert_int_equal(world.memory.blocks, idle);
        failed++;
    }
    assert_in_range(failed, 4, 16);
    free(bytes.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_written_file_is_numpys, setup, teardown),
        cmocka_unit_test_setup_teardown(every_dtype_and_rank_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(empty_arrays_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(every_type_is_read_with_its_values, setup, teardown),
        cmocka_unit_test_setup_teardown(fortran_order_is_turned_to_c_order, setup, teardown),
        cmocka_unit_test_setup_teardown(headers_of_all_versions_and_writers_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_headers_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_twelve_byte_file_allocates_nothing_large, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unsigned_number_that_does_not_fit_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failing_allocation_is_told_and_leaks_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
