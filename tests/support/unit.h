/* What every unit test includes: cmocka and a check that shows the library's sentence when it fails. */
#ifndef AIGC_TEST_UNIT_H
#define AIGC_TEST_UNIT_H

#include "base/failure.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* AIGC_OK, or the test fails and prints the sentence. */
#define check_ok(call)                                                                                                 \
    do {                                                                                                               \
        const aigc_status_t check_status = (call);                                                                      \
        if (check_status != AIGC_OK) print_error("%s\n", aigc__failure_text());                                         \
        assert_int_equal(check_status, AIGC_OK);                                                                        \
    } while (0)

/* Exactly this status, with a sentence that holds `part`. */
#define check_failure(call, expected, part)                                                                             \
    do {                                                                                                               \
        assert_int_equal((call), (expected));                                                                           \
        if (!strstr(aigc__failure_text(), (part))) print_error("'%s' lacks '%s'\n", aigc__failure_text(), (part));       \
        assert_non_null(strstr(aigc__failure_text(), (part)));                                                          \
    } while (0)

#endif
