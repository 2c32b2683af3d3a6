/* The kernel table of the level avx512: the templates over its vectors. */
#include "kernels/levels.h"
#include "kernels/unroll.h"
#include "kernels/x86/vector_avx512.h"
#include <math.h>
#include <string.h>

#include "kernels/access_template.h"

#include "kernels/functions_template.h"

#include "kernels/depthwise_template.h"
#include "kernels/elementwise_template.h"
#include "kernels/moving_template.h"
#include "kernels/optimizer_template.h"
#include "kernels/random_template.h"
#include "kernels/reduction_template.h"
#include "kernels/winograd_template.h"

const aigc__kernels_t aigc__kernels_avx512 = {
    .name = "avx512",
    .level = AIGC__CPU_AVX512,
    .gemm = &aigc__gemm_kernel_avx512,
#include "kernels/table_template.h"
};
