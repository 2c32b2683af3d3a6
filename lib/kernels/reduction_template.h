/* The reductions of a level. */

/* Accumulators that hide the latency of an addition */
enum { SUM_VECTORS = 8 };
/* Each accumulator takes 64 vectors, then the lanes are summed as a tree and the chunks in double: the
 * rounding error does not grow with n. */
enum { SUM_CHUNK = 64 * SUM_VECTORS * LANES };

typedef vf (*accumulate_fn)(vf sum, vf a, vf b);
INLINE vf accumulate_value(vf sum, vf a, vf b)
{
    (void)b;
    return vf_add(sum, a);
}
INLINE vf accumulate_product(vf sum, vf a, vf b) { return vf_fma(a, b, sum); }

/* Absent lanes of a tail read as 0 and add nothing. */
INLINE float sum_chunk(const float *a, const float *b, size_t n, accumulate_fn accumulate)
{
    vf sums[SUM_VECTORS];
    for (int k = 0; k < SUM_VECTORS; k++) sums[k] = vf_set(0.0f);
    size_t i = 0;
    for (; i + SUM_VECTORS * LANES <= n; i += SUM_VECTORS * LANES)
        for (size_t k = 0; k < SUM_VECTORS; k++)
            sums[k] = accumulate(sums[k], vf_load(a + i + k * LANES), vf_load(b + i + k * LANES));
    for (; i + LANES <= n; i += LANES) sums[0] = accumulate(sums[0], vf_load(a + i), vf_load(b + i));
    if (i < n) sums[1] = accumulate(sums[1], vf_load_tail(a + i, n - i), vf_load_tail(b + i, n - i));
    for (int step = SUM_VECTORS / 2; step; step /= 2)
        for (int k = 0; k < step; k++) sums[k] = vf_add(sums[k], sums[k + step]);
    return vf_sum_lanes(sums[0]);
}

INLINE float sum_all(const float *a, const float *b, size_t n, accumulate_fn accumulate)
{
    double total = 0.0;
    for (size_t i = 0; i < n; i += SUM_CHUNK)
        total += (double)sum_chunk(a + i, b + i, n - i < SUM_CHUNK ? n - i : SUM_CHUNK, accumulate);
    return (float)total;
}

static float sum(const float *a, size_t n) { return sum_all(a, a, n, accumulate_value); }
static float sum_squares(const float *a, size_t n) { return sum_all(a, a, n, accumulate_product); }
static float dot(const float *a, const float *b, size_t n) { return sum_all(a, b, n, accumulate_product); }

static float max_value(const float *a, size_t n)
{
    vf best[4] = {vf_set(a[0]), vf_set(a[0]), vf_set(a[0]), vf_set(a[0])};
    vm nan = vf_is_nan(best[0]);
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES)
        for (size_t k = 0; k < 4; k++) {
            vf x = vf_load(a + i + k * LANES);
            nan = vm_or(nan, vf_is_nan(x));
            best[k] = vf_max(x, best[k]); /* keeps best where x is NaN, or becomes NaN */
        }
    for (; i < n; i++) { /* one by one: absent lanes would read as 0 */
        vf x = vf_set(a[i]);
        nan = vm_or(nan, vf_is_nan(x));
        best[0] = vf_max(x, best[0]);
    }
    if (vm_any(nan)) return NAN;
    return vf_max_lanes(vf_max(vf_max(best[0], best[1]), vf_max(best[2], best[3])));
}

/* a - a is 0 for a finite number and NaN for others */
INLINE vm is_not_finite(vf a) { return vf_is_nan(vf_sub(a, a)); }

static bool all_finite(const float *a, size_t n)
{
    size_t i = 0;
    while (i + LANES <= n) { /* asks after each 16 vectors */
        vm bad = is_not_finite(vf_load(a + i));
        i += LANES;
        for (int k = 1; k < 16 && i + LANES <= n; k++, i += LANES) bad = vm_or(bad, is_not_finite(vf_load(a + i)));
        if (vm_any(bad)) return false;
    }
    return i == n || !vm_any(is_not_finite(vf_load_tail(a + i, n - i)));
}

