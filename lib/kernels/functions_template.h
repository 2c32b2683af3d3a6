/* exp, log, tanh and their kin on vectors: included after a level's vector header.
 *
 * Each splits its argument exactly, evaluates a minimax polynomial (Remez, relative error, coefficients
 * rounded to f32 one after another) and puts the parts together so that the last rounding dominates. The
 * bounds in elementwise.def hold with and without fused multiply-add. */

/* Adding 1.5 * 2^23 rounds |a| < 2^22 to the nearest whole number and leaves it in the low bits. */
#define ROUNDER 12582912.0f
/* ln 2 in two parts, the first of 15 bits so that its products with exponents are exact */
#define LN2_HIGH 0.693145751953125f
#define LN2_LOW 1.42860677e-6f

/* exp(a) = 2^n (1 + expm1(r)) with |r| <= ln(2)/2 */
INLINE vf exp_reduce(vf a, vf *n)
{
    vf rounded = vf_fma(a, vf_set(1.44269502f), vf_set(ROUNDER));
    *n = vf_sub(rounded, vf_set(ROUNDER));
    return vf_fnma(*n, vf_set(LN2_LOW), vf_fnma(*n, vf_set(LN2_HIGH), a));
}

/* expm1(r) for |r| <= 0.3467: r + r^2 Q(r), relative error of the polynomial 2^-30.5 */
INLINE vf expm1_reduced(vf r)
{
    vf q = vf_set(1.96571287e-4f);
    q = vf_fma(q, r, vf_set(1.39352377e-3f));
    q = vf_fma(q, r, vf_set(8.3336439e-3f));
    q = vf_fma(q, r, vf_set(4.16664667e-2f));
    q = vf_fma(q, r, vf_set(1.66666657e-1f));
    q = vf_fma(q, r, vf_set(0.5f));
    return vf_fma(vf_mul(r, r), q, r);
}

/* e^a for a <= 0 */
INLINE vf exp_of_negative(vf a)
{
    vf n, r = exp_reduce(vf_max(vf_set(-104.0f), a), &n); /* below -103.98 the result rounds to 0 */
    return vf_scale2(vf_add(vf_set(1.0f), expm1_reduced(r)), n);
}

INLINE vf exp_any(vf a) { return exp_of_negative(vf_min(vf_set(89.0f), a)); } /* above 88.73: infinity */

/* 2^n expm1(r) + (2^n - 1), where the last is exact for the n of small results; large ones are e^a less 1 */
INLINE vf expm1_any(vf a)
{
    vf one = vf_set(1.0f), few = vf_max(vf_set(-32.0f), vf_min(vf_set(8.0f), a)); /* -1 from -17.3 on */
    vf n, r = exp_reduce(few, &n);
    vf power = vf_of_bits(vi_shl(vf_bits(vf_add(n, vf_set(ROUNDER + 127.0f))), 23));
    vf small = vf_fma(power, expm1_reduced(r), vf_sub(power, one));
    return vf_select(vf_lt(vf_set(8.0f), a), vf_sub(exp_any(a), one), small);
}

/* a = 2^e m with sqrt(1/2) <= m < sqrt(2), a normal and positive */
INLINE vf log_reduce(vf a, vf *e)
{
    vi exponent = vi_sar(vi_sub(vf_bits(a), vi_set(0x3f3504f3)), 23);
    *e = vf_of_signed(exponent);
    return vf_of_bits(vi_sub(vf_bits(a), vi_shl(exponent, 23)));
}

/* The same for any positive finite a */
INLINE vf log_reduce_any(vf a, vf *e)
{
    vm denormal = vf_lt(a, vf_set(1.17549435e-38f));
    vf m = log_reduce(vf_select(denormal, vf_mul(a, vf_set(16777216.0f)), a), e);
    *e = vf_sub(*e, vf_select(denormal, vf_set(24.0f), vf_set(0.0f)));
    return m;
}

