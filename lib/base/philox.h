/* Philox4x32-10: counter-based random numbers (Salmon et al. 2011, "Parallel random numbers: as easy
 * as 1, 2, 3"). Four 32-bit numbers are a function of key and counter, so any part of a stream can be
 * made anywhere, by any thread, in any order. */
#ifndef AIGC_BASE_PHILOX_H
#define AIGC_BASE_PHILOX_H

#include <stddef.h>
#include <stdint.h>

/* Names a stream: key = seed, upper counter half = (stream, step). */
typedef struct aigc__stream {
    uint64_t seed;
    uint32_t stream; /* which use: one of AIGC__STREAM_* plus an op's own number */
    uint32_t step;
} aigc__stream_t;

/* Stream numbers below 1000 belong to the library; ops in a graph take 1000 + their number. */
enum {
    AIGC__STREAM_INITIALISE = 1,
    AIGC__STREAM_SHUFFLE = 2,
    AIGC__STREAM_SPLIT = 3,
    AIGC__STREAM_AUGMENT = 4,
    AIGC__STREAM_LATENT = 5,
    AIGC__STREAM_DRAWING = 6,
    AIGC__STREAM_GRAPH = 1000
};

/* The four numbers of block `block` of a stream (counter words: block low, block high, stream, step). */
void aigc__philox(uint32_t out[4], aigc__stream_t stream, uint64_t block);

/* A sequential reader of one stream, for drawing and shuffling. */
typedef struct aigc__random {
    aigc__stream_t stream;
    uint64_t block;
    uint32_t words[4];
    uint32_t used;
} aigc__random_t;

void aigc__random_init(aigc__random_t *random, aigc__stream_t stream);
uint32_t aigc__random_u32(aigc__random_t *random);
/* 0..n-1 without bias, n > 0 */
uint64_t aigc__random_below(aigc__random_t *random, uint64_t n);
/* [0, 1) with 53 bits */
double aigc__random_unit(aigc__random_t *random);
/* Fisher-Yates over 0..n-1 written into `order` */
void aigc__random_permutation(aigc__random_t *random, uint64_t *order, size_t n);

#endif
