#include "malformed.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Asked by the address sanitizer at the start, if there is one: freed memory is kept apart for a while,
 * and a quarter of a gigabyte of it costs most of the time here. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "quarantine_size_mb=16"; }

void malformed_fail(malformed_run_t *run, const char *why)
{
    run->failures++;
    printf("FAILED %s %c %zu %zu: %s\n", run->format->name, run->group, run->seed, run->index, why);
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool is_printable(const char *text)
{
    const size_t n = strlen(text);
    for (size_t i = 0; i < n; i++)
        if ((uint8_t)text[i] < 0x20 || text[i] == 0x7f) return false;
    return n > 0 && n <= 511;
}

/* Sanitizers make everything slower; the bound is there to catch work that grows with a claim. */
enum { SLOW_MILLISECONDS = 300, SLOW_BOMB_MILLISECONDS = 6000 };

static void check_result(malformed_run_t *run, aigc_status_t status, size_t size, uint64_t decoded,
                         expectation_t expectation)
{
    const uint64_t bound = (1u << 20) + 4 * (uint64_t)size + (status == AIGC_OK ? 3 * decoded : 0);
    const uint64_t used = run->world.context->memory.peak;
    if (status == AIGC_OK && expectation == MUST_FAIL) malformed_fail(run, "it loaded");
    if (status != AIGC_OK && expectation == MUST_LOAD) malformed_fail(run, aigc__failure_text());
    if (status != AIGC_OK && status != AIGC_ERROR_CORRUPT && status != AIGC_ERROR_UNSUPPORTED &&
        status != AIGC_ERROR_LIMIT)
        malformed_fail(run, "another status than corrupt, unsupported or limit");
    if (status != AIGC_OK && (!is_printable(aigc__failure_text()) || !strstr(aigc__failure_text(), "case-file")))
        malformed_fail(run, aigc__failure_text());
    if (used > bound) malformed_fail(run, "too much memory");
    if (used > run->worst_memory && status != AIGC_OK && run->group != 'h') run->worst_memory = used;
}

static void run_case(malformed_run_t *run, const uint8_t *bytes, size_t size, expectation_t expectation)
{
    aigc__memory_t *memory = &run->world.context->memory;
    const uint64_t live = memory->live;
    const size_t blocks = run->world.memory.blocks;
    aigc__source_t source;
    uint64_t decoded = 0;
    aigc__source_from_memory(&source, "case-file", bytes, size);
    memory->peak = 0;
    const double start = cpu_seconds();
    const aigc_status_t status = run->format->read(run, &source, &decoded);
    const double time = cpu_seconds() - start;
    if (time > run->worst_time) run->worst_time = time;
    if (time * 1000 > (run->group == 'h' ? SLOW_BOMB_MILLISECONDS : SLOW_MILLISECONDS)) malformed_fail(run, "too slow");
    if (memory->live != live || run->world.memory.blocks != blocks) malformed_fail(run, "memory is still held");
    if (run->world.memory.mistakes) malformed_fail(run, "memory was misused");
    check_result(run, status, size, decoded, expectation);
    if (run->only_group) printf("status %d: %s\n", (int)status, status == AIGC_OK ? "" : aigc__failure_text());
    run->cases++;
    run->loaded += status == AIGC_OK;
}

void malformed_case(malformed_run_t *run, const void *bytes, size_t size, expectation_t expectation)
{
    const bool is_asked = !run->only_group || (run->only_group == run->group && run->only_seed == run->seed &&
                                               run->only_index == run->index);
    if (is_asked && run->failures < 20) {
        uint8_t *exact = malloc(size > 0 ? size : 1); /* the end of the block is the end of the file */
        if (!exact) abort();
        if (size > 0) memcpy(exact, bytes, size);
        run_case(run, exact, size, expectation);
        free(exact);
    }
    run->index++;
}

/* ---- c: numbers ---- */

static const uint64_t boundaries[] = {0,
                                      1,
                                      2,
                                      7,
                                      127,
                                      128,
                                      255,
                                      256,
                                      32767,
                                      32768,
                                      65535,
                                      65536,
                                      16384,
                                      16385,
                                      (1u << 26),
                                      (1u << 26) + 1,
                                      2147483647,
                                      2147483648,
                                      4294967295,
                                      4294967296,
                                      UINT64_C(1) << 62,
                                      INT64_MAX,
                                      UINT64_C(1) << 63,
                                      UINT64_MAX};
enum { BOUNDARIES = sizeof boundaries / sizeof *boundaries, FIELD_VALUES = BOUNDARIES + 6 };

/* The boundary values, then some around the file's size and the number that was there. */
static uint64_t field_value(size_t i, uint64_t size, uint64_t old)
{
    if (i < BOUNDARIES) return boundaries[i];
    return (const uint64_t[]){size - 1, size, size + 1, old - 1, old + 1, old * 2}[i - BOUNDARIES];
}

static size_t place_of(const malformed_field_t *field, size_t i)
{
    return field->offset + (field->is_big_endian ? field->width - 1 - i : i);
}

void malformed_fields(malformed_run_t *run, test_bytes_t seed, const malformed_field_t *fields, size_t n)
{
    for (size_t f = 0; f < n; f++) {
        uint64_t old = 0;
        for (size_t i = fields[f].width; i-- > 0;) old = old << 8 | seed.data[place_of(&fields[f], i)];
        for (size_t v = 0; v < FIELD_VALUES; v++) {
            test_bytes_t bytes = test_bytes_copy(seed.data, seed.size);
            const uint64_t value = field_value(v, seed.size, old);
            for (size_t i = 0; i < fields[f].width; i++)
                bytes.data[place_of(&fields[f], i)] = (uint8_t)(value >> (8 * i));
            run->format->repair(&bytes, 0);
            malformed_case(run, bytes.data, bytes.size, MAY_LOAD);
            free(bytes.data);
        }
    }
}

static bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

static void replace_digits(malformed_run_t *run, test_bytes_t seed, size_t first, size_t end)
{
    static const char *const texts[] = {"",     "-1",    "00",  "1.0", "1e3", "99999999999999999999",
                                        "0x10", "\"1\"", "[1]", "null"};
    const uint64_t old = strtoull((const char *)seed.data + first, NULL, 10);
    for (size_t v = 0; v < FIELD_VALUES + sizeof texts / sizeof *texts; v++) {
        char text[32];
        snprintf(text, sizeof text, "%" PRIu64, v < FIELD_VALUES ? field_value(v, seed.size, old) : 0);
        if (v >= FIELD_VALUES) snprintf(text, sizeof text, "%s", texts[v - FIELD_VALUES]);
        test_bytes_t bytes = test_bytes_copy(seed.data, first);
        test_bytes_add(&bytes, text, strlen(text));
        test_bytes_add(&bytes, seed.data + end, seed.size - end);
        run->format->repair(&bytes, 0);
        malformed_case(run, bytes.data, bytes.size, MAY_LOAD);
        free(bytes.data);
    }
}

void malformed_digits(malformed_run_t *run, test_bytes_t seed, size_t first, size_t end)
{
    while (first < end) {
        size_t last = first;
        while (last < end && is_digit(seed.data[last])) last++;
        if (last > first) replace_digits(run, seed, first, last);
        first = last + 1;
    }
}

/* ---- e: structure ---- */

/* The file with its pieces in this order. */
static void case_of_order(malformed_run_t *run, test_bytes_t seed, const malformed_pieces_t *pieces,
                          const size_t *order, size_t n)
{
    test_bytes_t bytes = test_bytes_copy(seed.data, pieces->head);
    for (size_t i = 0; i < n; i++) {
        if (i > 0) test_bytes_add(&bytes, pieces->separator, strlen(pieces->separator));
        test_bytes_add(&bytes, seed.data + pieces->piece[order[i]].first, pieces->piece[order[i]].size);
    }
    test_bytes_add(&bytes, seed.data + pieces->tail, seed.size - pieces->tail);
    run->format->repair(&bytes, 0);
    malformed_case(run, bytes.data, bytes.size, MAY_LOAD);
    free(bytes.data);
}

void malformed_structure(malformed_run_t *run, test_bytes_t seed, const malformed_pieces_t *pieces)
{
    size_t order[64];
    for (size_t i = 0; i < pieces->n; i++) {
        size_t n = 0;
        for (size_t k = 0; k < pieces->n; k++)
            if (k != i) order[n++] = k;
        case_of_order(run, seed, pieces, order, n);
        for (size_t to = 0; to <= n; to++) { /* moved, and doubled there */
            size_t moved[64], doubled[64], m = 0, d = 0;
            for (size_t k = 0; k <= pieces->n; k++) {
                if (k == to) moved[m++] = doubled[d++] = i;
                if (k < n) moved[m++] = order[k];
                if (k < pieces->n) doubled[d++] = k;
            }
            case_of_order(run, seed, pieces, moved, m);
            case_of_order(run, seed, pieces, doubled, d);
        }
    }
}

/* ---- a, b, f: any file ---- */

static void begin(malformed_run_t *run, char group, size_t seed)
{
    run->group = group;
    run->seed = seed;
    run->index = 0;
}

static void edit_bytes(malformed_run_t *run, test_bytes_t seed)
{
    for (size_t i = 0; i < seed.size; i++) {
        const uint8_t old = seed.data[i];
        const uint8_t values[7] = {0, 0xff, 0x7f, 0x80, old ^ 1, (uint8_t)(old + 1), (uint8_t)(old - 1)};
        for (size_t k = 0; k < 7; k++) {
            seed.data[i] = values[k];
            malformed_case(run, seed.data, seed.size, MAY_LOAD);
        }
        seed.data[i] = old;
    }
}

static uint32_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

static void edit_randomly(test_bytes_t *bytes, uint64_t *state)
{
    static const uint8_t bold[8] = {0, 1, 0x7f, 0x80, 0xff, 0x10, '9', '"'};
    if (bytes->size < 8) return;
    const size_t at = next_random(state) % bytes->size, n = 1 + next_random(state) % 4;
    const size_t left = bytes->size - at, from = next_random(state) % (bytes->size - n);
    switch (next_random(state) % 6) {
    case 0: bytes->data[at] = (uint8_t)next_random(state); break;
    case 1: bytes->data[at] = bold[next_random(state) % 8]; break;
    case 2: bytes->data[at] ^= (uint8_t)(1u << next_random(state) % 8); break;
    case 3: /* taken out */
        if (left <= n) break;
        memmove(bytes->data + at, bytes->data + at + n, left - n);
        bytes->size -= n;
        break;
    case 4: /* put in, from elsewhere */
        test_bytes_add(bytes, "\0\0\0\0", n);
        memmove(bytes->data + at + n, bytes->data + at, left);
        memmove(bytes->data + at, bytes->data + from, n);
        break;
    default: memmove(bytes->data + at, bytes->data + from, n < left ? n : left); break;
    }
}

static void random_edits(malformed_run_t *run, test_bytes_t seed)
{
    for (size_t i = 0; i < run->format->random_cases; i++) {
        const bool is_asked =
            !run->only_group || (run->only_group == 'f' && run->only_seed == run->seed && run->only_index == i);
        test_bytes_t bytes = test_bytes_copy(seed.data, is_asked ? seed.size : 0);
        uint64_t state = run->seed * 1000003 + i * 7919 + 1;
        for (size_t edits = 1 + next_random(&state) % 3; is_asked && edits > 0; edits--) edit_randomly(&bytes, &state);
        if (is_asked) run->format->repair(&bytes, i);
        malformed_case(run, bytes.data, bytes.size, MAY_LOAD);
        free(bytes.data);
    }
}

static void run_seed(malformed_run_t *run, size_t number, test_bytes_t seed)
{
    begin(run, 's', number);
    malformed_case(run, seed.data, seed.size, MUST_LOAD);
    begin(run, 'a', number);
    for (size_t size = 0; size < seed.size; size++) malformed_case(run, seed.data, size, MUST_FAIL);
    begin(run, 'b', number);
    edit_bytes(run, seed);
    begin(run, 'c', number);
    run->format->fields(run, seed);
    begin(run, 'e', number);
    run->format->structure(run, seed);
    begin(run, 'f', number);
    random_edits(run, seed);
    begin(run, 's', number); /* what came between left no trace */
    malformed_case(run, seed.data, seed.size, MUST_LOAD);
}

static size_t run_format(malformed_run_t *run, const malformed_format_t *format)
{
    test_bytes_t seeds[MALFORMED_SEEDS];
    run->format = format;
    run->cases = run->loaded = 0;
    run->worst_time = 0;
    run->worst_memory = 0;
    const double start = cpu_seconds();
    const size_t n = format->seeds(run, seeds);
    for (size_t i = 0; i < n; i++) {
        run_seed(run, i, seeds[i]);
        free(seeds[i].data);
    }
    begin(run, 'h', 0);
    format->bombs(run);
    printf("%-12s %7zu broken files, %6zu of them read; %.1f s, slowest %.1f ms, most memory %" PRIu64 " KiB\n",
           format->name, run->cases, run->loaded, cpu_seconds() - start, run->worst_time * 1000,
           run->worst_memory / 1024);
    return run->cases;
}

/* The whole seeds into a folder, for the fuzz targets to begin with. */
static int write_seeds(malformed_run_t *run, const malformed_format_t *format, const char *folder)
{
    test_bytes_t seeds[MALFORMED_SEEDS];
    int failed = 0;
    const size_t n = format->seeds(run, seeds);
    for (size_t i = 0; i < n; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/seed%zu", folder, i);
        FILE *file = fopen(path, "wb");
        failed |= !file || fwrite(seeds[i].data, 1, seeds[i].size, file) != seeds[i].size;
        if (file) failed |= fclose(file) != 0;
        free(seeds[i].data);
    }
    return failed;
}

/* Without arguments everything; with FORMAT GROUP SEED INDEX one case; with seeds FORMAT FOLDER none. */
int main(int argc, char **argv)
{
    const malformed_format_t *const formats[] = {
        &malformed_png,
#if AIGC_HAVE_JPEG
        &malformed_jpeg,
#endif
        &malformed_idx,
        &malformed_npy,
        &malformed_safetensors,
#if AIGC_HAVE_ZIP
        &malformed_torch,
        &malformed_npz,
#endif
        &malformed_stream,
        &malformed_pickle
    };
    malformed_run_t run = {0};
    size_t total = 0;
    if (format_world_open(&run.world) != 0) return 1;
    if (argc == 5) {
        run.only_group = argv[2][0];
        run.only_seed = strtoul(argv[3], NULL, 10);
        run.only_index = strtoul(argv[4], NULL, 10);
    }
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (argc == 4 && strcmp(argv[1], "seeds") == 0 && strcmp(argv[2], formats[i]->name) == 0)
            return write_seeds(&run, formats[i], argv[3]) || format_world_close(&run.world);
        if (argc < 2 || strcmp(argv[1], formats[i]->name) == 0) total += run_format(&run, formats[i]);
    }
    printf("%zu broken files in all, %zu failures\n", total, run.failures);
    return format_world_close(&run.world) || run.failures > 0 || total == 0;
}
