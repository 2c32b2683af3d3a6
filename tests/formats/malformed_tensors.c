/* IDX, npy and safetensors. What loads is written again and must then read the same. */
#include "formats/idx.h"
#include "formats/npy.h"
#include "formats/safetensors.h"
#include "formats/zip_write.h"
#include "malformed.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool are_equal(const aigc_tensor_t *a, const aigc_tensor_t *b)
{
    return a->dtype == b->dtype && a->rank == b->rank && memcmp(a->shape, b->shape, a->rank * sizeof *a->shape) == 0 &&
           memcmp(a->data, b->data, a->bytes) == 0;
}

/* Through .npy and back. */
static void check_again(malformed_run_t *run, aigc_tensor_t *tensor)
{
    aigc__saver_t *saver = format_begin(&run->world);
    aigc_tensor_t *again = NULL;
    if (aigc__npy_write(saver, tensor) != AIGC_OK) abort();
    const test_bytes_t bytes = format_commit(&run->world, saver);
    aigc__source_t source;
    aigc__source_from_memory(&source, "case-file", bytes.data, bytes.size);
    if (format_read(&again, run->world.context, &source) != AIGC_OK)
        malformed_fail(run, aigc__failure_text());
    else if (tensor->dtype != AIGC_DTYPE_BF16 && !are_equal(tensor, again))
        malformed_fail(run, "it differs when written and read again");
    aigc__tensor_release(again);
    free(bytes.data);
}

static aigc_status_t finish_tensor(malformed_run_t *run, aigc_status_t status, aigc_tensor_t *tensor, uint64_t *decoded)
{
    if (status != AIGC_OK) {
        if (tensor) malformed_fail(run, "the output was changed");
        return status;
    }
    *decoded += tensor->bytes;
    if (tensor->bytes <= 65536) check_again(run, tensor);
    aigc__tensor_release(tensor);
    return AIGC_OK;
}

static aigc_status_t read_idx(malformed_run_t *run, const aigc__source_t *source, uint64_t *decoded)
{
    aigc_tensor_t *tensor = NULL;
    const aigc_status_t status = aigc__idx_read(&tensor, run->world.context, source);
    return finish_tensor(run, status, tensor, decoded);
}

static aigc_status_t read_npy(malformed_run_t *run, const aigc__source_t *source, uint64_t *decoded)
{
    aigc_tensor_t *tensor = NULL;
    const aigc_status_t status = format_read(&tensor, run->world.context, source);
    return finish_tensor(run, status, tensor, decoded);
}

/* Everything a file of weights has. */
static aigc_status_t read_weights(malformed_run_t *run, const aigc__source_t *source, uint64_t *decoded)
{
    aigc_weights_t *weights = NULL;
    aigc_status_t status = aigc__weights_open_source(&weights, run->world.context, *source), worst = AIGC_OK;
    if (status != AIGC_OK) {
        if (weights) malformed_fail(run, "the output was changed");
        return status;
    }
    const size_t n = aigc__weights_count(weights);
    *decoded = n * 256;
    for (size_t i = 0; i < n && i < 100; i++) {
        aigc__weights_entry_t entry;
        aigc_tensor_t *tensor = NULL;
        aigc__weights_entry(weights, i, &entry);
        const int64_t found = aigc__weights_find(weights, entry.name);
        if (found < 0) malformed_fail(run, "a name is not found");
        status = aigc__weights_read(&tensor, weights, i, 0);
        *decoded += aigc__weights_bytes(&entry);
        status = finish_tensor(run, status, tensor, decoded);
        if (status == AIGC_ERROR_CORRUPT && entry.is_sequential) worst = status; /* seen when it is inflated */
        if (status == AIGC_ERROR_CORRUPT && !entry.is_sequential) malformed_fail(run, aigc__failure_text());
    }
    for (size_t i = 0; i < aigc__weights_n_values(weights); i++) {
        aigc__weights_value_t value;
        aigc__weights_value(weights, i, &value);
        if (!value.name || !value.type) malformed_fail(run, "a value has no name or type");
    }
    for (size_t i = 0; i < aigc__weights_n_opaque(weights); i++) {
        const char *name = NULL, *call = NULL;
        aigc__weights_opaque(weights, i, &name, &call);
        if (!name || !call) malformed_fail(run, "an opaque value has no name");
    }
    aigc__weights_free(weights);
    return worst;
}

