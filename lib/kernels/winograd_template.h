/* The transforms of Winograd's minimal filtering: 4 x 4 results of 3 x 3 taps by 36 multiplications instead of 144, or
 * of 2 x 2 taps by 25 instead of 64. Source: Winograd 1980; Lavin and Gray 2016, arXiv:1509.09308, section 4.
 *
 *   result = A' [(G g G') * (B' d B)] A    d: the square read, g: weights, *: element by element
 *
 * Each function is one side of it, along both axes of a square of vectors. Points are chosen for small errors and
 * exact in binary: 0, +-a, +-b and infinity for three taps, 0, +-a, b and infinity for two. */

/* ---- three taps ---- */

#define WINOGRAD_A 0.625f
#define WINOGRAD_B 1.5f
#define WINOGRAD_A2 (WINOGRAD_A * WINOGRAD_A)
#define WINOGRAD_B2 (WINOGRAD_B * WINOGRAD_B)
/* 1 / product of the differences of a point to the others */
#define WINOGRAD_N0 (1 / (WINOGRAD_A2 * WINOGRAD_B2))
#define WINOGRAD_NA (1 / (2 * WINOGRAD_A2 * (WINOGRAD_A2 - WINOGRAD_B2)))
#define WINOGRAD_NB (1 / (2 * WINOGRAD_B2 * (WINOGRAD_B2 - WINOGRAD_A2)))

typedef void (*winograd_fn)(const vf *in, vf *out);

/* B' d */
INLINE void winograd3_input_line(const vf *d, vf *out)
{
    const vf a = vf_set(WINOGRAD_A), b = vf_set(WINOGRAD_B), a2 = vf_set(WINOGRAD_A2), b2 = vf_set(WINOGRAD_B2);
    const vf product = vf_set(WINOGRAD_A2 * WINOGRAD_B2), sum = vf_set(WINOGRAD_A2 + WINOGRAD_B2);
    const vf even_a = vf_fnma(b2, d[2], d[4]), odd_a = vf_fnma(b2, d[1], d[3]);
    const vf even_b = vf_fnma(a2, d[2], d[4]), odd_b = vf_fnma(a2, d[1], d[3]);
    out[0] = vf_fma(product, d[0], vf_fnma(sum, d[2], d[4]));
    out[1] = vf_fma(a, odd_a, even_a);
    out[2] = vf_fnma(a, odd_a, even_a);
    out[3] = vf_fma(b, odd_b, even_b);
    out[4] = vf_fnma(b, odd_b, even_b);
    out[5] = vf_fma(product, d[1], vf_fnma(sum, d[3], d[5]));
}

/* G g */
INLINE void winograd3_weights_line(const vf *g, vf *out)
{
    const vf even_a = vf_mul(vf_set(WINOGRAD_NA), vf_fma(vf_set(WINOGRAD_A2), g[2], g[0]));
    const vf even_b = vf_mul(vf_set(WINOGRAD_NB), vf_fma(vf_set(WINOGRAD_B2), g[2], g[0]));
    const vf odd_a = vf_mul(vf_set(WINOGRAD_NA * WINOGRAD_A), g[1]);
    const vf odd_b = vf_mul(vf_set(WINOGRAD_NB * WINOGRAD_B), g[1]);
    out[0] = vf_mul(vf_set(WINOGRAD_N0), g[0]);
    out[1] = vf_add(even_a, odd_a);
    out[2] = vf_sub(even_a, odd_a);
    out[3] = vf_add(even_b, odd_b);
    out[4] = vf_sub(even_b, odd_b);
    out[5] = g[2];
}

/* A' m */
INLINE void winograd3_output_line(const vf *m, vf *out)
{
    const vf even_a = vf_add(m[1], m[2]), odd_a = vf_sub(m[1], m[2]);
    const vf even_b = vf_add(m[3], m[4]), odd_b = vf_sub(m[3], m[4]);
    const vf a3 = vf_set(WINOGRAD_A * WINOGRAD_A2), b3 = vf_set(WINOGRAD_B * WINOGRAD_B2);
    out[0] = vf_add(m[0], vf_add(even_a, even_b));
    out[1] = vf_fma(vf_set(WINOGRAD_A), odd_a, vf_mul(vf_set(WINOGRAD_B), odd_b));
    out[2] = vf_fma(vf_set(WINOGRAD_A2), even_a, vf_mul(vf_set(WINOGRAD_B2), even_b));
    out[3] = vf_add(m[5], vf_fma(a3, odd_a, vf_mul(b3, odd_b)));
}

/* A y: the adjoint of the output's */
INLINE void winograd3_output_adjoint_line(const vf *y, vf *out)
{
    const vf even_a = vf_fma(vf_set(WINOGRAD_A2), y[2], y[0]), even_b = vf_fma(vf_set(WINOGRAD_B2), y[2], y[0]);
    const vf odd_a = vf_fma(vf_set(WINOGRAD_A2), y[3], y[1]), odd_b = vf_fma(vf_set(WINOGRAD_B2), y[3], y[1]);
    out[0] = y[0];
    out[1] = vf_fma(vf_set(WINOGRAD_A), odd_a, even_a);
    out[2] = vf_fnma(vf_set(WINOGRAD_A), odd_a, even_a);
    out[3] = vf_fma(vf_set(WINOGRAD_B), odd_b, even_b);
    out[4] = vf_fnma(vf_set(WINOGRAD_B), odd_b, even_b);
    out[5] = y[3];
}

