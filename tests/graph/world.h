/* A graph whose feeds have known values, so that any value of it can be computed in double and
 * derived numerically. A feed's value is a function of its name and the element's number, exact in f32. */
#ifndef AIGC_TEST_WORLD_H
#define AIGC_TEST_WORLD_H

#include "graph/op.h"

typedef struct world {
    aigc__memory_t memory;
    aigc__graph_t *graph;
    /* one element of one feed can be moved */
    aigc__id_t moved;
    size_t moved_element;
    double moved_by;
} world_t;

/* What a feed's values are like: signed and away from 0; positive; 0 or 1; whole from 0 up to a limit
 * (i32). Only the first two are varied by derivatives. */
enum { SIGNED = 'x', POSITIVE = 'p', ZERO_ONE = 'z', INDEX = 'i' };

void world_begin(world_t *world);
void world_end(world_t *world);
aigc__id_t world_feed(world_t *world, char kind, int limit, aigc__shape_t shape);
double world_leaf(const world_t *world, aigc__id_t id, size_t element);

/* All elements of a value in double; the caller frees. */
double *world_compute(const world_t *world, aigc__id_t id);
double world_total(const world_t *world, aigc__id_t id);

/* Ids of the feeds that derivatives vary, in order; returns how many. */
enum { WORLD_FEEDS = 32 };
size_t world_variables(const world_t *world, aigc__id_t feeds[WORLD_FEEDS]);

/* A number that depends on all of g[k]: sum over k of sum(v_k * g[k]) with new feeds v_k; 0 where all g are. */
aigc__id_t world_contract(world_t *world, const aigc__id_t *g, size_t n);

/* How far the gradients g[k] (0: all zero) of sum(y) with respect to feeds[k] are from central
 * differences: the distance of the whole vectors by the larger of the length and `floor`. */
double world_gradient_error(world_t *world, aigc__id_t y, const aigc__id_t *feeds, const aigc__id_t *g, size_t n,
                            double floor);

#endif