/* ---- wrapping products ---- */

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 1;
}

/* Dimensions whose product, taken modulo 2^64, is 0 or `product`: powers of two, or an odd number and
 * `product` times its inverse. Returns how many there are. */
static size_t wrapping_shape(uint64_t shape[4], size_t i, uint64_t product)
{
    uint64_t state = i + 1, inverse = 1;
    if (i % 2 == 0) {
        const size_t first = i / 2 % 31, second = 31 - i / 2 % 7;
        shape[0] = UINT64_C(1) << first;
        shape[1] = UINT64_C(1) << second;
        shape[2] = UINT64_C(1) << (i % 3 == 0 ? 31 : 30);
        shape[3] = UINT64_C(1) << 31;
        return 4;
    }
    shape[0] = next_random(&state) | 1;
    if (i % 3 == 0) shape[0] &= 0x7fffffff;
    if (shape[0] == 1) shape[0] = 3;
    for (int step = 0; step < 6; step++) inverse *= 2 - shape[0] * inverse; /* Newton, doubles the right bits */
    shape[1] = product * inverse;
    return 2;
}

static void shape_text(char *text, size_t size, size_t i, uint64_t product)
{
    uint64_t shape[4];
    const size_t rank = wrapping_shape(shape, i, product);
    size_t used = 0;
    for (size_t k = 0; k < rank; k++)
        used += (size_t)snprintf(text + used, size - used, "%s%" PRIu64, k ? "," : "", shape[k]);
}

/* ---- IDX ---- */

/* Every other random edit is done inside gzip. */
static void repair_idx(test_bytes_t *bytes, size_t index)
{
    if (index % 2 == 0 || bytes->size == 0 || bytes->data[0] == 0x1f) return;
    const test_bytes_t packed = make_gzip(*bytes);
    free(bytes->data);
    *bytes = packed;
}

static size_t seeds_idx(malformed_run_t *run, test_bytes_t *out)
{
    uint8_t data[5 * 6 * 7];
    (void)run;
    draw_pixels(data, 5, 6, 7);
    out[0] = make_idx(0x08, 3, (const uint32_t[]){5, 6, 7}, data, 5 * 6 * 7);
    out[1] = make_gzip(out[0]);
    out[2] = make_idx(0x0e, 2, (const uint32_t[]){2, 3}, data, 48);
    out[3] = make_idx(0x0b, 1, (const uint32_t[]){20}, data, 40);
    return 4;
}

static void fields_idx(malformed_run_t *run, test_bytes_t seed)
{
    if (seed.data[0] == 0x1f) return;
    for (size_t i = 0; i < seed.data[3]; i++)
        malformed_fields(run, seed, (const malformed_field_t[]){{4 + 4 * i, 4, true}, {2, 1, true}, {3, 1, true}}, 3);
    for (size_t i = 0; i < 300; i++) {
        uint64_t wide[4];
        const size_t rank = wrapping_shape(wide, i, 1);
        uint32_t shape[4];
        for (size_t k = 0; k < rank; k++) shape[k] = (uint32_t)wide[k] ? (uint32_t)wide[k] : 77777;
        test_bytes_t bytes = make_idx(seed.data[2], (uint8_t)rank, shape, "abcd", 4);
        malformed_case(run, bytes.data, bytes.size, MUST_FAIL);
        free(bytes.data);
    }
}

/* The dimensions change places. */
static void structure_idx(malformed_run_t *run, test_bytes_t seed)
{
    if (seed.data[0] == 0x1f) return;
    malformed_pieces_t pieces = {.head = 4, .n = seed.data[3], .separator = ""};
    for (size_t i = 0; i < pieces.n; i++) {
        pieces.piece[i].first = 4 + 4 * i;
        pieces.piece[i].size = 4;
    }
    pieces.tail = 4 + 4 * pieces.n;
    malformed_structure(run, seed, &pieces);
}

