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

/* E[max(0, 1 + a)] */
static aigc__id_t beyond_margin(aigc__graph_t *graph, aigc__id_t a)
{
    return mean(graph, aigc__relu(graph, aigc__shift(graph, a, 1)));
}

aigc__id_t aigc__gan_loss_on_real(aigc__graph_t *graph, const aigc__gan_objective_t *objective, aigc__id_t real)
{
    const double smoothing = objective->label_smoothing;
    const aigc__id_t opposite = aigc__neg(graph, real);
    switch (objective->loss) {
    case AIGC__GAN_HINGE:
        return beyond_margin(graph, opposite);
    case AIGC__GAN_LEAST_SQUARES:
        return half_square(graph, real, 1 - smoothing);
    case AIGC__GAN_WASSERSTEIN:
        return mean(graph, opposite);
    default: /* cross entropy with a target t: softplus(-r) + (1 - t) r */
        return aigc__add(graph, softplus_mean(graph, opposite), aigc__scale(graph, mean(graph, real), smoothing));
    }
}

aigc__id_t aigc__gan_loss_on_fake(aigc__graph_t *graph, const aigc__gan_objective_t *objective, aigc__id_t fake)
{
    switch (objective->loss) {
    case AIGC__GAN_HINGE:
        return beyond_margin(graph, fake);
    case AIGC__GAN_LEAST_SQUARES:
        return half_square(graph, fake, 0);
    case AIGC__GAN_WASSERSTEIN:
        return mean(graph, fake);
    default:
        return softplus_mean(graph, fake);
    }
}

aigc__id_t aigc__gan_discriminator_loss(aigc__graph_t *graph, const aigc__gan_objective_t *objective, aigc__id_t real,
                                        aigc__id_t fake)
{
    if (objective->loss == AIGC__GAN_RELATIVISTIC) return softplus_mean(graph, aigc__sub(graph, fake, real));
    return aigc__add(graph, aigc__gan_loss_on_real(graph, objective, real),
                     aigc__gan_loss_on_fake(graph, objective, fake));
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

aigc__id_t aigc__gan_sureness(aigc__graph_t *graph, aigc__id_t real, aigc__id_t fake)
{
    const aigc__id_t middle = aigc__scale(graph, aigc__add(graph, mean(graph, real), mean(graph, fake)), 0.5);
    return mean(graph, aigc__map1(graph, AIGC__MAP_sign, aigc__sub(graph, real, middle), 0));
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
