#include "format_maker.h"
#include "formats/safetensors.h"
#include "support/unit.h"
#include <math.h>
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

/* The source lives as long as the file. */
static aigc__source_t source;

static aigc_status_t open_bytes(aigc__safetensors_t **out, const char *name, test_bytes_t bytes)
{
    aigc__source_from_memory(&source, name, bytes.data, bytes.size);
    return aigc__safetensors_open(out, world.context, &source);
}

static test_bytes_t make_file(const char *header, const void *data, size_t size)
{
    return make_safetensors(header, strlen(header), data, size);
}

static test_bytes_t write_parts(const aigc__safetensors_part_t *parts, size_t n, const char *const (*metadata)[2],
                                size_t n_metadata)
{
    aigc__saver_t *saver = format_begin(&world);
    check_ok(aigc__safetensors_write(saver, world.context, parts, n, metadata, n_metadata));
    return format_commit(&world, saver);
}

/* The same file's numbers, by the way all take. */
static aigc_weights_t *open_weights(void)
{
    aigc_weights_t *weights = NULL;
    check_ok(aigc__weights_open_source(&weights, world.context, source));
    return weights;
}

static aigc_status_t read_tensor(aigc_tensor_t **out, size_t index)
{
    aigc_weights_t *weights = open_weights();
    const aigc_status_t status = aigc__weights_read(out, weights, index, 0);
    aigc__weights_free(weights);
    return status;
}

static aigc_status_t read_f32(size_t index, float *to)
{
    aigc_weights_t *weights = open_weights();
    const aigc_status_t status = aigc__weights_read_f32(weights, index, to);
    aigc__weights_free(weights);
    return status;
}

/* ---- writing ---- */

static void the_written_file_is_laid_out_as_the_reference_does(void **state)
{
    (void)state;
    const uint8_t bytes[3] = {7, 8, 9};
    const float floats[2] = {1.0f, -2.5f};
    const int64_t longs[1] = {-1};
    const aigc__safetensors_part_t parts[] = {
        {"z\"\n\xc3\xa9", AIGC_DTYPE_U8, 1, (const int64_t[]){3}, bytes, AIGC_DTYPE_U8, NULL},
        {"b", AIGC_DTYPE_F32, 2, (const int64_t[]){2, 1}, floats, AIGC_DTYPE_F32, NULL},
        {"half", AIGC_DTYPE_F16, 1, (const int64_t[]){2}, floats, AIGC_DTYPE_F32, NULL},
        {"a", AIGC_DTYPE_F32, 0, NULL, floats, AIGC_DTYPE_F32, NULL},
        {"long", AIGC_DTYPE_I64, 1, (const int64_t[]){1}, longs, AIGC_DTYPE_I64, NULL},
    };
    const char *const metadata[][2] = {{"format", "pt"}, {"x", "{\"a\":\t1}"}};
    static const char header[] = "{\"__metadata__\":{\"format\":\"pt\",\"x\":\"{\\\"a\\\":\\t1}\"},"
                                 "\"long\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
                                 "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[8,12]},"
                                 "\"b\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[12,20]},"
                                 "\"half\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[20,24]},"
                                 "\"z\\\"\\n\xc3\xa9\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[24,27]}}";
    static const char data[] =
        "\xff\xff\xff\xff\xff\xff\xff\xff\0\0\x80\x3f\0\0\x80\x3f\0\0\x20\xc0\0\x3c\0\xc1\7\x8\x9";
    const size_t padded = (sizeof header - 1 + 7) / 8 * 8;
    const test_bytes_t written = write_parts(parts, 5, metadata, 2);
    assert_int_equal(written.size, 8 + padded + 27);
    assert_int_equal(written.data[0] + 256 * written.data[1], padded);
    assert_memory_equal(written.data + 8, header, sizeof header - 1);
    for (size_t i = 8 + sizeof header - 1; i < 8 + padded; i++) assert_int_equal(written.data[i], ' ');
    assert_memory_equal(written.data + 8 + padded, data, 27);
    free(written.data);
}

