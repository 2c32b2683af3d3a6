/* Distances of sets of features against their definitions in double, and the linear algebra under them. */
#include "kernels/kernels.h"
#include "metrics/distances.h"
#include "metrics/symmetric.h"
#include "support/unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static aigc_context_t *new_context(size_t threads)
{
    aigc_context_t *context = NULL;
    check_ok(aigc__context_create(&context, NULL, threads, 0, AIGC__CPU_C, aigc__kernels_get(AIGC__CPU_C)));
    return context;
}

/* Numbers in -1..1 by place. */
static double noise(size_t i)
{
    uint64_t x = (i + 1) * 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9u;
    x ^= x >> 32;
    return (double)(x >> 11) / (double)(1ull << 52) - 1;
}

static double *doubles(size_t n)
{
    double *block = calloc(n, sizeof *block);
    assert_non_null(block);
    return block;
}

/* C = A B, [n,n]. */
static void multiply(const double *a, const double *b, double *c, size_t n)
{
    memset(c, 0, n * n * sizeof *c);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            for (size_t j = 0; j < n; j++) c[i * n + j] += a[i * n + k] * b[k * n + j];
}

/* ---- eigenvalues ---- */

/* D between reflections at the hyperplanes of `reflections` vectors. */
static void hide_eigenvalues(double *s, const double *values, size_t n, size_t reflections)
{
    double *v = doubles(n), *r = doubles(n * n), *t = doubles(n * n);
    for (size_t i = 0; i < n; i++) s[i * n + i] = values[i];
    for (size_t q = 0; q < reflections; q++) {
        double square = 0;
        for (size_t i = 0; i < n; i++) v[i] = noise(q * 1000 + i), square += v[i] * v[i];
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) r[i * n + j] = (i == j) - 2 * v[i] * v[j] / square;
        multiply(r, s, t, n);
        multiply(t, r, s, n);
    }
    free(v), free(r), free(t);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void check_eigenvalues(double *wanted, size_t n, size_t reflections)
{
    double *s = doubles(n * n), *found = doubles(n), *work = doubles(n), greatest = 0;
    hide_eigenvalues(s, wanted, n, reflections);
    check_ok(aigc__symmetric_eigenvalues(s, n, found, work));
    qsort(wanted, n, sizeof *wanted, by_size);
    qsort(found, n, sizeof *found, by_size);
    for (size_t i = 0; i < n; i++) greatest = fmax(greatest, fabs(wanted[i]));
    for (size_t i = 0; i < n; i++) assert_true(fabs(found[i] - wanted[i]) <= 1e-13 * (double)(n + 10) * greatest);
    free(s), free(found), free(work);
}

static void eigenvalues_are_found(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 5, 17, 64};
    (void)state;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int way = 0; way < 5; way++) {
            const size_t n = sizes[k];
            double *wanted = doubles(n);
            for (size_t i = 0; i < n; i++)
                wanted[i] = way == 0   ? noise(i)               /* both signs */
                            : way == 1 ? (double)(i % 3)        /* repeated and zero */
                            : way == 2 ? pow(10, -(double)i)    /* of all sizes */
                            : way == 3 ? 0                      /* nothing at all */
                                       : 1 + 1e-14 * (double)i; /* nearly equal */
            check_eigenvalues(wanted, n, way == 4 && n > 3 ? 0 : 3);
            free(wanted);
        }
}

static void eigenvalues_of_nan_are_refused(void **state)
{
    double s[9] = {1, 0, 0, NAN, 1, 0, 0.5, 0.5, 1}, values[3], work[3];
    (void)state;
    check_failure(aigc__symmetric_eigenvalues(s, 3, values, work), AIGC_ERROR_NUMERIC, "3 x 3");
}

/* ---- Cholesky ---- */

static void roots_multiply_back(void **state)
{
    enum { N = 12 };
    (void)state;
    for (size_t rank = 1; rank <= N; rank++) {
        double s[N * N] = {0}, l[N * N];
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < N; j++)
                for (size_t r = 0; r < rank; r++) s[i * N + j] += noise(r * N + i) * noise(r * N + j);
        memcpy(l, s, sizeof l);
        aigc__cholesky(l, N);
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < N; j++) {
                double sum = 0;
                for (size_t r = 0; r < N; r++) sum += l[i * N + r] * l[j * N + r];
                assert_true(fabs(sum - s[i * N + j]) < 1e-6);
                if (j > i) assert_true(l[i * N + j] == 0);
            }
    }
}

