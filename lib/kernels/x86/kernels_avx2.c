/* The kernel table of the level avx2: the templates over its vectors. */
#include "kernels/levels.h"
#include "kernels/unroll.h"
#include "kernels/x86/vector_avx2.h"
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

const aigc__kernels_t aigc__kernels_avx2 = {
    .name = "avx2",
    .level = AIGC__CPU_AVX2,
    .gemm = &aigc__gemm_kernel_avx2,
#include "kernels/table_template.h"
};
