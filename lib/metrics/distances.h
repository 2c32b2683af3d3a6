/* How far two sets of pictures are apart, by numbers that describe each picture: their features. What the features are
 * is for others to say (models/evaluation.h). All of it is a function of the numbers alone, not of the threads. */
#ifndef AIGC_METRICS_DISTANCES_H
#define AIGC_METRICS_DISTANCES_H

#include "base/runtime.h"

typedef struct aigc__features {
    float *rows; /* [n,dim], finite */
    size_t n, dim;
} aigc__features_t;

/* |m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^1/2) of means and unbiased covariances (Heusel et al. 2017,
 * arXiv:1706.08500); 0 of equal sets. Needs two rows of each. */
aigc_status_t aigc__frechet_distance(aigc_context_t *context, const aigc__features_t *a, const aigc__features_t *b,
                                     double *out);

typedef struct aigc__likeness {
    /* Squared maximum mean discrepancy with the kernel (x.y / dim + 1)^3, without bias, so that it may be below 0
     * (Binkowski et al. 2018, arXiv:1801.01401), over all pairs instead of over drawn subsets. */
    double kernel_distance;
    /* Made rows within the reach of a real one, and real rows within the reach of a made one; a row reaches as far as
     * its k-th nearest neighbour in its own set (Kynkaanniemi et al. 2019, arXiv:1904.06991). */
    double precision, recall;
} aigc__likeness_t;

enum { AIGC__MOST_NEIGHBOURS = 16 };

/* `neighbours`: k, at least 1; sets smaller than k + 1 reach to their farthest row. Needs two rows of each. Moves the
 * rows of both by the same vector. */
aigc_status_t aigc__likeness(aigc_context_t *context, const aigc__features_t *real, const aigc__features_t *made,
                             size_t neighbours, aigc__likeness_t *out);

#endif
