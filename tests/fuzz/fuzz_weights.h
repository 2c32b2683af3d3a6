/* What the targets of weights do with an input: everything that can be asked of what opens. */
#ifndef AIGC_FUZZ_WEIGHTS_H
#define AIGC_FUZZ_WEIGHTS_H

#include "formats/weight_files.h"
#include "fuzz.h"

aigc_status_t fuzz_weights(aigc_context_t *context, const aigc__source_t *source);

#endif
