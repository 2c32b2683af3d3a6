#include "graph/samples.h"
#include "graph/resampling.h"

#define S0()                                                                                                           \
    {                                                                                                                  \
        .rank = 0                                                                                                      \
    }
#define S1(a)                                                                                                          \
    {                                                                                                                  \
        1, { a }                                                                                                       \
    }
#define S2(a, b)                                                                                                       \
    {                                                                                                                  \
        2, { a, b }                                                                                                    \
    }
#define S3(a, b, c)                                                                                                    \
    {                                                                                                                  \
        3, { a, b, c }                                                                                                 \
    }
#define S4(a, b, c, d)                                                                                                 \
    {                                                                                                                  \
        4, { a, b, c, d }                                                                                              \
    }
#define S5(a, b, c, d, e)                                                                                              \
    {                                                                                                                  \
        5, { a, b, c, d, e }                                                                                           \
    }
#define X(shape)                                                                                                       \
    {                                                                                                                  \
        SIGNED, shape                                                                                                  \
    }
#define I(shape)                                                                                                       \
    {                                                                                                                  \
        INDEX, shape                                                                                                   \
    }
/* Attributes of convolutions over one, two and three axes: strides, dilations, zeros before and after, groups; then
 * the extent of an adjoint. */
#define C1(s, d, before, after, groups, ...)                                                                           \
    {                                                                                                                  \
        .i = { s, 0, 0, d, 0, 0, before, 0, 0, after, 0, 0, groups, __VA_ARGS__ }                                      \
    }
#define C2(sh, sw, dh, dw, bh, bw, ah, aw, groups, ...)                                                                \
    {                                                                                                                  \
        .i = { sh, sw, 0, dh, dw, 0, bh, bw, 0, ah, aw, 0, groups, __VA_ARGS__ }                                       \
    }
#define SAME(groups, ...) C2(1, 1, 1, 1, 1, 1, 1, 1, groups, __VA_ARGS__)
#define HALF(groups, ...) C2(2, 2, 1, 1, 1, 1, 1, 1, groups, __VA_ARGS__)

/* Attributes of resample: result, span, step, lead, each for height and width, rule, flags (1 along rows, 2 along
 * columns, 4 transposed, 8 without padding), taps 0.125, 0.375, 0.5, 0.375 or the first of them. */
