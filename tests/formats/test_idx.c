#include "format_maker.h"
#include "formats/idx.h"
#include "support/unit.h"
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

static aigc_status_t read_idx(aigc_tensor_t **out, const char *name, test_bytes_t bytes)
{
    aigc__source_t source;
    aigc__source_from_memory(&source, name, bytes.data, bytes.size);
    return aigc__idx_read(out, world.context, &source);
}

/* ---- numbers ---- */

typedef struct type_case {
    uint8_t code;
    aigc_dtype_t dtype;
    uint8_t raw[16];
    size_t raw_size;
    const void *expected;
    size_t expected_size;
} type_case_t;

static void every_type_is_read_with_its_values(void **state)
{
    (void)state;
    const type_case_t cases[] = {
        {0x08, AIGC_DTYPE_U8, {0, 200}, 2, (const uint8_t[]){0, 200}, 2},
        {0x09, AIGC_DTYPE_I32, {0x7f, 0x80}, 2, (const int32_t[]){127, -128}, 8},
        {0x0b, AIGC_DTYPE_I32, {0x01, 0x02, 0xff, 0xfe}, 4, (const int32_t[]){258, -2}, 8},
        {0x0c,
         AIGC_DTYPE_I32,
         {0x01, 0x02, 0x03, 0x04, 0xff, 0xff, 0xff, 0xfd},
         8,
         (const int32_t[]){0x01020304, -3},
         8},
        {0x0d, AIGC_DTYPE_F32, {0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0}, 8, (const float[]){1.0f, -2.5f}, 8},
        {0x0e,
         AIGC_DTYPE_F32,
         {0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 0x04, 0, 0, 0, 0, 0, 0},
         16,
         (const float[]){1.0f, -2.5f},
         8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_bytes_t bytes = make_idx(cases[i].code, 1, (const uint32_t[]){2}, cases[i].raw, cases[i].raw_size);
        aigc_tensor_t *tensor;
        check_ok(read_idx(&tensor, "made", bytes));
        assert_int_equal(tensor->dtype, cases[i].dtype);
        assert_int_equal(tensor->bytes, cases[i].expected_size);
        assert_memory_equal(tensor->data, cases[i].expected, cases[i].expected_size);
        aigc__tensor_release(tensor);
        free(bytes.data);
    }
}

static void shapes_and_gzip_are_read(void **state)
{
    (void)state;
    uint8_t data[3 * 5 * 7];
    draw_pixels(data, 3, 5, 7);
    test_bytes_t bytes = make_idx(0x08, 3, (const uint32_t[]){3, 5, 7}, data, sizeof data), packed = make_gzip(bytes);
    for (int i = 0; i < 2; i++) {
        aigc_tensor_t *tensor;
        check_ok(read_idx(&tensor, "made", i ? packed : bytes));
        assert_int_equal(tensor->rank, 3);
        assert_memory_equal(tensor->shape, ((const int64_t[]){3, 5, 7}), 3 * sizeof(int64_t));
        assert_memory_equal(tensor->data, data, sizeof data);
        aigc__tensor_release(tensor);
    }
    free(bytes.data);
    free(packed.data);
}

static void files_are_known_by_content(void **state)
{
    (void)state;
    const struct {
        const char *bytes;
        bool is_known;
    } cases[] = {{"\0\0\x08\x03", true},
                 {"\0\0\x0a\x03", false},
                 {"\0\1\x08\x03", false},
                 {"\x1f\x8b\x08\0", true},
                 {"\x89PNG", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        aigc__source_t source;
        aigc__source_from_memory(&source, "made", cases[i].bytes, 4);
        assert_int_equal(aigc__idx_known(&source), cases[i].is_known);
    }
}

/* ---- memory ---- */

/* 8 MB of zeros in 8 KB of gzip: the header may be believed only after all of them were seen. */
static void a_packed_claim_is_proven_before_it_is_believed(void **state)
{
    (void)state;
    enum { COUNT = 8000000 };
    uint8_t *zeros = calloc(1, COUNT);
    test_bytes_t bytes = make_idx(0x08, 1, (const uint32_t[]){COUNT}, zeros, COUNT), packed = make_gzip(bytes);
    aigc_tensor_t *tensor;
    assert_in_range(packed.size, 1000, 20000);
    check_ok(read_idx(&tensor, "made", packed));
    assert_int_equal(tensor->count, COUNT);
    aigc__tensor_release(tensor);
    bytes.size -= 1;
    free(packed.data);
    packed = make_gzip(bytes);
    world.context->memory.peak = 0;
    check_failure(read_idx(&tensor, "short.gz", packed), AIGC_ERROR_CORRUPT,
                  "short.gz: the gzip data ends 1 bytes too early");
    assert_true(world.context->memory.peak < (1 << 20) + 4 * packed.size);
    free(zeros);
    free(bytes.data);
    free(packed.data);
}

static void a_claim_no_gzip_could_hold_is_refused_at_once(void **state)
{
    (void)state;
    test_bytes_t bytes = make_idx(0x0e, 2, (const uint32_t[]){1000, 1000}, "", 0), packed = make_gzip(bytes);
    aigc_tensor_t *tensor;
    check_failure(read_idx(&tensor, "a.gz", packed), AIGC_ERROR_CORRUPT, "declares 8000000 bytes");
    check_failure(read_idx(&tensor, "a", bytes), AIGC_ERROR_CORRUPT, "declares 8000000 bytes");
    free(bytes.data);
    free(packed.data);
}

/* ---- refusals ---- */

static void broken_headers_are_named(void **state)
{
    (void)state;
    const struct {
        uint8_t type, rank;
        uint32_t shape[8];
        aigc_status_t status;
        const char *part;
    } cases[] = {
        {0x0a, 1, {1}, AIGC_ERROR_CORRUPT, "element type 0x0a at byte 2"},
        {0x08, 0, {0}, AIGC_ERROR_CORRUPT, "0 dimensions"},
        {0x08, 7, {1, 1, 1, 1, 1, 1, 1}, AIGC_ERROR_UNSUPPORTED, "7 dimensions"},
        {0x08, 1, {0x80000000}, AIGC_ERROR_LIMIT, "dimension 0 is 2147483648"},
        {0x08, 4, {65536, 65536, 65536, 65536}, AIGC_ERROR_LIMIT, "more numbers than"},
        {0x08, 1, {2}, AIGC_ERROR_CORRUPT, "declares 2 bytes"},
        {0x08, 1, {0}, AIGC_ERROR_CORRUPT, "goes on after"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_bytes_t bytes = make_idx(cases[i].type, cases[i].rank, cases[i].shape, "x", 1);
        aigc_tensor_t *tensor = NULL;
        check_failure(read_idx(&tensor, "a.idx", bytes), cases[i].status, cases[i].part);
        assert_non_null(strstr(aigc__failure_text(), "a.idx"));
        assert_null(tensor);
        free(bytes.data);
    }
}

static void broken_gzip_is_named(void **state)
{
    (void)state;
    uint8_t data[1000];
    draw_pixels(data, 10, 100, 1);
    test_bytes_t bytes = make_idx(0x08, 1, (const uint32_t[]){1000}, data, sizeof data), packed = make_gzip(bytes);
    aigc_tensor_t *tensor;
    packed.data[packed.size - 6] ^= 1;
    check_failure(read_idx(&tensor, "sum.gz", packed), AIGC_ERROR_CORRUPT, "sum.gz: broken gzip data");
    packed.data[packed.size - 6] ^= 1;
    packed.size -= 1;
    check_failure(read_idx(&tensor, "cut.gz", packed), AIGC_ERROR_CORRUPT, "cut off");
    packed.size += 1;
    test_bytes_add(&packed, "x", 1);
    check_failure(read_idx(&tensor, "tail.gz", packed), AIGC_ERROR_CORRUPT, "goes on after");
    free(bytes.data);
    free(packed.data);
}

static void every_failing_allocation_is_told_and_leaks_nothing(void **state)
{
    (void)state;
    uint8_t data[100] = {0};
    test_bytes_t bytes = make_idx(0x08, 1, (const uint32_t[]){100}, data, sizeof data), packed = make_gzip(bytes);
    const size_t idle = world.memory.blocks;
    size_t failed = 0;
    for (size_t at = 1; at < 1000; at++) {
        aigc_tensor_t *tensor;
        test_memory_fail(&world.memory, at, false);
        const aigc_status_t status = read_idx(&tensor, "made", packed);
        test_memory_fail(&world.memory, 0, false);
        if (status == AIGC_OK) {
            aigc__tensor_release(tensor);
            break;
        }
        assert_int_equal(status, AIGC_ERROR_MEMORY);
        assert_int_equal(world.memory.blocks, idle);
        failed++;
    }
    assert_in_range(failed, 5, 20);
    free(bytes.data);
    free(packed.data);
}

static void fashion_mnist_is_read(void **state)
{
    (void)state;
    test_bytes_t bytes = format_shared_file("fashion-mnist/t10k-images-idx3-ubyte.gz");
    aigc_tensor_t *tensor;
    if (!bytes.data) {
        print_message("SKIPPED: Fashion-MNIST is not at %s\n", format_shared_folder());
        skip();
    }
    check_ok(read_idx(&tensor, "t10k", bytes));
    assert_memory_equal(tensor->shape, ((const int64_t[]){10000, 28, 28}), 3 * sizeof(int64_t));
    aigc__tensor_release(tensor);
    free(bytes.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_type_is_read_with_its_values, setup, teardown),
        cmocka_unit_test_setup_teardown(shapes_and_gzip_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(files_are_known_by_content, setup, teardown),
        cmocka_unit_test_setup_teardown(a_packed_claim_is_proven_before_it_is_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_claim_no_gzip_could_hold_is_refused_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_headers_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_gzip_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failing_allocation_is_told_and_leaks_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(fashion_mnist_is_read, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
