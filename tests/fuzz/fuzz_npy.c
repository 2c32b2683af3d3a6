#include "fuzz_weights.h"

/* Every other time the length of the header is made right: it ends with its brace and a newline. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, max_size);
    if (seed % 2 == 0 || size < 12) return size;
    const size_t first = data[6] == 1 ? 10 : 12;
    for (size_t at = first; at + 1 < size; at++)
        if (data[at] == '}' && data[at + 1] == '\n') {
            data[8] = (uint8_t)(at + 2 - first);
            data[9] = (uint8_t)((at + 2 - first) >> 8);
            break;
        }
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    aigc__source_t source;
    aigc_context_t *context = fuzz_begin(&source, data, size);
    fuzz_end(fuzz_weights(context, &source));
    return 0;
}
