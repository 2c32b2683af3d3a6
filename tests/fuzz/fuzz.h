/* What the fuzz targets share. Each reads its input as a file through the library; one in eight inputs
 * (by its hash) also has an allocation fail on the way. */
#ifndef AIGC_FUZZ_FUZZ_H
#define AIGC_FUZZ_FUZZ_H

#include "base/runtime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* A context over a counting allocator, the same for all inputs, with 64 MiB to use. */
aigc_context_t *fuzz_begin(aigc__source_t *source, const uint8_t *data, size_t size);
/* Traps where memory is still held, where a failure came without a sentence, or with a status that
 * readers do not give. */
void fuzz_end(aigc_status_t status);

#endif
