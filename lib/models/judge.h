/* A judge: a model that encodes pictures, and with it a feature space. Pictures of any size and channels are made what
 * it knows: rounded to 8 bits as a file would hold them, over white where they are transparent, gray or coloured as it
 * is, and of its size. */
#ifndef AIGC_MODELS_JUDGE_H
#define AIGC_MODELS_JUDGE_H

#include "metrics/distances.h"
#include "models/network.h"

typedef struct aigc__judge {
    aigc_context_t *context;
    aigc_model_t *model;
    aigc_tensor_t *pictures; /* f32 [AIGC__JUDGED,..]: what the model is given */
    size_t dim;
    int64_t classes; /* it tells apart; 0: none */
    char name[64];   /* of the feature space; equal names are equal spaces */
} aigc__judge_t;

enum { AIGC__JUDGED = 64 }; /* pictures judged at a time */

/* `path` NULL: the built-in one, a classifier's network as it is drawn from a seed, which nobody trained: such features
 * tell textures, edges and colours apart, and know nothing of any kind of pictures in particular (Naeem et al. 2020,
 * arXiv:2002.09797, section 4). Else a model file of a kind that encodes. To be closed whether it fails or not. */
aigc_status_t aigc__judge_open(aigc__judge_t *out, aigc_context_t *context, const char *path);
void aigc__judge_close(aigc__judge_t *judge);

/* Adds the bytes that a judge takes when it has begun. */
aigc_status_t aigc__judge_bytes(const aigc__judge_t *judge, uint64_t *bytes);

/* At most AIGC__JUDGED pictures [n,height,width,channels] of numbers in 0..1 into rows of features; with `counts` (of
 * `classes`) the likeliest class of each is counted too. AIGC_ERROR_NUMERIC where they are not finite. */
aigc_status_t aigc__judge_pictures(aigc__judge_t *judge, const float *pictures, size_t n, int64_t height, int64_t width,
                                   int64_t channels, float *rows, uint64_t *counts);

#endif
