#include "api/call.h"

aigc_status_t aigc__check_pointer(const void *pointer, const char *argument)
{
    return pointer ? AIGC_OK : aigc__fail(AIGC_ERROR_ARGUMENT, "argument '%s' is NULL", argument);
}

aigc_status_t aigc__check_options(const aigc_options_t *options)
{
    return options ? aigc__check_handle(options, AIGC__OPTIONS, "options") : AIGC_OK;
}

aigc_status_t aigc__call_begin(aigc__call_t *call, aigc_context_t *context)
{
    AIGC__TRY(aigc__check_context(context, "context"));
    aigc__context_retain(context);
    context->busy = 1;
    *call = (aigc__call_t){context, aigc__fp_enter()};
    return AIGC_OK;
}

aigc_status_t aigc__call_end(const aigc__call_t *call, aigc_status_t status)
{
    call->context->busy = 0;
    if (status == AIGC_ERROR_CANCELLED) atomic_store(&call->context->cancelled, 0);
    aigc__fp_leave(call->state);
    aigc__context_release(call->context);
    return status;
}
