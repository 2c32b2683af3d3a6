#include "fuzz_weights.h"

/* What was opened can be read, but for types that tensors do not have; memory may run out, and what is deflated may
 * turn out to be broken. */
static aigc_status_t read_entry(aigc_weights_t *weights, size_t index)
{
    aigc__weights_entry_t entry;
    aigc_tensor_t *tensor = NULL;
    aigc__weights_entry(weights, index, &entry);
    if (aigc__weights_find(weights, entry.name) < 0) __builtin_trap();
    if (entry.count > 1 << 20) return AIGC_OK;
    const aigc_status_t status = aigc__weights_read(&tensor, weights, index, index % 3 ? 0 : AIGC_DTYPE_F16);
    if (status == AIGC_OK) aigc__tensor_release(tensor);
    if (status == AIGC_ERROR_CORRUPT && !entry.is_sequential) __builtin_trap();
    return status;
}

aigc_status_t fuzz_weights(aigc_context_t *context, const aigc__source_t *source)
{
    aigc_weights_t *weights = NULL;
    aigc_status_t last = aigc__weights_open_source(&weights, context, *source);
    if (last != AIGC_OK) return last;
    for (size_t i = 0; i < aigc__weights_count(weights) && i < 64; i++) {
        const aigc_status_t status = read_entry(weights, i);
        if (status != AIGC_OK) last = status;
    }
    for (size_t i = 0; i < aigc__weights_n_values(weights) && i < 256; i++) {
        aigc__weights_value_t value;
        aigc__weights_value(weights, i, &value);
        if (!value.name || !value.type) __builtin_trap();
    }
    for (size_t i = 0; i < aigc__weights_n_opaque(weights) && i < 256; i++) {
        const char *name = NULL, *call = NULL;
        aigc__weights_opaque(weights, i, &name, &call);
        if (!name || !call) __builtin_trap();
    }
    aigc__weights_free(weights);
    return last;
}
