#include "kernels/kernels.h"
#include "config.h"
#include "kernels/levels.h"

static const aigc__kernels_t *const tables[AIGC__CPU_LEVELS] = {
    [AIGC__CPU_C] = &aigc__kernels_c,
#if AIGC_HAVE_X86
    [AIGC__CPU_AVX2] = &aigc__kernels_avx2,
    [AIGC__CPU_AVX512] = &aigc__kernels_avx512,
#endif
#if AIGC_HAVE_ARM
    [AIGC__CPU_NEON] = &aigc__kernels_neon,
#endif
};

static const char *const map_names[AIGC__MAPS] = {
#define MAP(name, inputs, ulp) #name,
#include "kernels/elementwise.def"
#undef MAP
};

static const unsigned char map_inputs[AIGC__MAPS] = {
#define MAP(name, inputs, ulp) inputs,
#include "kernels/elementwise.def"
#undef MAP
};

const aigc__kernels_t *aigc__kernels_get(aigc__cpu_level_t level)
{
    return (unsigned)level < AIGC__CPU_LEVELS ? tables[level] : NULL;
}

const aigc__kernels_t *aigc__kernels_best(void)
{
    const aigc__kernels_t *best = aigc__kernels_get(aigc__cpu_detect());
    return best ? best : &aigc__kernels_c;
}

const char *aigc__map_name(aigc__map_t map) { return map_names[map]; }
size_t aigc__map_inputs(aigc__map_t map) { return map_inputs[map]; }
