/* The tables of all levels; which of them exist is the build's choice. */
#ifndef AIGC_KERNELS_LEVELS_H
#define AIGC_KERNELS_LEVELS_H

#include "kernels/kernels.h"

extern const aigc__kernels_t aigc__kernels_c;
extern const aigc__kernels_t aigc__kernels_avx2;
extern const aigc__kernels_t aigc__kernels_avx512;
extern const aigc__kernels_t aigc__kernels_neon;

#endif
