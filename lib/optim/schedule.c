#include "optim/schedule.h"
#include "base/angles.h"

aigc_status_t aigc__schedule_check(const aigc__schedule_t *schedule)
{
    const bool has_course = schedule->kind != AIGC__SCHEDULE_CONSTANT && schedule->total > 0;
    if (!has_course || schedule->warmup < schedule->total) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_OPTION, "option warmup_steps is %lld, but the schedule has only %lld steps in all",
                      (long long)schedule->warmup, (long long)schedule->total);
}

double aigc__schedule_factor(const aigc__schedule_t *schedule, uint64_t step)
{
    const double s = (double)step, warmup = (double)schedule->warmup;
    if (s < warmup) return (s + 1) / warmup;
    if (schedule->total <= 0) return 1;
    const double span = (double)schedule->total - warmup;
    const double t = span > 0 ? (s - warmup) / span : 1;
    const double left = t < 1 ? 1 - t : 0;
    switch (schedule->kind) {
    case AIGC__SCHEDULE_LINEAR:
        return schedule->final + (1 - schedule->final) * left;
    case AIGC__SCHEDULE_COSINE:
        return schedule->final + (1 - schedule->final) * 0.5 * (1 + aigc__cos_pi(1 - left));
    default:
        return 1;
    }
}