static void bombs_idx(malformed_run_t *run)
{
    enum { MUCH = 40000000 };
    uint8_t *zeros = calloc(1, MUCH);
    for (uint32_t claim = MUCH; claim > 0 && claim <= MUCH; claim += claim == MUCH ? 1 : MUCH) {
        test_bytes_t bytes = make_idx(0x08, 1, &(uint32_t){claim}, zeros, MUCH), packed = make_gzip(bytes);
        malformed_case(run, packed.data, packed.size - 1, MUST_FAIL);
        malformed_case(run, packed.data, packed.size, claim == MUCH ? MUST_LOAD : MUST_FAIL);
        free(bytes.data);
        free(packed.data);
    }
    test_bytes_t bytes = make_idx(0x09, 1, &(uint32_t){MUCH + 1}, zeros, MUCH), packed = make_gzip(bytes);
    malformed_case(run, packed.data, packed.size, MUST_FAIL);
    free(bytes.data);
    free(packed.data);
    free(zeros);
}

const malformed_format_t malformed_idx = {"idx",      read_idx,      seeds_idx, repair_idx,
                                          fields_idx, structure_idx, bombs_idx, 2500};

/* ---- npy ---- */

static size_t find_last(test_bytes_t bytes, uint8_t symbol)
{
    size_t at = bytes.size;
    while (at > 0 && bytes.data[at - 1] != symbol) at--;
    return at;
}

/* The header ends after the last newline; no seed has one in its numbers. */
static void repair_npy(test_bytes_t *bytes, size_t index)
{
    const size_t first = bytes->size > 10 && bytes->data[6] == 1 ? 10 : 12, end = find_last(*bytes, '\n');
    (void)index;
    if (end < first) return;
    bytes->data[8] = (uint8_t)(end - first);
    bytes->data[9] = (uint8_t)((end - first) >> 8);
}

static test_bytes_t npy_seed(int version, const char *descr, const char *order, const char *shape, size_t size)
{
    char header[200];
    uint8_t data[64];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(0x31 + i % 8);
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }   \n", descr, order, shape);
    return make_npy(version, header, strlen(header), data, size);
}

static size_t seeds_npy(malformed_run_t *run, test_bytes_t *out)
{
    (void)run;
    out[0] = npy_seed(1, "<f4", "False", "(2, 3)", 24);
    out[1] = npy_seed(1, ">i2", "True", "(2, 3, 2)", 24);
    out[2] = npy_seed(2, "|u1", "False", "(5,)", 5);
    out[3] = npy_seed(3, "<f8", "True", "(2, 2)", 32);
    return 4;
}

static void fields_npy(malformed_run_t *run, test_bytes_t seed)
{
    const size_t first = seed.data[6] == 1 ? 10 : 12;
    malformed_fields(run, seed, (const malformed_field_t[]){{6, 1, false}, {7, 1, false}}, 2);
    malformed_digits(run, seed, first, find_last(seed, '\n'));
    for (size_t i = 0; i < 20; i++) { /* the header's length, which repairing would undo */
        test_bytes_t bytes = test_bytes_copy(seed.data, seed.size);
        const uint32_t length =
            (const uint32_t[]){0,    1,     2,     63,    64,    65,    127,      128,       255,        256,
                               9999, 10000, 10001, 32767, 65535, 65536, 1u << 24, INT32_MAX, 0x80000000, UINT32_MAX}[i];
        for (size_t k = 0; k < first - 8; k++) bytes.data[8 + k] = (uint8_t)(length >> (8 * k));
        malformed_case(run, bytes.data, bytes.size, MAY_LOAD);
        free(bytes.data);
    }
    for (size_t i = 0; i < 300; i++) {
        char shape[128], header[256];
        shape_text(shape, sizeof shape, i, 3);
        snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': %s, 'shape': (%s), }\n",
                 i % 5 ? "False" : "True", shape);
        test_bytes_t bytes = make_npy(1, header, strlen(header), "abcdabcdabcd", 12);
        malformed_case(run, bytes.data, bytes.size, MUST_FAIL);
        free(bytes.data);
    }
}

static void structure_npy(malformed_run_t *run, test_bytes_t seed)
{
    const size_t first = seed.data[6] == 1 ? 11 : 13;
    const char *const text = (const char *)seed.data;
    const size_t order = (size_t)(strstr(text + first, "'fortran") - text),
                 shape = (size_t)(strstr(text + first, "'shape'") - text);
    const size_t end = (size_t)(strchr(text + shape, ')') - text) + 1;
    const malformed_pieces_t pieces = {
        .head = first,
        .tail = end,
        .n = 3,
        .separator = ", ",
        .piece = {{first, order - 2 - first}, {order, shape - 2 - order}, {shape, end - shape}}};
    malformed_structure(run, seed, &pieces);
}

