/* Losses, each one number: summed over everything but the first axis, averaged over the first (the
 * batch), so that a loss of probabilities is in nats per image. */
#ifndef AIGC_NN_LOSSES_H
#define AIGC_NN_LOSSES_H

#include "graph/graph.h"

/* -log p(x) of independent Bernoulli pixels whose logits are given: sum of softplus(l) - x l, which is
 * -[x log s(l) + (1 - x) log(1 - s(l))] without ever taking the logarithm of a rounded 0. */
aigc__id_t aigc__bce_with_logits(aigc__graph_t *graph, aigc__id_t logits, aigc__id_t target);

/* -log p(x) of a Gaussian with mean y and deviation sigma: sum (x - y)^2 / (2 sigma^2), plus the constant
 * D/2 log(2 pi sigma^2) for D numbers an image. */
aigc__id_t aigc__gaussian_nll(aigc__graph_t *graph, aigc__id_t y, aigc__id_t target, double sigma);

aigc__id_t aigc__mse(aigc__graph_t *graph, aigc__id_t y, aigc__id_t target); /* sum of squares */
aigc__id_t aigc__l1(aigc__graph_t *graph, aigc__id_t y, aigc__id_t target);

/* KL(N(mean, exp(log_variance)) || N(0, 1)) = 1/2 sum(mean^2 + exp(lv) - lv - 1)
 * (Kingma & Welling 2013, arXiv:1312.6114, appendix B). */
aigc__id_t aigc__kl_standard_normal(aigc__graph_t *graph, aigc__id_t mean, aigc__id_t log_variance);

/* -log softmax(logits)[label]; logits [n, classes], labels i32 [n]. */
aigc__id_t aigc__cross_entropy(aigc__graph_t *graph, aigc__id_t logits, aigc__id_t labels);

#endif
