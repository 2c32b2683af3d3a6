/* The kernel table of the level neon: the templates over its vectors. */
#include "kernels/arm/vector_neon.h"
#include "kernels/levels.h"
#include "kernels/unroll.h"
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

const aigc__kernels_t aigc__kernels_neon = {
    .name = "neon",
    .level = AIGC__CPU_NEON,
    .gemm = &aigc__gemm_kernel_neon,
#include "kernels/table_template.h"
};
