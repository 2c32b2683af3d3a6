/* The DCGAN through the public interface: training steps and sampling, at 64 x 64 with 64 channels and at 32 x 32
 * with 32.
 *
 *   bench_gan [--threads 1] [--reps 7] [--case train_64_64_b64|train_32_32_b64|infer_64_64_b1|infer_64_64_b64|...]
 *             [--augment none]
 *
 * `peak_rss_mib` is the process's so far. */
#include "bench.h"
#include "peak.h"
#include <aigc/aigc.h>

enum { BATCH = 64, LATENT = 100 };

typedef struct job {
    aigc_context_t *context;
    aigc_model_t *model;
    aigc_tensor_t *batch;
    aigc_options_t *options, *step_options;
    size_t side, width, n;
    int64_t seed;
} job_t;

static void require(aigc_status_t status)
{
    if (status == AIGC_OK) return;
    fprintf(stderr, "bench_gan: %s\n", aigc_last_error());
    exit(1);
}

static void begin(job_t *job, size_t threads, size_t side, size_t width, const char *augment)
{
    aigc_options_t *options = NULL;
    char text[160];
    *job = (job_t){.side = side, .width = width};
    require(aigc_options_create(&options));
    require(aigc_options_set_int(options, "threads", (int64_t)threads));
    require(aigc_context_create(&job->context, options));
    aigc_options_free(options);
    require(aigc_options_create(&options));
    snprintf(text, sizeof text, "height=%zu width=%zu channels=3 generator_width=%zu discriminator_width=%zu", side,
             side, width, width);
    require(aigc_options_parse(options, text));
    require(aigc_model_create(&job->model, job->context, "gan", options));
    aigc_options_free(options);
    require(aigc_tensor_create(&job->batch, job->context, AIGC_DTYPE_F32, 4,
                               (int64_t[]){BATCH, (int64_t)side, (int64_t)side, 3}));
    float *data = aigc_tensor_data(job->batch);
    uint32_t state = 1;
    for (size_t i = 0; i < BATCH * side * side * 3; i++) {
        state = state * 1664525u + 1013904223u;
        data[i] = (float)(state >> 8) * 0x1p-24f;
    }
    require(aigc_options_create(&job->options));
    require(aigc_options_create(&job->step_options));
    require(aigc_options_set_string(job->step_options, "augment", augment));
    require(aigc_options_set_float(job->step_options, "augment_strength", 0.5));
}

static void end(job_t *job)
{
    aigc_tensor_release(job->batch);
    aigc_options_free(job->options);
    aigc_options_free(job->step_options);
    aigc_model_free(job->model);
    aigc_context_free(job->context);
}

static void train(void *user)
{
    job_t *job = user;
    require(aigc_model_train_step(job->model, job->batch, NULL, job->step_options, NULL));
}

static void sample(void *user)
{
    job_t *job = user;
    aigc_tensor_t *images = NULL;
    require(aigc_options_set_int(job->options, "n", (int64_t)job->n));
    require(aigc_options_set_int(job->options, "seed", job->seed += (int64_t)job->n));
    require(aigc_model_generate(&images, job->model, job->options));
    aigc_tensor_release(images);
}

/* Multiply-adds of one picture's way through either network, nearly the same for both: channels double as sides
 * halve, down to 4 x 4; `last` those of the generator's first or the discriminator's last layer. */
static double network_gflop(size_t side, size_t width, double last)
{
    double macs = 0, channels = (double)width;
    size_t half = side / 2;
    macs += (double)(half * half) * channels * 3 * 16;
    for (; half > 4; half /= 2, channels *= 2) macs += (double)(half * half / 4) * channels * 2 * channels * 16;
    return 2e-9 * (macs + last * channels * 16);
}

int main(int argc, char **argv)
{
    static const size_t cases[][2] = {{64, 64}, {32, 32}}, sizes[] = {1, 64};
    const size_t threads = bench_number(argc, argv, "--threads", 1), reps = bench_number(argc, argv, "--reps", 7);
    const char *only = bench_text(argc, argv, "--case", "");
    const char *augment = bench_text(argc, argv, "--augment", "none");
    const double peak = peak_of_threads(threads);
    for (size_t c = 0; c < 2; c++) {
        const size_t side = cases[c][0], width = cases[c][1];
        const double g = network_gflop(side, width, LATENT), d = network_gflop(side, width, 1);
        char name[64];
        job_t job;
        begin(&job, threads, side, width, augment);
        snprintf(name, sizeof name, "train_%zu_%zu_b%d", side, width, BATCH);
        if (!*only || strcmp(only, name) == 0) {
            /* the discriminator twice and back; twice the generator; once through both and back */
            const bench_time_t t = bench_time(train, &job, reps, 1);
            bench_print("aigc_gan", name, threads, t, BATCH * (6 * d + 2 * g + 2 * d + 2 * g), peak, "");
        }
        for (size_t k = 0; k < 2; k++) {
            snprintf(name, sizeof name, "infer_%zu_%zu_b%zu", side, width, sizes[k]);
            if (*only && strcmp(only, name) != 0) continue;
            job.n = sizes[k];
            const bench_time_t t = bench_time(sample, &job, reps, sizes[k] == 1 ? 8 : 1);
            bench_print("aigc_gan", name, threads, t, (double)sizes[k] * g, peak, "");
        }
        end(&job);
    }
    return 0;
}