/* ---- sets of features ---- */

static aigc__features_t new_set(size_t n, size_t dim, size_t seed, double spread, double place)
{
    aigc__features_t set = {malloc(n * dim * sizeof(float)), n, dim};
    assert_non_null(set.rows);
    for (size_t i = 0; i < n * dim; i++) set.rows[i] = (float)(place + spread * noise(seed * 1000003 + i));
    return set;
}

static void moments(const aigc__features_t *set, double *mean, double *covariance)
{
    const size_t d = set->dim;
    for (size_t i = 0; i < set->n; i++)
        for (size_t k = 0; k < d; k++) mean[k] += (double)set->rows[i * d + k] / (double)set->n;
    for (size_t i = 0; i < set->n; i++)
        for (size_t k = 0; k < d; k++)
            for (size_t j = 0; j < d; j++)
                covariance[k * d + j] += ((double)set->rows[i * d + k] - mean[k]) *
                                         ((double)set->rows[i * d + j] - mean[j]) / (double)(set->n - 1);
}

static void invert(const double *m, double *out, size_t n)
{
    double *a = doubles(n * n);
    memcpy(a, m, n * n * sizeof *a);
    memset(out, 0, n * n * sizeof *out);
    for (size_t i = 0; i < n; i++) out[i * n + i] = 1;
    for (size_t p = 0; p < n; p++) { /* Gauss and Jordan with pivots */
        size_t best = p;
        for (size_t r = p + 1; r < n; r++)
            if (fabs(a[r * n + p]) > fabs(a[best * n + p])) best = r;
        for (size_t c = 0; c < n; c++) {
            double t = a[p * n + c];
            a[p * n + c] = a[best * n + c], a[best * n + c] = t;
            t = out[p * n + c], out[p * n + c] = out[best * n + c], out[best * n + c] = t;
        }
        const double pivot = a[p * n + p];
        for (size_t c = 0; c < n; c++) a[p * n + c] /= pivot, out[p * n + c] /= pivot;
        for (size_t r = 0; r < n; r++) {
            const double factor = r == p ? 0 : a[r * n + p];
            for (size_t c = 0; c < n; c++)
                a[r * n + c] -= factor * a[p * n + c], out[r * n + c] -= factor * out[p * n + c];
        }
    }
    free(a);
}

/* The trace of the root by the iteration of Denman and Beavers: another way than the library's. */
static double root_trace(const double *m, size_t n)
{
    double *y = doubles(n * n), *z = doubles(n * n), *iy = doubles(n * n), *iz = doubles(n * n), trace = 0;
    memcpy(y, m, n * n * sizeof *y);
    for (size_t i = 0; i < n; i++) z[i * n + i] = 1;
    for (int step = 0; step < 40; step++) {
        invert(y, iy, n);
        invert(z, iz, n);
        for (size_t i = 0; i < n * n; i++) {
            const double next = (y[i] + iz[i]) / 2;
            z[i] = (z[i] + iy[i]) / 2;
            y[i] = next;
        }
    }
    for (size_t i = 0; i < n; i++) trace += y[i * n + i];
    free(y), free(z), free(iy), free(iz);
    return trace;
}

static double frechet_by_definition(const aigc__features_t *a, const aigc__features_t *b)
{
    const size_t d = a->dim;
    double *ma = doubles(d), *mb = doubles(d), *ca = doubles(d * d), *cb = doubles(d * d), *p = doubles(d * d), sum = 0;
    moments(a, ma, ca);
    moments(b, mb, cb);
    multiply(ca, cb, p, d);
    for (size_t k = 0; k < d; k++) sum += (ma[k] - mb[k]) * (ma[k] - mb[k]) + ca[k * d + k] + cb[k * d + k];
    sum -= 2 * root_trace(p, d);
    free(ma), free(mb), free(ca), free(cb), free(p);
    return sum;
}

