/* Every kernel but gemm at every level of this machine: nanoseconds and bytes an element.
 *
 *   bench_kernels [--level avx2] [--only exp] [--n 100352] [--reps 15]
 *
 * Cases are named level/kernel/n. Without --n, each runs on 2048 elements (a tile of the executor, in the
 * first cache) and on a million (out of the second). */
#include "bench.h"
#include "kernels/kernels.h"

typedef struct job {
    const aigc__kernels_t *kernels;
    size_t n;
    int map;
    float *y, *a, *b, *c;
    float sink;
} job_t;

typedef struct bench_case {
    const char *name;
    double bytes; /* read and written an element */
    void (*run)(void *job);
} bench_case_t;

static const aigc__stream_t stream = {1, 2, 3};
static const aigc__update_t update = {.learning_rate = 1e-6f,
                                      .beta1 = 0.9f,
                                      .beta2 = 0.999f,
                                      .epsilon = 1e-8f,
                                      .correction1 = 0.5f,
                                      .correction2 = 0.5f,
                                      .gradient_scale = 1};

static void run_map(void *user)
{
    job_t *j = user;
    j->kernels->map[j->map](j->y, j->a, j->b, j->c, j->n, 1.7f);
}
static void run_sum(void *user)
{
    job_t *j = user;
    j->sink += j->kernels->sum(j->a, j->n);
}
static void run_sum_squares(void *user)
{
    job_t *j = user;
    j->sink += j->kernels->sum_squares(j->a, j->n);
}
static void run_dot(void *user)
{
    job_t *j = user;
    j->sink += j->kernels->dot(j->a, j->b, j->n);
}
static void run_max_value(void *user)
{
    job_t *j = user;
    j->sink += j->kernels->max_value(j->a, j->n);
}
static void run_all_finite(void *user)
{
    job_t *j = user;
    j->sink += j->kernels->all_finite(j->a, j->n) ? 1.0f : 0.0f;
}
/* As a matrix of 256 columns */
static void run_sum_rows(void *user)
{
    job_t *j = user;
    j->kernels->sum_rows(j->y, j->a, j->n / 256, 256, 256, false);
}
static void run_sum_product_rows(void *user)
{
    job_t *j = user;
    j->kernels->sum_product_rows(j->y, j->a, j->c, j->b, j->c, j->n / 256, 256, 256, false);
}
static void run_sum_products(void *user)
{
    job_t *j = user;
    j->sink += j->kernels->sum_products(j->a, 0.5f, j->b, 0.25f, j->n);
}
static void run_max_rows(void *user)
{
    job_t *j = user;
    j->kernels->max_rows(j->y, j->a, j->n / 256, 256, 256);
}
/* Pixels of 64 channels, two taps each */
static void run_combine_rows(void *user)
{
    static const uint32_t starts[] = {0, 2, 4, 6, 8};
    static const aigc__tap_t taps[] = {{0, 0.25f}, {1, 0.75f}, {1, 0.75f}, {2, 0.25f},
                                       {1, 0.25f}, {2, 0.75f}, {2, 0.75f}, {3, 0.25f}};
    job_t *j = user;
    for (size_t i = 0; i + 256 <= j->n; i += 256) j->kernels->combine_rows(j->y + i, j->a + i, starts, taps, 4, 64);
}
/* Windows of four pixels of 64 channels; an element is one that is read */
static void run_argmax_rows(void *user)
{
    static const int32_t rows[] = {0, 1, 2, 3};
    job_t *j = user;
    for (size_t i = 0; i + 256 <= j->n; i += 256)
        j->kernels->argmax_rows((int32_t *)(void *)(j->y + i), j->a + i, rows, 4, 64);
}
static void run_transpose(void *user)
{
    job_t *j = user;
    j->kernels->transpose(j->y, j->n / 256, j->a, 256, j->n / 256, 256);
}
static void run_fill(void *user)
{
    job_t *j = user;
    j->kernels->fill(j->y, 1.0f, j->n);
}
static void run_u8_to_f32(void *user)
{
    job_t *j = user;
    j->kernels->u8_to_f32(j->y, (const uint8_t *)j->a, j->n);
}
static void run_f32_to_u8(void *user)
{
    job_t *j = user;
    j->kernels->f32_to_u8((uint8_t *)j->y, j->a, j->n);
}
static void run_f16_to_f32(void *user)
{
    job_t *j = user;
    j->kernels->f16_to_f32(j->y, (const uint16_t *)j->a, j->n);
}
static void run_f32_to_f16(void *user)
{
    job_t *j = user;
    j->kernels->f32_to_f16((uint16_t *)j->y, j->a, j->n);
}
static void run_bf16_to_f32(void *user)
{
    job_t *j = user;
    j->kernels->bf16_to_f32(j->y, (const uint16_t *)j->a, j->n);
}
static void run_f32_to_bf16(void *user)
{
    job_t *j = user;
    j->kernels->f32_to_bf16((uint16_t *)j->y, j->a, j->n);
}
static void run_random_uniform(void *user)
{
    job_t *j = user;
    j->kernels->random_uniform(j->y, j->n, stream, 0);
}
static void run_random_normal(void *user)
{
    job_t *j = user;
    j->kernels->random_normal(j->y, j->n, stream, 0);
}
static void run_update_sgd(void *user)
{
    job_t *j = user;
    j->kernels->update_sgd(j->y, j->a, j->b, j->n, &update);
}
static void run_update_adam(void *user)
{
    job_t *j = user;
    j->kernels->update_adam(j->y, j->a, j->b, j->c, j->n, &update);
}
static void run_update_rmsprop(void *user)
{
    job_t *j = user;
    j->kernels->update_rmsprop(j->y, j->a, j->c, NULL, j->n, &update);
}
static void run_update_average(void *user)
{
    job_t *j = user;
    j->kernels->update_average(j->y, j->a, j->n, 0.999f);
}

