/* What the two players of a GAN want; formulas in gan.h. All are made of logits, so that no logarithm of a rounded 0
 * is ever taken: -log s(l) = softplus(-l), -log(1 - s(l)) = softplus(l). */
#include "models/gan.h"
#include "nn/activations.h"

static aigc__id_t mean(aigc__graph_t *graph, aigc__id_t a) { return aigc__mean(graph, a, AIGC__ALL_AXES, false); }

static aigc__id_t softplus_mean(aigc__graph_t *graph, aigc__id_t a) { return mean(graph, aigc__softplus(graph, a)); }

/* E[(a - target)^2] / 2 */
static aigc__id_t half_square(aigc__graph_t *graph, aigc__id_t a, double target)
{
    return aigc__scale(graph, mean(graph, aigc__square(graph, aigc__shift(graph, a, -target))), 0.5);
}

/* Cross entropy with a target t of real pictures: softplus(-r) + (1 - t) r */
static aigc__id_t logistic(aigc__graph_t *graph, aigc__id_t real, aigc__id_t fake, double smoothing)
{
    aigc__id_t on_real = softplus_mean(graph, aigc__neg(graph, real));
    if (smoothing > 0) on_real = aigc__add(graph, on_real, aigc__scale(graph, mean(graph, real), smoothing));
    return aigc__add(graph, on_real, softplus_mean(graph, fake));
}

static aigc__id_t hinge(aigc__graph_t *graph, aigc__id_t real, aigc__id_t fake)
{
    const aigc__id_t on_real = aigc__relu(graph, aigc__shift(graph, aigc__neg(graph, real), 1));
    const aigc__id_t on_fake = aigc__relu(graph, aigc__shift(graph, fake, 1));
    return aigc__add(graph, mean(graph, on_real), mean(graph, on_fake));
}

aigc__id_t aigc__gan_discriminator_loss(aigc__graph_t *graph, const aigc__gan_objective_t *objective, aigc__id_t real,
                                        aigc__id_t fake)
{
    const double smoothing = objective->label_smoothing;
    switch (objective->loss) {
    case AIGC__GAN_HINGE:
        return hinge(graph, real, fake);
    case AIGC__GAN_LEAST_SQUARES:
        return aigc__add(graph, half_square(graph, real, 1 - smoothing), half_square(graph, fake, 0));
    case AIGC__GAN_WASSERSTEIN:
        return aigc__sub(graph, mean(graph, fake), mean(graph, real));
    case AIGC__GAN_RELATIVISTIC:
        return softplus_mean(graph, aigc__sub(graph, fake, real));
    default:
        return logistic(graph, real, fake, smoothing);
    }
}

aigc__id_t aigc__gan_generator_loss(aigc__graph_t *graph, const aigc__gan_objective_t *objective, aigc__id_t real,
                                    aigc__id_t fake)
{
    switch (objective->loss) {
    case AIGC__GAN_MINIMAX:
        return aigc__neg(graph, softplus_mean(graph, fake));
    case AIGC__GAN_HINGE:
    case AIGC__GAN_WASSERSTEIN:
        return aigc__neg(graph, mean(graph, fake));
    case AIGC__GAN_LEAST_SQUARES:
        return half_square(graph, fake, 1);
    case AIGC__GAN_RELATIVISTIC:
        return softplus_mean(graph, aigc__sub(graph, real, fake));
    default:
        return softplus_mean(graph, aigc__neg(graph, fake));
    }
}

/* |d logit / d picture|^2 of each picture, [n]. */
static aigc__id_t squares_of_slopes(aigc__graph_t *graph, aigc__id_t logits, aigc__id_t pictures)
{
    aigc__id_t slopes = 0;
    const aigc__id_t sum = aigc__sum(graph, logits, AIGC__ALL_AXES, false);
    if (aigc__gradient(graph, sum, &pictures, 1, &slopes) != AIGC_OK) return 0;
    const int64_t n = aigc__graph_shape(graph, pictures).dims[0];
    const aigc__id_t rows = aigc__reshape(graph, slopes, aigc__shape_of(2, (int64_t[]){n, -1}));
    return aigc__sum(graph, aigc__square(graph, rows), 1u << 1, false);
}

aigc__id_t aigc__gan_squared_slope(aigc__graph_t *graph, aigc__id_t logits, aigc__id_t pictures)
{
    return mean(graph, squares_of_slopes(graph, logits, pictures));
}

aigc__id_t aigc__gan_slope_beside_one(aigc__graph_t *graph, aigc__id_t logits, aigc__id_t pictures)
{
    /* A root's slope at 0 is infinite. */
    const aigc__id_t norms =
        aigc__map1(graph, AIGC__MAP_sqrt, aigc__shift(graph, squares_of_slopes(graph, logits, pictures), 1e-12), 0);
    return mean(graph, aigc__square(graph, aigc__shift(graph, norms, -1)));
}