static void frechet_follows_its_definition(void **state)
{
    aigc_context_t *context = new_context(2);
    (void)state;
    for (size_t dim = 1; dim <= 70; dim += 23) {
        /* so many that covariances are taken, and so few of as many that they are not, all of full rank */
        for (size_t few = 0; few < 2; few++) {
            aigc__features_t a = new_set(few ? dim + 2 : 200, dim, 1, 1, 0.3), b = new_set(150, dim, 2, 0.6, -0.2);
            double found = 0;
            check_ok(aigc__frechet_distance(context, &a, &b, &found));
            const double wanted = frechet_by_definition(&a, &b);
            assert_true(fabs(found - wanted) < 1e-6 * (double)dim);
            check_ok(aigc__frechet_distance(context, &a, &a, &found));
            assert_true(found < 1e-9 * (double)dim);
            free(a.rows), free(b.rows);
        }
    }
    aigc__context_release(context);
}

/* Rows beyond a handful of dimensions are zero: by the covariances of those, and by the rows of all. */
static void few_and_many_agree(void **state)
{
    enum { N = 30, SMALL = 6, LARGE = 90 };
    aigc_context_t *context = new_context(2);
    double distances[2] = {0};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        const size_t dim = k == 0 ? SMALL : LARGE;
        float *rows[2];
        for (size_t s = 0; s < 2; s++) {
            rows[s] = calloc(N * dim, sizeof(float));
            assert_non_null(rows[s]);
            for (size_t i = 0; i < N; i++)
                for (size_t j = 0; j < SMALL; j++)
                    rows[s][i * dim + j] = (float)((s == 0 ? 1 : 0.7) * noise(s * 7919 + i * SMALL + j));
        }
        const aigc__features_t a = {rows[0], N, dim}, b = {rows[1], N, dim};
        check_ok(aigc__frechet_distance(context, &a, &b, &distances[k]));
        free(rows[0]), free(rows[1]);
    }
    assert_true(distances[0] > 0.01 && fabs(distances[0] - distances[1]) < 1e-6);
    aigc__context_release(context);
}

/* Of spreads along the axes the distance is known: sums of squared differences of means and of deviations. */
static void frechet_of_few_rows_is_exact(void **state)
{
    enum { DIM = 6, N = 2 * DIM };
    aigc_context_t *context = new_context(1);
    float rows[2][N * DIM] = {{0}};
    double found = 0, wanted = 0;
    (void)state;
    for (size_t k = 0; k < DIM; k++) {
        const double spread[2] = {1 + (double)k, k == 3 ? 0 : 0.5 * (double)k};
        for (size_t s = 0; s < 2; s++)
            for (size_t i = 0; i < N; i++) {
                const double step = i / 2 != k ? 0 : i % 2 ? spread[s] : -spread[s];
                rows[s][i * DIM + k] = (float)(step + (s == 0 ? 0 : 0.25));
            }
        const double unit = sqrt(2.0 / (N - 1)), d = unit * (spread[0] - spread[1]);
        wanted += d * d + 0.25 * 0.25;
    }
    const aigc__features_t a = {rows[0], N, DIM}, b = {rows[1], N, DIM};
    check_ok(aigc__frechet_distance(context, &a, &b, &found));
    assert_true(fabs(found - wanted) < 1e-9);
    aigc__context_release(context);
}

/* ---- kernel distance, precision and recall ---- */

static double square_between(const float *a, const float *b, size_t dim)
{
    double sum = 0;
    for (size_t k = 0; k < dim; k++) sum += ((double)a[k] - (double)b[k]) * ((double)a[k] - (double)b[k]);
    return sum;
}

static double kernel(const float *a, const float *b, size_t dim)
{
    double sum = 0;
    for (size_t k = 0; k < dim; k++) sum += (double)a[k] * (double)b[k];
    return pow(sum / (double)dim + 1, 3);
}

static double reach(const aigc__features_t *set, size_t i, size_t k)
{
    double *all = doubles(set->n);
    for (size_t j = 0; j < set->n; j++)
        all[j] = square_between(set->rows + i * set->dim, set->rows + j * set->dim, set->dim);
    all[i] = -1;
    qsort(all, set->n, sizeof *all, by_size);
    const double found = all[k < set->n ? k : set->n - 1];
    free(all);
    return found;
}

static double reached(const aigc__features_t *of, const aigc__features_t *by, size_t k)
{
    double *reaches = doubles(by->n);
    size_t n = 0;
    for (size_t j = 0; j < by->n; j++) reaches[j] = reach(by, j, k);
    for (size_t i = 0; i < of->n; i++) {
        bool any = false;
        for (size_t j = 0; j < by->n && !any; j++)
            any = square_between(of->rows + i * of->dim, by->rows + j * of->dim, of->dim) <= reaches[j];
        n += any;
    }
    free(reaches);
    return (double)n / (double)of->n;
}

