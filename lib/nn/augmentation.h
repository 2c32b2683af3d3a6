/* Pictures changed by chance, so that few of them look like many, in ways that gradients find back through (Zhao et al.
 * 2020, arXiv:2006.10738; for what a GAN's discriminator sees of real and of made pictures). Each picture is changed by
 * numbers of its own, each change with a probability (Karras et al. 2020, arXiv:2006.06676). */
#ifndef AIGC_NN_AUGMENTATION_H
#define AIGC_NN_AUGMENTATION_H

#include "graph/graph.h"

/* Bits of a policy. In this order:
 *   colour      of pixels in -1..1: brightness, x + b with b in -1/2..1/2; saturation, the distance from a pixel's gray
 *               times 0..2; contrast, the distance from the picture's mean times 1/2..3/2. Gray has no saturation, and
 *               the last of 2 or 4 channels, which is alpha, no colour.
 *   translation by whole pixels, up to an eighth of each side; what comes in is 0
 *   cutout      a rectangle of half the sides, its middle anywhere in the picture, is 0 */
enum { AIGC__AUGMENT_TRANSLATION = 1, AIGC__AUGMENT_CUTOUT = 2, AIGC__AUGMENT_COLOUR = 4, AIGC__AUGMENT_ALL = 7 };

/* A picture's random numbers, all in 0..1 without 1: whether something happens (where below the strength), and how. */
enum {
    AIGC__AUGMENT_MOVES,
    AIGC__AUGMENT_DOWN,
    AIGC__AUGMENT_RIGHT,
    AIGC__AUGMENT_CUTS,
    AIGC__AUGMENT_ROW,
    AIGC__AUGMENT_COLUMN,
    AIGC__AUGMENT_BRIGHTENS,
    AIGC__AUGMENT_BRIGHTNESS,
    AIGC__AUGMENT_SATURATES,
    AIGC__AUGMENT_SATURATION,
    AIGC__AUGMENT_CONTRASTS,
    AIGC__AUGMENT_CONTRAST,
    AIGC__AUGMENT_NUMBERS
};

/* x [n,H,W,C], H W below 2^24; numbers [n, AIGC__AUGMENT_NUMBERS]; strength one number, the probability of each change.
 * With a strength of 0 the result is x, bit for bit. Nothing flows back to numbers and strength. */
aigc__id_t aigc__augment(aigc__graph_t *graph, aigc__id_t x, int64_t policy, aigc__id_t numbers, aigc__id_t strength);

#endif
