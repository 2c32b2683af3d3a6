/* The parameter store: named tensors in one contiguous block. Layers ask for a parameter by name: the
 * first use creates it, later uses return the same one, another shape is an error. After the seal
 * the block exists and the set is closed.
 *
 * Most parameters are trained by an optimizer. Others are state: numbers that a network computes itself
 * while it trains, such as running means. They lie behind the trained ones:
 *
 *     [trained parameter]..  [state]..
 *     0                      aigc__store_trained()    aigc__store_elements()
 *
 * so that an optimizer works on the first part and a copy or a file has both. Networks that learn in turns, such as the
 * two of a GAN, are parts of one store: what is trained of part 0 comes before that of part 1, and so on. */
#ifndef AIGC_GRAPH_STORE_H
#define AIGC_GRAPH_STORE_H

#include "base/runtime.h"
#include "graph/graph.h"

typedef enum aigc__distribution {
    AIGC__INITIAL_CONSTANT,  /* a */
    AIGC__INITIAL_UNIFORM,   /* [a, b) */
    AIGC__INITIAL_NORMAL,    /* mean a, deviation b */
    AIGC__INITIAL_DIRECTION, /* normal, all of it divided by its length */
    AIGC__INITIAL_ORTHOGONAL /* a times a matrix [first axis, the others] whose rows (or columns, if there are fewer)
                              * are orthonormal */
} aigc__distribution_t;

typedef struct aigc__initialiser {
    aigc__distribution_t distribution;
    double a, b;
} aigc__initialiser_t;

typedef enum aigc__role {
    AIGC__TRAINED,
    AIGC__STATE,
    AIGC__STATISTIC, /* state that describes what passes through the network: an average of parameters averages it too */
    AIGC__COUNTER /* state that counts: whole numbers below 2^24, i64 in files */
} aigc__role_t;

enum { AIGC__PARTS = 4 };

typedef struct aigc__parameter {
    const char *name;
    aigc__role_t role;
    uint32_t part;
    aigc__shape_t shape;
    size_t count;
    size_t first; /* element in the block, known after the seal; each parameter starts on a multiple of 16 */
    aigc__initialiser_t initialiser;
} aigc__parameter_t;

typedef struct aigc__store aigc__store_t;

aigc_status_t aigc__store_create(aigc__store_t **out, aigc_context_t *context);
void aigc__store_free(aigc__store_t *store);

/* Parameters that are new from now on belong to the next part. At most AIGC__PARTS. */
void aigc__store_next_part(aigc__store_t *store);
uint32_t aigc__store_parts(const aigc__store_t *store);
/* Where the trained parameters of a part begin in the block; of the part past the last: where state begins. */
size_t aigc__store_part_start(const aigc__store_t *store, uint32_t part);

/* A value that stands for parameter `name`. */
aigc__id_t aigc__param(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__shape_t shape,
                       aigc__initialiser_t initialiser);

/* A value that stands for state `name` as it is by now in this graph: what was assigned to it last, or else
 * what the store holds. Derivatives stop here. */
aigc__id_t aigc__state_value(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__shape_t shape,
                             aigc__initialiser_t initialiser, aigc__role_t role);
/* From now on in this graph state `name` is `value`; the store takes it over when a run of a plan with
 * `assigns` is committed (graph/plan.h). */
void aigc__assign(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t value);

/* Allocates the block (padding zero) and draws every parameter from (seed, its number). */
aigc_status_t aigc__store_seal(aigc__store_t *store, uint64_t seed);
bool aigc__store_sealed(const aigc__store_t *store);

/* A second store with the same names and shapes and a block of its own, a copy of the first's:
 * moving averages, snapshots. */
aigc_status_t aigc__store_clone(aigc__store_t **out, const aigc__store_t *store);

/* Draws a parameter's numbers. */
void aigc__initialise(const aigc__kernels_t *kernels, const aigc__parameter_t *parameter, size_t index, uint64_t seed,
                      float *data);

size_t aigc__store_count(const aigc__store_t *store);
const aigc__parameter_t *aigc__store_parameter(const aigc__store_t *store, size_t index);
/* -1 where there is none */
int64_t aigc__store_find(const aigc__store_t *store, const char *name);
float *aigc__store_data(const aigc__store_t *store, size_t index);
float *aigc__store_block(const aigc__store_t *store);
size_t aigc__store_elements(const aigc__store_t *store);   /* of the block, padding included */
size_t aigc__store_trained(const aigc__store_t *store);    /* of its first part: where state begins */
size_t aigc__store_parameters(const aigc__store_t *store); /* sum of counts of what is trained */

#endif
