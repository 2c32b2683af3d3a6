/* Products of all rows of two sets, some rows at a time, and what they tell of distances. */
#include "base/sizes.h"
#include "kernels/kernels.h"
#include "metrics/distances.h"
#include <math.h>
#include <string.h>

enum { STRIPE = 256 }; /* rows of the first set at a time */

/* A set and what is known of each row. */
typedef struct side {
    const aigc__features_t *features;
    double *squares; /* |x|^2 */
    double *offsets; /* x.centre */
    double *reaches; /* squared */
} side_t;

typedef struct measurement {
    aigc_context_t *context;
    side_t real, made;
    double *centre; /* what was taken from all rows */
    double centre_square;
    size_t neighbours;
    void *memory; /* of all the above */
    /* of a stripe */
    const side_t *a, *b;
    size_t first, rows;
    float *products; /* [STRIPE, most rows of a set] */
    void *shared, *worker;
    aigc__gemm_plan_t plan;
    bool finds_reach;   /* of a, which is b then: else finds what b's rows reach */
    double *kernel_sum; /* [STRIPE] */
    bool *is_reached;   /* [STRIPE] */
} measurement_t;

/* ---- a stripe ---- */

/* Rounding may bring the distance of equal rows below 0. */
static double squared_distance(const measurement_t *m, size_t i, size_t j, float product)
{
    const double d = m->a->squares[i] + m->b->squares[j] - 2 * (double)product;
    return d > 0 ? d : 0;
}

/* Of the rows as they were before the centre was taken from them. */
static double kernel(const measurement_t *m, size_t i, size_t j, float product)
{
    const double whole = (double)product + m->a->offsets[i] + m->b->offsets[j] + m->centre_square;
    const double x = whole / (double)m->a->features->dim + 1;
    return x * x * x;
}

/* Puts a distance among the nearest, nearest first. */
static void insert(double *nearest, size_t n, double distance)
{
    size_t at = n - 1;
    if (distance >= nearest[at]) return;
    for (; at > 0 && nearest[at - 1] > distance; at--) nearest[at] = nearest[at - 1];
    nearest[at] = distance;
}

static double farthest_known(const double *nearest, size_t n)
{
    while (n > 1 && nearest[n - 1] == HUGE_VAL) n--;
    return nearest[n - 1];
}

static void row_within(measurement_t *m, size_t r, const float *products)
{
    const size_t i = m->first + r, n = m->b->features->n;
    double nearest[AIGC__MOST_NEIGHBOURS], sum = 0;
    for (size_t k = 0; k < m->neighbours; k++) nearest[k] = HUGE_VAL;
    for (size_t j = 0; j < n; j++) {
        if (j == i) continue;
        sum += kernel(m, i, j, products[j]);
        insert(nearest, m->neighbours, squared_distance(m, i, j, products[j]));
    }
    m->kernel_sum[r] = sum;
    m->a->reaches[i] = farthest_known(nearest, m->neighbours);
}

static void row_across(measurement_t *m, size_t r, const float *products)
{
    const size_t i = m->first + r, n = m->b->features->n;
    double sum = 0;
    bool is_reached = false;
    for (size_t j = 0; j < n; j++) {
        sum += kernel(m, i, j, products[j]);
        is_reached |= squared_distance(m, i, j, products[j]) <= m->b->reaches[j];
    }
    m->kernel_sum[r] = sum;
    m->is_reached[r] = is_reached;
}

static void row_tile(void *user, size_t r, size_t worker)
{
    measurement_t *m = user;
    const float *products = m->products + r * m->b->features->n;
    (void)worker;
    if (m->finds_reach)
        row_within(m, r, products);
    else
        row_across(m, r, products);
}

static aigc__gemm_call_t call_of(const measurement_t *m)
{
    return (aigc__gemm_call_t){.plan = &m->plan,
                               .a = m->a->features->rows + m->first * m->a->features->dim,
                               .b = m->b->features->rows,
                               .c = m->products,
                               .shared = m->shared,
                               .worker = m->worker};
}

static void pack_tile(void *user, size_t tile, size_t worker)
{
    const aigc__gemm_call_t call = call_of(user);
    aigc__gemm_pack_tile(&call, tile, worker);
}

static void product_tile(void *user, size_t tile, size_t worker)
{
    const aigc__gemm_call_t call = call_of(user);
    aigc__gemm_tile(&call, tile, worker);
}

static void plan_stripe(aigc__gemm_plan_t *plan, const measurement_t *m, size_t rows, size_t columns)
{
    const size_t dim = m->real.features->dim;
    const aigc__gemm_shape_t shape = {
        .m = rows, .n = columns, .k = dim, .tb = true, .lda = dim, .ldb = dim, .ldc = columns, .batch = 1};
    aigc__gemm_plan(plan, m->context->kernels, &shape);
}

static aigc_status_t run_tiles(measurement_t *m, aigc__tile_fn fn, size_t tiles)
{
    if (aigc__pool_run(m->context->pool, fn, m, tiles)) return AIGC_OK;
    AIGC__TRY(aigc__check_cancel(m->context));
    return aigc__fail(AIGC_ERROR_CANCELLED, "the measurement was cancelled");
}

/* Work for products of so many rows is taken from the memory that prepare() reserved for the largest. */
static aigc_status_t run_stripe(measurement_t *m)
{
    plan_stripe(&m->plan, m, m->rows, m->b->features->n);
    if (m->plan.pack_tiles > 0) AIGC__TRY(run_tiles(m, pack_tile, m->plan.pack_tiles));
    AIGC__TRY(run_tiles(m, product_tile, m->plan.tiles));
    return run_tiles(m, row_tile, m->rows);
}

