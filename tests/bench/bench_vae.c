/* The classic VAE 784-400-(20,20)-400-784 through the public interface: training steps and sampling.
 *
 *   bench_vae [--threads 1] [--reps 15] [--case train_b128|sample_b64] [--cpu auto]
 *   bench_vae --first-step 1 [--threads 1]     one step and leave: for timing the whole process */
#include "bench.h"
#include "peak.h"
#include <aigc/aigc.h>

enum { BATCH = 128, BATCHES = 64, SIDE = 28, PIXELS = SIDE * SIDE, HIDDEN = 400, LATENT = 20, SAMPLES = 64 };

typedef struct job {
    aigc_context_t *context;
    aigc_model_t *model;
    aigc_tensor_t *batches[BATCHES];
    aigc_options_t *sampling;
    size_t turn;
} job_t;

static void require(aigc_status_t status)
{
    if (status == AIGC_OK) return;
    fprintf(stderr, "bench_vae: %s\n", aigc_last_error());
    exit(1);
}

static aigc_tensor_t *random_batch(aigc_context_t *context, uint32_t state)
{
    aigc_tensor_t *batch = NULL;
    require(aigc_tensor_create(&batch, context, AIGC_DTYPE_F32, 4, (int64_t[]){BATCH, SIDE, SIDE, 1}));
    float *data = aigc_tensor_data(batch);
    for (size_t i = 0; i < BATCH * PIXELS; i++) {
        state = state * 1664525u + 1013904223u;
        data[i] = (float)(state >> 8) * 0x1p-24f;
    }
    return batch;
}

static void begin(job_t *job, size_t threads, const char *cpu, size_t batches)
{
    aigc_options_t *options = NULL;
    require(aigc_options_create(&options));
    require(aigc_options_set_int(options, "threads", (int64_t)threads));
    require(aigc_options_set_string(options, "cpu", cpu));
    require(aigc_context_create(&job->context, options));
    aigc_options_free(options);
    require(aigc_options_create(&options));
    require(aigc_options_parse(options, "height=28 width=28 channels=1"));
    require(aigc_model_create(&job->model, job->context, "vae", options));
    aigc_options_free(options);
    for (size_t k = 0; k < batches; k++) job->batches[k] = random_batch(job->context, (uint32_t)k);
    require(aigc_options_create(&job->sampling));
    require(aigc_options_set_int(job->sampling, "n", SAMPLES));
}

static void end(job_t *job)
{
    for (size_t k = 0; k < BATCHES; k++) aigc_tensor_release(job->batches[k]);
    aigc_options_free(job->sampling);
    aigc_model_free(job->model);
    aigc_context_free(job->context);
}

static void train(void *user)
{
    job_t *job = user;
    require(aigc_model_train_step(job->model, job->batches[job->turn++ % BATCHES], NULL, NULL, NULL));
}

static void sample(void *user)
{
    job_t *job = user;
    aigc_tensor_t *images = NULL;
    require(aigc_options_set_int(job->sampling, "seed", (int64_t)(job->turn++ * SAMPLES)));
    require(aigc_model_generate(&images, job->model, job->sampling));
    aigc_tensor_release(images);
}

static void measure(job_t *job, const char *name, void (*run)(void *), size_t images, double gflop, size_t threads,
                    size_t reps, double peak)
{
    char more[64];
    const bench_time_t once = bench_time(run, job, 3, 4);
    const bench_time_t t = bench_time(run, job, reps, 1 + (size_t)(0.05 / once.median));
    snprintf(more, sizeof more, ",\"images_per_s\":%.0f", (double)images / t.median);
    bench_print("aigc_vae", name, threads, t, gflop, peak, more);
}

int main(int argc, char **argv)
{
    static job_t job;
    const size_t threads = bench_number(argc, argv, "--threads", 1), reps = bench_number(argc, argv, "--reps", 15);
    const char *only = bench_text(argc, argv, "--case", ""), *cpu = bench_text(argc, argv, "--cpu", "auto");
    const bool first_step = bench_number(argc, argv, "--first-step", 0) != 0;
    begin(&job, threads, cpu, first_step ? 1 : BATCHES);
    if (first_step) {
        train(&job);
        end(&job);
        return 0;
    }
    /* products of a step: forward, by the weights, and by the inputs except the pictures */
    const double forward = 2e-9 * (PIXELS * HIDDEN + 2.0 * HIDDEN * LATENT + LATENT * HIDDEN + HIDDEN * PIXELS);
    const double by_inputs = 2e-9 * (2.0 * HIDDEN * LATENT + LATENT * HIDDEN + HIDDEN * PIXELS);
    const double decode = 2e-9 * (LATENT * HIDDEN + HIDDEN * PIXELS);
    const double peak = peak_of_threads(threads);
    if (!*only || strcmp(only, "train_b128") == 0)
        measure(&job, "train_b128", train, BATCH, BATCH * (2 * forward + by_inputs), threads, reps, peak);
    if (!*only || strcmp(only, "sample_b64") == 0)
        measure(&job, "sample_b64", sample, SAMPLES, SAMPLES * decode, threads, reps, peak);
    end(&job);
    return 0;
}
