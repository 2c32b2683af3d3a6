#include "metrics/distances.h"
#include "base/sizes.h"
#include "metrics/symmetric.h"
#include <stdbool.h>

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

/* Of many rows: by the covariances. */
static aigc_status_t distance_of_many(aigc_context_t *context, const aigc__features_t *a, const aigc__features_t *b,
                                      double *squares, double *root)
{
    moments_t of_a = {NULL, NULL}, of_b = {NULL, NULL};
    aigc_status_t status;
    AIGC__GOTO(done, find_moments(context, a, &of_a));
    AIGC__GOTO(done, find_moments(context, b, &of_b));
    for (size_t k = 0; k < a->dim; k++) {
        const double d = of_a.mean[k] - of_b.mean[k];
        *squares += d * d + of_a.covariance[k * a->dim + k] + of_b.covariance[k * a->dim + k];
    }
    status = root_trace(context, a->dim, of_a.covariance, of_b.covariance, root);
done:
    aigc__memory_free(&context->memory, of_a.mean);
    aigc__memory_free(&context->memory, of_b.mean);
    return status;
}

/* ---- few rows: the trace is the sum of the singular values of A B^T / ((n_a - 1) (n_b - 1))^1/2, where the rows of A
 * and B are those of the sets less their means; no covariance is needed ---- */

typedef struct few_task {
    const double *a, *b; /* centred rows */
    size_t n_a, n_b, dim;
    double factor;
    double *products, *gram; /* A B^T [n_a,n_b], and that times its transpose: the lower triangle */
} few_task_t;

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += a[k] * b[k];
    return sum;
}

static void product_row(void *user, size_t i, size_t worker)
{
    const few_task_t *t = user;
    (void)worker;
    for (size_t j = 0; j < t->n_b; j++)
        t->products[i * t->n_b + j] = t->factor * dot(t->a + i * t->dim, t->b + j * t->dim, t->dim);
}

static void gram_row(void *user, size_t i, size_t worker)
{
    const few_task_t *t = user;
    (void)worker;
    for (size_t j = 0; j <= i; j++)
        t->gram[i * t->n_a + j] = dot(t->products + i * t->n_b, t->products + j * t->n_b, t->n_b);
}

/* Rows less their mean, which goes behind them; to be freed. */
static aigc_status_t centred(aigc_context_t *context, const aigc__features_t *features, double **out)
{
    AIGC__TRY(matrix(context, features->n + 1, features->dim, out));
    const moments_t moments = {*out + features->n * features->dim, NULL};
    find_mean(features, moments.mean);
    for (size_t i = 0; i < features->n; i++)
        centre(&(covariance_task_t){features, moments}, i, 0, features->dim, *out + i * features->dim);
    return AIGC_OK;
}

static aigc_status_t singular_values(aigc_context_t *context, few_task_t *t, double *sum)
{
    double *block = NULL;
    aigc_status_t status;
    AIGC__GOTO(done, matrix(context, t->n_a, t->n_b + t->n_a + 2, &block));
    t->products = block;
    t->gram = block + t->n_a * t->n_b;
    double *values = t->gram + t->n_a * t->n_a;
    AIGC__GOTO(done, pool_run(context, product_row, t, t->n_a));
    AIGC__GOTO(done, pool_run(context, gram_row, t, t->n_a));
    AIGC__GOTO(done, aigc__symmetric_eigenvalues(t->gram, t->n_a, values, values + t->n_a));
    for (size_t k = 0; k < t->n_a; k++) *sum += values[k] > 0 ? __builtin_sqrt(values[k]) : 0;
done:
    aigc__memory_free(&context->memory, block);
    return status;
}

/* `a` has no more rows than `b`. */
static aigc_status_t distance_of_few(aigc_context_t *context, const aigc__features_t *a, const aigc__features_t *b,
                                     double *squares, double *root)
{
    double *rows_a = NULL, *rows_b = NULL;
    const size_t dim = a->dim, of_a = a->n * dim, of_b = b->n * dim;
    const double freedom_a = (double)(a->n - 1), freedom_b = (double)(b->n - 1);
    aigc_status_t status;
    AIGC__GOTO(done, centred(context, a, &rows_a));
    AIGC__GOTO(done, centred(context, b, &rows_b));
    for (size_t k = 0; k < dim; k++) {
        const double d = rows_a[of_a + k] - rows_b[of_b + k];
        *squares += d * d;
    }
    *squares += dot(rows_a, rows_a, of_a) / freedom_a + dot(rows_b, rows_b, of_b) / freedom_b;
    few_task_t task = {rows_a, rows_b, a->n, b->n, dim, 1 / __builtin_sqrt(freedom_a * freedom_b), NULL, NULL};
    status = singular_values(context, &task, root);
done:
    aigc__memory_free(&context->memory, rows_a);
    aigc__memory_free(&context->memory, rows_b);
    return status;
}

aigc_status_t aigc__frechet_distance(aigc_context_t *context, const aigc__features_t *a, const aigc__features_t *b,
                                     double *out)
{
    const aigc__features_t *fewer = a->n < b->n ? a : b, *more = a->n < b->n ? b : a;
    const bool are_few = fewer->n < a->dim && more->n <= a->dim * a->dim / fewer->n;
    double squares = 0, root = 0;
    AIGC__TRY(are_few ? distance_of_few(context, fewer, more, &squares, &root)
                      : distance_of_many(context, a, b, &squares, &root));
    *out = squares > 2 * root ? squares - 2 * root : 0;
    return AIGC_OK;
}