/* log(2^e m) = e ln 2 + f - f^2/2 + f^3 P(f) with f = m - 1, relative error of the polynomial 2^-26 */
INLINE vf log_reduced(vf m, vf e)
{
    vf f = vf_sub(m, vf_set(1.0f)), square = vf_mul(f, f);
    vf p = vf_set(-7.67161995e-2f);
    p = vf_fma(p, f, vf_set(1.27793223e-1f));
    p = vf_fma(p, f, vf_set(-1.31600887e-1f));
    p = vf_fma(p, f, vf_set(1.42006993e-1f));
    p = vf_fma(p, f, vf_set(-1.66232273e-1f));
    p = vf_fma(p, f, vf_set(2.00012654e-1f));
    p = vf_fma(p, f, vf_set(-2.50008255e-1f));
    p = vf_fma(p, f, vf_set(3.33333313e-1f));
    vf low = vf_fma(vf_mul(p, f), square, vf_mul(e, vf_set(LN2_LOW)));
    low = vf_fnma(vf_set(0.5f), square, low);
    return vf_fma(e, vf_set(LN2_HIGH), vf_add(f, low));
}

/* log(a), a normal and positive */
INLINE vf log_of_normal(vf a)
{
    vf e, m = log_reduce(a, &e);
    return log_reduced(m, e);
}

INLINE vf log_any(vf a)
{
    vf e, m = log_reduce_any(a, &e), y = log_reduced(m, e);
    vf zero = vf_set(0.0f), infinity = vf_set(INFINITY);
    y = vf_select(vf_lt(a, infinity), y, a); /* infinity and NaN stay */
    y = vf_select(vf_eq(a, zero), vf_neg(infinity), y);
    return vf_select(vf_lt(a, zero), vf_set(NAN), y);
}

/* log(1 + e) for 0 <= e <= 1: e + e^2 Q(e), relative error of the polynomial 2^-27.5 */
INLINE vf log1p_unit(vf e)
{
    vf q = vf_set(-3.29076289e-3f);
    q = vf_fma(q, e, vf_set(2.00874563e-2f));
    q = vf_fma(q, e, vf_set(-5.74592538e-2f));
    q = vf_fma(q, e, vf_set(1.0661301e-1f));
    q = vf_fma(q, e, vf_set(-1.53449595e-1f));
    q = vf_fma(q, e, vf_set(1.969212e-1f));
    q = vf_fma(q, e, vf_set(-2.49580204e-1f));
    q = vf_fma(q, e, vf_set(3.33304644e-1f));
    q = vf_fma(q, e, vf_set(-4.99999315e-1f));
    return vf_fma(vf_mul(e, e), q, e);
}

INLINE vf sign_of(vf a) { return vf_of_bits(vi_and(vf_bits(a), vi_set(0x80000000u))); }
INLINE vf flip_sign(vf a, vf sign) { return vf_of_bits(vi_xor(vf_bits(a), vf_bits(sign))); }

/* tanh|a| = -t / (2 + t) with t = expm1(-2|a|), which keeps the relative accuracy near 0 */
INLINE vf tanh_any(vf a)
{
    vf y = vf_mul(vf_abs(a), vf_set(-2.0f));
    vf n, r = exp_reduce(vf_max(vf_set(-32.0f), y), &n); /* tanh is 1 from 9.02 on */
    vf power = vf_of_bits(vi_shl(vf_bits(vf_add(n, vf_set(ROUNDER + 127.0f))), 23));
    vf t = vf_fma(power, expm1_reduced(r), vf_sub(power, vf_set(1.0f)));
    return flip_sign(vf_div(vf_abs(t), vf_add(vf_set(2.0f), t)), sign_of(a));
}

/* 1 / (1 + e^-a), for a < 0 as e^a / (1 + e^a): small results keep their accuracy */
INLINE vf sigmoid_any(vf a)
{
    vf e = exp_of_negative(vf_neg(vf_abs(a))), one = vf_set(1.0f);
    return vf_div(vf_select(vf_lt(a, vf_set(0.0f)), e, one), vf_add(one, e));
}

