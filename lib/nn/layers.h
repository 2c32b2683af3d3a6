/* Layers and losses: functions that append values to a graph and ask the store for parameters by
 * name. Names, shapes, defaults and initial values are PyTorch's. */
#ifndef AIGC_NN_LAYERS_H
#define AIGC_NN_LAYERS_H

#include "graph/store.h"

/* Uniform in +-sqrt(6 / ((1 + a^2) fan_in)) with a = sqrt(5), which is +-1/sqrt(fan_in): the default of
 * linear and convolution layers (He et al. 2015, arXiv:1502.01852, with PyTorch's a). */
aigc__initialiser_t aigc__kaiming_uniform(int64_t fan_in);
aigc__initialiser_t aigc__constant_init(double value);

/* y[n,out] = x[n,in] W^T + b with W "<name>.weight" [out,in] and b "<name>.bias" [out]. */
aigc__id_t aigc__linear(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, int64_t out);

/* (x - mean) / sqrt(variance + epsilon) * weight + bias over the last axis, "<name>.weight" and
 * "<name>.bias" (Ba et al. 2016, arXiv:1607.06450). */
aigc__id_t aigc__layer_norm(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, double epsilon);

/* Over the last axis, shifted by its maximum so that nothing overflows. */
aigc__id_t aigc__softmax(aigc__graph_t *graph, aigc__id_t x);
aigc__id_t aigc__log_softmax(aigc__graph_t *graph, aigc__id_t x);

aigc__id_t aigc__relu(aigc__graph_t *graph, aigc__id_t x);
aigc__id_t aigc__sigmoid(aigc__graph_t *graph, aigc__id_t x);

#endif