#define R(rh, rw, sh, sw, th, tw, lh, lw, rule, flags)                                                                 \
    {                                                                                                                  \
        .i = { rh, rw, sh, sw, th, tw, lh, lw, AIGC__##rule, flags, 4, 0x3ec000003e000000, 0x3ec000003f000000 }        \
    }
#define R3(rh, rw, sh, sw, th, tw, lh, lw, flags)                                                                      \
    {                                                                                                                  \
        .i = { rh, rw, sh, sw, th, tw, lh, lw, AIGC__FILTER, flags, 3, 0x3ec000003e000000, 0x3f000000 }                \
    }

const sample_t small_samples[] = {
    {AIGC__OP_constant, {.i = {2, 3, 5}, .p = {1.5}}, {{0}}, 0},
    {AIGC__OP_random, {.i = {2, 3, 5}}, {{0}}, 0},

    {AIGC__OP_reshape, {.i = {2, 3, 4}}, {X(S2(2, 6))}, 0},
    {AIGC__OP_reshape, {.i = {2, 1, 1}}, {X(S0())}, 0},
    {AIGC__OP_reshape, {.i = {2, 0, 7}}, {X(S3(5, 0, 2))}, 0},
    {AIGC__OP_permute, {.i = {1, 0}}, {X(S2(3, 5))}, 0},
    {AIGC__OP_permute, {.i = {1, 0, 2}}, {X(S3(3, 4, 2))}, 0},
    {AIGC__OP_permute, {.i = {2, 0, 1}}, {X(S3(3, 1, 5))}, 0},
    {AIGC__OP_permute, {.i = {0, 3, 1, 2}}, {X(S4(2, 3, 2, 3))}, 0},
    {AIGC__OP_permute, {.i = {3, 1, 2, 0}}, {X(S4(2, 3, 2, 3))}, 0},
    {AIGC__OP_permute, {.i = {1, 0}}, {X(S2(0, 4))}, 0},
    {AIGC__OP_permute, {.i = {4, 2, 5, 0, 3, 1}}, {{SIGNED, {6, {2, 3, 2, 2, 1, 2}}}}, 0},
    {AIGC__OP_broadcast, {.i = {2, 4, 3}}, {X(S1(3))}, 0},
    {AIGC__OP_broadcast, {.i = {2, 3, 5}}, {X(S2(3, 1))}, 0},
    {AIGC__OP_broadcast, {.i = {4, 2, 3, 2, 5}}, {X(S3(3, 1, 5))}, 0},
    {AIGC__OP_broadcast, {.i = {4, 2, 3, 2, 5}}, {X(S4(2, 1, 2, 1))}, 0},
    {AIGC__OP_broadcast, {.i = {2, 2, 3}}, {X(S0())}, 0},
    {AIGC__OP_broadcast, {.i = {2, 0, 3}}, {X(S1(3))}, 0},
    {AIGC__OP_slice, {.i = {1, 2, 0, 0, 0, 0, 2, 3}}, {X(S2(4, 5))}, 0},
    {AIGC__OP_slice, {.i = {0, 1, 0, 0, 0, 0, 3, 1, 4}}, {X(S3(3, 2, 4))}, 0},
    {AIGC__OP_slice, {.i = {2, 0, 0, 0, 0, 0, 0, 3}}, {X(S2(4, 3))}, 0},
    {AIGC__OP_pad, {.i = {1, 0, 0, 0, 0, 0, 0, 2}}, {X(S2(2, 3))}, 0},
    {AIGC__OP_pad, {.i = {0, 1, 0, 0, 0, 0, 0, 2, 0}}, {X(S3(2, 3, 4))}, 0},
    {AIGC__OP_pad, {.i = {2, 1, 1, 0, 0, 0, 0, 0, 3}}, {X(S3(1, 2, 3))}, 0},
    {AIGC__OP_pad, {.i = {1}}, {X(S2(0, 3))}, 0},
    {AIGC__OP_concat, {.i = {1}}, {X(S2(3, 2)), X(S2(3, 1)), X(S2(3, 4))}, 0},
    {AIGC__OP_concat, {.i = {0}}, {X(S3(1, 2, 3)), X(S3(2, 2, 3))}, 0},
    {AIGC__OP_concat, {.i = {1}}, {X(S3(2, 1, 3)), X(S3(2, 0, 3)), X(S3(2, 2, 3))}, 0},
    {AIGC__OP_flip, {.i = {1}}, {X(S2(3, 4))}, 0},
    {AIGC__OP_flip, {.i = {2}}, {X(S2(3, 4))}, 0},
    {AIGC__OP_flip, {.i = {5}}, {X(S3(2, 3, 4))}, 0},
    {AIGC__OP_gather, {{0}, {0}}, {X(S2(5, 3)), I(S2(2, 4))}, 5},
    {AIGC__OP_gather, {{0}, {0}}, {X(S1(4)), I(S1(7))}, 4},
    {AIGC__OP_gather, {{0}, {0}}, {X(S3(4, 2, 3)), I(S0())}, 4},
    {AIGC__OP_gather, {{0}, {0}}, {X(S2(4, 3)), I(S1(0))}, 4},
    {AIGC__OP_scatter_add, {.i = {6}}, {X(S2(7, 3)), I(S1(7))}, 4},
    {AIGC__OP_scatter_add, {.i = {3}}, {X(S2(2, 4)), I(S2(2, 4))}, 3},
    {AIGC__OP_scatter_add, {.i = {3}}, {X(S2(0, 4)), I(S1(0))}, 3},
    {AIGC__OP_one_hot, {.i = {4}}, {I(S2(2, 3))}, 5},
    {AIGC__OP_cast, {.i = {AIGC_DTYPE_F32}}, {I(S2(2, 3))}, 5},
    {AIGC__OP_cast, {.i = {AIGC_DTYPE_I32}}, {X(S2(4, 3))}, 0},
    {AIGC__OP_stop_gradient, {{0}, {0}}, {X(S2(2, 3))}, 0},

    {AIGC__OP_sum, {.i = {3}}, {X(S2(3, 5))}, 0},
    {AIGC__OP_sum, {.i = {1}}, {X(S2(3, 5))}, 0},
    {AIGC__OP_sum, {.i = {2, 1}}, {X(S2(3, 5))}, 0},
    {AIGC__OP_sum, {.i = {2}}, {X(S3(3, 4, 2))}, 0},
    {AIGC__OP_sum, {.i = {5, 1}}, {X(S3(3, 4, 2))}, 0},
    {AIGC__OP_sum, {.i = {42}}, {{SIGNED, {6, {2, 3, 2, 2, 3, 2}}}}, 0},
    {AIGC__OP_sum, {.i = {21, 1}}, {{SIGNED, {6, {2, 3, 2, 2, 3, 2}}}}, 0},
    {AIGC__OP_sum, {.i = {2}}, {X(S2(3, 0))}, 0},
    {AIGC__OP_sum, {.i = {1}}, {X(S2(3, 0))}, 0},
    {AIGC__OP_sum_products, {.i = {1}}, {X(S2(3, 5)), X(S1(5)), X(S2(3, 5)), X(S1(5))}, 0},
    {AIGC__OP_sum_products, {.i = {2, 1}}, {X(S2(3, 5)), X(S2(3, 1)), X(S2(3, 5)), X(S2(3, 1))}, 0},
    {AIGC__OP_sum_products, {.i = {3}}, {X(S2(3, 5)), X(S0()), X(S2(3, 5)), X(S0())}, 0},
    {AIGC__OP_sum_products,
     {.i = {6, 1}},
     {X(S4(2, 3, 2, 4)), X(S4(2, 1, 1, 4)), X(S4(2, 3, 2, 4)), X(S4(2, 1, 1, 4))},
     0},
    {AIGC__OP_sum_products, {.i = {10}}, {X(S4(2, 3, 2, 4)), X(S2(2, 2)), X(S4(2, 3, 2, 4)), X(S2(2, 2))}, 0},
    {AIGC__OP_sum_products, {.i = {1}}, {X(S2(0, 3)), X(S1(3)), X(S2(0, 3)), X(S1(3))}, 0},
    {AIGC__OP_max_over, {.i = {2}}, {X(S2(3, 5))}, 0},
    {AIGC__OP_max_over, {.i = {1, 1}}, {X(S2(3, 5))}, 0},
    {AIGC__OP_max_over, {.i = {3}}, {X(S2(3, 5))}, 0},
    {AIGC__OP_max_over, {.i = {5}}, {X(S3(3, 4, 2))}, 0},
    {AIGC__OP_max_over, {.i = {10}}, {X(S4(2, 3, 2, 4))}, 0},
    {AIGC__OP_argmax, {.i = {1}}, {X(S2(3, 5))}, 0},
    {AIGC__OP_argmax, {.i = {0}}, {X(S3(3, 2, 2))}, 0},

    {AIGC__OP_matmul, {.i = {0, 0}}, {X(S2(3, 4)), X(S2(4, 5))}, 0},
    {AIGC__OP_matmul, {.i = {1, 0}}, {X(S2(4, 3)), X(S2(4, 5))}, 0},
    {AIGC__OP_matmul, {.i = {0, 1}}, {X(S2(3, 4)), X(S2(5, 4))}, 0},
    {AIGC__OP_matmul, {.i = {1, 1}}, {X(S2(4, 3)), X(S2(5, 4))}, 0},
    {AIGC__OP_matmul, {.i = {0, 1}}, {X(S3(2, 3, 4)), X(S3(2, 1, 4))}, 0},
    {AIGC__OP_matmul, {.i = {1, 1}}, {X(S4(2, 2, 3, 2)), X(S4(2, 2, 4, 3))}, 0},
    {AIGC__OP_matmul, {.i = {0, 0}}, {X(S2(3, 4)), X(S3(2, 4, 2))}, 0},
    {AIGC__OP_matmul, {.i = {1, 1}}, {X(S2(4, 3)), X(S3(2, 5, 4))}, 0},
    {AIGC__OP_matmul, {.i = {1, 0}}, {X(S3(2, 4, 3)), X(S2(4, 2))}, 0},
    {AIGC__OP_matmul, {.i = {0, 1}}, {X(S3(2, 3, 4)), X(S2(2, 4))}, 0},
    {AIGC__OP_matmul, {.i = {1, 0}}, {X(S2(7, 1)), X(S2(7, 3))}, 0},
    {AIGC__OP_matmul, {.i = {0, 0}}, {X(S2(3, 7)), X(S2(7, 1))}, 0},
    {AIGC__OP_matmul, {.i = {1, 1}}, {X(S2(7, 1)), X(S2(1, 7))}, 0},
    {AIGC__OP_matmul, {.i = {0, 0}}, {X(S2(3, 0)), X(S2(0, 2))}, 0},
    {AIGC__OP_matmul, {.i = {0, 0}}, {X(S2(0, 3)), X(S2(3, 2))}, 0},

    {AIGC__OP_resample, R(6, 10, 0, 0, 0, 0, 0, 0, RESIZE_NEAREST, 3), {X(S4(2, 3, 5, 3))}, 0},
    {AIGC__OP_resample, R(3, 5, 0, 0, 0, 0, 0, 0, RESIZE_NEAREST, 7), {X(S4(2, 6, 10, 3))}, 0},
    {AIGC__OP_resample, R(2, 7, 0, 0, 0, 0, 0, 0, RESIZE_NEAREST, 3), {X(S4(1, 3, 5, 2))}, 0},
    {AIGC__OP_resample, R(5, 3, 0, 0, 0, 0, 0, 0, RESIZE_LINEAR, 3), {X(S4(2, 3, 7, 2))}, 0},
    {AIGC__OP_resample, R(3, 7, 0, 0, 0, 0, 0, 0, RESIZE_LINEAR, 7), {X(S4(2, 5, 3, 2))}, 0},
    {AIGC__OP_resample, R(1, 8, 0, 0, 0, 0, 0, 0, RESIZE_LINEAR_ALIGNED, 3), {X(S4(1, 3, 4, 3))}, 0},
    {AIGC__OP_resample, R(3, 4, 0, 0, 0, 0, 0, 0, RESIZE_LINEAR_ALIGNED, 7), {X(S4(1, 1, 8, 3))}, 0},
    {AIGC__OP_resample, R(3, 4, 0, 0, 0, 0, 0, 0, RESIZE_AREA, 3), {X(S4(1, 7, 5, 2))}, 0},
    {AIGC__OP_resample, R(2, 3, 3, 2, 2, 2, 1, 1, POOL_AVERAGE, 3), {X(S4(2, 4, 5, 3))}, 0},
    {AIGC__OP_resample, R(4, 5, 3, 2, 2, 2, 1, 1, POOL_AVERAGE, 7), {X(S4(2, 2, 3, 3))}, 0},
    {AIGC__OP_resample, R(3, 2, 3, 2, 2, 5, 1, 0, POOL_AVERAGE, 11), {X(S4(1, 5, 7, 2))}, 0},
    {AIGC__OP_resample, R(5, 7, 3, 2, 2, 5, 1, 0, POOL_AVERAGE, 15), {X(S4(1, 3, 2, 2))}, 0},
    {AIGC__OP_resample, R(6, 8, 2, 2, 1, 1, 2, 2, FILTER, 3), {X(S4(2, 3, 4, 3))}, 0},
    {AIGC__OP_resample, R(3, 4, 2, 2, 1, 1, 2, 2, FILTER, 7), {X(S4(2, 6, 8, 3))}, 0},
    {AIGC__OP_resample, R(3, 2, 1, 1, 2, 2, 1, 1, FILTER, 3), {X(S4(1, 6, 4, 1))}, 0},
    {AIGC__OP_resample, R3(4, 5, 3, 2, 2, 1, -1, 4, 3), {X(S4(1, 4, 3, 2))}, 0},
    {AIGC__OP_resample, R3(4, 3, 3, 2, 2, 1, -1, 4, 7), {X(S4(1, 4, 5, 2))}, 0},
    {AIGC__OP_resample, R3(3, 5, 1, 1, 1, 1, 0, 2, 2), {X(S4(1, 3, 5, 2))}, 0},
    {AIGC__OP_resample, R3(9, 2, 2, 1, 1, 1, 7, 0, 1), {X(S4(1, 1, 2, 2))}, 0},
    {AIGC__OP_resample, R(6, 7, 0, 0, 0, 0, 2, 3, PAD_REFLECT, 3), {X(S4(2, 3, 4, 3))}, 0},
    {AIGC__OP_resample, R(3, 4, 0, 0, 0, 0, 2, 3, PAD_REFLECT, 7), {X(S4(2, 6, 7, 3))}, 0},
    {AIGC__OP_resample, R(5, 2, 0, 0, 0, 0, 3, -2, PAD_REPLICATE, 3), {X(S4(1, 1, 5, 2))}, 0},
    {AIGC__OP_resample, R(1, 5, 0, 0, 0, 0, 3, -2, PAD_REPLICATE, 7), {X(S4(1, 5, 2, 2))}, 0},
    {AIGC__OP_resample, R(3, 7, 0, 0, 0, 0, 0, 3, PAD_CIRCULAR, 2), {X(S4(1, 3, 3, 2))}, 0},
    {AIGC__OP_resample, R(3, 3, 0, 0, 0, 0, 0, 3, PAD_CIRCULAR, 6), {X(S4(1, 3, 7, 2))}, 0},
    {AIGC__OP_resample, R(3, 2, 0, 0, 0, 0, 0, 0, RESIZE_NEAREST, 3), {X(S4(0, 3, 5, 3))}, 0},
    {AIGC__OP_window_argmax, {.i = {2, 3, 2, 2, 2, 2, 1, 1, 0, 0}}, {X(S4(2, 4, 6, 3))}, 0},
    {AIGC__OP_window_argmax, {.i = {3, 4, 3, 2, 1, 2, 1, 1, 1, 1}}, {X(S4(1, 3, 7, 2))}, 0},
    {AIGC__OP_window_argmax, {.i = {2, 1, 2, 3, 1, 1, 3, 2, 1, 0}}, {X(S4(1, 3, 5, 2))}, 0},
    {AIGC__OP_window_argmax, {.i = {1, 1, 2, 1, 1, 1, 3, 1, 2, 0}}, {X(S4(1, 1, 1, 2))}, 0},
    {AIGC__OP_window_argmax, {.i = {1, 1, 2, 2, 2, 2, 1, 1, 0, 0}}, {X(S4(0, 2, 2, 2))}, 0},
    {AIGC__OP_take, {{0}, {0}}, {X(S4(2, 3, 2, 3)), I(S4(2, 2, 4, 3))}, 6},
    {AIGC__OP_take, {{0}, {0}}, {X(S4(1, 1, 1, 2)), I(S4(1, 3, 1, 2))}, 1},
    {AIGC__OP_take, {{0}, {0}}, {X(S4(1, 2, 2, 2)), I(S4(1, 0, 2, 2))}, 4},
    {AIGC__OP_put_add, {.i = {3, 2}}, {X(S4(2, 2, 4, 3)), I(S4(2, 2, 4, 3))}, 6},
    {AIGC__OP_put_add, {.i = {2, 2}}, {X(S4(1, 0, 2, 2)), I(S4(1, 0, 2, 2))}, 4},

    {AIGC__OP_conv, SAME(1, 0), {X(S4(2, 4, 5, 3)), X(S4(4, 3, 3, 3))}, 0},
    {AIGC__OP_conv, HALF(1, 0), {X(S4(1, 6, 4, 2)), X(S4(3, 2, 4, 4))}, 0},
    {AIGC__OP_conv, C2(1, 1, 1, 1, 0, 0, 0, 0, 1, 0), {X(S4(2, 3, 2, 5)), X(S4(4, 5, 1, 1))}, 0},
    {AIGC__OP_conv, C2(3, 2, 2, 1, 2, 0, 1, 3, 1, 0), {X(S4(1, 5, 4, 2)), X(S4(2, 2, 2, 3))}, 0},
    {AIGC__OP_conv, C2(1, 1, 1, 1, 3, 3, 3, 3, 1, 0), {X(S4(1, 1, 1, 2)), X(S4(2, 2, 3, 3))}, 0},
    {AIGC__OP_conv, C2(4, 4, 1, 1, 0, 0, 0, 0, 1, 0), {X(S4(1, 5, 6, 1)), X(S4(2, 1, 2, 2))}, 0},
    {AIGC__OP_conv, SAME(2, 0), {X(S4(1, 3, 3, 4)), X(S4(6, 2, 3, 3))}, 0},
    {AIGC__OP_conv, SAME(3, 0), {X(S4(1, 3, 4, 3)), X(S4(3, 1, 3, 3))}, 0},
    {AIGC__OP_conv, C1(2, 1, 1, 2, 1, 0), {X(S3(2, 7, 3)), X(S3(4, 3, 5))}, 0},
    {AIGC__OP_conv, {.i = {1, 2, 1, 1, 1, 2, 1, 0, 2, 0, 1, 2, 1}}, {X(S5(1, 3, 4, 3, 2)), X(S5(3, 2, 2, 3, 2))}, 0},
    {AIGC__OP_conv, SAME(1, 0), {X(S4(0, 4, 5, 3)), X(S4(4, 3, 3, 3))}, 0},
    {AIGC__OP_conv_input_gradient, SAME(1, 4, 5), {X(S4(2, 4, 5, 4)), X(S4(4, 3, 3, 3))}, 0},
    {AIGC__OP_conv_input_gradient, HALF(1, 6, 4), {X(S4(1, 3, 2, 3)), X(S4(3, 2, 4, 4))}, 0},
    {AIGC__OP_conv_input_gradient, C2(1, 1, 1, 1, 0, 0, 0, 0, 1, 3, 2), {X(S4(2, 3, 2, 4)), X(S4(4, 5, 1, 1))}, 0},
    {AIGC__OP_conv_input_gradient, C2(3, 2, 2, 1, 2, 0, 1, 3, 1, 5, 4), {X(S4(1, 2, 3, 2)), X(S4(2, 2, 2, 3))}, 0},
    {AIGC__OP_conv_input_gradient, C2(4, 4, 1, 1, 0, 0, 0, 0, 1, 5, 6), {X(S4(1, 1, 2, 2)), X(S4(2, 1, 2, 2))}, 0},
    {AIGC__OP_conv_input_gradient, C2(2, 4, 4, 2, 1, 1, 1, 1, 1, 7, 6), {X(S4(1, 1, 2, 2)), X(S4(2, 1, 3, 2))}, 0},
    {AIGC__OP_conv_input_gradient, SAME(2, 3, 3), {X(S4(1, 3, 3, 6)), X(S4(6, 2, 3, 3))}, 0},
    {AIGC__OP_conv_input_gradient, HALF(3, 4, 3), {X(S4(1, 2, 2, 3)), X(S4(3, 1, 3, 3))}, 0},
    {AIGC__OP_conv_input_gradient, C1(2, 1, 1, 2, 1, 7), {X(S3(2, 3, 4)), X(S3(4, 3, 5))}, 0},
    {AIGC__OP_conv_input_gradient,
     {.i = {1, 2, 1, 1, 1, 2, 1, 0, 2, 0, 1, 2, 1, 3, 4, 3}},
     {X(S5(1, 3, 2, 5, 3)), X(S5(3, 2, 2, 3, 2))},
     0},
    {AIGC__OP_conv_weight_gradient, SAME(1, 3, 3), {X(S4(2, 4, 5, 3)), X(S4(2, 4, 5, 4))}, 0},
    {AIGC__OP_conv_weight_gradient, HALF(1, 4, 4), {X(S4(1, 6, 4, 2)), X(S4(1, 3, 2, 3))}, 0},
    {AIGC__OP_conv_weight_gradient, C2(3, 2, 2, 1, 2, 0, 1, 3, 1, 2, 3), {X(S4(1, 5, 4, 2)), X(S4(1, 2, 3, 2))}, 0},
    {AIGC__OP_conv_weight_gradient, SAME(2, 3, 3), {X(S4(1, 3, 3, 4)), X(S4(1, 3, 3, 6))}, 0},
    {AIGC__OP_conv_weight_gradient, SAME(1, 3, 3), {X(S4(0, 4, 5, 3)), X(S4(0, 4, 5, 4))}, 0},
    {AIGC__OP_conv_weight_gradient, C1(2, 1, 1, 2, 1, 5), {X(S3(2, 7, 3)), X(S3(2, 3, 4))}, 0},
    {AIGC__OP_conv_weight_gradient,
     {.i = {1, 2, 1, 1, 1, 2, 1, 0, 2, 0, 1, 2, 1, 2, 3, 2}},
     {X(S5(1, 3, 4, 3, 2)), X(S5(1, 3, 2, 5, 3))},
     0},
};
const size_t n_small_samples = sizeof small_samples / sizeof *small_samples;

const sample_t large_samples[] = {
    {AIGC__OP_constant, {.i = {2, 131, 259}, .p = {-2.5}}, {{0}}, 0},
    {AIGC__OP_reshape, {.i = {1, 33929}}, {X(S2(131, 259))}, 0},
    {AIGC__OP_stop_gradient, {{0}, {0}}, {X(S2(131, 259))}, 0},
    {AIGC__OP_permute, {.i = {1, 0}}, {X(S2(301, 257))}, 0},
    {AIGC__OP_permute, {.i = {0, 2, 1}}, {X(S3(700, 9, 11))}, 0},
    {AIGC__OP_permute, {.i = {0, 3, 1, 2}}, {X(S4(3, 65, 63, 5))}, 0},
    {AIGC__OP_permute, {.i = {2, 1, 0, 3}}, {X(S4(31, 7, 29, 4))}, 0},
    {AIGC__OP_permute, {.i = {1, 0}}, {X(S2(3, 20001))}, 0},
    {AIGC__OP_permute, {.i = {1, 0}}, {X(S2(20001, 3))}, 0},
    {AIGC__OP_broadcast, {.i = {2, 99, 331}}, {X(S1(331))}, 0},
    {AIGC__OP_broadcast, {.i = {3, 99, 331, 3}}, {X(S3(99, 1, 3))}, 0},
    {AIGC__OP_broadcast, {.i = {2, 99, 331}}, {X(S0())}, 0},
    {AIGC__OP_slice, {.i = {3, 5, 1, 0, 0, 0, 70, 61, 11}}, {X(S3(80, 67, 13))}, 0},
    {AIGC__OP_pad, {.i = {3, 5, 1, 0, 0, 0, 0, 2, 4}}, {X(S3(80, 67, 13))}, 0},
    {AIGC__OP_pad, {.i = {1, 2, 0, 0, 0, 0, 1, 2, 0}}, {X(S3(40, 37, 16))}, 0},
    {AIGC__OP_pad, {.i = {20000}}, {X(S1(70))}, 0},
    {AIGC__OP_concat, {.i = {1}}, {X(S3(70, 13, 9)), X(S3(70, 1, 9)), X(S3(70, 20, 9))}, 0},
    {AIGC__OP_concat, {.i = {0}}, {X(S1(20000)), X(S1(3)), X(S1(9999))}, 0},
    {AIGC__OP_flip, {.i = {2}}, {X(S3(33, 41, 29))}, 0},
    {AIGC__OP_flip, {.i = {5}}, {X(S3(33, 41, 29))}, 0},
    {AIGC__OP_gather, {{0}, {0}}, {X(S2(50, 37)), I(S1(1001))}, 53},
    {AIGC__OP_gather, {{0}, {0}}, {X(S2(3, 17001)), I(S1(4))}, 3},
    {AIGC__OP_scatter_add, {.i = {1000}}, {X(S2(2000, 37)), I(S1(2000))}, 1010},
    {AIGC__OP_scatter_add, {.i = {3}}, {X(S2(5, 17001)), I(S1(5))}, 3},
    {AIGC__OP_one_hot, {.i = {37}}, {I(S1(1001))}, 39},
    {AIGC__OP_cast, {.i = {AIGC_DTYPE_F32}}, {I(S1(40001))}, 1000},
    {AIGC__OP_cast, {.i = {AIGC_DTYPE_I32}}, {X(S1(40001))}, 0},
    {AIGC__OP_sum, {.i = {1}}, {X(S1(70001))}, 0},
    {AIGC__OP_sum, {.i = {2}}, {X(S2(3, 40001))}, 0},
    {AIGC__OP_sum, {.i = {2}}, {X(S2(4001, 7))}, 0},
    {AIGC__OP_sum, {.i = {1}}, {X(S2(40001, 3))}, 0},
    {AIGC__OP_sum, {.i = {1}}, {X(S2(128, 784))}, 0},
    {AIGC__OP_sum, {.i = {1}}, {X(S2(3, 30011))}, 0},
    {AIGC__OP_sum, {.i = {1}}, {X(S2(700, 301))}, 0},
    {AIGC__OP_sum, {.i = {2}}, {X(S3(5, 3001, 7))}, 0},
    {AIGC__OP_sum, {.i = {2}}, {X(S3(901, 5, 7))}, 0},
    {AIGC__OP_sum, {.i = {5}}, {X(S3(30, 11, 301))}, 0},
    {AIGC__OP_sum, {.i = {10}}, {X(S4(4, 23, 11, 301))}, 0},
    {AIGC__OP_sum, {.i = {5}}, {X(S4(23, 4, 31, 30))}, 0},
    {AIGC__OP_sum_products, {.i = {1}}, {X(S1(70001)), X(S0()), X(S1(70001)), X(S0())}, 0},
    {AIGC__OP_sum_products, {.i = {2}}, {X(S2(3, 40001)), X(S1(3)), X(S2(3, 40001)), X(S1(3))}, 0},
    {AIGC__OP_sum_products, {.i = {2}}, {X(S2(4001, 7)), X(S1(4001)), X(S2(4001, 7)), X(S1(4001))}, 0},
    {AIGC__OP_sum_products, {.i = {1}}, {X(S2(700, 301)), X(S1(301)), X(S2(700, 301)), X(S1(301))}, 0},
    {AIGC__OP_sum_products,
     {.i = {6, 1}},
     {X(S4(4, 23, 11, 30)), X(S4(4, 1, 1, 30)), X(S4(4, 23, 11, 30)), X(S4(4, 1, 1, 30))},
     0},
    {AIGC__OP_max_over, {.i = {1}}, {X(S1(70001))}, 0},
    {AIGC__OP_max_over, {.i = {2}}, {X(S2(3, 40001))}, 0},
    {AIGC__OP_max_over, {.i = {1}}, {X(S2(700, 301))}, 0},
    {AIGC__OP_max_over, {.i = {10}}, {X(S4(4, 23, 11, 301))}, 0},
    {AIGC__OP_max_over, {.i = {5}}, {X(S4(23, 4, 31, 30))}, 0},
    {AIGC__OP_argmax, {.i = {1}}, {X(S3(301, 17, 5))}, 0},
    {AIGC__OP_argmax, {.i = {1}}, {X(S2(2, 20001))}, 0},
    {AIGC__OP_matmul, {.i = {0, 0}}, {X(S2(130, 67)), X(S2(67, 141))}, 0},
    {AIGC__OP_matmul, {.i = {1, 1}}, {X(S2(67, 130)), X(S2(141, 67))}, 0},
    {AIGC__OP_matmul, {.i = {0, 1}}, {X(S3(5, 33, 18)), X(S3(5, 29, 18))}, 0},
    {AIGC__OP_matmul, {.i = {0, 0}}, {X(S2(33, 18)), X(S3(5, 18, 29))}, 0},
    {AIGC__OP_matmul, {.i = {1, 0}}, {X(S3(5, 18, 33)), X(S2(18, 29))}, 0},

    {AIGC__OP_resample, R(62, 66, 0, 0, 0, 0, 0, 0, RESIZE_NEAREST, 3), {X(S4(3, 31, 33, 67))}, 0},
    {AIGC__OP_resample, R(31, 33, 0, 0, 0, 0, 0, 0, RESIZE_NEAREST, 7), {X(S4(3, 62, 66, 67))}, 0},
    {AIGC__OP_resample, R(61, 150, 0, 0, 0, 0, 0, 0, RESIZE_LINEAR, 3), {X(S4(2, 131, 77, 3))}, 0},
    {AIGC__OP_resample, R(131, 77, 0, 0, 0, 0, 0, 0, RESIZE_LINEAR, 7), {X(S4(2, 61, 150, 3))}, 0},
    {AIGC__OP_resample, R(97, 45, 0, 0, 0, 0, 0, 0, RESIZE_LINEAR_ALIGNED, 3), {X(S4(1, 31, 101, 17))}, 0},
    {AIGC__OP_resample, R(7, 7, 0, 0, 0, 0, 0, 0, RESIZE_AREA, 3), {X(S4(5, 33, 31, 130))}, 0},
    {AIGC__OP_resample, R(32, 32, 3, 3, 2, 2, 1, 1, POOL_AVERAGE, 3), {X(S4(2, 63, 64, 40))}, 0},
    {AIGC__OP_resample, R(63, 64, 3, 3, 2, 2, 1, 1, POOL_AVERAGE, 15), {X(S4(2, 32, 32, 40))}, 0},
    {AIGC__OP_resample, R(122, 126, 2, 2, 1, 1, 2, 2, FILTER, 3), {X(S4(2, 61, 63, 33))}, 0},
    {AIGC__OP_resample, R(61, 63, 2, 2, 1, 1, 2, 2, FILTER, 7), {X(S4(2, 122, 126, 33))}, 0},
    {AIGC__OP_resample, R3(64, 65, 1, 1, 2, 2, 1, 2, 3), {X(S4(3, 128, 128, 8))}, 0},
    {AIGC__OP_resample, R(43, 45, 0, 0, 0, 0, 4, 4, PAD_REFLECT, 3), {X(S4(2, 35, 37, 19))}, 0},
    {AIGC__OP_resample, R(35, 37, 0, 0, 0, 0, 4, 4, PAD_REFLECT, 7), {X(S4(2, 43, 45, 19))}, 0},
    {AIGC__OP_resample, R(35, 45, 0, 0, 0, 0, 0, 4, PAD_REPLICATE, 2), {X(S4(2, 35, 37, 19))}, 0},
    {AIGC__OP_resample, R(43, 37, 0, 0, 0, 0, 4, 0, PAD_CIRCULAR, 1), {X(S4(2, 35, 37, 19))}, 0},
    {AIGC__OP_window_argmax, {.i = {32, 32, 3, 3, 2, 2, 1, 1, 1, 1}}, {X(S4(2, 63, 64, 67))}, 0},
    {AIGC__OP_take, {{0}, {0}}, {X(S4(2, 31, 29, 67)), I(S4(2, 17, 19, 67))}, 910},
    {AIGC__OP_put_add, {.i = {31, 29}}, {X(S4(2, 17, 19, 67)), I(S4(2, 17, 19, 67))}, 910},

    {AIGC__OP_conv, SAME(1, 0), {X(S4(2, 17, 19, 67)), X(S4(61, 67, 3, 3))}, 0},
    {AIGC__OP_conv, SAME(1, 0), {X(S4(1, 31, 33, 3)), X(S4(64, 3, 3, 3))}, 0},
    {AIGC__OP_conv, SAME(1, 0), {X(S4(1, 31, 33, 64)), X(S4(3, 64, 3, 3))}, 0},
    {AIGC__OP_conv, HALF(1, 0), {X(S4(3, 16, 16, 33)), X(S4(50, 33, 4, 4))}, 0},
    {AIGC__OP_conv, C2(1, 1, 1, 1, 0, 0, 0, 0, 1, 0), {X(S4(2, 17, 13, 70)), X(S4(100, 70, 1, 1))}, 0},
    {AIGC__OP_conv, C2(1, 1, 1, 1, 4, 4, 4, 4, 1, 0), {X(S4(1, 21, 23, 3)), X(S4(17, 3, 9, 9))}, 0},
    {AIGC__OP_conv, C2(1, 1, 1, 1, 5, 5, 5, 5, 1, 0), {X(S4(1, 19, 17, 5)), X(S4(9, 5, 11, 11))}, 0},
    {AIGC__OP_conv, C2(1, 2, 3, 2, 3, 2, 3, 2, 1, 0), {X(S4(2, 20, 21, 18)), X(S4(35, 18, 3, 3))}, 0},
    {AIGC__OP_conv, SAME(4, 0), {X(S4(2, 17, 19, 36)), X(S4(52, 9, 3, 3))}, 0},
    {AIGC__OP_conv, SAME(35, 0), {X(S4(2, 17, 19, 35)), X(S4(35, 1, 3, 3))}, 0},
    {AIGC__OP_conv, C2(1, 1, 1, 1, 0, 0, 0, 0, 1, 0), {X(S4(37, 4, 4, 130)), X(S4(1, 130, 4, 4))}, 0},
    {AIGC__OP_conv_input_gradient, SAME(1, 17, 19), {X(S4(2, 17, 19, 61)), X(S4(61, 67, 3, 3))}, 0},
    {AIGC__OP_conv_input_gradient, HALF(1, 16, 16), {X(S4(3, 8, 8, 50)), X(S4(50, 33, 4, 4))}, 0},
    {AIGC__OP_conv_input_gradient, HALF(1, 17, 15), {X(S4(3, 9, 8, 20)), X(S4(20, 33, 3, 3))}, 0},
    {AIGC__OP_conv_input_gradient, HALF(1, 32, 32), {X(S4(2, 16, 16, 64)), X(S4(64, 3, 4, 4))}, 0},
    {AIGC__OP_conv_input_gradient,
     C2(1, 1, 1, 1, 0, 0, 0, 0, 1, 4, 4),
     {X(S4(37, 1, 1, 100)), X(S4(100, 60, 4, 4))},
     0},
    {AIGC__OP_conv_input_gradient, SAME(4, 17, 19), {X(S4(2, 17, 19, 52)), X(S4(52, 9, 3, 3))}, 0},
    {AIGC__OP_conv_input_gradient, HALF(5, 16, 18), {X(S4(2, 8, 9, 20)), X(S4(20, 3, 4, 4))}, 0},
    {AIGC__OP_conv_input_gradient, C2(3, 4, 2, 6, 3, 2, 3, 5, 1, 20, 22), {X(S4(2, 8, 5, 18)), X(S4(18, 35, 3, 3))}, 0},
    {AIGC__OP_conv_weight_gradient, SAME(1, 3, 3), {X(S4(2, 17, 19, 67)), X(S4(2, 17, 19, 61))}, 0},
    {AIGC__OP_conv_weight_gradient, HALF(1, 4, 4), {X(S4(5, 16, 16, 33)), X(S4(5, 8, 8, 50))}, 0},
    {AIGC__OP_conv_weight_gradient,
     C2(1, 1, 1, 1, 4, 4, 4, 4, 1, 9, 9),
     {X(S4(1, 51, 53, 3)), X(S4(1, 51, 53, 17))},
     0},
    {AIGC__OP_conv_weight_gradient, SAME(4, 3, 3), {X(S4(2, 27, 29, 36)), X(S4(2, 27, 29, 52))}, 0},
    {AIGC__OP_conv_weight_gradient, SAME(35, 3, 3), {X(S4(2, 17, 19, 35)), X(S4(2, 17, 19, 35))}, 0},
};
const size_t n_large_samples = sizeof large_samples / sizeof *large_samples;

aigc__id_t sample_build(world_t *world, const sample_t *sample)
{
    aigc__id_t inputs[4];
    size_t n = 0;
    for (; n < 4 && sample->in[n].kind; n++)
        inputs[n] = world_feed(world, sample->in[n].kind, sample->limit, sample->in[n].shape);
    return aigc__append(world->graph, sample->op, &sample->attributes, n, inputs);
}

aigc__id_t sample_map(world_t *world, aigc__map_t map, aigc__shape_t shape)
{
    const bool root = map == AIGC__MAP_sqrt || map == AIGC__MAP_rsqrt;
    const bool positive = root || map == AIGC__MAP_log || map == AIGC__MAP_pow;
    const aigc__attributes_t attributes = {.i = {map}, .p = {0.7}};
    aigc__id_t inputs[3];
    for (size_t k = 0; k < aigc__map_inputs(map); k++) {
        const char kind = map == AIGC__MAP_select && k == 0 ? ZERO_ONE : positive ? POSITIVE : SIGNED;
        inputs[k] = world_feed(world, kind, 0, shape);
    }
    return aigc__append(world->graph, AIGC__OP_map, &attributes, aigc__map_inputs(map), inputs);
}
