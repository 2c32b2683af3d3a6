#include "metrics/distances.h"
#include "base/sizes.h"
#include "metrics/symmetric.h"

enum { BLOCK = 32 }; /* rows and columns of a covariance computed together */

/* Mean and covariance of a set, in one block of memory. */
typedef struct moments {
    double *mean, *covariance; /* [dim], [dim,dim]: the lower triangle */
} moments_t;

typedef struct covariance_task {
    const aigc__features_t *features;
    moments_t moments;
} covariance_task_t;

static aigc_status_t matrix(aigc_context_t *context, size_t rows, size_t columns, double **out)
{
    size_t bytes = 0;
    void *block = NULL;
    AIGC__TRY(aigc__bytes_of(rows, columns * sizeof(double), &bytes));
    AIGC__TRY(aigc__memory_alloc_zeroed(&context->memory, bytes, &block));
    *out = block;
    return AIGC_OK;
}

static aigc_status_t pool_run(aigc_context_t *context, aigc__tile_fn fn, void *user, size_t tiles)
{
    if (aigc__pool_run(context->pool, fn, user, tiles)) return AIGC_OK;
    AIGC__TRY(aigc__check_cancel(context));
    return aigc__fail(AIGC_ERROR_CANCELLED, "the measurement was cancelled");
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static void find_mean(const aigc__features_t *features, double *mean)
{
    for (size_t i = 0; i < features->n; i++)
        for (size_t k = 0; k < features->dim; k++) mean[k] += (double)features->rows[i * features->dim + k];
    for (size_t k = 0; k < features->dim; k++) mean[k] /= (double)features->n;
}

/* The distances from the mean of the features first..first+n-1 of a row. */
static void centre(const covariance_task_t *task, size_t row, size_t first, size_t n, double *out)
{
    const float *features = task->features->rows + row * task->features->dim + first;
    for (size_t k = 0; k < n; k++) out[k] = (double)features[k] - task->moments.mean[first + k];
}

/* A block of the lower triangle, row after row of the features. */
static void covariance_tile(void *user, size_t tile, size_t worker)
{
    const covariance_task_t *task = user;
    const size_t dim = task->features->dim;
    size_t row_block = 0, left = tile;
    double sums[BLOCK][BLOCK] = {{0}}, a[BLOCK], b[BLOCK];
    (void)worker;
    while (left > row_block) left -= ++row_block;
    const size_t i = row_block * BLOCK, j = left * BLOCK, rows = smaller(BLOCK, dim - i),
                 columns = smaller(BLOCK, dim - j);
    for (size_t n = 0; n < task->features->n; n++) {
        centre(task, n, i, rows, a);
        centre(task, n, j, columns, b);
        for (size_t p = 0; p < rows; p++)
            for (size_t q = 0; q < columns; q++) sums[p][q] += a[p] * b[q];
    }
    for (size_t p = 0; p < rows; p++)
        for (size_t q = 0; q < columns; q++)
            task->moments.covariance[(i + p) * dim + j + q] = sums[p][q] / (double)(task->features->n - 1);
}

/* `out->mean` is to be freed, whether it fails or not. */
static aigc_status_t find_moments(aigc_context_t *context, const aigc__features_t *features, moments_t *out)
{
    const size_t dim = features->dim, blocks = (dim + BLOCK - 1) / BLOCK;
    AIGC__TRY(matrix(context, dim + 1, dim, &out->mean));
    out->covariance = out->mean + dim;
    find_mean(features, out->mean);
    return pool_run(context, covariance_tile, &(covariance_task_t){features, *out}, blocks * (blocks + 1) / 2);
}

/* ---- the trace of (C_a C_b)^1/2: with C_a = L L^T the eigenvalues of C_a C_b are those of L^T C_b L, which is
 * symmetric ---- */

typedef struct product_task {
    size_t dim;
    const double *l, *c; /* lower triangles */
    double *cl, *out;    /* C L, then L^T C L: the lower triangle */
} product_task_t;

static double entry(const double *lower, size_t dim, size_t i, size_t j)
{
    return i >= j ? lower[i * dim + j] : lower[j * dim + i];
}

/* Row `i` of C L. */
static void first_product(void *user, size_t i, size_t worker)
{
    const product_task_t *task = user;
    const size_t dim = task->dim;
    double *row = task->cl + i * dim;
    (void)worker;
    for (size_t k = 0; k < dim; k++) {
        const double factor = entry(task->c, dim, i, k);
        for (size_t j = 0; j <= k; j++) row[j] += factor * task->l[k * dim + j];
    }
}

/* Row `i` of L^T (C L), left of the diagonal and on it. */
static void second_product(void *user, size_t i, size_t worker)
{
    const product_task_t *task = user;
    const size_t dim = task->dim;
    double *row = task->out + i * dim;
    (void)worker;
    for (size_t k = i; k < dim; k++) {
        const double factor = task->l[k * dim + i];
        for (size_t j = 0; j <= i; j++) row[j] += factor * task->cl[k * dim + j];
    }
}

/* Overwrites both covariances. */
static aigc_status_t root_trace(aigc_context_t *context, size_t dim, double *c_a, const double *c_b, double *out)
{
    double *block = NULL;
    aigc_status_t status;
    AIGC__GOTO(done, matrix(context, 2 * dim + 2, dim, &block));
    aigc__cholesky(c_a, dim);
    const product_task_t task = {dim, c_a, c_b, block, block + dim * dim};
    double *values = block + 2 * dim * dim;
    AIGC__GOTO(done, pool_run(context, first_product, (void *)&task, dim));
    AIGC__GOTO(done, pool_run(context, second_product, (void *)&task, dim));
    AIGC__GOTO(done, aigc__symmetric_eigenvalues(task.out, dim, values, values + dim));
    for (size_t k = 0; k < dim; k++) *out += values[k] > 0 ? __builtin_sqrt(values[k]) : 0;
done:
    aigc__memory_free(&context->memory, block);
    return status;
}

aigc_status_t aigc__frechet_distance(aigc_context_t *context, const aigc__features_t *a, const aigc__features_t *b,
                                     double *out)
{
    const size_t dim = a->dim;
    moments_t of_a = {NULL, NULL}, of_b = {NULL, NULL};
    double distance = 0, root = 0;
    aigc_status_t status;
    AIGC__GOTO(done, find_moments(context, a, &of_a));
    AIGC__GOTO(done, find_moments(context, b, &of_b));
    for (size_t k = 0; k < dim; k++) {
        const double d = of_a.mean[k] - of_b.mean[k];
        distance += d * d + of_a.covariance[k * dim + k] + of_b.covariance[k * dim + k];
    }
    AIGC__GOTO(done, root_trace(context, dim, of_a.covariance, of_b.covariance, &root));
    *out = distance > 2 * root ? distance - 2 * root : 0;
done:
    aigc__memory_free(&context->memory, of_a.mean);
    aigc__memory_free(&context->memory, of_b.mean);
    return status;
}