/* G' u: the adjoint of the weights' */
INLINE void winograd3_weights_adjoint_line(const vf *u, vf *out)
{
    const vf even_a = vf_mul(vf_set(WINOGRAD_NA), vf_add(u[1], u[2]));
    const vf even_b = vf_mul(vf_set(WINOGRAD_NB), vf_add(u[3], u[4]));
    const vf odd_a = vf_mul(vf_set(WINOGRAD_NA * WINOGRAD_A), vf_sub(u[1], u[2]));
    const vf odd_b = vf_mul(vf_set(WINOGRAD_NB * WINOGRAD_B), vf_sub(u[3], u[4]));
    out[0] = vf_fma(vf_set(WINOGRAD_N0), u[0], vf_add(even_a, even_b));
    out[1] = vf_add(odd_a, odd_b);
    out[2] = vf_add(u[5], vf_fma(vf_set(WINOGRAD_A2), even_a, vf_mul(vf_set(WINOGRAD_B2), even_b)));
}

/* ---- two taps ---- */

#define WINOGRAD2_A 0.75f
#define WINOGRAD2_B 2.0f
#define WINOGRAD2_A2 (WINOGRAD2_A * WINOGRAD2_A)
#define WINOGRAD2_N0 (1 / (WINOGRAD2_A2 * WINOGRAD2_B))
#define WINOGRAD2_NP (1 / (2 * WINOGRAD2_A2 * (WINOGRAD2_A - WINOGRAD2_B)))
#define WINOGRAD2_NM (-1 / (2 * WINOGRAD2_A2 * (WINOGRAD2_A + WINOGRAD2_B)))
#define WINOGRAD2_NB (1 / (WINOGRAD2_B * (WINOGRAD2_B * WINOGRAD2_B - WINOGRAD2_A2)))

/* B' d: every polynomial but b's has the factor x - b. */
INLINE void winograd2_input_line(const vf *d, vf *out)
{
    const vf a = vf_set(WINOGRAD2_A), a2 = vf_set(WINOGRAD2_A2), b = vf_set(WINOGRAD2_B);
    const vf e0 = vf_fnma(b, d[0], d[1]), e1 = vf_fnma(b, d[1], d[2]);
    const vf e2 = vf_fnma(b, d[2], d[3]), e3 = vf_fnma(b, d[3], d[4]);
    out[0] = vf_fnma(a2, e0, e2);
    out[1] = vf_fma(a, e1, e2);
    out[2] = vf_fnma(a, e1, e2);
    out[3] = vf_fnma(a2, d[1], d[3]);
    out[4] = vf_fnma(a2, e1, e3);
}

/* G g */
INLINE void winograd2_weights_line(const vf *g, vf *out)
{
    out[0] = vf_mul(vf_set(WINOGRAD2_N0), g[0]);
    out[1] = vf_mul(vf_set(WINOGRAD2_NP), vf_fma(vf_set(WINOGRAD2_A), g[1], g[0]));
    out[2] = vf_mul(vf_set(WINOGRAD2_NM), vf_fnma(vf_set(WINOGRAD2_A), g[1], g[0]));
    out[3] = vf_mul(vf_set(WINOGRAD2_NB), vf_fma(vf_set(WINOGRAD2_B), g[1], g[0]));
    out[4] = g[1];
}

/* A' m */
INLINE void winograd2_output_line(const vf *m, vf *out)
{
    const vf even = vf_add(m[1], m[2]), odd = vf_sub(m[1], m[2]);
    const vf b = vf_set(WINOGRAD2_B), b2 = vf_set(WINOGRAD2_B * WINOGRAD2_B);
    const vf a3 = vf_set(WINOGRAD2_A * WINOGRAD2_A2), b3 = vf_set(WINOGRAD2_B * WINOGRAD2_B * WINOGRAD2_B);
    out[0] = vf_add(vf_add(m[0], m[3]), even);
    out[1] = vf_fma(vf_set(WINOGRAD2_A), odd, vf_mul(b, m[3]));
    out[2] = vf_fma(vf_set(WINOGRAD2_A2), even, vf_mul(b2, m[3]));
    out[3] = vf_fma(a3, odd, vf_fma(b3, m[3], m[4]));
}

/* A y */
INLINE void winograd2_output_adjoint_line(const vf *y, vf *out)
{
    const vf a = vf_set(WINOGRAD2_A), a2 = vf_set(WINOGRAD2_A2), b = vf_set(WINOGRAD2_B);
    const vf even = vf_fma(a2, y[2], y[0]), odd = vf_fma(a2, y[3], y[1]);
    out[0] = y[0];
    out[1] = vf_fma(a, odd, even);
    out[2] = vf_fnma(a, odd, even);
    out[3] = vf_fma(b, vf_fma(b, vf_fma(b, y[3], y[2]), y[1]), y[0]);
    out[4] = y[3];
}

