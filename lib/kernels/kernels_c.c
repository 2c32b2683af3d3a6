/* The kernel table of the level c: the templates over its vectors. */
#include "kernels/levels.h"
#include "kernels/unroll.h"
#include "kernels/vector_c.h"
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

const aigc__kernels_t aigc__kernels_c = {
    .name = "c",
    .level = AIGC__CPU_C,
    .gemm = &aigc__gemm_kernel_c,
#include "kernels/table_template.h"
};
