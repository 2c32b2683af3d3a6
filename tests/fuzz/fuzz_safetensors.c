#include "fuzz_weights.h"

/* Three times in four the length of the header is made right: it ends with the last brace. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, max_size);
    size_t end = size;
    while (end > 8 && data[end - 1] != '}') end--;
    for (size_t i = 0; i < 8 && end > 8 && seed % 4 != 0; i++) data[i] = (uint8_t)((uint64_t)(end - 8) >> (8 * i));
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    aigc__source_t source;
    aigc_context_t *context = fuzz_begin(&source, data, size);
    fuzz_end(fuzz_weights(context, &source));
    return 0;
}
