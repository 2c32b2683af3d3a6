/* Animated PNG, frame by frame: W3C, PNG Specification (Third Edition), 2025, chunks acTL, fcTL and
 * fdAT. Readers that know nothing of animations show the first frame. */
#ifndef AIGC_FORMATS_APNG_H
#define AIGC_FORMATS_APNG_H

#include "base/files.h"

typedef struct aigc__apng aigc__apng_t;

typedef struct aigc__apng_recipe {
    int64_t height, width, channels; /* of every frame; 1 gray, 3 RGB, 4 RGBA */
    int64_t n_frames;
    int64_t loops;                               /* 0: for ever */
    uint16_t delay_numerator, delay_denominator; /* seconds that each frame stays, a fraction */
    int compression;                             /* 0..9 */
} aigc__apng_recipe_t;

/* Writes what stands before the first frame. AIGC_ERROR_ARGUMENT for what no file can hold; the saver's failures;
 * memory does not grow with the frames. */
aigc_status_t aigc__apng_begin(aigc__apng_t **out, aigc__saver_t *saver, aigc__memory_t *memory,
                               const aigc__apng_recipe_t *recipe);
/* The next frame, height x width x channels bytes. After a failure nothing is left to do but aigc__apng_free(). */
aigc_status_t aigc__apng_frame(aigc__apng_t *apng, const uint8_t *pixels);
/* AIGC_ERROR_ARGUMENT where fewer frames came than were announced. The saver is still to be committed. */
aigc_status_t aigc__apng_end(aigc__apng_t *apng);
/* NULL is fine. */
void aigc__apng_free(aigc__apng_t *apng);

#endif