static void bombs_npy(malformed_run_t *run)
{
    char header[10001];
    memset(header, '(', sizeof header);
    memcpy(header, "{'descr': '<f4', 'shape': (", 27);
    test_bytes_t bytes = make_npy(1, header, 10000, "", 0);
    malformed_case(run, bytes.data, bytes.size, MUST_FAIL);
    free(bytes.data);
    malformed_case(run, "\x93NUMPY\x02\x00\xff\xff\xff\xff", 12, MUST_FAIL);
    malformed_case(run, "\x93NUMPY\x02\x00\x10\x27\x00\x00", 12, MUST_FAIL);
    static const char much[] = "{'descr': '<f8', 'fortran_order': False, 'shape': (2147483647,), }\n";
    bytes = make_npy(1, much, sizeof much - 1, "12345678", 8);
    malformed_case(run, bytes.data, bytes.size, MUST_FAIL);
    free(bytes.data);
}

const malformed_format_t malformed_npy = {"npy",      read_npy,      seeds_npy, repair_npy,
                                          fields_npy, structure_npy, bombs_npy, 2500};

/* ---- safetensors ---- */

/* The header ends with the last brace; no seed has one in its numbers. */
static void repair_safetensors(test_bytes_t *bytes, size_t index)
{
    const size_t end = find_last(*bytes, '}');
    (void)index;
    for (size_t i = 0; i < 8 && end >= 8; i++) bytes->data[i] = (uint8_t)((uint64_t)(end - 8) >> (8 * i));
}

static size_t seeds_safetensors(malformed_run_t *run, test_bytes_t *out)
{
    static const char *const headers[] = {
        ("{\"__metadata__\":{\"format\":\"pt\",\"a.b\":\"{\\\"x\\\":[1,2]}\"},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]},"
         "\"a\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[16,22]},"
         "\"s\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[22,23]}}"),
        ("{\"w\":{\"dtype\":\"F64\",\"shape\":[1,2],\"data_offsets\":[3,19]},"
         "\"e\":{\"dtype\":\"BF16\",\"shape\":[0,7],\"data_offsets\":[3,3]},"
         "\"h\\u00e9\":{\"dtype\":\"I8\",\"shape\":[3],\"data_offsets\":[0,3]}}"),
        ("{\"q\":{\"dtype\":\"F8_E4M3\",\"shape\":[2,2],\"data_offsets\":[0,4]},"
         "\"f\":{\"dtype\":\"F4\",\"shape\":[6],\"data_offsets\":[4,7]}}"),
    };
    static const size_t sizes[] = {23, 19, 7};
    (void)run;
    for (size_t i = 0; i < 3; i++)
        out[i] = make_safetensors(headers[i], strlen(headers[i]), "0123456789abcdefghijklmn", sizes[i]);
    return 3;
}

static void fields_safetensors(malformed_run_t *run, test_bytes_t seed)
{
    const size_t end = find_last(seed, '}');
    malformed_digits(run, seed, 8, end);
    for (size_t i = 0; i < 24; i++) { /* the header's length, which repairing would undo */
        test_bytes_t bytes = test_bytes_copy(seed.data, seed.size);
        const uint64_t length = (const uint64_t[]){0,
                                                   1,
                                                   2,
                                                   7,
                                                   8,
                                                   127,
                                                   128,
                                                   255,
                                                   256,
                                                   end - 9,
                                                   end - 7,
                                                   seed.size - 8,
                                                   seed.size - 7,
                                                   seed.size,
                                                   65535,
                                                   65536,
                                                   99999999,
                                                   100000000,
                                                   100000001,
                                                   INT32_MAX,
                                                   UINT32_MAX,
                                                   INT64_MAX,
                                                   UINT64_MAX - 7,
                                                   UINT64_MAX}[i];
        for (size_t k = 0; k < 8; k++) bytes.data[k] = (uint8_t)(length >> (8 * k));
        malformed_case(run, bytes.data, bytes.size, MUST_FAIL);
        free(bytes.data);
    }
    for (size_t i = 0; i < 300; i++) {
        char shape[128], header[256];
        shape_text(shape, sizeof shape, i, 3);
        snprintf(header, sizeof header, "{\"a\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[0,12]}}", shape);
        test_bytes_t bytes = make_safetensors(header, strlen(header), "abcdabcdabcd", 12);
        malformed_case(run, bytes.data, bytes.size, MUST_FAIL);
        free(bytes.data);
    }
}