/* G' u */
INLINE void winograd2_weights_adjoint_line(const vf *u, vf *out)
{
    const vf plus = vf_mul(vf_set(WINOGRAD2_NP), u[1]), minus = vf_mul(vf_set(WINOGRAD2_NM), u[2]);
    const vf at_b = vf_mul(vf_set(WINOGRAD2_NB), u[3]);
    out[0] = vf_fma(vf_set(WINOGRAD2_N0), u[0], vf_add(vf_add(plus, minus), at_b));
    out[1] = vf_fma(vf_set(WINOGRAD2_A), vf_sub(plus, minus), vf_fma(vf_set(WINOGRAD2_B), at_b, u[4]));
}

/* ---- squares ---- */

/* Both axes of `in` x `in` vectors of n lanes. */
INLINE void winograd_square(float *to, size_t to_row, size_t to_column, const float *from, size_t from_row,
                            size_t from_column, size_t n, size_t in, size_t out, winograd_fn transform)
{
    vf half[6][6], line[6];
    AIGC__UNROLL
    for (size_t j = 0; j < in; j++) {
        vf column[6];
        AIGC__UNROLL
        for (size_t i = 0; i < in; i++) column[i] = vf_get(from + i * from_row + j * from_column, n);
        transform(column, line);
        AIGC__UNROLL
        for (size_t i = 0; i < out; i++) half[i][j] = line[i];
    }
    AIGC__UNROLL
    for (size_t i = 0; i < out; i++) {
        transform(half[i], line);
        AIGC__UNROLL
        for (size_t j = 0; j < out; j++) vf_put(to + i * to_row + j * to_column, line[j], n);
    }
}

INLINE void winograd_all(float *to, size_t to_row, size_t to_column, const float *from, size_t from_row,
                         size_t from_column, size_t channels, size_t in, size_t out, winograd_fn transform)
{
    size_t c = 0;
    for (; c + LANES <= channels; c += LANES)
        winograd_square(to + c, to_row, to_column, from + c, from_row, from_column, LANES, in, out, transform);
    if (c < channels)
        winograd_square(to + c, to_row, to_column, from + c, from_row, from_column, channels - c, in, out, transform);
}

static void winograd3_input(float *to, size_t to_row, size_t to_column, const float *from, size_t from_row,
                            size_t from_column, size_t channels)
{
    winograd_all(to, to_row, to_column, from, from_row, from_column, channels, 6, 6, winograd3_input_line);
}

static void winograd3_weights(float *to, size_t to_row, size_t to_column, const float *from, size_t from_row,
                              size_t from_column, size_t channels)
{
    winograd_all(to, to_row, to_column, from, from_row, from_column, channels, 3, 6, winograd3_weights_line);
}

static void winograd3_output(float *to, size_t to_row, size_t to_column, const float *from, size_t from_row,
                             size_t from_column, size_t channels)
{
    winograd_all(to, to_row, to_column, from, from_row, from_column, channels, 6, 4, winograd3_output_line);
}

static void winograd3_output_adjoint(float *to, size_t to_row, size_t to_column, const float *from, size_t from_row,
                                     size_t from_column, size_t channels)
{
    winograd_all(to, to_row, to_column, from, from_row, from_column, channels, 4, 6, winograd3_output_adjoint_line);
}

static void winograd3_weights_adjoint(float *to, size_t to_row, size_t to_column, const float *from, size_t from_row,
                                      size_t from_column, size_t channels)
{
    winograd_all(to, to_row, to_column, from, from_row, from_column, channels, 6, 3, winograd3_weights_adjoint_line);
}

static void winograd2_input(float *to, size_t to_row, size_t to_column, const float *from, size_t from_row,
                            size_t from_column, size_t channels)
{
    winograd_all(to, to_row, to_column, from, from_row, from_column, channels, 5, 5, winograd2_input_line);
}

static void winograd2_weights(float *to, size_t to_row, size_t to_column, const float *from, size_t from_row,
                              size_t from_column, size_t channels)
{
    winograd_all(to, to_row, to_column, from, from_row, from_column, channels, 2, 5, winograd2_weights_line);
}

static void winograd2_output(float *to, size_t to_row, size_t to_column, const float *from, size_t from_row,
                             size_t from_column, size_t channels)
{
    winograd_all(to, to_row, to_column, from, from_row, from_column, channels, 5, 4, winograd2_output_line);
}

static void winograd2_output_adjoint(float *to, size_t to_row, size_t to_column, const float *from, size_t from_row,
                                     size_t from_column, size_t channels)
{
    winograd_all(to, to_row, to_column, from, from_row, from_column, channels, 4, 5, winograd2_output_adjoint_line);
}

static void winograd2_weights_adjoint(float *to, size_t to_row, size_t to_column, const float *from, size_t from_row,
                                      size_t from_column, size_t channels)
{
    winograd_all(to, to_row, to_column, from, from_row, from_column, channels, 5, 2, winograd2_weights_adjoint_line);
}