/* ---- over rows ---- */

typedef vf (*combine_fn)(vf accumulated, vf a);
INLINE vf combine_sum(vf accumulated, vf a) { return vf_add(accumulated, a); }
INLINE vf combine_max(vf accumulated, vf a)
{
    return vf_select(vf_is_nan(accumulated), accumulated, vf_max(accumulated, a));
}

/* A strip of `vectors` whole vectors of columns, or one of n < LANES columns, down all rows */
INLINE void rows_strip(float *y, const float *a, size_t rows, size_t stride, size_t vectors, size_t n,
                       combine_fn combine)
{
    vf held[8];
    for (size_t k = 0; k < vectors; k++) held[k] = vf_get(y + k * LANES, n);
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < vectors; k++) held[k] = combine(held[k], vf_get(a + i * stride + k * LANES, n));
    for (size_t k = 0; k < vectors; k++) vf_put(y + k * LANES, held[k], n);
}

/* y already holds what the rows are combined with */
INLINE void rows_all(float *y, const float *a, size_t rows, size_t columns, size_t stride, combine_fn combine)
{
    size_t j = 0;
    for (; j + 8 * LANES <= columns; j += 8 * LANES) rows_strip(y + j, a + j, rows, stride, 8, LANES, combine);
    for (; j + LANES <= columns; j += LANES) rows_strip(y + j, a + j, rows, stride, 1, LANES, combine);
    if (j < columns) rows_strip(y + j, a + j, rows, stride, 1, columns - j, combine);
}

static void sum_rows(float *y, const float *a, size_t rows, size_t columns, size_t stride, bool add)
{
    if (!add && columns) memset(y, 0, columns * sizeof *y);
    rows_all(y, a, rows, columns, stride, combine_sum);
}

static void max_rows(float *y, const float *a, size_t rows, size_t columns, size_t stride)
{
    if (!rows || !columns) return;
    memcpy(y, a, columns * sizeof *y);
    rows_all(y, a + stride, rows - 1, columns, stride, combine_max);
}

/* ---- products of differences ---- */

INLINE vf difference_product(const float *a, vf p, const float *b, vf q, size_t n, vf sum)
{
    return vf_fma(vf_sub(vf_get(a, n), p), vf_sub(vf_get(b, n), q), sum);
}

/* A strip as in rows_strip */
INLINE void product_strip(float *y, const float *a, const float *p, const float *b, const float *q, size_t rows,
                          size_t stride, size_t vectors, size_t n)
{
    vf held[4], centre_a[4], centre_b[4];
    for (size_t k = 0; k < vectors; k++) {
        held[k] = vf_get(y + k * LANES, n);
        centre_a[k] = vf_get(p + k * LANES, n);
        centre_b[k] = vf_get(q + k * LANES, n);
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < vectors; k++) {
            size_t at = i * stride + k * LANES;
            held[k] = difference_product(a + at, centre_a[k], b + at, centre_b[k], n, held[k]);
        }
    for (size_t k = 0; k < vectors; k++) vf_put(y + k * LANES, held[k], n);
}

static void sum_product_rows(float *y, const float *a, const float *p, const float *b, const float *q, size_t rows,
                             size_t columns, size_t stride, bool add)
{
    size_t j = 0;
    if (!add && columns) memset(y, 0, columns * sizeof *y);
    for (; j + 4 * LANES <= columns; j += 4 * LANES)
        product_strip(y + j, a + j, p + j, b + j, q + j, rows, stride, 4, LANES);
    for (; j + LANES <= columns; j += LANES) product_strip(y + j, a + j, p + j, b + j, q + j, rows, stride, 1, LANES);
    if (j < columns) product_strip(y + j, a + j, p + j, b + j, q + j, rows, stride, 1, columns - j);
}

