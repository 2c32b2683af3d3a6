/* The parameter store: named tensors in one contiguous block. Layers ask for a parameter by name: the
 * first use creates it, later uses return the same one, another shape is an error. After the seal
 * the block exists and the set is closed. */
#ifndef AIGC_GRAPH_STORE_H
#define AIGC_GRAPH_STORE_H

#include "base/runtime.h"
#include "graph/graph.h"

typedef enum aigc__distribution {
    AIGC__INITIAL_CONSTANT, /* a */
    AIGC__INITIAL_UNIFORM,  /* [a, b) */
    AIGC__INITIAL_NORMAL    /* mean a, deviation b */
} aigc__distribution_t;

typedef struct aigc__initialiser {
    aigc__distribution_t distribution;
    double a, b;
} aigc__initialiser_t;

typedef struct aigc__parameter {
    const char *name;
    aigc__shape_t shape;
    size_t count;
    size_t first; /* element in the block; each parameter starts on a multiple of 16 */
    aigc__initialiser_t initialiser;
} aigc__parameter_t;

typedef struct aigc__store aigc__store_t;

aigc_status_t aigc__store_create(aigc__store_t **out, aigc_context_t *context);
void aigc__store_free(aigc__store_t *store);

/* A value that stands for parameter `name`. */
aigc__id_t aigc__param(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__shape_t shape,
                       aigc__initialiser_t initialiser);

/* Allocates the block (padding zero) and draws every parameter from (seed, its number). */
aigc_status_t aigc__store_seal(aigc__store_t *store, uint64_t seed);
bool aigc__store_sealed(const aigc__store_t *store);

/* A second store with the same names and shapes and a block of its own, a copy of the first's:
 * moving averages, snapshots. */
aigc_status_t aigc__store_clone(aigc__store_t **out, const aigc__store_t *store);

size_t aigc__store_count(const aigc__store_t *store);
const aigc__parameter_t *aigc__store_parameter(const aigc__store_t *store, size_t index);
/* -1 where there is none */
int64_t aigc__store_find(const aigc__store_t *store, const char *name);
float *aigc__store_data(const aigc__store_t *store, size_t index);
float *aigc__store_block(const aigc__store_t *store);
size_t aigc__store_elements(const aigc__store_t *store); /* of the block, padding included */
size_t aigc__store_parameters(const aigc__store_t *store); /* sum of counts */

#endif
