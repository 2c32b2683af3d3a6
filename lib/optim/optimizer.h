/* Optimizers over the trained part of a store's block: gradients and moments are blocks of the same layout, so one step
 * is one pass over memory, cut into tiles. Each part of the store moves by itself and has a count of steps of its own.
 */
#ifndef AIGC_OPTIM_OPTIMIZER_H
#define AIGC_OPTIM_OPTIMIZER_H

#include "graph/store.h"
#include "optim/schedule.h"

typedef enum aigc__optimizer_kind {
    AIGC__OPTIMIZER_ADAM,
    AIGC__OPTIMIZER_ADAMW,
    AIGC__OPTIMIZER_SGD,
    AIGC__OPTIMIZER_RMSPROP
} aigc__optimizer_kind_t;

typedef struct aigc__optimizer_settings {
    int64_t kind;         /* aigc__optimizer_kind_t */
    double learning_rate; /* 0: the kind's own: Adam, AdamW 1e-3, SGD, RMSprop 1e-2 */
    double beta1, beta2;  /* Adam, AdamW; beta1 negative: 0.9 */
    double epsilon;
    double momentum;     /* SGD, RMSprop; negative: the kind's own: SGD 0.9, RMSprop 0 */
    double alpha;        /* RMSprop */
    double weight_decay; /* negative: the kind's own: AdamW 1e-2, others 0 */
    int64_t nesterov;
    double gradient_clip; /* greatest norm of all gradients together; 0: none */
    aigc__schedule_t schedule;
} aigc__optimizer_settings_t;

typedef struct aigc__optimizer aigc__optimizer_t;

/* Gradients and moments start at zero. `average` may be NULL; otherwise a clone of `store` that follows
 * it in the same pass with `decay`, or (1 + step) / (10 + step) where that is less. Both stores are borrowed. */
aigc_status_t aigc__optimizer_create(aigc__optimizer_t **out, aigc_context_t *context, aigc__store_t *store,
                                     aigc__store_t *average, double decay);
void aigc__optimizer_free(aigc__optimizer_t *optimizer);
/* Follow another average, or none with NULL, from now on. */
void aigc__optimizer_set_average(aigc__optimizer_t *optimizer, aigc__store_t *average, double decay);

/* The decay with which the average followed the last step of a part. */
float aigc__optimizer_decay(const aigc__optimizer_t *optimizer, uint32_t part);

/* Where the gradient of parameter `index`, a trained one, belongs. All parts' gradients have the same room: those of one
 * part are written and used by a step before those of another. */
float *aigc__optimizer_gradient(const aigc__optimizer_t *optimizer, size_t index);

/* Moves the parameters of a part by one step. AIGC_ERROR_NUMERIC where a gradient is not finite (parameter named) or
 * so large that its square is not: nothing was changed. `norm` receives the gradients' norm. */
aigc_status_t aigc__optimizer_step(aigc__optimizer_t *optimizer, uint32_t part,
                                   const aigc__optimizer_settings_t *settings, double *norm);

/* Steps that a part has done, and the moments, for saving: first (m) and second (v) of parameter `index`. */
uint64_t aigc__optimizer_steps(const aigc__optimizer_t *optimizer, uint32_t part);
void aigc__optimizer_set_steps(aigc__optimizer_t *optimizer, uint32_t part, uint64_t steps);
float *aigc__optimizer_moment(const aigc__optimizer_t *optimizer, int which, size_t index);
/* All of them, laid out like the trained part of the store's block. */
float *aigc__optimizer_moments(const aigc__optimizer_t *optimizer, int which);

/* Bytes aigc__optimizer_create() will ask for. */
uint64_t aigc__optimizer_bytes(const aigc__store_t *store);

#endif
