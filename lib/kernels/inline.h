/* The attribute of the small functions that the kernel templates are made of: a function passed to a
 * loop template is a constant there, and inlining both makes the call disappear. */
#ifndef AIGC_KERNELS_INLINE_H
#define AIGC_KERNELS_INLINE_H

#define INLINE static inline __attribute__((always_inline))

#endif