/* log(1 + e^a) = max(a, 0) + log(1 + e^-|a|) */
INLINE vf softplus_any(vf a)
{
    vf e = exp_of_negative(vf_neg(vf_abs(a)));
    return vf_add(vf_max(vf_set(0.0f), a), log1p_unit(e));
}

/* erf(a) = a + a P(a^2) for |a| <= 1, relative error of the polynomial 2^-29.4; beyond, 1 - e^-T(|a|), of the whole
 * 2^-29.6. From 3.9192 on it rounds to 1. */
INLINE vf erf_any(vf a)
{
    vf size = vf_min(vf_set(3.93f), vf_abs(a)), z = vf_mul(a, a), one = vf_set(1.0f);
    vf p = vf_set(7.80690389e-5f);
    p = vf_fma(p, z, vf_set(-7.9978531e-4f));
    p = vf_fma(p, z, vf_set(5.1871622e-3f));
    p = vf_fma(p, z, vf_set(-2.68533472e-2f));
    p = vf_fma(p, z, vf_set(1.12835787e-1f));
    p = vf_fma(p, z, vf_set(-3.7612626e-1f));
    p = vf_fma(p, z, vf_set(1.28379166e-1f));
    vf t = vf_set(-1.8557634e-4f);
    t = vf_fma(t, size, vf_set(2.93962099e-3f));
    t = vf_fma(t, size, vf_set(-2.18053479e-2f));
    t = vf_fma(t, size, vf_set(1.03037395e-1f));
    t = vf_fma(t, size, vf_set(6.38225675e-1f));
    t = vf_fma(t, size, vf_set(1.12704003f));
    t = vf_fma(t, size, vf_set(3.53721844e-4f));
    vf large = flip_sign(vf_sub(one, exp_of_negative(vf_neg(t))), sign_of(a));
    return vf_select(vf_le(vf_abs(a), one), vf_fma(a, p, a), large);
}

/* sin and cos of r + quadrant * pi/2, |r| <= 0.8, by the low two bits of the quadrant */
INLINE vf sine_reduced(vf r, vi quadrant)
{
    vf z = vf_mul(r, r);
    vf s = vf_fma(vf_fma(vf_set(-1.95178975e-4f), z, vf_set(8.33218731e-3f)), z, vf_set(-1.66666552e-1f));
    s = vf_fma(vf_mul(r, z), s, r);
    vf c = vf_fma(vf_fma(vf_set(2.44323273e-5f), z, vf_set(-1.38873095e-3f)), z, vf_set(4.16666456e-2f));
    c = vf_fma(z, vf_fma(z, c, vf_set(-0.5f)), vf_set(1.0f));
    vm even = vi_eq(vi_and(quadrant, vi_set(1)), vi_set(0));
    return flip_sign(vf_select(even, s, c), sign_of(vf_of_bits(vi_shl(quadrant, 30))));
}

/* a - n pi/2 with pi/2 in three parts: the first product and difference are exact for n < 2^22, so
 * what is lost is a rounding of the small result. Beyond, r is kept in range and means nothing. */
INLINE vf trig_reduce(vf a, vi *quadrant)
{
    vf rounded = vf_fma(a, vf_set(6.36619747e-1f), vf_set(ROUNDER)), n = vf_sub(rounded, vf_set(ROUNDER));
    vf r = vf_fnma_exact(n, vf_set(1.57079637f), a);
    r = vf_fnma_exact(n, vf_set(-4.37113883e-8f), r);
    r = vf_fnma_exact(n, vf_set(-1.71512451e-15f), r);
    *quadrant = vf_bits(rounded);
    return vf_max(vf_set(-0.8f), vf_min(vf_set(0.8f), r));
}

INLINE vf sin_any(vf a)
{
    vi quadrant;
    vf r = trig_reduce(vf_abs(a), &quadrant);
    return flip_sign(sine_reduced(r, quadrant), sign_of(a)); /* by |a|: sin(-0) is -0 */
}

