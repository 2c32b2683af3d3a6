/* The matrix products of the models: C[m,n] = A[m,k] B[k,n], row-major; ta, tb: stored transposed. */
#ifndef AIGC_TESTS_GEMM_SHAPES_H
#define AIGC_TESTS_GEMM_SHAPES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct gemm_case {
    const char *name;
    size_t m, n, k;
    bool ta, tb;
} gemm_case_t;

static const gemm_case_t gemm_cases[] = {
    {"square128", 128, 128, 128, false, false},
    {"square256", 256, 256, 256, false, false},
    {"square512", 512, 512, 512, false, false},
    {"square1024", 1024, 1024, 1024, false, false},
    {"square2048", 2048, 2048, 2048, false, false},
    /* the classic VAE, batch 128: y = x W^T, dx = dy W, dW = dy^T x */
    {"vae_fc1_fwd", 128, 400, 784, false, true},
    {"vae_fc1_dw", 400, 784, 128, true, false},
    {"vae_fc21_fwd", 128, 20, 400, false, true},
    {"vae_fc3_fwd", 128, 400, 20, false, true},
    {"vae_fc4_fwd", 128, 784, 400, false, true},
    {"vae_fc4_dx", 128, 400, 784, false, false},
    {"vae_fc4_dw", 784, 400, 128, true, false},
    {"vae_fc4_fwd_b64", 64, 784, 400, false, true},
    /* DCGAN's generator: [co kh kw, ci] x [ci, n h w], batch 64 */
    {"dcgan_g1_b64", 8192, 64, 100, true, false},
    {"dcgan_g2_b64", 4096, 1024, 512, true, false},
    {"dcgan_g3_b64", 2048, 4096, 256, true, false},
    {"dcgan_g4_b64", 1024, 16384, 128, true, false},
    {"dcgan_g5_b64", 48, 65536, 64, true, false},
    /* VGG-19 with patches written out: [co, ci kh kw] x [ci kh kw, h w] */
    {"vgg_64_512sq", 64, 262144, 576, false, false},
    {"vgg_128_256sq", 128, 65536, 1152, false, false},
    {"vgg_256_128sq", 256, 16384, 2304, false, false},
    {"vgg_512_64sq", 512, 4096, 4608, false, false},
    /* Gram matrices at 512 x 512 pixels */
    {"gram_64_512sq", 64, 64, 262144, false, true},
    {"gram_128_256sq", 128, 128, 65536, false, true},
    {"gram_256_128sq", 256, 256, 16384, false, true},
    {"gram_512_64sq", 512, 512, 4096, false, true},
    /* StyleGAN2's mapping network */
    {"sg2_map_b1", 1, 512, 512, false, true},
    {"sg2_map_b10000", 10000, 512, 512, false, true},
};

#endif
