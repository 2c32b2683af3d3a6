/* Loops over arrays that must become registers are unrolled whole; their bounds are constants once the
 * function is inlined. */
#ifndef AIGC_KERNELS_UNROLL_H
#define AIGC_KERNELS_UNROLL_H

#if defined(__clang__)
#define AIGC__UNROLL _Pragma("unroll")
#else
#define AIGC__UNROLL _Pragma("GCC unroll 32")
#endif

#endif