INLINE vf cos_any(vf a)
{
    vi quadrant;
    vf r = trig_reduce(a, &quadrant);
    return sine_reduced(r, vi_add(quadrant, vi_set(1)));
}

/* log(a) for a > 0 as high + low with about 36 bits: s = (m - 1) / (m + 1) with its remainder, then
 * log(m) = 2 s (1 + u), u = s^2/3 + s^4 R(s^2), the products with their rounding errors. */
INLINE vf log_extended(vf a, vf *low)
{
    vf one = vf_set(1.0f), third = vf_set(0.333333343f), third_low = vf_set(-9.93410776e-9f);
    vf e, m = log_reduce_any(a, &e);
    vf top = vf_sub(m, one), bottom = vf_add(m, one), bottom_low = vf_sub(m, vf_sub(bottom, one));
    vf inverse = vf_div(one, bottom);
    vf s = vf_mul(top, inverse);
    vf s_low = vf_mul(vf_fnma(s, bottom_low, vf_fnma_exact(s, bottom, top)), inverse);
    vf square = vf_mul(s, s);
    vf square_low = vf_fma(vf_add(s, s), s_low, vf_fma_exact(s, s, vf_neg(square)));
    vf rest = vf_fma(vf_fma(vf_set(1.17099486e-1f), square, vf_set(1.42735422e-1f)), square, vf_set(2.00000763e-1f));
    vf u = vf_mul(square, third);
    vf u_low = vf_fma(square, third_low, vf_fma_exact(square, third, vf_neg(u)));
    u_low = vf_fma(vf_mul(square, square), rest, vf_fma(square_low, third, u_low));
    vf twice = vf_add(s, s), twice_low = vf_add(s_low, s_low);
    vf product = vf_mul(twice, u);
    vf product_low = vf_fma(twice, u_low, vf_fma_exact(twice, u, vf_neg(product)));
    product_low = vf_fma(twice_low, u, product_low);
    vf log_m = vf_add(twice, product), log_m_low = vf_sub(product, vf_sub(log_m, twice));
    vf scaled = vf_mul(e, vf_set(LN2_HIGH));
    vf sum = vf_add(scaled, log_m), sum_low = vf_sub(log_m, vf_sub(sum, scaled));
    vf all_low = vf_add(vf_add(product_low, twice_low), vf_fma(e, vf_set(LN2_LOW), vf_add(sum_low, log_m_low)));
    vf high = vf_add(sum, all_low);
    *low = vf_sub(all_low, vf_sub(high, sum));
    return high;
}

/* |a|^p = e^(p log|a|), p finite */
INLINE vf pow_of_magnitude(vf magnitude, vf p)
{
    vf zero = vf_set(0.0f), infinity = vf_set(INFINITY);
    vf low, high = log_extended(magnitude, &low);
    high = vf_select(vf_lt(magnitude, infinity), high, magnitude);
    high = vf_select(vf_eq(magnitude, zero), vf_neg(infinity), high);
    vf power = vf_mul(p, high);
    vf power_low = vf_fma(p, low, vf_fma_exact(p, high, vf_neg(power)));
    power_low = vf_select(vf_lt(vf_abs(power), vf_set(105.0f)), power_low, zero);
    vf n, r = exp_reduce(vf_max(vf_set(-104.0f), vf_min(vf_set(89.0f), power)), &n);
    return vf_scale2(vf_add(vf_set(1.0f), expm1_reduced(vf_add(r, power_low))), n);
}

INLINE vf pow_any(vf a, vf p)
{
    vf zero = vf_set(0.0f), half = vf_mul(p, vf_set(0.5f));
    vf y = pow_of_magnitude(vf_abs(a), p);
    vf without_sign = vf_select(vf_eq(half, vf_floor(half)), y, flip_sign(y, sign_of(a)));
    y = vf_select(vf_eq(p, vf_floor(p)), without_sign, vf_select(vf_lt(a, zero), vf_set(NAN), y));
    return vf_select(vf_eq(p, zero), vf_set(1.0f), y);
}
