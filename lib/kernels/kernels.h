/* The kernel table: number crunching on raw pointers, one function pointer a kernel, one table a CPU
 * level. The plain C level gives each kernel its meaning; the others agree with it within the bound
 * stated at the pointer. All pointers are to f32 unless typed otherwise, aligned to 4 bytes, any n
 * from 0. An output may be exactly one of the inputs where said, otherwise nothing overlaps. NaN in,
 * NaN out, but for comparisons, which are false then. Kernels keep no state, allocate nothing and work
 * on one thread; callers cut work into tiles whose borders do not depend on the number of threads, so
 * results do not either. */
#ifndef AIGC_KERNELS_KERNELS_H
#define AIGC_KERNELS_KERNELS_H

#include "base/cpu.h"
#include "base/philox.h"
#include "kernels/convolution/convolution.h"
#include "kernels/gemm.h"
#include <stdbool.h>

typedef enum aigc__map {
#define MAP(name, inputs, ulp) AIGC__MAP_##name,
#include "kernels/elementwise.def"
#undef MAP
    AIGC__MAPS
} aigc__map_t;

/* y[i] = f(a[i], b[i], c[i]; p) for 0 <= i < n. y may be a, b or c. b, c NULL where f takes fewer. */
typedef void (*aigc__map_fn)(float *y, const float *a, const float *b, const float *c, size_t n, float p);

/* Everything an optimizer update needs beside the arrays. */
typedef struct aigc__update {
    float learning_rate; /* after the schedule */
    float beta1, beta2;  /* Adam; RMSprop's alpha is beta2; SGD's momentum is beta1 */
    float epsilon;
    float weight_decay;
    float correction1; /* 1 - beta1^t */
    float correction2; /* sqrt(1 - beta2^t) */
    float gradient_scale;
    bool decoupled; /* AdamW: p -= lr * wd * p; else g += wd * p */
    bool nesterov;
} aigc__update_t;

/* A row of an array, and its weight in a sum. */
typedef struct aigc__tap {
    uint32_t row;
    float weight;
} aigc__tap_t;

typedef struct aigc__kernels {
    const char *name;
    aigc__cpu_level_t level;
    const aigc__gemm_kernel_t *gemm;
    aigc__map_fn map[AIGC__MAPS];
#define KERNEL(type, name, parameters) type(*name) parameters;
#include "kernels/kernels.def"
#undef KERNEL
} aigc__kernels_t;

/* The table of a level, or NULL where it is not built in. */
const aigc__kernels_t *aigc__kernels_get(aigc__cpu_level_t level);
/* The best table this machine can run. */
const aigc__kernels_t *aigc__kernels_best(void);

/* Name of a map function and how many inputs it takes. */
const char *aigc__map_name(aigc__map_t map);
size_t aigc__map_inputs(aigc__map_t map);

#endif