/* A piece is a tensor or the metadata: from its name to its closing brace. */
static void structure_safetensors(malformed_run_t *run, test_bytes_t seed)
{
    malformed_pieces_t pieces = {.head = 9, .tail = find_last(seed, '}') - 1, .separator = ","};
    size_t level = 0, first = 9;
    bool is_quoted = false;
    for (size_t at = 9; at < pieces.tail; at++) {
        if (seed.data[at] == '"' && seed.data[at - 1] != '\\') is_quoted = !is_quoted;
        if (is_quoted) continue;
        if (seed.data[at] == '{') level++;
        if (seed.data[at] != '}' || --level > 0) continue;
        pieces.piece[pieces.n].first = first;
        pieces.piece[pieces.n++].size = at + 1 - first;
        first = at + 2;
    }
    malformed_structure(run, seed, &pieces);
}

static void bomb_safetensors(malformed_run_t *run, const char *before, const char *repeated, size_t n,
                             const char *after, expectation_t expectation)
{
    test_bytes_t bytes = {malloc(8 + strlen(before) + n * strlen(repeated) + strlen(after) + 1), 8};
    memcpy(bytes.data + bytes.size, before, strlen(before));
    bytes.size += strlen(before);
    for (size_t i = 0; i < n; i++, bytes.size += strlen(repeated))
        memcpy(bytes.data + bytes.size, repeated, strlen(repeated));
    memcpy(bytes.data + bytes.size, after, strlen(after));
    bytes.size += strlen(after);
    const uint64_t length = bytes.size - 8;
    for (size_t i = 0; i < 8; i++) bytes.data[i] = (uint8_t)(length >> (8 * i));
    malformed_case(run, bytes.data, bytes.size, expectation);
    free(bytes.data);
}

static void bombs_safetensors(malformed_run_t *run)
{
    static const char equal[] = "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},";
    static const char last[] = "\"b\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}";
    bomb_safetensors(run, "{", equal, 200000, last, MUST_FAIL);
    bomb_safetensors(run, "{", "\"\":", 1000000, "}", MUST_FAIL);
    bomb_safetensors(run, "{", "\"a\":{", 100000, "}", MUST_FAIL);
    bomb_safetensors(run, "{\"a\":", "[", 1000000, "}", MUST_FAIL);
    bomb_safetensors(run, "{\"", "a", 5000000, last + 1, MUST_FAIL);
    bomb_safetensors(run, "{\"__metadata__\":{", "\"k\":\"\",", 500000, "\"l\":\"\"}}", MUST_FAIL);
    bomb_safetensors(run, "{\"__metadata__\":{\"k\":\"", "v", 5000000, "\"}}", MUST_LOAD);
    bomb_safetensors(run, "{", " ", 5000000, "}", MUST_LOAD);
    bomb_safetensors(run, "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,0],\"shape\":[0", ",0", 1000000, "]}}",
                     MUST_FAIL);
    malformed_case(run, "\x00\x00\x00\x00\x01\x00\x00\x00{}  ", 12, MUST_FAIL);
}

const malformed_format_t malformed_safetensors = {
    "safetensors",      read_weights,          seeds_safetensors, repair_safetensors,
    fields_safetensors, structure_safetensors, bombs_safetensors, 4000};

/* ---- PyTorch's archives, streams and pickles, and NumPy's archives: files made by Python ---- */

static void keep_it(test_bytes_t *bytes, size_t index)
{
    (void)bytes;
    (void)index;
}

static size_t take_seeds(test_bytes_t *out, const char *const *names)
{
    size_t n = 0;
    for (; names[n]; n++) {
        out[n] = format_weights_file(names[n]);
        if (!out[n].data) abort();
    }
    return n;
}

static size_t seeds_torch(malformed_run_t *run, test_bytes_t *out)
{
    (void)run;
    return take_seeds(out, (const char *const[]){"small.pt", "small_deflated.pt", "hostile.pt", NULL});
}

static size_t seeds_npz(malformed_run_t *run, test_bytes_t *out)
{
    (void)run;
    return take_seeds(out, (const char *const[]){"small.npz", "small_deflated.npz", NULL});
}

