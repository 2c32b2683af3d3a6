#include "formats/idx.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    aigc__source_t source;
    aigc_context_t *context = fuzz_begin(&source, data, size);
    aigc_tensor_t *tensor;
    const aigc_status_t status = aigc__idx_read(&tensor, context, &source);
    if (status == AIGC_OK) aigc__tensor_release(tensor);
    fuzz_end(status);
    return 0;
}
