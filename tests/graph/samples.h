/* A sample graph for every op: what the tests that walk the op table build. */
#ifndef AIGC_TEST_SAMPLES_H
#define AIGC_TEST_SAMPLES_H

#include "graph/world.h"

typedef struct sample {
    aigc__op_code_t op;
    aigc__attributes_t attributes;
    struct {
        char kind; /* 0: no such input */
        aigc__shape_t shape;
    } in[4];
    int limit; /* of index inputs */
} sample_t;

/* Every op but feed, param and map at least once; the large ones only for running. */
extern const sample_t small_samples[], large_samples[];
extern const size_t n_small_samples, n_large_samples;

/* Appends feeds and the op; the result need not be of that op where it has a simpler equal. */
aigc__id_t sample_build(world_t *world, const sample_t *sample);
/* The same for any of the elementwise functions, within its domain. */
aigc__id_t sample_map(world_t *world, aigc__map_t map, aigc__shape_t shape);

#endif
