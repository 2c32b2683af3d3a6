/* Whether a GAN finds all of a distribution: eight narrow heaps on a ring, a picture of 1 x 2 pixels a point. All heaps
 * must be found, and nine of ten made points lie within three deviations of one, from five seeds of five. The ring's
 * radius is 40 deviations, so that a generator of smooth layers must be steep between the heaps. */
#include "support/unit.h"
#include <aigc/aigc.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

enum { HEAPS = 8, POINTS = 10000, MADE = 2000, SEEDS = 5 };
static const double radius = 0.4, deviation = 0.01, pi = 3.14159265358979323846;

static double heap_at(int heap, int axis) { return 0.5 + radius * (axis ? sin(heap * pi / 4) : cos(heap * pi / 4)); }

static double uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return ((double)(*state >> 11) + 0.5) * 0x1p-53;
}

/* Points of the ring, [POINTS,1,2,1]. */
static aigc_tensor_t *ring(aigc_context_t *context)
{
    aigc_tensor_t *points = NULL;
    uint64_t state = 5;
    check_ok(aigc_tensor_create(&points, context, AIGC_DTYPE_F32, 4, (int64_t[]){POINTS, 1, 2, 1}));
    float *to = aigc_tensor_data(points);
    for (int i = 0; i < POINTS; i++) {
        const int heap = (int)(uniform(&state) * HEAPS);
        const double length = deviation * sqrt(-2 * log(uniform(&state))), angle = 2 * pi * uniform(&state);
        to[2 * i] = (float)(heap_at(heap, 0) + length * cos(angle));
        to[2 * i + 1] = (float)(heap_at(heap, 1) + length * sin(angle));
    }
    return points;
}

typedef struct trial {
    int64_t seed;
    int found, good; /* heaps with a hundredth of the made points, and points near a heap */
} trial_t;

static void judge(trial_t *trial, const float *made)
{
    int near[HEAPS] = {0};
    for (int i = 0; i < MADE; i++)
        for (int heap = 0; heap < HEAPS; heap++)
            near[heap] += hypot((double)made[2 * i] - heap_at(heap, 0), (double)made[2 * i + 1] - heap_at(heap, 1)) <
                          3 * deviation;
    for (int heap = 0; heap < HEAPS; heap++) {
        trial->found += near[heap] >= MADE / 100;
        trial->good += near[heap];
    }
}

static aigc_options_t *options_of(const char *text, int64_t seed)
{
    aigc_options_t *options = NULL;
    check_ok(aigc_options_create(&options));
    check_ok(aigc_options_parse(options, text));
    if (seed >= 0) check_ok(aigc_options_set_int(options, "seed", seed));
    return options;
}

/* In a context of its own, so that two can run side by side. */
static void run(trial_t *trial)
{
    aigc_context_t *context = NULL;
    aigc_model_t *model = NULL;
    aigc_dataset_t *dataset = NULL;
    aigc_tensor_t *made = NULL;
    aigc_options_t *one_thread = options_of("threads=1", -1);
    aigc_options_t *create = options_of("architecture=mlp latent_dim=2 hidden_dim=128,128,128,128,128", trial->seed);
    aigc_options_t *train = options_of("epochs=70 batch_size=256 r1=0.01 learning_rate=2e-3 beta1=0 beta2=0.9 "
                                       "schedule=linear samples=0",
                                       trial->seed);
    aigc_options_t *sample = options_of("n=2000", -1);
    check_ok(aigc_context_create(&context, one_thread));
    aigc_tensor_t *points = ring(context);
    check_ok(aigc_dataset_create_array(&dataset, context, points, NULL, NULL));
    check_ok(aigc_model_create(&model, context, "gan", create));
    check_ok(aigc_model_train(model, dataset, NULL, train, NULL, NULL));
    check_ok(aigc_model_generate(&made, model, sample));
    judge(trial, aigc_tensor_data(made));
    aigc_tensor_release(made);
    aigc_tensor_release(points);
    aigc_dataset_free(dataset);
    aigc_model_free(model);
    aigc_context_free(context);
    aigc_options_t *all[] = {one_thread, create, train, sample};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) aigc_options_free(all[k]);
}

static void *run_every_other(void *first)
{
    for (trial_t *trial = first; trial->seed < SEEDS; trial += 2) run(trial);
    return NULL;
}

static void five_seeds_find_all_heaps(void **state)
{
    trial_t trials[SEEDS + 2];
    pthread_t second;
    (void)state;
    for (int k = 0; k < SEEDS + 2; k++) trials[k] = (trial_t){.seed = k};
    assert_int_equal(pthread_create(&second, NULL, run_every_other, &trials[1]), 0);
    run_every_other(&trials[0]);
    pthread_join(second, NULL);
    for (int k = 0; k < SEEDS; k++) {
        print_message("seed %d: %d of %d heaps, %.1f %% of the points near one\n", k, trials[k].found, HEAPS,
                      100.0 * trials[k].good / MADE);
        assert_int_equal(trials[k].found, HEAPS);
        assert_true(trials[k].good > MADE * 9 / 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(five_seeds_find_all_heaps)};
    return cmocka_run_group_tests_name("gan_modes", tests, NULL, NULL);
}
