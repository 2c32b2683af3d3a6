#include "formats/pixels.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    aigc__source_t source;
    aigc_context_t *context = fuzz_begin(&source, data, size);
    const aigc__pixel_request_t request = {(const int64_t[]){0, 1, 3, 4}[size % 4], {1, 2, 3}};
    aigc__pixels_t pixels;
    const aigc_status_t status = aigc__jpeg_read(&pixels, &context->memory, &source, &request);
    if (status == AIGC_OK) aigc__memory_free(&context->memory, pixels.data);
    fuzz_end(status);
    return 0;
}
