/* The parameters and the state of a layer: "<layer>.<part>" in the store. */
#ifndef AIGC_NN_PARAMETERS_H
#define AIGC_NN_PARAMETERS_H

#include "nn/initialisers.h"

aigc__id_t aigc__layer_parameter(aigc__graph_t *graph, aigc__store_t *store, const char *layer, const char *part,
                                 aigc__shape_t shape, aigc__initialiser_t initialiser);
aigc__id_t aigc__layer_state(aigc__graph_t *graph, aigc__store_t *store, const char *layer, const char *part,
                             aigc__shape_t shape, aigc__initialiser_t initialiser, aigc__role_t role);
void aigc__layer_assign(aigc__graph_t *graph, aigc__store_t *store, const char *layer, const char *part,
                        aigc__id_t value);

/* How the weight of a linear or convolution layer is made. Zeroed: PyTorch's defaults. */
typedef struct aigc__weight_options {
    aigc__init_fn init;      /* NULL: aigc__kaiming_uniform */
    aigc__init_fn bias_init; /* NULL: uniform in +-1/sqrt(fan_in) */
    bool no_bias;
    /* Divide the weight by its largest singular value, estimated by one step of the power iteration in each
     * training pass: torch.nn.utils.spectral_norm (Miyato et al. 2018, arXiv:1802.05957). The parameter is
     * "weight_orig" then, the state "weight_u" and "weight_v". */
    bool spectral_norm;
    bool training; /* matters to spectral norm only */
} aigc__weight_options_t;

/* "<layer>.weight" of that shape; `out_axis` (0 or 1) is the one of the layer's outputs. */
aigc__id_t aigc__weight(aigc__graph_t *graph, aigc__store_t *store, const char *layer, aigc__shape_t shape,
                        uint32_t out_axis, const aigc__weight_options_t *options);
/* y + "<layer>.bias" along the last axis, unless there is none; `weight_shape` tells the fans. */
aigc__id_t aigc__add_bias(aigc__graph_t *graph, aigc__store_t *store, const char *layer, aigc__id_t y,
                          const aigc__shape_t *weight_shape, const aigc__weight_options_t *options);

#endif
