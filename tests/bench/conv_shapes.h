/* The convolutions of the models. Pictures are square; `transposed`: x is made from y by the input gradient. */
#ifndef AIGC_TESTS_CONV_SHAPES_H
#define AIGC_TESTS_CONV_SHAPES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct conv_case {
    const char *name;
    bool transposed;
    size_t n, in, out, side, kernel, stride, padding; /* channels in and out, side of the pictures that come in */
} conv_case_t;

static const conv_case_t conv_cases[] = {
    {"vgg1_1_3-64_512", false, 1, 3, 64, 512, 3, 1, 1},
    {"vgg1_2_64-64_512", false, 1, 64, 64, 512, 3, 1, 1},
    {"vgg2_1_64-128_256", false, 1, 64, 128, 256, 3, 1, 1},
    {"vgg2_2_128-128_256", false, 1, 128, 128, 256, 3, 1, 1},
    {"vgg3_2_256-256_128", false, 1, 256, 256, 128, 3, 1, 1},
    {"vgg4_2_512-512_64", false, 1, 512, 512, 64, 3, 1, 1},
    {"vgg5_1_512-512_32", false, 1, 512, 512, 32, 3, 1, 1},
    {"dcganD_3-64_64", false, 64, 3, 64, 64, 4, 2, 1},
    {"dcganD_64-128_32", false, 64, 64, 128, 32, 4, 2, 1},
    {"dcganD_128-256_16", false, 64, 128, 256, 16, 4, 2, 1},
    {"dcganD_256-512_8", false, 64, 256, 512, 8, 4, 2, 1},
    {"dcganD_512-1_4", false, 64, 512, 1, 4, 4, 1, 0},
    {"dcganG_100-512_1", true, 64, 100, 512, 1, 4, 1, 0},
    {"dcganG_512-256_4", true, 64, 512, 256, 4, 4, 2, 1},
    {"dcganG_256-128_8", true, 64, 256, 128, 8, 4, 2, 1},
    {"dcganG_128-64_16", true, 64, 128, 64, 16, 4, 2, 1},
    {"dcganG_64-3_32", true, 64, 64, 3, 32, 4, 2, 1},
    {"fast_9x9_3-32_520", false, 1, 3, 32, 520, 9, 1, 0},
    {"fast_res_128-128_130", false, 1, 128, 128, 130, 3, 1, 0},
    {"fast_9x9_32-3_520", false, 1, 32, 3, 520, 9, 1, 0},
    {"sg2_512-512_64", false, 1, 512, 512, 64, 3, 1, 1},
    {"sg2_256-256_128", false, 1, 256, 256, 128, 3, 1, 1},
    {"sg2_64-64_512", false, 1, 64, 64, 512, 3, 1, 1},
    {"sg2_32-32_1024", false, 1, 32, 32, 1024, 3, 1, 1},
    {"sg2_up_512-512_32", true, 1, 512, 512, 32, 3, 2, 0},
    {"sg2_up_256-128_128", true, 1, 256, 128, 128, 3, 2, 0},
    {"fast_down_32-64_512", false, 1, 32, 64, 512, 3, 2, 1},
    {"fast_down_64-128_256", false, 1, 64, 128, 256, 3, 2, 1},
    {"resnet_128-256_16", false, 64, 128, 256, 16, 3, 2, 1},
    {"vae_5x5_64-128_32", false, 64, 64, 128, 32, 5, 2, 2},
};

#endif
