/* The part of cmocka that the tests of base and kernels use, for machines it is not installed for: put
 * this folder first on the include path. A failed assertion ends the program. */
#ifndef AIGC_TESTS_SHIM_CMOCKA_H
#define AIGC_TESTS_SHIM_CMOCKA_H

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*test_func)(void **state);
    int (*setup_func)(void **state);
    int (*teardown_func)(void **state);
};

#define cmocka_unit_test(function) {#function, function, NULL, NULL}
#define cmocka_unit_test_setup_teardown(function, setup, teardown) {#function, function, setup, teardown}

#define print_message(...) printf(__VA_ARGS__)
#define print_error(...) fprintf(stderr, __VA_ARGS__)
#define fail_msg(...) (fprintf(stderr, __VA_ARGS__), shim_fail("", __FILE__, __LINE__))
#define fail() shim_fail("fail", __FILE__, __LINE__)

#define shim_check(truth, text) ((truth) ? (void)0 : shim_fail(text, __FILE__, __LINE__))
#define assert_true(a) shim_check((a) ? 1 : 0, #a)
#define assert_false(a) shim_check((a) ? 0 : 1, "not " #a)
#define assert_null(a) shim_check((a) == NULL, #a " is NULL")
#define assert_non_null(a) shim_check((a) != NULL, #a " is not NULL")
#define assert_int_equal(a, b) shim_check((intmax_t)(a) == (intmax_t)(b), #a " == " #b)
#define assert_int_not_equal(a, b) shim_check((intmax_t)(a) != (intmax_t)(b), #a " != " #b)
#define assert_ptr_equal(a, b) shim_check((const void *)(a) == (const void *)(b), #a " == " #b)
#define assert_ptr_not_equal(a, b) shim_check((const void *)(a) != (const void *)(b), #a " != " #b)
#define assert_string_equal(a, b) shim_check(strcmp(a, b) == 0, #a " == " #b)
#define assert_memory_equal(a, b, n) shim_check(memcmp(a, b, n) == 0, #a " == " #b)
#define assert_memory_not_equal(a, b, n) shim_check(memcmp(a, b, n) != 0, #a " != " #b)
#define assert_in_range(a, low, high) shim_check((a) >= (low) && (a) <= (high), #a " in " #low ".." #high)

static inline void shim_fail(const char *text, const char *file, int line)
{
    fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
    exit(1);
}

static jmp_buf shim_skipped;
#define skip() longjmp(shim_skipped, 1)

static inline int shim_run(const struct CMUnitTest *tests, size_t n, int (*setup)(void **), int (*teardown)(void **))
{
    void *group = NULL;
    if (setup && setup(&group) != 0) return 1;
    for (size_t i = 0; i < n; i++) {
        void *state = group;
        if (tests[i].setup_func && tests[i].setup_func(&state) != 0) return 1;
        if (setjmp(shim_skipped) == 0)
            tests[i].test_func(&state);
        else
            fprintf(stderr, "  skipped:");
        if (tests[i].teardown_func && tests[i].teardown_func(&state) != 0) return 1;
        fprintf(stderr, "  %s\n", tests[i].name);
    }
    return teardown ? teardown(&group) : 0;
}

#define cmocka_run_group_tests(tests, setup, teardown) shim_run(tests, sizeof(tests) / sizeof *(tests), setup, teardown)
#define cmocka_run_group_tests_name(name, tests, setup, teardown) cmocka_run_group_tests(tests, setup, teardown)

#endif
