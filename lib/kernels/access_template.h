/* Whole vectors and tails by one name: n is LANES, as a constant, or less. */
INLINE vf vf_get(const float *p, size_t n) { return n == LANES ? vf_load(p) : vf_load_tail(p, n); }
INLINE void vf_put(float *p, vf a, size_t n)
{
    if (n == LANES)
        vf_store(p, a);
    else
        vf_store_tail(p, a, n);
}