static size_t seeds_stream(malformed_run_t *run, test_bytes_t *out)
{
    (void)run;
    return take_seeds(out, (const char *const[]){"small_legacy.pt", NULL});
}

static size_t seeds_pickle(malformed_run_t *run, test_bytes_t *out)
{
    (void)run;
    return take_seeds(out, (const char *const[]){"small_p2.pkl", "small_p4.pkl", "small_p5.pkl", NULL});
}

/* Places of a zip record's numbers. */
static void fields_of(malformed_run_t *run, test_bytes_t seed, const char *signature, const malformed_field_t *fields,
                      size_t n)
{
    for (size_t at = 0; at + 46 <= seed.size; at++) {
        if (memcmp(seed.data + at, signature, 4) != 0) continue;
        malformed_field_t here[16];
        for (size_t i = 0; i < n; i++) {
            here[i] = fields[i];
            here[i].offset += at;
        }
        malformed_fields(run, seed, here, n);
    }
}

static void fields_zip(malformed_run_t *run, test_bytes_t seed)
{
    static const malformed_field_t local[] = {{4, 2, false},  {6, 2, false},  {8, 2, false},  {14, 4, false},
                                              {18, 4, false}, {22, 4, false}, {26, 2, false}, {28, 2, false}};
    static const malformed_field_t central[] = {{6, 2, false},  {8, 2, false},  {10, 2, false}, {16, 4, false},
                                                {20, 4, false}, {24, 4, false}, {28, 2, false}, {30, 2, false},
                                                {32, 2, false}, {42, 4, false}};
    static const malformed_field_t end[] = {{4, 2, false},  {6, 2, false},  {8, 2, false}, {10, 2, false},
                                            {12, 4, false}, {16, 4, false}, {20, 2, false}};
    fields_of(run, seed, "PK\3\4", local, sizeof local / sizeof *local);
    fields_of(run, seed, "PK\1\2", central, sizeof central / sizeof *central);
    malformed_field_t last[7];
    for (size_t i = 0; i < 7; i++) {
        last[i] = end[i];
        last[i].offset += seed.size - 22;
    }
    malformed_fields(run, seed, last, 7);
}

/* Directory entries are dropped, doubled and moved. */
static void structure_zip(malformed_run_t *run, test_bytes_t seed)
{
    malformed_pieces_t pieces = {.separator = ""};
    for (size_t at = 0; at + 46 <= seed.size; at++) {
        if (memcmp(seed.data + at, "PK\1\2", 4) != 0) continue;
        const size_t size = 46u + seed.data[at + 28] + 256u * seed.data[at + 29] + seed.data[at + 30] +
                            256u * seed.data[at + 31] + seed.data[at + 32];
        if (pieces.n == 0) pieces.head = at;
        pieces.piece[pieces.n].first = at;
        pieces.piece[pieces.n++].size = size;
        pieces.tail = at + size;
        if (pieces.n == 32) break;
    }
    malformed_structure(run, seed, &pieces);
}

/* Numbers of one to eight bytes at every place: lengths, memo numbers, dimensions. */
static void fields_anywhere(malformed_run_t *run, test_bytes_t seed)
{
    for (size_t at = 0; at + 8 < seed.size; at += 3)
        malformed_fields(run, seed, (const malformed_field_t[]){{at, 1, false}, {at, 4, false}, {at, 8, false}}, 3);
}

/* Cut into pieces of equal size. */
static void structure_anywhere(malformed_run_t *run, test_bytes_t seed)
{
    malformed_pieces_t pieces = {.head = 0, .tail = seed.size, .n = 24, .separator = ""};
    for (size_t i = 0; i < pieces.n; i++) {
        pieces.piece[i].first = seed.size * i / pieces.n;
        pieces.piece[i].size = seed.size * (i + 1) / pieces.n - pieces.piece[i].first;
    }
    malformed_structure(run, seed, &pieces);
}

/* A pickle of `before`, `n` times `repeated`, `after`. */
static void bomb_pickle(malformed_run_t *run, const char *before, size_t n_before, const char *repeated,
                        size_t n_repeated, size_t n, const char *after, expectation_t expectation)
{
    test_bytes_t bytes = test_bytes_copy("\x80\x02", 2);
    test_bytes_add(&bytes, before, n_before);
    for (size_t i = 0; i < n; i++) test_bytes_add(&bytes, repeated, n_repeated);
    test_bytes_add(&bytes, after, strlen(after));
    malformed_case(run, bytes.data, bytes.size, expectation);
    free(bytes.data);
}

