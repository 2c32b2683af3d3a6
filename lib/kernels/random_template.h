/* Random numbers: LANES blocks of Philox4x32-10 at a time (Salmon et al. 2011), the same words as
 * base/philox.c makes one block after another. */

/* What a lane's blocks hold: four words, or the numbers made of them */
typedef struct four_words {
    vi w[4];
} four_words_t;

/* The keys of the ten rounds, made once a call: loads that broadcast cost less than moves from
 * general registers. */
typedef struct round_keys {
    uint32_t low[10], high[10];
} round_keys_t;

static round_keys_t make_round_keys(uint64_t seed)
{
    round_keys_t keys;
    for (uint32_t round = 0; round < 10; round++) {
        keys.low[round] = (uint32_t)seed + round * 0x9e3779b9u;
        keys.high[round] = (uint32_t)(seed >> 32) + round * 0xbb67ae85u;
    }
    return keys;
}

/* block + 0, 1, 2, ... in two halves */
INLINE void count_blocks(uint64_t block, vi *low, vi *high)
{
    static const uint32_t lane_numbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    uint32_t lows[LANES], highs[LANES];
    if ((uint32_t)block <= UINT32_MAX - LANES) { /* no lane carries */
        *low = vi_add(vi_set((uint32_t)block), vi_load(lane_numbers));
        *high = vi_set((uint32_t)(block >> 32));
        return;
    }
    for (size_t i = 0; i < LANES; i++) {
        lows[i] = (uint32_t)(block + i);
        highs[i] = (uint32_t)((block + i) >> 32);
    }
    *low = vi_load(lows);
    *high = vi_load(highs);
}

INLINE four_words_t philox_blocks(const round_keys_t *keys, aigc__stream_t stream, uint64_t block)
{
    vi x0, x1, x2 = vi_set(stream.stream), x3 = vi_set(stream.step);
    vi first = vi_set(0xd2511f53u), second = vi_set(0xcd9e8d57u);
    count_blocks(block, &x0, &x1);
    for (int round = 0; round < 10; round++) {
        vi high0, low0, high1, low1;
        vi_mul_wide(x0, first, &high0, &low0);
        vi_mul_wide(x2, second, &high1, &low1);
        x0 = vi_xor3(high1, x1, vi_set(keys->low[round]));
        x1 = low1;
        x2 = vi_xor3(high0, x3, vi_set(keys->high[round]));
        x3 = low0;
    }
    return (four_words_t){{x0, x1, x2, x3}};
}

/* The 4 LANES numbers of LANES blocks from `block` on */
typedef void (*numbers_fn)(float *y, const round_keys_t *keys, aigc__stream_t stream, uint64_t block);

INLINE vf uniform_of_word(vi word) { return vf_mul(vf_of_signed(vi_shr(word, 8)), vf_set(0x1p-24f)); }

INLINE void uniform_numbers(float *y, const round_keys_t *keys, aigc__stream_t stream, uint64_t block)
{
    four_words_t x = philox_blocks(keys, stream, block);
    vf_store_four(y, uniform_of_word(x.w[0]), uniform_of_word(x.w[1]), uniform_of_word(x.w[2]),
                  uniform_of_word(x.w[3]));
}

/* (word + 1/2) 2^-32, rounded once: in (0, 1], so that its logarithm is finite, down to 2^-33, which
 * carries the tail to 6.7 standard deviations */
INLINE vf radius_of_word(vi word)
{
    vf low = vf_add(vf_mul(vf_of_signed(vi_and(word, vi_set(255))), vf_set(0x1p-32f)), vf_set(0x1p-33f));
    vf u = vf_add(vf_mul(vf_of_signed(vi_shr(word, 8)), vf_set(0x1p-24f)), low);
    return vf_sqrt(vf_mul(vf_set(-2.0f), log_of_normal(u)));
}

/* The word as an angle of word * 2 pi / 2^32: the quadrant is its upper bits, rounded, the rest is exact */
INLINE void normal_pair(vi radius_word, vi angle_word, vf *first, vf *second)
{
    vf radius = radius_of_word(radius_word);
    vi quadrant = vi_shr(vi_add(angle_word, vi_set(0x20000000u)), 30);
    vf r = vf_mul(vf_of_signed(vi_sub(angle_word, vi_shl(quadrant, 30))), vf_set(1.46291808e-9f));
    *first = vf_mul(radius, sine_reduced(r, vi_add(quadrant, vi_set(1))));
    *second = vf_mul(radius, sine_reduced(r, quadrant));
}

INLINE void normal_numbers(float *y, const round_keys_t *keys, aigc__stream_t stream, uint64_t block)
{
    four_words_t x = philox_blocks(keys, stream, block);
    vf n0, n1, n2, n3;
    normal_pair(x.w[0], x.w[1], &n0, &n1);
    normal_pair(x.w[2], x.w[3], &n2, &n3);
    vf_store_four(y, n0, n1, n2, n3);
}

/* Whole groups go straight to y, a ragged one at either end through the stack; the first group starts
 * at the block that holds number `first`. */
INLINE void random_numbers(float *y, size_t n, aigc__stream_t stream, uint64_t first, numbers_fn numbers)
{
    const round_keys_t keys = make_round_keys(stream.seed);
    uint64_t block = first / 4;
    size_t skip = (size_t)(first % 4);
    float group[4 * LANES];
    while (n) {
        size_t count = 4 * LANES - skip < n ? 4 * LANES - skip : n;
        if (count == 4 * LANES) {
            numbers(y, &keys, stream, block);
        } else {
            numbers(group, &keys, stream, block);
            memcpy(y, group + skip, count * sizeof *y);
        }
        y += count;
        n -= count;
        block += LANES;
        skip = 0;
    }
}

static void random_uniform(float *y, size_t n, aigc__stream_t stream, uint64_t first)
{
    random_numbers(y, n, stream, first, uniform_numbers);
}

static void random_normal(float *y, size_t n, aigc__stream_t stream, uint64_t first)
{
    random_numbers(y, n, stream, first, normal_numbers);
}
