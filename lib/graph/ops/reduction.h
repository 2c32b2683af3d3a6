/* What sum, sum_products and max_over share. Attributes of all: i[0] the axes as bits, i[1] whether they stay as
 * axes of size 1. */
#ifndef AIGC_GRAPH_OPS_REDUCTION_H
#define AIGC_GRAPH_OPS_REDUCTION_H

#include "graph/step.h"

const char *aigc__reduction_infer(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                  aigc__shape_t *shape, aigc_dtype_t *dtype);
/* The result's shape with the reduced axes as axes of size 1. */
aigc__shape_t aigc__reduction_kept(const aigc__attributes_t *attributes, const aigc__shape_t *input);
/* The result's element that input element `i` goes to. */
size_t aigc__reduction_target(const aigc__attributes_t *attributes, const aigc__shape_t *input, size_t i);
/* Whether all reduced axes are of size 1: nothing to do but to change the shape. */
bool aigc__reduction_is_reshape(const aigc__attributes_t *attributes, const aigc__shape_t *input);

/* sum_simplify.c */
aigc__id_t aigc__sum_simplify(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n,
                              const aigc__id_t *in);

void aigc__reduction_prepare(aigc__step_t *step);
/* Which of them is done depends on step->value->op. */
void aigc__reduction_run(const aigc__step_t *step, size_t phase, size_t tile, size_t worker);

#endif
