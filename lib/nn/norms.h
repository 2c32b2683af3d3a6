/* Normalisation layers; x has its channels in the last axis. */
#ifndef AIGC_NN_NORMS_H
#define AIGC_NN_NORMS_H

#include "graph/store.h"

/* What is 0 is PyTorch's default. */
typedef struct aigc__norm_options {
    double epsilon;          /* 0: 1e-5 */
    double momentum;         /* of running statistics: running = (1 - momentum) running + momentum new; 0: 0.1 */
    double weight_deviation; /* weights begin at N(1, deviation^2), as the DCGAN's do with 0.02; 0: at 1 */
    bool no_affine;          /* no "weight" and "bias" */
    bool no_running;         /* batch norm: no running statistics, those of the batch are used always */
    bool training; /* batch norm: statistics of the batch, and assigns new running ones; else the running ones */
} aigc__norm_options_t;

/* (x - mean) / sqrt(variance + epsilon) * weight + bias, statistics of each channel over all other axes (Ioffe and
 * Szegedy 2015, arXiv:1502.03167). State: "<name>.running_mean", "<name>.running_var" (of unbiased variances) and
 * "<name>.num_batches_tracked". A plan that trains has `assigns`, and its runs are committed. */
aigc__id_t aigc__batch_norm(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x,
                            const aigc__norm_options_t *options);
/* Statistics of each picture and group of neighbouring channels (Wu and He 2018, arXiv:1803.08494). */
aigc__id_t aigc__group_norm(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, int64_t groups,
                            const aigc__norm_options_t *options);
/* Statistics of each picture and channel (Ulyanov et al. 2016, arXiv:1607.08022). Unlike the others PyTorch's has no
 * weight and bias by default: `no_affine` says so here too. */
aigc__id_t aigc__instance_norm(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x,
                               const aigc__norm_options_t *options);
/* Statistics over the last axis, "<name>.weight" and "<name>.bias" (Ba et al. 2016, arXiv:1607.06450). */
aigc__id_t aigc__layer_norm(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, double epsilon);
/* The same over the last n axes, weight and bias of their sizes. */
aigc__id_t aigc__layer_norm_over(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, uint32_t n,
                                 const aigc__norm_options_t *options);

/* x / sqrt(mean of x^2 over the last axis + epsilon): StyleGAN's normalisation of latents, with 1e-8. */
aigc__id_t aigc__pixel_norm(aigc__graph_t *graph, aigc__id_t x, double epsilon);

#endif
