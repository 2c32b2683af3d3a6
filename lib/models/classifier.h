/* The classifier: tells classes of pictures apart. It is there to judge generative models: what is before its last
 * layer is a feature space to measure distances in (models/evaluation.h), and its classes show whether all kinds of
 * pictures are made. Its network, and what the files classifier*.c have in common. */
#ifndef AIGC_MODELS_CLASSIFIER_H
#define AIGC_MODELS_CLASSIFIER_H

#include "models/sampling.h"
#include "models/training.h"

typedef struct aigc__classifier_config {
    int64_t height, width, channels, classes;
    aigc__ints_t widths;
    int64_t seed;
} aigc__classifier_config_t;

typedef struct aigc__classifier {
    aigc__classifier_config_t config;
    aigc__staging_t staging;
    /* the training in progress */
    aigc__optimizer_settings_t settings;
} aigc__classifier_t;

/* Numbers that describe a picture: the means of each stage's channels, of the last stage's in four quarters. */
int64_t aigc__classifier_features(const aigc__classifier_config_t *config);

/* Feeds: images [n,D], labels i32 [n] (TRAIN, MEASURE). Fetches: TRAIN and MEASURE loss, accuracy, TRAIN then a
 * gradient a parameter; FEATURES [n,features]; PROBABILITIES [n,classes]. */
enum { AIGC__CLASSIFIER_TRAIN, AIGC__CLASSIFIER_MEASURE, AIGC__CLASSIFIER_FEATURES, AIGC__CLASSIFIER_PROBABILITIES };
aigc_status_t aigc__classifier_plan(aigc_model_t *model, const aigc__plan_key_t *key, aigc__graph_t *graph,
                                    aigc__plan_recipe_t *recipe);

aigc_status_t aigc__classifier_train(aigc_model_t *model, aigc_dataset_t *dataset, aigc_dataset_t *validation,
                                     const aigc_options_t *options, aigc_progress_fn progress, void *user);
aigc_status_t aigc__classifier_train_step(aigc_model_t *model, const aigc_tensor_t *images, const aigc_tensor_t *labels,
                                          const aigc_options_t *options, aigc_metrics_t *metrics);
aigc_status_t aigc__classifier_evaluate(aigc_model_t *model, aigc_dataset_t *dataset, const aigc_options_t *options,
                                        aigc_metrics_t *metrics, aigc_progress_fn progress, void *user);
extern const aigc__option_t aigc__classifier_evaluate_rows[];
extern const size_t aigc__classifier_evaluate_row_count;
extern const char *const aigc__classifier_metrics[];

#endif
