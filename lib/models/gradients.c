#include "models/training.h"

/* A part's trained parameters; how many. */
static size_t parameters_of(aigc__graph_t *graph, aigc__store_t *store, uint32_t part, size_t room, aigc__id_t *out)
{
    size_t n = 0;
    for (size_t k = 0; k < aigc__store_count(store); k++) {
        const aigc__parameter_t *parameter = aigc__store_parameter(store, k);
        if (parameter->role != AIGC__TRAINED || parameter->part != part) continue;
        if (n == room) {
            aigc__graph_fail(graph, AIGC_ERROR_LIMIT,
                             "the network has more than the %zu parameters a training can have", room);
            return 0;
        }
        out[n++] = aigc__param(graph, store, parameter->name, parameter->shape, parameter->initialiser);
    }
    return n;
}

aigc_status_t aigc__add_gradients(aigc__graph_t *graph, aigc__store_t *store, aigc__id_t goal, uint32_t part,
                                  bool is_first, aigc__plan_recipe_t *recipe)
{
    aigc__id_t parameters[AIGC__MAX_FETCHES], gradients[AIGC__MAX_FETCHES];
    aigc__id_t *all = recipe->fetches + recipe->n_fetches;
    const size_t n = parameters_of(graph, store, part, AIGC__MAX_FETCHES - recipe->n_fetches, parameters);
    AIGC__TRY(aigc__gradient(graph, goal, parameters, n, gradients));
    for (size_t k = 0; k < n; k++) all[k] = is_first ? gradients[k] : aigc__add(graph, all[k], gradients[k]);
    recipe->n_external = n;
    recipe->assigns = true;
    return AIGC_OK;
}
