/* Loops over registers must be unrolled whole for the arrays in them to become registers. */
#ifndef AIGC_KERNELS_UNROLL_H
#define AIGC_KERNELS_UNROLL_H

#if defined(__clang__)
#define AIGC__UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define AIGC__UNROLL _Pragma("GCC unroll 32")
#else
#define AIGC__UNROLL
#endif

#endif
