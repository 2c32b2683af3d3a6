#include "base/cpu.h"
#include "support/unit.h"
#include <fenv.h>
#include <stdlib.h>
#include <string.h>

static void the_level_found_is_one_the_machine_has(void **state)
{
    (void)state;
    const aigc__cpu_level_t level = aigc__cpu_detect();
    print_message("cpu level %s, %zu cores, caches of %zu and %zu bytes\n", aigc__cpu_name(level), aigc__cpu_cores(),
                  aigc__cpu_cache(1), aigc__cpu_cache(2));
    assert_true(aigc__cpu_has(level));
    assert_true(aigc__cpu_has(AIGC__CPU_C));
    if (aigc__cpu_has(AIGC__CPU_AVX512)) assert_true(aigc__cpu_has(AIGC__CPU_AVX2));
    assert_false(aigc__cpu_has(AIGC__CPU_AVX2) && aigc__cpu_has(AIGC__CPU_NEON));
#if defined(__x86_64__)
    assert_int_equal(aigc__cpu_has(AIGC__CPU_AVX2), __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
    assert_int_equal(aigc__cpu_has(AIGC__CPU_AVX512),
                     __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"));
#endif
    assert_string_equal(aigc__cpu_name(AIGC__CPU_C), "c");
    assert_string_equal(aigc__cpu_name((aigc__cpu_level_t)77), "?");
}

static void there_are_cores_and_caches(void **state)
{
    (void)state;
    assert_true(aigc__cpu_cores() >= 1);
    assert_true(aigc__cpu_cache(1) >= 8192 && aigc__cpu_cache(2) >= aigc__cpu_cache(1));
    const double before = aigc__now();
    assert_true(aigc__now() >= before);
}

/* Volatile on both sides, so that the division happens, and happens here. */
static float divide(volatile float a, volatile float b)
{
    volatile float quotient = a / b;
    return quotient;
}

static void the_callers_rounding_neither_matters_nor_changes(void **state)
{
    (void)state;
    static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    const float nearest = divide(1, 3), tiny = divide(0x1p-126f, 2);
    assert_true(tiny > 0);
    for (size_t i = 0; i < 4; i++) {
        fesetround(modes[i]);
#if defined(__x86_64__)
        const unsigned flush = __builtin_ia32_stmxcsr() | 0x8040; /* flush to zero, denormals are zero */
        __builtin_ia32_ldmxcsr(flush);
        assert_true(divide(0x1p-126f, 2) == 0);
#endif
        const aigc__fp_state_t kept = aigc__fp_enter();
        const float inside = divide(1, 3), tiny_inside = divide(0x1p-126f, 2);
        const double tenth = strtod("0.1", NULL), tenths = strtod("0.3", NULL); /* the nearest above, and below */
        divide(1, 0);
        aigc__fp_leave(kept);
#if defined(__x86_64__)
        assert_int_equal(__builtin_ia32_stmxcsr() & ~0x3fu, flush & ~0x3fu);
        __builtin_ia32_ldmxcsr(flush & ~0x8040u);
#endif
        assert_int_equal(fegetround(), modes[i]);
        fesetround(FE_TONEAREST);
        assert_true(inside == nearest && tiny_inside == tiny && tenth == 0.1 && tenths == 0.3);
    }
}

static void no_trap_reaches_the_library(void **state)
{
    (void)state;
#if defined(__x86_64__)
    const unsigned before = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before & ~0x1280u & ~0x3fu); /* traps for division by zero, invalid, inexact */
    const unsigned trapping = __builtin_ia32_stmxcsr();
    const aigc__fp_state_t kept = aigc__fp_enter();
    divide(1, 0);
    divide(0, 0);
    divide(1, 3);
    aigc__fp_leave(kept);
    const unsigned after = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before);
    assert_int_equal(after, trapping);
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_level_found_is_one_the_machine_has),
        cmocka_unit_test(there_are_cores_and_caches),
        cmocka_unit_test(the_callers_rounding_neither_matters_nor_changes),
        cmocka_unit_test(no_trap_reaches_the_library),
    };
    return cmocka_run_group_tests_name("cpu", tests, NULL, NULL);
}
