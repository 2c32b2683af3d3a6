#include "formats/safetensors.h"
#include "fuzz.h"

/* Three times in four the length of the header is made right: it ends with the last brace. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, max_size);
    size_t end = size;
    while (end > 8 && data[end - 1] != '}') end--;
    for (size_t i = 0; i < 8 && end > 8 && seed % 4 != 0; i++) data[i] = (uint8_t)((uint64_t)(end - 8) >> (8 * i));
    return size;
}

/* What was opened can be read, but for types that tensors do not have; memory may run out. */
static aigc_status_t read_all(const aigc__safetensors_t *file)
{
    aigc_status_t last = AIGC_OK;
    for (size_t i = 0; i < aigc__safetensors_count(file); i++) {
        aigc_tensor_t *tensor;
        if (aigc__safetensors_find(file, aigc__safetensors_entry(file, i)->name) != (int64_t)i) __builtin_trap();
        const aigc_status_t status = aigc__safetensors_read(&tensor, file, i);
        if (status == AIGC_OK) aigc__tensor_release(tensor);
        if (status == AIGC_ERROR_CORRUPT) __builtin_trap();
        if (status != AIGC_OK) last = status;
    }
    return last;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    aigc__source_t source;
    aigc_context_t *context = fuzz_begin(&source, data, size);
    aigc__safetensors_t *file = NULL;
    aigc_status_t status = aigc__safetensors_open(&file, context, &source);
    if (status == AIGC_OK) status = read_all(file);
    aigc__safetensors_free(file);
    fuzz_end(status);
    return 0;
}
