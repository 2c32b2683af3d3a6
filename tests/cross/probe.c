/* What an emulated processor is given: "probe best" names the kernel table chosen here, "probe avx"
 * executes an AVX instruction, which must be fatal where the processor has none. */
#include "kernels/kernels.h"
#include <immintrin.h>
#include <stdio.h>
#include <string.h>

__attribute__((target("avx"), noinline)) static float avx_sum(const float *a)
{
    float y[8];
    _mm256_storeu_ps(y, _mm256_add_ps(_mm256_loadu_ps(a), _mm256_loadu_ps(a)));
    return y[3];
}

int main(int argc, char **argv)
{
    const float a[8] = {0, 1, 2, 3};
    if (argc > 1 && strcmp(argv[1], "avx") == 0) return avx_sum(a) == 6.0f ? 0 : 2;
    puts(aigc__kernels_best()->name);
    return 0;
}
