/* Distributions of initial weights, by PyTorch's names. Fans as PyTorch counts them: fan_in is the weight's second
 * size times the taps of a kernel, fan_out the first times the taps (also for transposed convolutions, whose
 * weights are [in, out, ..]). */
#ifndef AIGC_NN_INITIALISERS_H
#define AIGC_NN_INITIALISERS_H

#include "graph/store.h"

typedef aigc__initialiser_t (*aigc__init_fn)(int64_t fan_in, int64_t fan_out);

/* Uniform in +-sqrt(6 / ((1 + a^2) fan_in)) with a = sqrt(5), which is +-1/sqrt(fan_in): the default of
 * linear and convolution layers, biases included (He et al. 2015, arXiv:1502.01852, with PyTorch's a). */
aigc__initialiser_t aigc__kaiming_uniform(int64_t fan_in, int64_t fan_out);
/* N(0, 2 / fan_in), for ReLU. */
aigc__initialiser_t aigc__kaiming_normal(int64_t fan_in, int64_t fan_out);
/* Uniform with, or N with, variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010). */
aigc__initialiser_t aigc__xavier_uniform(int64_t fan_in, int64_t fan_out);
aigc__initialiser_t aigc__xavier_normal(int64_t fan_in, int64_t fan_out);
/* N(0, 0.02^2), the DCGAN's (Radford et al. 2016, arXiv:1511.06434). */
aigc__initialiser_t aigc__dcgan_normal(int64_t fan_in, int64_t fan_out);
aigc__initialiser_t aigc__standard_normal(int64_t fan_in, int64_t fan_out);
aigc__initialiser_t aigc__orthogonal(int64_t fan_in, int64_t fan_out);
aigc__initialiser_t aigc__zeros(int64_t fan_in, int64_t fan_out);

aigc__initialiser_t aigc__constant_init(double value);

#endif
