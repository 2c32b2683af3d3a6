#include "nn/losses.h"
#include "nn/layers.h"

static const double LOG_2_PI = 1.8378770664093454836;

/* Sum of all numbers over the size of the first axis. */
static aigc__id_t batch_mean(aigc__graph_t *graph, aigc__id_t a)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, a);
    const int64_t n = shape.rank ? shape.dims[0] : 1;
    return aigc__scale(graph, aigc__sum(graph, a, AIGC__ALL_AXES, false), n > 0 ? 1.0 / (double)n : 0.0);
}

aigc__id_t aigc__bce_with_logits(aigc__graph_t *graph, aigc__id_t logits, aigc__id_t target)
{
    const aigc__id_t softplus = aigc__map1(graph, AIGC__MAP_softplus, logits, 0);
    return batch_mean(graph, aigc__sub(graph, softplus, aigc__mul(graph, target, logits)));
}

aigc__id_t aigc__mse(aigc__graph_t *graph, aigc__id_t y, aigc__id_t target)
{
    return batch_mean(graph, aigc__square(graph, aigc__sub(graph, y, target)));
}

aigc__id_t aigc__l1(aigc__graph_t *graph, aigc__id_t y, aigc__id_t target)
{
    return batch_mean(graph, aigc__map1(graph, AIGC__MAP_abs, aigc__sub(graph, y, target), 0));
}

aigc__id_t aigc__gaussian_nll(aigc__graph_t *graph, aigc__id_t y, aigc__id_t target, double sigma)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, y);
    double dimension = 1;
    for (uint32_t k = 1; k < shape.rank; k++) dimension *= (double)shape.dims[k];
    const aigc__id_t squares = aigc__scale(graph, aigc__mse(graph, y, target), 0.5 / (sigma * sigma));
    const aigc__id_t sigma_id = aigc__constant(graph, sigma, aigc__shape_of(0, NULL));
    const aigc__id_t log_sigma = aigc__map1(graph, AIGC__MAP_log, sigma_id, 0);
    return aigc__add(graph, squares,
                     aigc__shift(graph, aigc__scale(graph, log_sigma, dimension), 0.5 * dimension * LOG_2_PI));
}

aigc__id_t aigc__kl_standard_normal(aigc__graph_t *graph, aigc__id_t mean, aigc__id_t log_variance)
{
    const aigc__id_t variance = aigc__exp(graph, log_variance);
    const aigc__id_t excess = aigc__shift(graph, aigc__sub(graph, variance, log_variance), -1);
    return aigc__scale(graph, batch_mean(graph, aigc__add(graph, aigc__square(graph, mean), excess)), 0.5);
}

aigc__id_t aigc__cross_entropy(aigc__graph_t *graph, aigc__id_t logits, aigc__id_t labels)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, logits);
    const aigc__id_t target = aigc__one_hot(graph, labels, shape.rank ? shape.dims[shape.rank - 1] : 1);
    return aigc__neg(graph, batch_mean(graph, aigc__mul(graph, target, aigc__log_softmax(graph, logits))));
}
