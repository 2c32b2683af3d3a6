/* Inputs a, p, b, q: the sum over some axes of (a - p)(b - q), where p and q have the shape of the result and so are
 * the same along the axes that are summed. With p and q means this is a variance or a covariance, taken in one pass
 * over memory and without the cancellation of sum(a b) - n p q. What norms and their gradients consist of; sums of
 * such products turn into it (aigc__sum_simplify). Attributes as of sum. */
#include "graph/ops/reduction.h"

static const char *infer_sum_products(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                      aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    if (n != 4) return "it takes four inputs";
    for (size_t k = 0; k < 4; k++)
        if (in[k]->dtype != AIGC_DTYPE_F32) return "the inputs must be f32";
    const char *wrong = aigc__reduction_infer(attributes, 1, in, shape, dtype);
    if (wrong) return wrong;
    if (!aigc__shape_equal(&in[0]->shape, &in[2]->shape)) return "the shapes differ";
    if (!aigc__shape_equal(&in[1]->shape, shape) || !aigc__shape_equal(&in[3]->shape, shape))
        return "what is subtracted has another shape than the result";
    return NULL;
}

/* A value of the result's shape as one of the inputs'. */
static aigc__id_t spread(aigc__graph_t *graph, const aigc__value_t *y, aigc__id_t id)
{
    const aigc__shape_t from = aigc__graph_shape(graph, y->inputs[0]);
    return aigc__broadcast(graph, aigc__reshape(graph, id, aigc__reduction_kept(&y->attributes, &from)), from);
}

/* d/da = b - q, d/dp = -sum(b - q) = count q - sum(b); and the same the other way round. */
static void gradient_sum_products(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx)
{
    const aigc__value_t *y = aigc__graph_value(graph, value);
    const aigc__value_t *a = aigc__graph_value(graph, y->inputs[0]);
    const double count = y->count > 0 ? (double)a->count / (double)y->count : 0;
    for (size_t k = 0; k < 4; k += 2) {
        const aigc__id_t other = y->inputs[2 - k], mean = y->inputs[3 - k];
        if (want >> k & 1)
            dx[k] = aigc__mul(graph, spread(graph, y, dy), aigc__sub(graph, other, spread(graph, y, mean)));
        if (want >> (k + 1) & 1) {
            const aigc__id_t sum = aigc__append(graph, AIGC__OP_sum, &y->attributes, 1, &other);
            dx[k + 1] = aigc__mul(graph, dy, aigc__sub(graph, aigc__scale(graph, mean, count), sum));
        }
    }
}

static void reference_sum_products(const aigc__value_t *value, const aigc__value_t *const *in_values,
                                   const double *const *in, double *out)
{
    for (size_t i = 0; i < in_values[0]->count; i++) {
        const size_t at = aigc__reduction_target(&value->attributes, &in_values[0]->shape, i);
        out[at] += (in[0][i] - in[1][at]) * (in[2][i] - in[3][at]);
    }
}

const aigc__op_t aigc__op_sum_products = {
    .name = "sum_products",
    .infer = infer_sum_products,
    .gradient = gradient_sum_products,
    .reference = reference_sum_products,
    .prepare = aigc__reduction_prepare,
    .run = aigc__reduction_run,
};
