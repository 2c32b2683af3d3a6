/* Filling, transposing and converting. */

static void fill(float *y, float value, size_t n)
{
    vf a = vf_set(value);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) vf_store(y + i, a);
    if (i < n) vf_store_tail(y + i, a, n - i);
}

/* ---- transposition ---- */

/* One block of at most LANES x LANES */
INLINE void transpose_block(float *y, size_t y_stride, const float *a, size_t a_stride, size_t rows, size_t columns)
{
    vf r[LANES];
    for (size_t i = 0; i < LANES; i++) r[i] = i < rows ? vf_get(a + i * a_stride, columns) : vf_set(0.0f);
    vf_transpose(r);
    for (size_t j = 0; j < LANES && j < columns; j++) vf_put(y + j * y_stride, r[j], rows);
}

/* Tall tiles of 64 rows: the tile's lines of `a` stay in the first cache while its columns go out, and
 * what goes out is 256 bytes at a time. */
static void transpose(float *y, size_t y_stride, const float *a, size_t a_stride, size_t rows, size_t columns)
{
    for (size_t top = 0; top < rows; top += 64) {
        size_t end = rows - top < 64 ? rows : top + 64;
        for (size_t j = 0; j < columns; j += LANES) {
            size_t width = columns - j < LANES ? columns - j : LANES;
            for (size_t i = top; i < end; i += LANES) {
                float *to = y + j * y_stride + i;
                const float *from = a + i * a_stride + j;
                size_t height = end - i < LANES ? end - i : LANES;
                if (width == LANES && height == LANES)
                    transpose_block(to, y_stride, from, a_stride, LANES, LANES);
                else
                    transpose_block(to, y_stride, from, a_stride, height, width);
            }
        }
    }
}

/* ---- conversion: one group of LANES each; the last goes through a group on the stack ---- */

INLINE void group_u8_to_f32(float *y, const uint8_t *a)
{
    vf_store(y, vf_mul(vf_of_signed(vi_load_u8(a)), vf_set(1.0f / 255.0f)));
}

static void u8_to_f32(float *y, const uint8_t *a, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) group_u8_to_f32(y + i, a + i);
    if (i == n) return;
    uint8_t from[LANES] = {0};
    float to[LANES];
    memcpy(from, a + i, n - i);
    group_u8_to_f32(to, from);
    memcpy(y + i, to, (n - i) * sizeof *to);
}

INLINE void group_f32_to_u8(uint8_t *y, const float *a)
{
    vf x = vf_load(a), zero = vf_set(0.0f);
    x = vf_min(vf_set(1.0f), vf_select(vf_lt(zero, x), x, zero)); /* NaN is not above 0 */
    vi_store_u8(y, vf_truncate(vf_add(vf_mul(x, vf_set(255.0f)), vf_set(0.5f))));
}

static void f32_to_u8(uint8_t *y, const float *a, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) group_f32_to_u8(y + i, a + i);
    if (i == n) return;
    float from[LANES] = {0};
    uint8_t to[LANES];
    memcpy(from, a + i, (n - i) * sizeof *from);
    group_f32_to_u8(to, from);
    memcpy(y + i, to, n - i);
}

INLINE void group_f16_to_f32(float *y, const uint16_t *a) { vf_store(y, vf_load_f16(a)); }
INLINE void group_bf16_to_f32(float *y, const uint16_t *a) { vf_store(y, vf_of_bits(vi_shl(vi_load_u16(a), 16))); }
INLINE void group_f32_to_f16(uint16_t *y, const float *a) { vf_store_f16(y, vf_load(a)); }
INLINE void group_f32_to_bf16(uint16_t *y, const float *a)
{
    vf x = vf_load(a);
    vi bits = vf_bits(x), odd = vi_and(vi_shr(bits, 16), vi_set(1));
    vi nearest = vi_shr(vi_add(bits, vi_add(odd, vi_set(0x7fff))), 16);
    vi nan = vi_or(vi_shr(bits, 16), vi_set(0x40)); /* the payload's upper bits might be all 0 */
    vi_store_u16(y, vi_select(vf_is_nan(x), nan, nearest));
}

INLINE void widen(float *y, const uint16_t *a, size_t n, void (*group)(float *, const uint16_t *))
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) group(y + i, a + i);
    if (i == n) return;
    uint16_t from[LANES] = {0};
    float to[LANES];
    memcpy(from, a + i, (n - i) * sizeof *from);
    group(to, from);
    memcpy(y + i, to, (n - i) * sizeof *to);
}

INLINE void narrow(uint16_t *y, const float *a, size_t n, void (*group)(uint16_t *, const float *))
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) group(y + i, a + i);
    if (i == n) return;
    float from[LANES] = {0};
    uint16_t to[LANES];
    memcpy(from, a + i, (n - i) * sizeof *from);
    group(to, from);
    memcpy(y + i, to, (n - i) * sizeof *to);
}

static void f16_to_f32(float *y, const uint16_t *a, size_t n) { widen(y, a, n, group_f16_to_f32); }
static void bf16_to_f32(float *y, const uint16_t *a, size_t n) { widen(y, a, n, group_bf16_to_f32); }
static void f32_to_f16(uint16_t *y, const float *a, size_t n) { narrow(y, a, n, group_f32_to_f16); }
static void f32_to_bf16(uint16_t *y, const float *a, size_t n) { narrow(y, a, n, group_f32_to_bf16); }
