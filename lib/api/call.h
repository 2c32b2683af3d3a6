/* What every exported function does on its way in and out. */
#ifndef AIGC_API_CALL_H
#define AIGC_API_CALL_H

#include "base/runtime.h"

/* Failure unless `pointer` is there. */
aigc_status_t aigc__check_pointer(const void *pointer, const char *argument);
/* NULL is fine; otherwise a live option set. */
aigc_status_t aigc__check_options(const aigc_options_t *options);

/* A call that works: until aigc__call_end() the floating-point state is ours, the context lives whatever is
 * freed, and refuses other calls: those of callbacks. */
typedef struct aigc__call {
    aigc_context_t *context;
    aigc__fp_state_t state;
} aigc__call_t;

aigc_status_t aigc__call_begin(aigc__call_t *call, aigc_context_t *context);
/* Hands `status` through. */
aigc_status_t aigc__call_end(const aigc__call_t *call, aigc_status_t status);

#endif