static void the_order_of_parts_does_not_matter(void **state)
{
    (void)state;
    float numbers[40];
    char names[40][8];
    aigc__safetensors_part_t parts[40], reversed[40];
    for (size_t i = 0; i < 40; i++) {
        numbers[i] = (float)i;
        snprintf(names[i], sizeof names[i], "t%zu", i * 17 % 40);
        parts[i] = (aigc__safetensors_part_t){
            names[i], i % 3 ? AIGC_DTYPE_F32 : AIGC_DTYPE_BF16, 0, NULL, &numbers[i], AIGC_DTYPE_F32, NULL};
        reversed[39 - i] = parts[i];
    }
    const test_bytes_t a = write_parts(parts, 40, NULL, 0), b = write_parts(reversed, 40, NULL, 0);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    aigc__safetensors_t *file;
    check_ok(open_bytes(&file, "made", a));
    for (size_t i = 0; i < 40; i++) {
        float value;
        const int64_t index = aigc__safetensors_find(file, names[i]);
        assert_true(index >= 0);
        check_ok(read_f32((size_t)index, &value));
        assert_true(value == numbers[i]);
    }
    aigc__safetensors_free(file);
    free(a.data);
    free(b.data);
}

static void halves_are_converted_in_pieces(void **state)
{
    (void)state;
    enum { COUNT = 50001 };
    float *numbers = malloc(COUNT * sizeof *numbers), *read = malloc(COUNT * sizeof *read);
    for (size_t i = 0; i < COUNT; i++) numbers[i] = (float)(i % 2048);
    const aigc__safetensors_part_t part = {"w", AIGC_DTYPE_F16, 1, (const int64_t[]){COUNT}, numbers, AIGC_DTYPE_F32, NULL};
    aigc__safetensors_t *file;
    const test_bytes_t bytes = write_parts(&part, 1, NULL, 0);
    check_ok(open_bytes(&file, "made", bytes));
    assert_string_equal(aigc__safetensors_entry(file, 0)->dtype, "F16");
    check_ok(read_f32(0, read));
    assert_memory_equal(read, numbers, COUNT * sizeof *numbers);
    aigc__safetensors_free(file);
    free(numbers);
    free(read);
    free(bytes.data);
}

static void what_cannot_be_in_a_file_is_not_written(void **state)
{
    (void)state;
    const float one = 1;
    char name[1026] = "";
    memset(name, 'n', 1025);
    const aigc__safetensors_part_t good = {"a", AIGC_DTYPE_F32, 0, NULL, &one, AIGC_DTYPE_F32, NULL};
    aigc__safetensors_part_t bad[] = {good, good, good, good, good};
    const struct {
        aigc_status_t status;
        const char *part;
    } expected[] = {{AIGC_ERROR_ARGUMENT, "__metadata__"},
                    {AIGC_ERROR_ARGUMENT, "1025 bytes"},
                    {AIGC_ERROR_ARGUMENT, "not UTF-8"},
                    {AIGC_ERROR_ARGUMENT, "cannot be written as I32"},
                    {AIGC_ERROR_ARGUMENT, "unknown dtype 77"}};
    bad[0].name = "__metadata__";
    bad[1].name = name;
    bad[2].name = "\xff";
    bad[3].dtype = AIGC_DTYPE_I32;
    bad[4].dtype = 77;
    aigc__saver_t *saver = format_begin(&world);
    for (size_t i = 0; i < 5; i++)
        check_failure(aigc__safetensors_write(saver, world.context, &bad[i], 1, NULL, 0), expected[i].status,
                      expected[i].part);
    const aigc__safetensors_part_t twice[2] = {good, good};
    const char *const metadata[][2] = {{"k", "1"}, {"k", "2"}};
    check_failure(aigc__safetensors_write(saver, world.context, twice, 2, NULL, 0), AIGC_ERROR_ARGUMENT,
                  "two tensors are named 'a'");
    check_failure(aigc__safetensors_write(saver, world.context, &good, 1, metadata, 2), AIGC_ERROR_ARGUMENT,
                  "'k' twice");
    aigc__saver_abort(saver);
}

/* ---- reading ---- */

