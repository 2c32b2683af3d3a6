/* Layers: functions that append values to a graph and ask the store for parameters by name. Names, shapes,
 * defaults and initial values are PyTorch's; pictures are [N, H, W, C]. Others: nn/convolutions.h, nn/norms.h,
 * nn/activations.h, and graph/resampling.h for pooling and resizing. */
#ifndef AIGC_NN_LAYERS_H
#define AIGC_NN_LAYERS_H

#include "nn/activations.h"
#include "nn/norms.h"
#include "nn/parameters.h"

/* y[.., out] = x[.., in] W^T + b with W "<name>.weight" [out,in] and b "<name>.bias" [out]. */
aigc__id_t aigc__linear(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, int64_t out);
aigc__id_t aigc__linear_layer(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, int64_t out,
                              const aigc__weight_options_t *options);

/* Rows of "<name>.weight" [count, width], from N(0, 1), by i32 indices of any shape. */
aigc__id_t aigc__embedding(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t indices,
                           int64_t count, int64_t width);

/* In training each number, or each channel of each picture (Dropout2d), is 0 with probability p, and what is left
 * is divided by 1 - p. Which ones is a function of the run's seed and step. */
aigc__id_t aigc__dropout(aigc__graph_t *graph, aigc__id_t x, double p, bool training);
aigc__id_t aigc__dropout_channels(aigc__graph_t *graph, aigc__id_t x, double p, bool training);

/* Mean or maximum over all axes but the first and the last; `keep` leaves them as size 1. */
aigc__id_t aigc__global_average_pool(aigc__graph_t *graph, aigc__id_t x, bool keep);
aigc__id_t aigc__global_max_pool(aigc__graph_t *graph, aigc__id_t x, bool keep);
/* Those axes, as bits. */
uint32_t aigc__spatial_axes(const aigc__graph_t *graph, aigc__id_t x);

#endif