static const bench_case_t cases[] = {
    {"sum", 4, run_sum},
    {"sum_squares", 4, run_sum_squares},
    {"dot", 8, run_dot},
    {"max_value", 4, run_max_value},
    {"all_finite", 4, run_all_finite},
    {"sum_rows", 4, run_sum_rows},
    {"sum_product_rows", 8, run_sum_product_rows},
    {"sum_products", 8, run_sum_products},
    {"max_rows", 4, run_max_rows},
    {"combine_rows", 8, run_combine_rows},
    {"argmax_rows", 5, run_argmax_rows},
    {"transpose", 8, run_transpose},
    {"fill", 4, run_fill},
    {"u8_to_f32", 5, run_u8_to_f32},
    {"f32_to_u8", 5, run_f32_to_u8},
    {"f16_to_f32", 6, run_f16_to_f32},
    {"f32_to_f16", 6, run_f32_to_f16},
    {"bf16_to_f32", 6, run_bf16_to_f32},
    {"f32_to_bf16", 6, run_f32_to_bf16},
    {"random_uniform", 4, run_random_uniform},
    {"random_normal", 4, run_random_normal},
    {"update_sgd", 20, run_update_sgd},
    {"update_adam", 28, run_update_adam},
    {"update_rmsprop", 20, run_update_rmsprop},
    {"update_average", 12, run_update_average},
};

static void measure(job_t *job, const bench_case_t *one, size_t reps)
{
    char name[96], more[96];
    size_t inner = 1 + 200000 / job->n;
    snprintf(name, sizeof name, "%s/%s/%zu", job->kernels->name, one->name, job->n);
    for (size_t i = 0; i < job->n; i++) {
        job->a[i] = (float)((i * 2654435761u >> 8 & 0xffff)) / 8192.0f - 4.0f;
        job->b[i] = job->c[i] = 0.01f;
        job->y[i] = 1.0f;
    }
    bench_time_t t = bench_time(one->run, job, reps, inner);
    snprintf(more, sizeof more, ",\"ns_per_element\":%.4f,\"gb_per_s\":%.2f", t.median * 1e9 / (double)job->n,
             one->bytes * (double)job->n / t.median / 1e9);
    bench_print("kernels", name, 1, t, 0, 0, more);
}

static void measure_level(job_t *job, const char *only, size_t reps)
{
    for (job->map = 0; job->map < AIGC__MAPS; job->map++) {
        aigc__map_t map = (aigc__map_t)job->map;
        bench_case_t one = {aigc__map_name(map), 4.0 * (double)(aigc__map_inputs(map) + 1), run_map};
        if (!only || strcmp(only, one.name) == 0) measure(job, &one, reps);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!only || strcmp(only, cases[i].name) == 0) measure(job, &cases[i], reps);
}

int main(int argc, char **argv)
{
    enum { SMALL = 2048, LARGE = 1 << 20 };
    const size_t reps = bench_number(argc, argv, "--reps", 15), n = bench_number(argc, argv, "--n", 0);
    const char *only = bench_text(argc, argv, "--only", NULL), *level_name = bench_text(argc, argv, "--level", NULL);
    const size_t sizes[] = {n ? n : SMALL, LARGE}, longest = n > LARGE ? n : LARGE;
    float *memory = aligned_alloc(64, 4 * longest * sizeof(float));
    if (!memory) return 1;
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = aigc__kernels_get((aigc__cpu_level_t)level);
        if (!kernels || !aigc__cpu_has(kernels->level) || (level_name && strcmp(kernels->name, level_name) != 0))
            continue;
        for (size_t i = 0; i < (n ? 1u : 2u); i++) {
            job_t job = {.kernels = kernels,
                         .n = sizes[i],
                         .y = memory,
                         .a = memory + longest,
                         .b = memory + 2 * longest,
                         .c = memory + 3 * longest};
            measure_level(&job, only, reps);
        }
    }
    free(memory);
    return 0;
}