typedef struct type_case {
    const char *name;
    aigc_dtype_t dtype;
    const char *raw;
    size_t raw_size;
    const void *expected;
    size_t expected_size;
    float as_float[2];
} type_case_t;

static const type_case_t type_cases[] = {
    {"F64",
     AIGC_DTYPE_F32,
     "\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\x04\xc0",
     16,
     (const float[]){1.0f, -2.5f},
     8,
     {1, -2.5f}},
    {"F32", AIGC_DTYPE_F32, "\0\0\x80\x3f\0\0\x20\xc0", 8, (const float[]){1.0f, -2.5f}, 8, {1, -2.5f}},
    {"F16", AIGC_DTYPE_F16, "\0\x3c\0\xc1", 4, "\0\x3c\0\xc1", 4, {1, -2.5f}},
    {"BF16", AIGC_DTYPE_BF16, "\x80\x3f\x20\xc0", 4, "\x80\x3f\x20\xc0", 4, {1, -2.5f}},
    {"I64",
     AIGC_DTYPE_I64,
     "\1\0\0\0\0\0\0\0\xfe\xff\xff\xff\xff\xff\xff\xff",
     16,
     (const int64_t[]){1, -2},
     16,
     {1, -2}},
    {"I32", AIGC_DTYPE_I32, "\1\0\0\0\xfe\xff\xff\xff", 8, (const int32_t[]){1, -2}, 8, {1, -2}},
    {"I16", AIGC_DTYPE_I32, "\1\0\xfe\xff", 4, (const int32_t[]){1, -2}, 8, {1, -2}},
    {"I8", AIGC_DTYPE_I32, "\1\xfe", 2, (const int32_t[]){1, -2}, 8, {1, -2}},
    {"U64", AIGC_DTYPE_I64, "\1\0\0\0\0\0\0\0\2\1\0\0\0\0\0\0", 16, (const int64_t[]){1, 258}, 16, {1, 258}},
    {"U32", AIGC_DTYPE_I64, "\1\0\0\0\0\0\0\x80", 8, (const int64_t[]){1, 2147483648}, 16, {1, 2147483648.0f}},
    {"U16", AIGC_DTYPE_I32, "\1\0\xfe\xff", 4, (const int32_t[]){1, 65534}, 8, {1, 65534}},
    {"U8", AIGC_DTYPE_U8, "\1\xfe", 2, "\1\xfe", 2, {1, 254}},
    {"BOOL", AIGC_DTYPE_I32, "\1\0", 2, (const int32_t[]){1, 0}, 8, {1, 0}},
    {"F8_E4M3", AIGC_DTYPE_F32, "\x38\xc2", 2, (const float[]){1, -2.5f}, 8, {1, -2.5f}},
    {"F8_E5M2", AIGC_DTYPE_F32, "\x3c\xc1", 2, (const float[]){1, -2.5f}, 8, {1, -2.5f}},
    {"F8_E8M0", AIGC_DTYPE_F32, "\x7f\x80", 2, (const float[]){1, 2}, 8, {1, 2}},
    {"F8_E4M3FNUZ", AIGC_DTYPE_F32, "\x40\xca", 2, (const float[]){1, -2.5f}, 8, {1, -2.5f}},
    {"F8_E5M2FNUZ", AIGC_DTYPE_F32, "\x40\xc5", 2, (const float[]){1, -2.5f}, 8, {1, -2.5f}},
};

static void every_type_is_read_with_its_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof type_cases / sizeof *type_cases; i++) {
        const type_case_t *c = &type_cases[i];
        char header[128];
        float floats[2];
        aigc__safetensors_t *file;
        aigc_tensor_t *tensor;
        snprintf(header, sizeof header, "{\"t\":{\"dtype\":\"%s\",\"shape\":[2],\"data_offsets\":[0,%zu]}}", c->name,
                 c->raw_size);
        test_bytes_t bytes = make_file(header, c->raw, c->raw_size);
        check_ok(open_bytes(&file, c->name, bytes));
        check_ok(read_tensor(&tensor, 0));
        assert_int_equal(tensor->dtype, c->dtype);
        assert_int_equal(tensor->bytes, c->expected_size);
        assert_memory_equal(tensor->data, c->expected, c->expected_size);
        check_ok(read_f32(0, floats));
        assert_memory_equal(floats, c->as_float, sizeof floats);
        aigc__tensor_release(tensor);
        aigc__safetensors_free(file);
        free(bytes.data);
    }
}

