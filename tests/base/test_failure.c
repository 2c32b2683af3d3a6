#include "support/unit.h"
#include <string.h>

static void a_sentence_names_what_it_was_given(void **state)
{
    (void)state;
    assert_int_equal(aigc__fail(AIGC_ERROR_IO, "cannot open '%s' (%d)", "a", 7), AIGC_ERROR_IO);
    assert_string_equal(aigc__failure_text(), "cannot open 'a' (7)");
}

static void a_sentence_is_cut_at_511_bytes(void **state)
{
    (void)state;
    char text[1000];
    memset(text, 'x', sizeof text);
    text[999] = '\0';
    aigc__fail(AIGC_ERROR_IO, "%s", text);
    assert_int_equal(strlen(aigc__failure_text()), 511);
    aigc__fail_within(AIGC_ERROR_IO, "in front: ");
    assert_int_equal(strlen(aigc__failure_text()), 511);
    assert_memory_equal(aigc__failure_text(), "in front: xxx", 13);
}

static void a_cut_leaves_no_half_of_a_character(void **state)
{
    (void)state;
    char text[600];
    for (size_t lead = 0; lead < 4; lead++) {
        memset(text, 'x', lead);
        for (size_t i = lead; i + 3 < sizeof text; i += 3) memcpy(text + i, "\xe2\x82\xac", 4);
        aigc__fail(AIGC_ERROR_IO, "%s", text);
        assert_int_equal(strlen(aigc__failure_text()), lead + (511 - lead) / 3 * 3);
        assert_null(strchr(aigc__failure_text(), '?'));
    }
}

static void nothing_unprintable_gets_through(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"a\nb\x1b[31m\x7f", "a?b?[31m?"}, /* controls */
        {"\xc2\x9b", "??"},                /* C1 */
        {"\xc0\xaf\xff", "???"},           /* overlong, impossible */
        {"\xed\xa0\x80", "???"},           /* surrogate */
        {"\xe2\x82", "??"},                /* truncated */
        {"gr\xc3\xbc\xc3\x9f \xf0\x9f\x99\x82", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x99\x82"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        aigc__fail(AIGC_ERROR_CORRUPT, "%s", pairs[i][0]);
        assert_string_equal(aigc__failure_text(), pairs[i][1]);
    }
}

static void a_sentence_may_quote_the_one_before(void **state)
{
    (void)state;
    aigc__fail(AIGC_ERROR_IO, "inner");
    aigc__fail(AIGC_ERROR_IO, "outer: %s", aigc__failure_text());
    assert_string_equal(aigc__failure_text(), "outer: inner");
    char kept[512];
    aigc__failure_copy(kept);
    aigc__fail(AIGC_ERROR_IO, "other");
    aigc__failure_restore(kept);
    assert_string_equal(aigc__failure_text(), "outer: inner");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sentence_names_what_it_was_given),   cmocka_unit_test(a_sentence_is_cut_at_511_bytes),
        cmocka_unit_test(a_cut_leaves_no_half_of_a_character),  cmocka_unit_test(nothing_unprintable_gets_through),
        cmocka_unit_test(a_sentence_may_quote_the_one_before),
    };
    return cmocka_run_group_tests_name("failure", tests, NULL, NULL);
}
