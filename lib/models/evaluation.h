/* How good made pictures are: distances between two sets of pictures in the feature space of a judge, which is a model
 * that encodes pictures. */
#ifndef AIGC_MODELS_EVALUATION_H
#define AIGC_MODELS_EVALUATION_H

#include "models/network.h"
#include <stdbool.h>

/* Options of all measurements in a feature space. */
typedef struct aigc__evaluate_options {
    int64_t samples, pictures, seed, neighbours;
    const char *features;
    bool is_repeated; /* what was said once need not be said again; not an option */
} aigc__evaluate_options_t;

enum { AIGC__COMPARE_ROWS = 4 };
extern const aigc__option_t aigc__evaluate_rows[], aigc__compare_rows[AIGC__COMPARE_ROWS];
extern const size_t aigc__evaluate_row_count;

/* Pictures that a model makes, beside those of a dataset; adds its numbers to the metrics and names the feature space.
 * Of a conditional model the classes are those of the dataset's pictures. Nothing where samples is 0. */
aigc_status_t aigc__evaluate_samples(aigc_model_t *model, aigc_dataset_t *dataset,
                                     const aigc__evaluate_options_t *options, aigc_metrics_t *metrics,
                                     aigc_progress_fn progress, void *user);

/* Bytes it takes for so many pictures of each sort in the built-in feature space, at most, the pictures' making aside.
 */
aigc_status_t aigc__evaluate_bytes(aigc_model_t *model, size_t n, uint64_t *bytes);

/* A kind's row: that and nothing else. */
aigc_status_t aigc__evaluate(aigc_model_t *model, aigc_dataset_t *dataset, const aigc_options_t *options,
                             aigc_metrics_t *metrics, aigc_progress_fn progress, void *user);

/* The pictures of one dataset beside those of another, of any sizes; verb "compare". */
aigc_status_t aigc__compare(aigc_dataset_t *made, aigc_dataset_t *real, const aigc_options_t *options,
                            aigc_metrics_t *metrics, aigc_progress_fn progress, void *user);

#endif