/* OCP 8-bit floating point specification 1.0, table 1; the FNUZ forms have one NaN at 0x80. */
static void eight_bit_floats_reach_their_ends(void **state)
{
    (void)state;
    const struct {
        const char *name, *raw;
        float expected[4];
    } cases[] = {
        {"F8_E4M3", "\x7e\x08\x01\x7f", {448.0f, 0.015625f, 0.001953125f, NAN}},
        {"F8_E5M2", "\x7b\x7c\x01\x7e", {57344.0f, INFINITY, 0.0000152587890625f, NAN}},
        {"F8_E8M0", "\xfe\x01\x80\xff", {0x1p127f, 0x1p-126f, 2.0f, NAN}},
        {"F8_E4M3FNUZ", "\x7f\x08\x01\x80", {240.0f, 0x1p-7f, 0x1p-10f, NAN}},
        {"F8_E5M2FNUZ", "\x7f\x04\x01\x80", {57344.0f, 0x1p-15f, 0x1p-17f, NAN}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char header[128];
        float read[4];
        aigc__safetensors_t *file;
        snprintf(header, sizeof header, "{\"t\":{\"dtype\":\"%s\",\"shape\":[4],\"data_offsets\":[0,4]}}",
                 cases[i].name);
        test_bytes_t bytes = make_file(header, cases[i].raw, 4);
        check_ok(open_bytes(&file, cases[i].name, bytes));
        check_ok(read_f32(0, read));
        for (size_t k = 0; k < 3; k++) assert_true(read[k] == cases[i].expected[k]);
        assert_true(read[3] != read[3]);
        aigc__safetensors_free(file);
        free(bytes.data);
    }
}

static void names_metadata_and_places_are_listed(void **state)
{
    (void)state;
    static const char header[] =
        "{ \"b\" : {\"shape\":[1,2],\"data_offsets\":[3,5],\"dtype\":\"U8\",\"later\":null} ,\n"
        "\"__metadata__\":{\"k\\u00e9y\":\"v\\n\",\"empty\":\"\"},"
        "\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
        "\"none\":{\"dtype\":\"F32\",\"shape\":[4,0],\"data_offsets\":[3,3]},"
        "\"six\":{\"dtype\":\"F4\",\"shape\":[1,1,1,1,1,1,1,2],\"data_offsets\":[5,6]}}   ";
    test_bytes_t bytes = make_file(header, "abcdef", 6);
    aigc__safetensors_t *file;
    aigc_tensor_t *tensor;
    check_ok(open_bytes(&file, "made", bytes));
    const char *const order[4] = {"a", "none", "b", "six"};
    assert_int_equal(aigc__safetensors_count(file), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(aigc__safetensors_entry(file, i)->name, order[i]);
        assert_int_equal(aigc__safetensors_find(file, order[i]), i);
    }
    assert_int_equal(aigc__safetensors_find(file, "c"), -1);
    assert_int_equal(aigc__safetensors_find(file, ""), -1);
    assert_string_equal(aigc__safetensors_metadata(file, "k\xc3\xa9y"), "v\n");
    assert_string_equal(aigc__safetensors_metadata(file, "empty"), "");
    assert_null(aigc__safetensors_metadata(file, "k"));
    check_ok(read_tensor(&tensor, 2));
    assert_memory_equal(tensor->data, "de", 2);
    aigc__tensor_release(tensor);
    check_ok(read_tensor(&tensor, 1));
    assert_int_equal(tensor->count, 0);
    aigc__tensor_release(tensor);
    check_failure(read_tensor(&tensor, 3), AIGC_ERROR_UNSUPPORTED, "'six': numbers of type F4");
    aigc__safetensors_free(file);
    free(bytes.data);
}

static void a_file_without_tensors_is_fine(void **state)
{
    (void)state;
    const test_bytes_t bytes = write_parts(NULL, 0, NULL, 0);
    aigc__safetensors_t *file;
    assert_int_equal(bytes.size, 16);
    check_ok(open_bytes(&file, "made", bytes));
    assert_int_equal(aigc__safetensors_count(file), 0);
    assert_int_equal(aigc__safetensors_find(file, "a"), -1);
    assert_null(aigc__safetensors_metadata(file, "a"));
    aigc__safetensors_free(file);
    free(bytes.data);
}

/* ---- refusals ---- */

typedef struct broken_case {
    const char *header;
    size_t data_size;
    aigc_status_t status;
    const char *part;
} broken_case_t;

#define TENSOR(name, dtype, shape, offsets)                                                                            \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" offsets "]}"

static const broken_case_t broken_cases[] = {
    {"", 0, AIGC_ERROR_CORRUPT, "byte 8: '{' expected"},
    {" {}", 0, AIGC_ERROR_CORRUPT, "byte 8: '{' expected"},
    {"{", 0, AIGC_ERROR_CORRUPT, "not closed"},
    {"{} x", 0, AIGC_ERROR_CORRUPT, "byte 11: nothing more"},
    {"{,}", 0, AIGC_ERROR_CORRUPT, "byte 9: a string"},
    {"{" TENSOR("a", "U8", "1", "0,1") ",}", 1, AIGC_ERROR_CORRUPT, "a string"},
    {"{" TENSOR("a", "U8", "1", "0,1") " " TENSOR("b", "U8", "1", "1,2") "}", 2, AIGC_ERROR_CORRUPT, "',' or '}'"},
    {"{" TENSOR("a", "U8", "1", "0,1") "," TENSOR("a", "U8", "1", "1,2") "}", 2, AIGC_ERROR_CORRUPT,
     "two tensors are named 'a'"},
    {"{" TENSOR("a", "U8", "1", "0,1") "," TENSOR("\\u0061", "U8", "1", "1,2") "}", 2, AIGC_ERROR_CORRUPT, "named 'a'"},
    {"{" TENSOR("a", "U8", "1", "0,1") "," TENSOR("b", "U8", "1", "0,1") "}", 1, AIGC_ERROR_CORRUPT,
     "begins at byte 0 of the data; 1"},
    {"{" TENSOR("a", "U8", "1", "0,1") "," TENSOR("b", "U8", "1", "2,3") "}", 3, AIGC_ERROR_CORRUPT,
     "'b' begins at byte 2"},
    {"{" TENSOR("a", "U8", "1", "1,2") "}", 2, AIGC_ERROR_CORRUPT, "begins at byte 1"},
    {"{" TENSOR("a", "U8", "1", "0,1") "}", 2, AIGC_ERROR_CORRUPT, "1 bytes after the last tensor"},
    {"{" TENSOR("a", "U8", "2", "0,2") "}", 1, AIGC_ERROR_CORRUPT, "'a' ends after the file's end"},
    {"{" TENSOR("a", "F32", "2", "0,7") "}", 7, AIGC_ERROR_CORRUPT, "make 8 bytes, its offsets 7"},
    {"{" TENSOR("a", "U8", "1", "1,0") "}", 1, AIGC_ERROR_CORRUPT, "ends before it begins"},
    {"{" TENSOR("a", "U8", "1", "-1,0") "}", 1, AIGC_ERROR_CORRUPT, "data_offsets"},
    {"{" TENSOR("a", "U8", "1", "0,1,2") "}", 1, AIGC_ERROR_CORRUPT, "data_offsets"},
    {"{" TENSOR("a", "U8", "1", "0,1.0") "}", 1, AIGC_ERROR_CORRUPT, "data_offsets"},
    {"{" TENSOR("a", "U8", "1", "0,99999999999999999999") "}", 1, AIGC_ERROR_CORRUPT, "too big"},
    {"{" TENSOR("a", "U8", "-1", "0,1") "}", 1, AIGC_ERROR_CORRUPT, "dimension"},
    {"{" TENSOR("a", "U8", "2147483648", "0,1") "}", 1, AIGC_ERROR_LIMIT, "2147483648"},
    {"{" TENSOR("a", "U8", "2147483647,2147483647,4", "0,1") "}", 1, AIGC_ERROR_CORRUPT, "more numbers than any file"},
    {"{" TENSOR("a", "U8", "65536,65536,65536,65536", "0,0") "}", 0, AIGC_ERROR_CORRUPT, "more numbers than any file"},
    {"{" TENSOR("a", "F4", "3", "0,1") "}", 1, AIGC_ERROR_CORRUPT, "whole bytes"},
    {"{" TENSOR("a", "U8", "1,1,1,1,1,1,1,1,1", "0,1") "}", 1, AIGC_ERROR_UNSUPPORTED, "9 dimensions"},
    {"{" TENSOR("a", "Q8", "1", "0,1") "}", 1, AIGC_ERROR_UNSUPPORTED, "tensor 'a': unknown dtype 'Q8'"},
    {"{\"a\":{\"dtype\":3,\"shape\":[1],\"data_offsets\":[0,1]}}", 1, AIGC_ERROR_CORRUPT, "as dtype"},
    {"{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1, AIGC_ERROR_CORRUPT, "as shape"},
    {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, AIGC_ERROR_CORRUPT,
     "duplicate"},
    {"{\"a\":[1]}", 0, AIGC_ERROR_CORRUPT, "an object is expected"},
    {"{\"a\":{\"dtype\":[[[1]]]}}", 0, AIGC_ERROR_CORRUPT, "4 levels"},
    {"{\"a\\u0000b\":{}}", 0, AIGC_ERROR_CORRUPT, "byte"},
    {"{\"\xff\":{}}", 0, AIGC_ERROR_CORRUPT, "unable to decode byte 0xff"},
    {"{\"__metadata__\":{\"a\":1}}", 0, AIGC_ERROR_CORRUPT, "a string"},
    {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, AIGC_ERROR_CORRUPT, "key 'a' twice"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, AIGC_ERROR_CORRUPT, "only one"},
    {"{\"__metadata__\":[]}", 0, AIGC_ERROR_CORRUPT, "'{' expected"},
};

static void broken_headers_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken_cases / sizeof *broken_cases; i++) {
        const broken_case_t *c = &broken_cases[i];
        test_bytes_t bytes = make_file(c->header, "abcdefg", c->data_size);
        aigc__safetensors_t *file = NULL;
        if (open_bytes(&file, "a.safetensors", bytes) != c->status)
            print_error("%s\n%s\n", c->header, aigc__failure_text());
        check_failure(open_bytes(&file, "a.safetensors", bytes), c->status, c->part);
        assert_non_null(strstr(aigc__failure_text(), "a.safetensors"));
        assert_null(file);
        free(bytes.data);
    }
}

