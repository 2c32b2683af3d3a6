#include "base/philox.h"

void aigc__philox(uint32_t out[4], aigc__stream_t stream, uint64_t block)
{
    uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32), c2 = stream.stream, c3 = stream.step;
    uint32_t k0 = (uint32_t)stream.seed, k1 = (uint32_t)(stream.seed >> 32);
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xd2511f53u * c0, p1 = (uint64_t)0xcd9e8d57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void aigc__random_init(aigc__random_t *random, aigc__stream_t stream)
{
    *random = (aigc__random_t){.stream = stream, .used = 4};
}

uint32_t aigc__random_u32(aigc__random_t *random)
{
    if (random->used == 4) {
        aigc__philox(random->words, random->stream, random->block++);
        random->used = 0;
    }
    return random->words[random->used++];
}

static uint64_t random_u64(aigc__random_t *random)
{
    const uint64_t low = aigc__random_u32(random);
    return low | (uint64_t)aigc__random_u32(random) << 32;
}

uint64_t aigc__random_below(aigc__random_t *random, uint64_t n)
{
    /* 2^64 mod n numbers are refused, so that each remainder has the same number of sources. */
    const uint64_t refused = (0 - n) % n;
    uint64_t x = random_u64(random);
    while (x < refused) x = random_u64(random);
    return x % n;
}

double aigc__random_unit(aigc__random_t *random) { return (double)(random_u64(random) >> 11) * 0x1p-53; }

void aigc__random_permutation(aigc__random_t *random, uint64_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const size_t j = (size_t)aigc__random_below(random, (uint64_t)i + 1);
        order[i] = order[j];
        order[j] = i;
    }
}
