#include "base/philox.h"
#include "support/unit.h"
#include <string.h>

/* The known answers that come with the authors' Random123: zeros, ones, digits of pi. */
static void blocks_equal_the_known_answers(void **state)
{
    (void)state;
    static const struct {
        uint64_t block, key;
        uint32_t stream, step, words[4];
    } answers[] = {
        {0, 0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT32_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {0x85a308d3243f6a88, 0x299f31d0a4093822, 0x13198a2e, 0x03707344, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < 3; i++) {
        const aigc__stream_t stream = {.seed = answers[i].key, .stream = answers[i].stream, .step = answers[i].step};
        uint32_t words[4];
        aigc__philox(words, stream, answers[i].block);
        assert_memory_equal(words, answers[i].words, sizeof words);
    }
}

static void a_reader_gives_the_words_of_the_blocks_in_order(void **state)
{
    (void)state;
    const aigc__stream_t stream = {.seed = 5, .stream = 7, .step = 9};
    aigc__random_t random;
    aigc__random_init(&random, stream);
    for (uint64_t block = 0; block < 10; block++) {
        uint32_t words[4];
        aigc__philox(words, stream, block);
        for (int i = 0; i < 4; i++) assert_int_equal(aigc__random_u32(&random), words[i]);
    }
}

static void numbers_below_n_are_below_n_and_even(void **state)
{
    (void)state;
    enum { N = 7, DRAWS = 70000 };
    aigc__random_t random;
    size_t counts[N] = {0};
    aigc__random_init(&random, (aigc__stream_t){.seed = 1});
    for (size_t i = 0; i < DRAWS; i++) {
        const uint64_t x = aigc__random_below(&random, N);
        assert_true(x < N);
        counts[x]++;
    }
    double chi = 0;
    for (size_t i = 0; i < N; i++) {
        const double d = (double)counts[i] - DRAWS / N;
        chi += d * d / (DRAWS / N);
    }
    assert_true(chi < 22.5); /* 6 degrees of freedom, p 0.001; the seed is fixed */
    assert_int_equal(aigc__random_below(&random, 1), 0);
    /* Of 3 * 2^62, every second number would be in the lowest third without refusal. */
    size_t low = 0;
    for (size_t i = 0; i < 9000; i++) low += aigc__random_below(&random, (uint64_t)3 << 62) < (uint64_t)1 << 62;
    assert_true(low > 2800 && low < 3200);
}

static void the_unit_interval_is_filled(void **state)
{
    (void)state;
    aigc__random_t random;
    double sum = 0, least = 1, most = 0;
    aigc__random_init(&random, (aigc__stream_t){.seed = 2});
    for (size_t i = 0; i < 20000; i++) {
        const double x = aigc__random_unit(&random);
        assert_true(x >= 0 && x < 1);
        sum += x;
        if (x < least) least = x;
        if (x > most) most = x;
    }
    assert_true(sum / 20000 > 0.49 && sum / 20000 < 0.51 && least < 0.001 && most > 0.999);
}

static void permutations_are_whole_and_repeatable(void **state)
{
    (void)state;
    enum { N = 1000 };
    uint64_t first[N], second[N];
    bool seen[N] = {false};
    aigc__random_t random;
    aigc__random_init(&random, (aigc__stream_t){.seed = 3, .stream = AIGC__STREAM_SHUFFLE, .step = 4});
    aigc__random_permutation(&random, first, N);
    aigc__random_init(&random, (aigc__stream_t){.seed = 3, .stream = AIGC__STREAM_SHUFFLE, .step = 4});
    aigc__random_permutation(&random, second, N);
    assert_memory_equal(first, second, sizeof first);
    size_t fixed = 0;
    for (size_t i = 0; i < N; i++) {
        assert_true(first[i] < N && !seen[first[i]]);
        seen[first[i]] = true;
        fixed += first[i] == i;
    }
    assert_true(fixed < 8);
    aigc__random_permutation(&random, second, N);
    assert_memory_not_equal(first, second, sizeof first);
    aigc__random_permutation(&random, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_equal_the_known_answers),
        cmocka_unit_test(a_reader_gives_the_words_of_the_blocks_in_order),
        cmocka_unit_test(numbers_below_n_are_below_n_and_even),
        cmocka_unit_test(the_unit_interval_is_filled),
        cmocka_unit_test(permutations_are_whole_and_repeatable),
    };
    return cmocka_run_group_tests_name("philox", tests, NULL, NULL);
}