/* l0 = [x]; l1 = [l0, l0]; ... l39: 2^40 values to walk. */
static void bomb_memo(malformed_run_t *run)
{
    test_bytes_t bytes = test_bytes_copy("\x80\x02]q\0K\1a", 8);
    for (uint8_t i = 0; i < 40; i++) {
        const uint8_t more[] = {'0', ']', 'q', (uint8_t)(i + 1), '(', 'h', i, 'h', i, 'e'};
        test_bytes_add(&bytes, more, sizeof more);
    }
    test_bytes_add(&bytes, ".", 1);
    malformed_case(run, bytes.data, bytes.size, MUST_FAIL);
    free(bytes.data);
}

static void bombs_pickle(malformed_run_t *run)
{
    bomb_memo(run);
    bomb_pickle(run, "", 0, "]", 1, 20000, ".", MUST_FAIL);
    bomb_pickle(run, "", 0, "(", 1, 100000, ".", MUST_FAIL);
    bomb_pickle(run, "N", 1, "\x85", 1, 20000, ".", MUST_FAIL); /* ((((None,),),),) */
    bomb_pickle(run, "N", 1, "\x85", 1, 40, ".", MUST_LOAD);
    bomb_pickle(run, "]2", 2, "2", 1, 30000, "e.", MUST_FAIL);
    bomb_pickle(run, "", 0, "N0", 2, 100000, "N.", MUST_LOAD);
    bomb_pickle(run, "N", 1, "r\xff\xff\xff\x7f", 5, 1, ".", MUST_FAIL);
    bomb_pickle(run, "N", 1, "j\xff\xff\xff\x7f", 5, 1, ".", MUST_FAIL);
    bomb_pickle(run, "", 0, "X\xff\xff\xff\xff", 5, 1, ".", MUST_FAIL);
    bomb_pickle(run, "", 0, "\x8e\xff\xff\xff\xff\xff\xff\xff\xff", 9, 1, ".", MUST_FAIL);
    bomb_pickle(run, "]q\0h\0a", 6, "", 0, 0, ".", MAY_LOAD); /* a list that holds itself */
    bomb_pickle(run, "ctorch\nSize\nq\0)", 15, "\x85h\0\x86R", 0, 0, ".", MUST_FAIL);
    bomb_pickle(run, "N", 1,
                "q\0"
                "0ctorch\nSize\nh\0\x85R",
                19, 5000, ".", MUST_FAIL);
}

/* An archive of many empty members; one whose directory is all there is. */
static void bombs_zip(malformed_run_t *run)
{
    aigc__saver_t *saver = format_begin(&run->world);
    aigc__zip_writer_t zip = {.saver = saver, .memory = &run->world.context->memory};
    aigc_status_t status = AIGC_OK;
    for (int i = 0; i < 20000 && status == AIGC_OK; i++) {
        char name[32];
        snprintf(name, sizeof name, "x/%d", i);
        status = aigc__zip_begin(&zip, name, 0);
        if (status == AIGC_OK) status = aigc__zip_end(&zip);
    }
    if (aigc__zip_finish(&zip, status) != AIGC_OK) abort();
    const test_bytes_t bytes = format_commit(&run->world, saver);
    malformed_case(run, bytes.data, bytes.size, MUST_FAIL);
    free(bytes.data);
    malformed_case(run, "PK\5\6\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0", 22, MUST_FAIL);
}

const malformed_format_t malformed_torch = {"torch",    read_weights,  seeds_torch, keep_it,
                                            fields_zip, structure_zip, bombs_zip,   2500};
const malformed_format_t malformed_npz = {"npz",      read_weights,  seeds_npz, keep_it,
                                          fields_zip, structure_zip, bombs_zip, 2500};
const malformed_format_t malformed_stream = {"stream",        read_weights,       seeds_stream, keep_it,
                                             fields_anywhere, structure_anywhere, bombs_pickle, 4000};
const malformed_format_t malformed_pickle = {"pickle",        read_weights,       seeds_pickle, keep_it,
                                             fields_anywhere, structure_anywhere, bombs_pickle, 4000};
