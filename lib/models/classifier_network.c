#include "graph/resampling.h"
#include "models/classifier.h"
#include "nn/convolutions.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include <stdio.h>

enum { QUARTERS = 4 };

int64_t aigc__classifier_features(const aigc__classifier_config_t *config)
{
    const size_t last = config->widths.n - 1;
    int64_t n = QUARTERS * config->widths.values[last];
    for (size_t k = 0; k < last; k++) n += config->widths.values[k];
    return n;
}

/* Convolution, norm, rectifier; every stage but the first begins by halving the picture. */
static aigc__id_t stage(aigc__graph_t *graph, aigc__store_t *store, size_t index, aigc__id_t x, int64_t width,
                        bool training)
{
    char name[32];
    const aigc__shape_t shape = aigc__graph_shape(graph, x);
    const aigc__pool_t pool = {.kernel = {shape.dims[1] > 1 ? 2 : 1, shape.dims[2] > 1 ? 2 : 1}};
    const aigc__conv_options_t conv = {
        .kernel = {3}, .padding = {1}, .weight = {.no_bias = true, .init = aigc__kaiming_normal}};
    const aigc__norm_options_t norm = {.training = training};
    if (index > 0) x = aigc__average_pool(graph, x, &pool);
    snprintf(name, sizeof name, "features.%zu", 3 * index);
    x = aigc__conv_layer(graph, store, name, x, width, &conv);
    snprintf(name, sizeof name, "features.%zu", 3 * index + 1);
    return aigc__relu(graph, aigc__batch_norm(graph, store, name, x, &norm));
}

/* Flat rows [n,D] of pictures in 0..1 to features [n,..]. */
static aigc__id_t features_of(aigc__graph_t *graph, aigc__store_t *store, const aigc__classifier_config_t *config,
                              aigc__id_t images, bool training)
{
    aigc__id_t parts[sizeof config->widths.own / sizeof *config->widths.own];
    const int64_t n = aigc__graph_shape(graph, images).dims[0];
    const size_t stages = config->widths.n;
    aigc__id_t x = aigc__reshape(graph, images,
                                 aigc__shape_of(4, (int64_t[]){n, config->height, config->width, config->channels}));
    x = aigc__shift(graph, aigc__scale(graph, x, 2), -1);
    for (size_t k = 0; k < stages; k++) {
        x = stage(graph, store, k, x, config->widths.values[k], training);
        parts[k] = aigc__global_average_pool(graph, x, false);
    }
    const aigc__id_t quarters = aigc__resize(graph, x, AIGC__RESIZE_AREA, 2, 2);
    parts[stages - 1] =
        aigc__reshape(graph, quarters, aigc__shape_of(2, (int64_t[]){n, QUARTERS * config->widths.values[stages - 1]}));
    return aigc__concat(graph, parts, stages, 1);
}

/* The part of the pictures whose likeliest class is theirs. */
static aigc__id_t accuracy(aigc__graph_t *graph, aigc__id_t logits, aigc__id_t labels)
{
    const aigc__id_t told = aigc__cast(graph, aigc__argmax(graph, logits, 1), AIGC_DTYPE_F32);
    const aigc__id_t is_right = aigc__map2(graph, AIGC__MAP_equal, told, aigc__cast(graph, labels, AIGC_DTYPE_F32));
    return aigc__mean(graph, is_right, AIGC__ALL_AXES, false);
}

aigc_status_t aigc__classifier_plan(aigc_model_t *model, const aigc__plan_key_t *key, aigc__graph_t *graph,
                                    aigc__plan_recipe_t *recipe)
{
    const aigc__classifier_config_t *config = &((const aigc__classifier_t *)model->network)->config;
    const int64_t n = (int64_t)key->n, pixels = config->height * config->width * config->channels;
    const bool training = key->verb == AIGC__CLASSIFIER_TRAIN;
    const aigc__id_t images = aigc__feed(graph, "images", AIGC_DTYPE_F32, aigc__shape_of(2, (int64_t[]){n, pixels}));
    const aigc__id_t features = features_of(graph, model->store, config, images, training);
    recipe->frozen = !training;
    recipe->n_fetches = 1;
    recipe->fetches[0] = features;
    if (key->verb == AIGC__CLASSIFIER_FEATURES) return AIGC_OK;
    const aigc__id_t logits = aigc__linear(graph, model->store, "classifier", features, config->classes);
    recipe->fetches[0] = aigc__softmax(graph, logits);
    if (key->verb == AIGC__CLASSIFIER_PROBABILITIES) return AIGC_OK;
    const aigc__id_t labels = aigc__feed(graph, "labels", AIGC_DTYPE_I32, aigc__shape_of(1, &n));
    recipe->fetches[0] = aigc__cross_entropy(graph, logits, labels);
    recipe->fetches[1] = accuracy(graph, logits, labels);
    recipe->n_fetches = 2;
    if (training) AIGC__TRY(aigc__add_gradients(graph, model->store, recipe->fetches[0], 0, true, recipe));
    recipe->n_fetches += recipe->n_external;
    return AIGC_OK;
}
