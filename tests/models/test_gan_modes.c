/* Whether a GAN finds all of a distribution: eight narrow heaps on a ring, and 25 on a grid, a picture of 1 x 2 pixels
 * a point. All heaps must be found (of the grid one may be missing), and nine of ten made points lie within three
 * deviations of one, from five seeds of five. The ring's radius is 40 deviations, the grid's spacing 20, so that a
 * generator of smooth layers must be steep between the heaps. Deep and narrow networks are that sooner than wide ones;
 * slopes held on both sides (r1, r2), and a discriminator slower than the generator, keep the game from going round. */
#include "support/unit.h"
#include <aigc/aigc.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

enum { MOST_HEAPS = 25, POINTS = 10000, MADE = 2000, SEEDS = 5 };
static const double radius = 0.4, spacing = 0.2, deviation = 0.01, pi = 3.14159265358979323846;

typedef struct scene {
    int heaps;
    double (*place)(int heap, int axis); /* of its middle, in 0..1 */
    const char *networks, *training;
} scene_t;

static double on_ring(int heap, int axis) { return 0.5 + radius * (axis ? sin(heap * pi / 4) : cos(heap * pi / 4)); }

static double on_grid(int heap, int axis) { return 0.5 + spacing * ((axis ? heap / 5 : heap % 5) - 2); }

#define COMMON                                                                                                         \
    "learning_rate=3e-3 discriminator_rate=1.5e-3 beta1=0 beta2=0.9 schedule=linear "                                  \
    "regularise_every=2 samples=0 "
static const scene_t ring = {8, on_ring, "architecture=mlp latent_dim=2 hidden_dim=48,48,48,48,48",
                             COMMON "epochs=100 batch_size=128 r1=0.02 r2=0.02"};
static const scene_t grid = {25, on_grid, "architecture=mlp latent_dim=2 hidden_dim=40,40,40,40,40",
                             COMMON "epochs=600 batch_size=96 r1=0.02 r2=0.02"};

static double uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return ((double)(*state >> 11) + 0.5) * 0x1p-53;
}

/* Points of the heaps, [POINTS,1,2,1]. */
static aigc_tensor_t *points_of(const scene_t *scene, aigc_context_t *context)
{
    aigc_tensor_t *points = NULL;
    uint64_t state = 5;
    check_ok(aigc_tensor_create(&points, context, AIGC_DTYPE_F32, 4, (int64_t[]){POINTS, 1, 2, 1}));
    float *to = aigc_tensor_data(points);
    for (int i = 0; i < POINTS; i++) {
        const int heap = (int)(uniform(&state) * scene->heaps);
        const double length = deviation * sqrt(-2 * log(uniform(&state))), angle = 2 * pi * uniform(&state);
        to[2 * i] = (float)(scene->place(heap, 0) + length * cos(angle));
        to[2 * i + 1] = (float)(scene->place(heap, 1) + length * sin(angle));
    }
    return points;
}

typedef struct trial {
    const scene_t *scene;
    int64_t seed;
    int found, good; /* heaps with a hundredth of the made points, and points near a heap */
} trial_t;

static void judge(trial_t *trial, const float *made)
{
    const scene_t *scene = trial->scene;
    int near[MOST_HEAPS] = {0};
    for (int i = 0; i < MADE; i++)
        for (int heap = 0; heap < scene->heaps; heap++)
            near[heap] += hypot((double)made[2 * i] - scene->place(heap, 0),
                                (double)made[2 * i + 1] - scene->place(heap, 1)) < 3 * deviation;
    for (int heap = 0; heap < scene->heaps; heap++) {
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
    aigc_options_t *create = options_of(trial->scene->networks, trial->seed);
    aigc_options_t *train = options_of(trial->scene->training, trial->seed);
    aigc_options_t *sample = options_of("n=2000", -1);
    check_ok(aigc_context_create(&context, one_thread));
    aigc_tensor_t *points = points_of(trial->scene, context);
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

/* The long ones first. */
static trial_t trials[2 * SEEDS];
static _Atomic int next_trial;

static void *run_some(void *none)
{
    for (int k = next_trial++; k < 2 * SEEDS; k = next_trial++) run(&trials[k]);
    return none;
}

static int run_all(void **state)
{
    pthread_t second;
    (void)state;
    for (int k = 0; k < 2 * SEEDS; k++) trials[k] = (trial_t){.scene = k < SEEDS ? &grid : &ring, .seed = k % SEEDS};
    assert_int_equal(pthread_create(&second, NULL, run_some, NULL), 0);
    run_some(NULL);
    pthread_join(second, NULL);
    return 0;
}

static void check_seeds(const trial_t *first, int least)
{
    for (int k = 0; k < SEEDS; k++)
        print_message("seed %d: %d of %d heaps, %.1f %% of the points near one\n", k, first[k].found,
                      first[k].scene->heaps, 100.0 * first[k].good / MADE);
    for (int k = 0; k < SEEDS; k++) {
        assert_true(first[k].found >= least);
        assert_true(first[k].good > MADE * 9 / 10);
    }
}

static void five_seeds_find_the_grid(void **state)
{
    (void)state;
    check_seeds(&trials[0], 24);
}

static void five_seeds_find_all_of_a_ring(void **state)
{
    (void)state;
    check_seeds(&trials[SEEDS], 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(five_seeds_find_the_grid),
                                       cmocka_unit_test(five_seeds_find_all_of_a_ring)};
    return cmocka_run_group_tests_name("gan_modes", tests, run_all, NULL);
}
