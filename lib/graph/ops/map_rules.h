/* The elementwise functions' meaning, derivatives and algebra, each in a file of its own. */
#ifndef AIGC_GRAPH_OPS_MAP_RULES_H
#define AIGC_GRAPH_OPS_MAP_RULES_H

#include "graph/op.h"

double aigc__map_value(aigc__map_t map, double a, double b, double c, double p);
void aigc__map_gradient(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx);
aigc__id_t aigc__map_simplify(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n,
                              const aigc__id_t *in);
/* false where the derivative is zero or undefined by intent: step, floor, comparisons */
bool aigc__map_has_gradient(aigc__map_t map);

#endif