/* All rows of `a` against all of `b`: the kernel's sum, and the part of a's rows that is reached. */
static aigc_status_t sweep(measurement_t *m, const side_t *a, const side_t *b, double *kernel_sum, double *reached)
{
    const size_t n = a->features->n;
    size_t count = 0;
    m->a = a;
    m->b = b;
    m->finds_reach = a == b;
    *kernel_sum = 0;
    for (m->first = 0; m->first < n; m->first += m->rows) {
        m->rows = n - m->first < STRIPE ? n - m->first : STRIPE;
        AIGC__TRY(run_stripe(m));
        for (size_t r = 0; r < m->rows; r++) {
            *kernel_sum += m->kernel_sum[r];
            if (!m->finds_reach) count += m->is_reached[r];
        }
    }
    if (reached) *reached = (double)count / (double)n;
    return AIGC_OK;
}

/* ---- setting up ---- */

/* Parts of one block of memory; with `block` NULL only their size. */
typedef struct carver {
    char *block;
    size_t used;
    aigc_status_t status;
} carver_t;

static void *carve(carver_t *carver, size_t count, size_t element)
{
    size_t bytes = 0;
    const size_t at = carver->used;
    if (carver->status == AIGC_OK) carver->status = aigc__bytes_of(count, element, &bytes);
    if (carver->status == AIGC_OK) carver->status = aigc__bytes_aligned(bytes, &bytes);
    if (carver->status == AIGC_OK) carver->status = aigc__bytes_sum(carver->used, bytes, &carver->used);
    return carver->block ? carver->block + at : NULL;
}

static void carve_side(carver_t *carver, side_t *side)
{
    side->squares = carve(carver, side->features->n, sizeof(double));
    side->offsets = carve(carver, side->features->n, sizeof(double));
    side->reaches = carve(carver, side->features->n, sizeof(double));
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

static void carve_all(carver_t *carver, measurement_t *m)
{
    const size_t n[2] = {m->real.features->n, m->made.features->n};
    size_t shared = 0, worker = 0;
    for (size_t k = 0; k < 4; k++) { /* whole stripes and last ones, of either set's columns */
        const size_t rest = n[k / 2] % STRIPE;
        for (size_t b = 0; b < 2; b++) {
            aigc__gemm_plan_t plan;
            plan_stripe(&plan, m, k % 2 == 0 || rest == 0 ? STRIPE : rest, n[b]);
            shared = larger(shared, plan.shared_bytes);
            worker = larger(worker, plan.worker_bytes);
        }
    }
    carve_side(carver, &m->real);
    carve_side(carver, &m->made);
    m->centre = carve(carver, m->real.features->dim, sizeof(double));
    m->kernel_sum = carve(carver, STRIPE, sizeof(double));
    m->is_reached = carve(carver, STRIPE, sizeof(bool));
    m->products = carve(carver, larger(n[0], n[1]), STRIPE * sizeof(float));
    m->shared = carve(carver, shared, 1);
    m->worker = carve(carver, aigc__pool_threads(m->context->pool), worker);
}

static aigc_status_t prepare(measurement_t *m)
{
    carver_t size = {.block = NULL}, carver = {.block = NULL};
    void *block = NULL;
    carve_all(&size, m);
    AIGC__TRY(size.status);
    AIGC__TRY(aigc__memory_alloc_zeroed(&m->context->memory, size.used, &block));
    m->memory = carver.block = block;
    carve_all(&carver, m);
    return AIGC_OK;
}

/* Distances are differences of products: these are precise where the rows lie around 0. */
static void take_centre(measurement_t *m)
{
    const aigc__features_t *real = m->real.features;
    for (size_t i = 0; i < real->n; i++)
        for (size_t k = 0; k < real->dim; k++) m->centre[k] += (double)real->rows[i * real->dim + k];
    for (size_t k = 0; k < real->dim; k++) {
        m->centre[k] = (double)(float)(m->centre[k] / (double)real->n);
        m->centre_square += m->centre[k] * m->centre[k];
    }
}

static void move_rows(const measurement_t *m, const side_t *side)
{
    const size_t dim = side->features->dim;
    for (size_t i = 0; i < side->features->n; i++)
        for (size_t k = 0; k < dim; k++) {
            float *x = &side->features->rows[i * dim + k];
            *x = (float)((double)*x - m->centre[k]);
            side->squares[i] += (double)*x * (double)*x;
            side->offsets[i] += (double)*x * m->centre[k];
        }
}

aigc_status_t aigc__likeness(aigc_context_t *context, const aigc__features_t *real, const aigc__features_t *made,
                             size_t neighbours, aigc__likeness_t *out)
{
    measurement_t m = {
        .context = context, .real.features = real, .made.features = made, .neighbours = neighbours, .memory = NULL};
    const double n = (double)real->n, k = (double)made->n;
    double within_real = 0, within_made = 0, across = 0, again = 0;
    aigc__likeness_t found = {0};
    aigc_status_t status;
    AIGC__GOTO(done, prepare(&m));
    take_centre(&m);
    move_rows(&m, &m.real);
    move_rows(&m, &m.made);
    AIGC__GOTO(done, sweep(&m, &m.real, &m.real, &within_real, NULL));
    AIGC__GOTO(done, sweep(&m, &m.made, &m.made, &within_made, NULL));
    AIGC__GOTO(done, sweep(&m, &m.made, &m.real, &across, &found.precision));
    AIGC__GOTO(done, sweep(&m, &m.real, &m.made, &again, &found.recall));
    found.kernel_distance = within_real / (n * (n - 1)) + within_made / (k * (k - 1)) - 2 * across / (n * k);
    *out = found;
done:
    aigc__memory_free(&context->memory, m.memory);
    return status;
}