static double mean_kernel(const aigc__features_t *a, const aigc__features_t *b)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < b->n; j++)
            if (a != b || i != j) sum += kernel(a->rows + i * a->dim, b->rows + j * a->dim, a->dim), n++;
    return sum / (double)n;
}

static void likeness_follows_its_definitions(void **state)
{
    static const struct {
        size_t real, made, dim, neighbours;
    } cases[] = {{2, 2, 1, 1}, {3, 5, 2, 3}, {40, 30, 5, 1}, {300, 270, 9, 3}, {256, 513, 17, 5}, {7, 9, 33, 16}};
    aigc_context_t *context = new_context(2);
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        aigc__features_t real = new_set(cases[c].real, cases[c].dim, 5, 1, 2),
                         made = new_set(cases[c].made, cases[c].dim, 6, 0.8, 2.2);
        const double distance = mean_kernel(&real, &real) + mean_kernel(&made, &made) - 2 * mean_kernel(&real, &made);
        const double precision = reached(&made, &real, cases[c].neighbours),
                     recall = reached(&real, &made, cases[c].neighbours);
        aigc__likeness_t found;
        check_ok(aigc__likeness(context, &real, &made, cases[c].neighbours, &found));
        assert_true(fabs(found.kernel_distance - distance) < 2e-5 * mean_kernel(&real, &real));
        assert_true(found.precision == precision && found.recall == recall);
        free(real.rows), free(made.rows);
    }
    aigc__context_release(context);
}

/* Equal rows are neighbours at no distance, whatever rounding makes of it. */
static void copies_are_reached(void **state)
{
    aigc_context_t *context = new_context(1);
    aigc__features_t real = new_set(50, 12, 3, 1, 100), made = new_set(50, 12, 3, 1, 100);
    aigc__likeness_t found;
    (void)state;
    check_ok(aigc__likeness(context, &real, &made, 1, &found));
    assert_true(found.precision == 1 && found.recall == 1);
    free(real.rows), free(made.rows);
    aigc__context_release(context);
}

static void threads_change_nothing(void **state)
{
    aigc__likeness_t first = {0}, again = {0};
    double distance[2] = {0};
    (void)state;
    for (size_t threads = 1; threads <= 4; threads += 3) {
        aigc_context_t *context = new_context(threads);
        aigc__features_t real = new_set(300, 40, 1, 1, 0), made = new_set(300, 40, 2, 1, 0.1);
        check_ok(aigc__frechet_distance(context, &real, &made, &distance[threads > 1]));
        check_ok(aigc__likeness(context, &real, &made, 3, threads > 1 ? &again : &first));
        free(real.rows), free(made.rows);
        aigc__context_release(context);
    }
    assert_true(distance[0] == distance[1]);
    assert_memory_equal(&first, &again, sizeof first);
}

static void a_cancel_is_heard(void **state)
{
    aigc_context_t *context = new_context(2);
    aigc__features_t real = new_set(30, 4, 1, 1, 0), made = new_set(30, 4, 2, 1, 0);
    aigc__likeness_t likeness;
    double distance = 7;
    (void)state;
    atomic_store(&context->cancelled, 1);
    assert_int_equal(aigc__frechet_distance(context, &real, &made, &distance), AIGC_ERROR_CANCELLED);
    assert_true(distance == 7);
    atomic_store(&context->cancelled, 1);
    assert_int_equal(aigc__likeness(context, &real, &made, 3, &likeness), AIGC_ERROR_CANCELLED);
    free(real.rows), free(made.rows);
    aigc__context_release(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eigenvalues_are_found),
        cmocka_unit_test(eigenvalues_of_nan_are_refused),
        cmocka_unit_test(roots_multiply_back),
        cmocka_unit_test(frechet_follows_its_definition),
        cmocka_unit_test(few_and_many_agree),
        cmocka_unit_test(frechet_of_few_rows_is_exact),
        cmocka_unit_test(likeness_follows_its_definitions),
        cmocka_unit_test(copies_are_reached),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(a_cancel_is_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
