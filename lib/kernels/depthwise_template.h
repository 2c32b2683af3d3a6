/* Convolutions of each channel by itself: vectors along channels. */

INLINE void sum_taps_at(float *y, const float *const *x, const float *w, size_t taps, size_t channels, size_t c,
                        size_t n)
{
    vf sum = vf_set(0.0f);
    for (size_t t = 0; t < taps; t++) sum = vf_fma(vf_get(x[t] + c, n), vf_get(w + t * channels + c, n), sum);
    vf_put(y + c, sum, n);
}

static void sum_taps(float *y, const float *const *x, const float *w, size_t taps, size_t channels)
{
    size_t c = 0;
    for (; c + LANES <= channels; c += LANES) sum_taps_at(y, x, w, taps, channels, c, LANES);
    if (c < channels) sum_taps_at(y, x, w, taps, channels, c, channels - c);
}

INLINE void add_tap_at(float *sums, const float *x, const float *y, size_t c, size_t n)
{
    vf_put(sums + c, vf_fma(vf_get(x + c, n), vf_get(y + c, n), vf_get(sums + c, n)), n);
}

static void add_taps(float *sums, const float *const *x, const float *y, size_t taps, size_t channels)
{
    for (size_t t = 0; t < taps; t++, sums += channels) {
        size_t c = 0;
        for (; c + LANES <= channels; c += LANES) add_tap_at(sums, x[t], y, c, LANES);
        if (c < channels) add_tap_at(sums, x[t], y, c, channels - c);
    }
}