static void a_name_is_at_most_1024_bytes(void **state)
{
    (void)state;
    for (size_t length = 1024; length <= 1025; length++) {
        char header[1200], name[1026] = "";
        aigc__safetensors_t *file;
        memset(name, 'n', length);
        snprintf(header, sizeof header, "{\"%s\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", name);
        test_bytes_t bytes = make_file(header, "", 0);
        if (length == 1024) {
            check_ok(open_bytes(&file, "made", bytes));
            assert_int_equal(aigc__safetensors_find(file, name), 0);
            aigc__safetensors_free(file);
        } else {
            check_failure(open_bytes(&file, "made", bytes), AIGC_ERROR_LIMIT, "1025 bytes");
        }
        free(bytes.data);
    }
}

static void a_header_length_is_believed_only_within_the_file(void **state)
{
    (void)state;
    aigc__safetensors_t *file;
    world.context->memory.peak = 0;
    check_failure(open_bytes(&file, "a", (test_bytes_t){(uint8_t *)"\0\0\0\0\1\0\0\0{}  ", 12}), AIGC_ERROR_CORRUPT,
                  "4294967296 bytes");
    check_failure(open_bytes(&file, "a", (test_bytes_t){(uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff{}", 10}),
                  AIGC_ERROR_CORRUPT, "18446744073709551615");
    check_failure(open_bytes(&file, "a", (test_bytes_t){(uint8_t *)"\5\0\0\0", 4}), AIGC_ERROR_CORRUPT, "a");
    assert_true(world.context->memory.peak < 65536);
}

static void a_git_lfs_pointer_is_told_by_name(void **state)
{
    (void)state;
    static const char pointer[] = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n";
    aigc_weights_t *weights = NULL;
    aigc__source_from_memory(&source, "model.safetensors", pointer, sizeof pointer - 1);
    check_failure(aigc__weights_open_source(&weights, world.context, source), AIGC_ERROR_UNSUPPORTED,
                  "model.safetensors: a Git LFS pointer");
}

static void files_are_known_by_content(void **state)
{
    (void)state;
    const struct {
        const char *bytes;
        size_t size;
        bool is_known;
    } cases[] = {{"\2\0\0\0\0\0\0\0{}", 10, true},  {"\2\0\0\0\0\0\0\0[]", 10, false},
                 {"\3\0\0\0\0\0\0\0{}", 10, true}, {"\x89PNG\r\n\x1a\n{}", 10, false},
                 {"\2\0\0\0\0\0\0\0", 8, false},    {"", 0, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(aigc__safetensors_known((const uint8_t *)cases[i].bytes, cases[i].size, cases[i].size),
                         cases[i].is_known);
    }
}

static void every_failing_allocation_is_told_and_leaks_nothing(void **state)
{
    (void)state;
    test_bytes_t bytes = make_file(
        "{\"__metadata__\":{\"a\":\"b\"}," TENSOR("b", "I8", "1", "1,2") "," TENSOR("a", "I8", "1", "0,1") "}", "ab",
        2);
    const size_t idle = world.memory.blocks;
    size_t failed = 0;
    for (size_t at = 1; at < 100; at++) {
        aigc_weights_t *weights = NULL;
        float value;
        aigc__source_from_memory(&source, "made", bytes.data, bytes.size);
        test_memory_fail(&world.memory, at, false);
        aigc_status_t status = aigc__weights_open_source(&weights, world.context, source);
        if (status == AIGC_OK) status = aigc__weights_read_f32(weights, 0, &value);
        test_memory_fail(&world.memory, 0, false);
        aigc__weights_free(weights);
        assert_int_equal(world.memory.blocks, idle);
        if (status == AIGC_OK) break;
        assert_int_equal(status, AIGC_ERROR_MEMORY);
        failed++;
    }
    assert_in_range(failed, 7, 17);
    free(bytes.data);
}

static void vgg_weights_are_read(void **state)
{
    (void)state;
    test_bytes_t bytes = format_shared_file("weights/vgg19_conv5_1_f16.safetensors");
    aigc__safetensors_t *file;
    aigc_tensor_t *tensor;
    if (!bytes.data) {
        print_message("SKIPPED: the VGG-19 weights are not at %s\n", format_shared_folder());
        skip();
    }
    check_ok(open_bytes(&file, "vgg", bytes));
    const int64_t index = aigc__safetensors_find(file, "features.0.weight");
    assert_true(index >= 0);
    check_ok(read_tensor(&tensor, (size_t)index));
    assert_int_equal(tensor->dtype, AIGC_DTYPE_F16);
    assert_memory_equal(tensor->shape, ((const int64_t[]){64, 3, 3, 3}), 4 * sizeof(int64_t));
    aigc__tensor_release(tensor);
    aigc__safetensors_free(file);
    free(bytes.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_written_file_is_laid_out_as_the_reference_does, setup, teardown),
        cmocka_unit_test_setup_teardown(the_order_of_parts_does_not_matter, setup, teardown),
        cmocka_unit_test_setup_teardown(halves_are_converted_in_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_in_a_file_is_not_written, setup, teardown),
        cmocka_unit_test_setup_teardown(every_type_is_read_with_its_values, setup, teardown),
        cmocka_unit_test_setup_teardown(eight_bit_floats_reach_their_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(names_metadata_and_places_are_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_without_tensors_is_fine, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_headers_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_is_at_most_1024_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_header_length_is_believed_only_within_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(a_git_lfs_pointer_is_told_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(files_are_known_by_content, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failing_allocation_is_told_and_leaks_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(vgg_weights_are_read, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
