/* Broken files by the ten thousand, each replayable: format, group, seed and index name a case.
 *   a  every prefix            b  every byte, seven ways      c  numeric fields, boundary values
 *   e  structure: dropped, doubled, swapped, moved pieces     f  random edits, check sums made right
 *   h  bombs: small files that ask for much
 * After every case: an allowed status and a sentence naming the file, or success; outputs untouched on
 * failure; nothing held; memory before the data is proven at most 1 MiB and four times the file. */
#ifndef AIGC_TEST_MALFORMED_H
#define AIGC_TEST_MALFORMED_H

#include "format_maker.h"

typedef struct malformed_run malformed_run_t;

typedef struct malformed_format {
    const char *name;
    /* Reads all there is and frees it; `*decoded` counts the bytes made. Tensors are written and read
     * again and must be equal. */
    aigc_status_t (*read)(malformed_run_t *run, const aigc__source_t *source, uint64_t *decoded);
    size_t (*seeds)(malformed_run_t *run, test_bytes_t *out); /* at most MALFORMED_SEEDS */
    void (*repair)(test_bytes_t *bytes, size_t index);        /* lengths and check sums after an edit */
    void (*fields)(malformed_run_t *run, test_bytes_t seed);
    void (*structure)(malformed_run_t *run, test_bytes_t seed);
    void (*bombs)(malformed_run_t *run);
    size_t random_cases; /* of group f, a seed */
} malformed_format_t;

enum { MALFORMED_SEEDS = 6 };

typedef enum expectation { MAY_LOAD, MUST_FAIL, MUST_LOAD } expectation_t;

struct malformed_run {
    format_world_t world;
    const malformed_format_t *format;
    char group;
    size_t seed, index; /* of the next case */
    size_t only_seed, only_index;
    char only_group; /* '\0': everything */
    size_t cases, loaded, failures;
    double worst_time;
    uint64_t worst_memory;
};

/* Numbers the case and runs it unless another is asked for. The bytes stay the caller's. */
void malformed_case(malformed_run_t *run, const void *bytes, size_t size, expectation_t expectation);
/* Prints why and where, and counts. */
void malformed_fail(malformed_run_t *run, const char *why);

/* Boundary values into a binary number of `width` bytes, big- or little-endian. */
typedef struct malformed_field {
    size_t offset, width;
    bool is_big_endian;
} malformed_field_t;
void malformed_fields(malformed_run_t *run, test_bytes_t seed, const malformed_field_t *fields, size_t n);
/* Boundary values in place of each run of digits in [first, end). */
void malformed_digits(malformed_run_t *run, test_bytes_t seed, size_t first, size_t end);

/* Pieces of a file, for structure edits: bytes [0, head), the pieces in order, the rest from `tail`;
 * `separator` goes between pieces. */
typedef struct malformed_pieces {
    size_t head, tail, n;
    struct {
        size_t first, size;
    } piece[32];
    const char *separator;
} malformed_pieces_t;
void malformed_structure(malformed_run_t *run, test_bytes_t seed, const malformed_pieces_t *pieces);

extern const malformed_format_t malformed_png, malformed_jpeg, malformed_idx, malformed_npy, malformed_safetensors,
    malformed_torch, malformed_npz, malformed_stream, malformed_pickle;

#endif
