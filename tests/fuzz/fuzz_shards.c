#include "fuzz_weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    aigc__source_t source;
    aigc_context_t *context = fuzz_begin(&source, data, size);
    fuzz_end(fuzz_weights(context, &source));
    return 0;
}
