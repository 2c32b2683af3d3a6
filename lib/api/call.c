#include "api/call.h"

aigc_status_t aigc__check_pointer(const void *pointer, const char *argument)
{
    return pointer ? AIGC_OK : aigc__fail(AIGC_ERROR_ARGUMENT, "%s is NULL", argument);
}

aigc_status_t aigc__check_options(const aigc_options_t *options)
{
    return options ? aigc__check_handle(options, AIGC__OPTIONS, "options") : AIGC_OK;
}

aigc_status_t aigc__call_begin(aigc__call_t *call, aigc_context_t *context, bool has_callbacks)
{
    AIGC__TRY(aigc__check_context(context, "context"));
    *call = (aigc__call_t){context, aigc__fp_enter(), has_callbacks};
    if (has_callbacks) context->busy = 1;
    return AIGC_OK;
}

aigc_status_t aigc__call_end(const aigc__call_t *call, aigc_status_t status)
{
    if (call->has_callbacks) call->context->busy = 0;
    if (status == AIGC_ERROR_CANCELLED) atomic_store(&call->context->cancelled, 0);
    aigc__fp_leave(call->state);
    return status;
}