/* n is a multiple of LANES: absent lanes of a tail would count as -p and -q. */
INLINE float product_chunk(const float *a, vf p, const float *b, vf q, size_t n)
{
    vf sums[SUM_VECTORS];
    for (int k = 0; k < SUM_VECTORS; k++) sums[k] = vf_set(0.0f);
    size_t i = 0;
    for (; i + SUM_VECTORS * LANES <= n; i += SUM_VECTORS * LANES)
        for (size_t k = 0; k < SUM_VECTORS; k++)
            sums[k] = difference_product(a + i + k * LANES, p, b + i + k * LANES, q, LANES, sums[k]);
    for (; i + LANES <= n; i += LANES) sums[0] = difference_product(a + i, p, b + i, q, LANES, sums[0]);
    for (int step = SUM_VECTORS / 2; step; step /= 2)
        for (int k = 0; k < step; k++) sums[k] = vf_add(sums[k], sums[k + step]);
    return vf_sum_lanes(sums[0]);
}

static float sum_products(const float *a, float p, const float *b, float q, size_t n)
{
    double total = 0.0;
    size_t whole = n / LANES * LANES;
    for (size_t i = 0; i < whole; i += SUM_CHUNK)
        total +=
            (double)product_chunk(a + i, vf_set(p), b + i, vf_set(q), whole - i < SUM_CHUNK ? whole - i : SUM_CHUNK);
    for (size_t i = whole; i < n; i++) total += (double)((a[i] - p) * (b[i] - q));
    return (float)total;
}

/* `vectors` whole vectors of columns, or one of n < LANES columns, of one row */
INLINE void combine_strip(float *y, const float *a, const aigc__tap_t *taps, size_t n_taps, size_t columns,
                          size_t vectors, size_t n)
{
    vf held[8];
    for (size_t k = 0; k < vectors; k++) held[k] = vf_set(0.0f);
    for (size_t t = 0; t < n_taps; t++) {
        const float *from = a + taps[t].row * columns;
        vf weight = vf_set(taps[t].weight);
        if (t == 0)
            for (size_t k = 0; k < vectors; k++) held[k] = vf_mul(weight, vf_get(from + k * LANES, n));
        else
            for (size_t k = 0; k < vectors; k++) held[k] = vf_fma(weight, vf_get(from + k * LANES, n), held[k]);
    }
    for (size_t k = 0; k < vectors; k++) vf_put(y + k * LANES, held[k], n);
}

static void combine_rows(float *y, const float *a, const uint32_t *starts, const aigc__tap_t *taps, size_t rows,
                         size_t columns)
{
    for (size_t r = 0; r < rows; r++, y += columns) {
        const aigc__tap_t *own = taps + starts[r];
        size_t n = starts[r + 1] - starts[r], j = 0;
        for (; j + 8 * LANES <= columns; j += 8 * LANES) combine_strip(y + j, a + j, own, n, columns, 8, LANES);
        for (; j + 4 * LANES <= columns; j += 4 * LANES) combine_strip(y + j, a + j, own, n, columns, 4, LANES);
        for (; j + LANES <= columns; j += LANES) combine_strip(y + j, a + j, own, n, columns, 1, LANES);
        if (j < columns) combine_strip(y + j, a + j, own, n, columns, 1, columns - j);
    }
}

static void argmax_rows(int32_t *y, const float *a, const int32_t *rows, size_t n, size_t columns)
{
    for (size_t j = 0; j < columns; j += LANES) {
        size_t width = columns - j < LANES ? columns - j : LANES;
        vf best = width == LANES ? vf_load(a + (size_t)rows[0] * columns + j)
                                 : vf_load_tail(a + (size_t)rows[0] * columns + j, width);
        vi at = vi_set((uint32_t)rows[0]);
        for (size_t t = 1; t < n; t++) {
            const float *from = a + (size_t)rows[t] * columns + j;
            vf x = width == LANES ? vf_load(from) : vf_load_tail(from, width);
            vf rival = vf_select(vf_is_nan(x), best, vf_set(NAN)); /* a number where x is NaN and best is none */
            vm is_new = vm_or(vf_lt(best, x), vf_eq(rival, rival));
            best = vf_select(is_new, x, best);
            at = vi_select(is_new, vi_set((uint32_t)rows[t]), at);
        }
        float places[LANES];
        vf_store(places, vf_of_bits(at));
        memcpy(y + j, places, width * sizeof *y);
    }
}
