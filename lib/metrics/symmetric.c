#include "metrics/symmetric.h"

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += a[k] * b[k];
    return sum;
}

static double magnitude(double x) { return x < 0 ? -x : x; }

void aigc__cholesky(double *s, size_t n)
{
    double greatest = 0;
    for (size_t i = 0; i < n; i++)
        if (s[i * n + i] > greatest) greatest = s[i * n + i];
    for (size_t i = 0; i < n; i++) {
        double *row = s + i * n;
        for (size_t j = 0; j < i; j++) {
            const double *pivot_row = s + j * n;
            row[j] = pivot_row[j] > 0 ? (row[j] - dot(row, pivot_row, j)) / pivot_row[j] : 0;
        }
        const double pivot = row[i] - dot(row, row, i);
        row[i] = pivot > 1e-12 * greatest ? __builtin_sqrt(pivot) : 0;
        for (size_t j = i + 1; j < n; j++) row[j] = 0;
    }
}

/* ---- eigenvalues: to tridiagonal form by Householder's reflections, then QL steps with implicit shifts (Golub and Van
 * Loan, Matrix Computations, sections 8.3.1 and 8.3.3) ---- */

/* p = A u, A the leading m by m of s. */
static void multiply(const double *s, size_t n, size_t m, const double *u, double *p)
{
    for (size_t j = 0; j < m; j++) {
        const double *row = s + j * n, u_j = u[j];
        for (size_t k = 0; k < j; k++) p[k] += row[k] * u_j;
        p[j] = dot(row, u, j + 1);
    }
}

/* The reflection that leaves of row i, left of the diagonal, one number, which it returns; applied to the rows
 * above from both sides. */
static double reflect(double *s, size_t n, size_t i, double *p)
{
    double *u = s + i * n;
    const double length = __builtin_sqrt(dot(u, u, i)), beside = u[i - 1] > 0 ? -length : length;
    if (length == 0) return 0;
    u[i - 1] -= beside;
    const double h = dot(u, u, i) / 2;
    multiply(s, n, i, u, p);
    for (size_t k = 0; k < i; k++) p[k] /= h;
    const double half = dot(u, p, i) / (2 * h);
    for (size_t k = 0; k < i; k++) p[k] -= half * u[k];
    for (size_t j = 0; j < i; j++) {
        double *row = s + j * n;
        for (size_t k = 0; k <= j; k++) row[k] -= u[j] * p[k] + p[j] * u[k];
    }
    return beside;
}

/* Diagonal into d; what is left beside it into e, e[i] right of d[i], the last 0. */
static void make_tridiagonal(double *s, size_t n, double *d, double *e)
{
    for (size_t i = n; i-- > 1;) {
        e[i - 1] = reflect(s, n, i, d); /* d[0..i-1] are free: the diagonal above still changes */
        d[i] = s[i * n + i];
    }
    d[0] = s[0];
    e[n - 1] = 0;
}

/* One step on d[first..last], whose e[first..last-1] are not 0: a shift from its upper end, chased from the lower. */
static void ql_step(double *d, double *e, size_t first, size_t last)
{
    const double slope = (d[first + 1] - d[first]) / (2 * e[first]), root = __builtin_sqrt(slope * slope + 1);
    double g = d[last] - d[first] + e[first] / (slope + (slope < 0 ? -root : root));
    double sine = 1, cosine = 1, carried = 0;
    for (size_t i = last; i-- > first;) {
        const double f = sine * e[i], b = cosine * e[i], length = __builtin_sqrt(f * f + g * g);
        e[i + 1] = length;
        if (length == 0) { /* the matrix has come apart here */
            d[i + 1] -= carried;
            e[last] = 0;
            return;
        }
        sine = f / length;
        cosine = g / length;
        g = d[i + 1] - carried;
        const double turned = (d[i] - g) * sine + 2 * cosine * b;
        carried = sine * turned;
        d[i + 1] = g + carried;
        g = cosine * turned - b;
    }
    d[first] -= carried;
    e[first] = g;
    e[last] = 0;
}

/* The last row that hangs together with row `first`. */
static size_t block_end(const double *d, const double *e, size_t n, size_t first)
{
    const double epsilon = 2.3e-16;
    size_t last = first;
    while (last + 1 < n && magnitude(e[last]) > epsilon * (magnitude(d[last]) + magnitude(d[last + 1]))) last++;
    return last;
}

aigc_status_t aigc__symmetric_eigenvalues(double *s, size_t n, double *values, double *work)
{
    enum { MOST_STEPS = 60 }; /* for one eigenvalue; two or three are usual */
    if (n == 0) return AIGC_OK;
    make_tridiagonal(s, n, values, work);
    for (size_t first = 0; first < n; first++) {
        size_t steps = 0, last;
        while ((last = block_end(values, work, n, first)) > first && steps++ < MOST_STEPS)
            ql_step(values, work, first, last);
        if (last > first || values[first] - values[first] != 0)
            return aigc__fail(AIGC_ERROR_NUMERIC, "the eigenvalues of a %zu x %zu matrix cannot be found", n, n);
    }
    return AIGC_OK;
}
