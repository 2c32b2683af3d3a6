/* What the kernel tests share: the levels this machine can run, memory with forbidden pages on both
 * sides, inputs, and errors in units of the last place. */
#ifndef AIGC_TESTS_WALK_H
#define AIGC_TESTS_WALK_H

#include "kernels/kernels.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Samples of a dense sweep: a power of two */
#ifndef AIGC_TEST_SAMPLES
#define AIGC_TEST_SAMPLES (1u << 20)
#endif

/* The table of a level if it is built in and this machine can run it, else NULL */
const aigc__kernels_t *walk_level(int level);

/* The lengths every kernel is run with: 0 to 67, then a long one */
enum { WALK_SIZES = 69, WALK_LONGEST = 1000 };
size_t walk_size(size_t index);

/* Bytes between two pages that may not be touched */
typedef struct area {
    unsigned char *start, *end;
    unsigned char *mapping;
    size_t mapped;
} area_t;
void area_make(area_t *area, size_t bytes);
void area_free(area_t *area);

/* Where an array may lie in an area: before the upper page, after the lower one, or 1 to 15 elements off
 * a multiple of 64 bytes */
enum { WALK_PLACES = 17 };
/* `bytes` at a place; the area is filled with a pattern before */
void *area_place(area_t *area, size_t place, size_t bytes, size_t element);
/* Fails unless all but `bytes` at `at` still holds the pattern */
void area_check(const area_t *area, const void *at, size_t bytes, const char *what);

/* A small generator of the tests' own */
uint32_t walk_random(uint64_t *state);
/* In [-limit, limit] */
float walk_float(uint64_t *state, float limit);

float float_of_bits(uint32_t bits);
uint32_t bits_of_float(float a);
/* |y - exact| in units of the last place of `exact`, infinity taken for 2^128; 0 for two NaN, huge for one */
double ulp_error(float y, double exact);
/* Equal numbers or both NaN */
int same_float(float a, float b);

#endif
