/* Activations; the values and derivatives are PyTorch's, also where they have a kink. */
#ifndef AIGC_NN_ACTIVATIONS_H
#define AIGC_NN_ACTIVATIONS_H

#include "graph/store.h"

aigc__id_t aigc__relu(aigc__graph_t *graph, aigc__id_t x);
aigc__id_t aigc__leaky_relu(aigc__graph_t *graph, aigc__id_t x, double slope); /* PyTorch's default slope: 0.01 */
/* max(x, 0) + w min(x, 0) with "<name>.weight" [1] or, with `per_channel`, [C] of the last axis; from 0.25
 * (He et al. 2015, arXiv:1502.01852). */
aigc__id_t aigc__prelu(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, bool per_channel);
/* x > 0 ? x : alpha (e^x - 1); PyTorch's default alpha: 1 */
aigc__id_t aigc__elu(aigc__graph_t *graph, aigc__id_t x, double alpha);
aigc__id_t aigc__sigmoid(aigc__graph_t *graph, aigc__id_t x);
aigc__id_t aigc__tanh(aigc__graph_t *graph, aigc__id_t x);
aigc__id_t aigc__softplus(aigc__graph_t *graph, aigc__id_t x);
aigc__id_t aigc__silu(aigc__graph_t *graph, aigc__id_t x); /* x sigmoid(x) */
/* x Phi(x), exact (Hendrycks and Gimpel 2016, arXiv:1606.08415) */
aigc__id_t aigc__gelu(aigc__graph_t *graph, aigc__id_t x);
/* x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
aigc__id_t aigc__gelu_tanh(aigc__graph_t *graph, aigc__id_t x);

/* Over the last axis, shifted by its maximum so that nothing overflows. */
aigc__id_t aigc__softmax(aigc__graph_t *graph, aigc__id_t x);
aigc__id_t aigc__log_softmax(aigc__graph_t *graph, aigc__id_t x);

#endif
