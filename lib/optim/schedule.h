/* Learning-rate schedules: a factor of the step alone. */
#ifndef AIGC_OPTIM_SCHEDULE_H
#define AIGC_OPTIM_SCHEDULE_H

#include "base/failure.h"
#include <stdint.h>

typedef enum aigc__schedule_kind {
    AIGC__SCHEDULE_CONSTANT,
    AIGC__SCHEDULE_LINEAR, /* down to `final` at the last step */
    AIGC__SCHEDULE_COSINE  /* the same along half a cosine (Loshchilov & Hutter 2016, arXiv:1608.03983) */
} aigc__schedule_kind_t;

typedef struct aigc__schedule {
    int64_t kind;
    int64_t warmup; /* steps that rise linearly from 0 first */
    int64_t total;  /* steps in all, for linear and cosine; 0: not known, the factor stays 1 */
    double final;   /* factor at the end */
} aigc__schedule_t;

/* AIGC_ERROR_OPTION where the rise at the beginning leaves nothing of the course. */
aigc_status_t aigc__schedule_check(const aigc__schedule_t *schedule);

/* Factor for step `step` (from 0). */
double aigc__schedule_factor(const aigc__schedule_t *schedule, uint64_t step);

#endif
