#include "base/numbers.h"
#include "base/philox.h"
#include "support/unit.h"
#include <locale.h>
#include <math.h>
#include <string.h>

static void texts_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"0", 0},         {"-0", -0.0},    {"1", 1},          {"+1", 1},          {".5", 0.5},       {"5.", 5},
        {"007", 7},       {"1e-3", 1e-3},  {"1E+3", 1e3},     {"-1.5e-3", -1.5e-3}, {"0.1", 0.1},    {"-.25", -0.25},
        {"1e308", 1e308}, {"5e-324", 0x1p-1074}, {"9007199254740993", 9007199254740992.0},
        {"123456789012345678901234567890", 123456789012345678901234567890.0}, {"0.000000000000000000000000001", 1e-27},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = 99;
        assert_true(aigc__parse_double(cases[i].text, strlen(cases[i].text), &value));
        assert_true(value == cases[i].value && signbit(value) == signbit(cases[i].value));
    }
    double value = 99;
    assert_true(aigc__parse_double("1.5x", 3, &value) && value == 1.5);
}

static void other_texts_are_not(void **state)
{
    (void)state;
    static const char *const texts[] = {"",    " ",   "1 ",  " 1", "-",   "+",    ".",   "e5",  "1e",  "1e+",  "1,5", "0x10",
                                        "nan", "inf", "1_0", "--1", "1.2.3", "1e5.", "1e400", "\"1\"", "[1]", "true", "1//"};
    double value = 99;
    int64_t whole = 99;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (aigc__parse_double(texts[i], strlen(texts[i]), &value)) fail_msg("'%s' was read", texts[i]);
        if (aigc__parse_int(texts[i], strlen(texts[i]), &whole)) fail_msg("'%s' was read as int", texts[i]);
    }
    char digits[500];
    memset(digits, '1', sizeof digits);
    assert_false(aigc__parse_double(digits, sizeof digits, &value));
    assert_false(aigc__parse_double("1\0", 2, &value));
    assert_true(value == 99 && whole == 99);
}

static void integers_are_read_to_their_ends(void **state)
{
    (void)state;
    int64_t value = 0;
    assert_true(aigc__parse_int("9223372036854775807", 19, &value) && value == INT64_MAX);
    assert_true(aigc__parse_int("-9223372036854775808", 20, &value) && value == INT64_MIN);
    assert_false(aigc__parse_int("9223372036854775808", 19, &value));
    assert_false(aigc__parse_int("-9223372036854775809", 20, &value));
    assert_false(aigc__parse_int("99999999999999999999", 20, &value));
    assert_true(aigc__parse_int("+0012", 5, &value) && value == 12);
}

static void the_shortest_text_is_written(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"},       {-0.0, "-0"},   {1, "1"},        {0.1, "0.1"},   {-2.5, "-2.5"}, {1e22, "1e22"},
                 {1e-5, "1e-5"}, {65536, "65536"}, {0.001, "0.001"}, {1.0 / 3, "0.3333333333333333"},
                 {0x1p-1074, "5e-324"}, {INFINITY, "inf"}, {-INFINITY, "-inf"}, {NAN, "nan"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buffer[AIGC__NUMBER_SIZE];
        assert_string_equal(aigc__format_double(buffer, cases[i].value), cases[i].text);
    }
}

/* Any finite double, by its bits. */
static void what_is_written_reads_back(void **state)
{
    (void)state;
    aigc__random_t random;
    aigc__random_init(&random, (aigc__stream_t){.seed = 1});
    for (size_t i = 0; i < 3000; i++) {
        char buffer[AIGC__NUMBER_SIZE];
        const uint64_t bits = (uint64_t)aigc__random_u32(&random) << 32 | aigc__random_u32(&random);
        double value = 0, back = 0;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        aigc__format_double(buffer, value);
        assert_true(aigc__parse_double(buffer, strlen(buffer), &back));
        assert_memory_equal(&back, &value, sizeof value);
    }
}

static void a_locale_with_commas_changes_nothing(void **state)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    bool is_set = false;
    for (size_t i = 0; i < 4 && !is_set; i++) is_set = setlocale(LC_ALL, names[i]) != NULL;
    if (!is_set) {
        print_message("SKIPPED: no locale with a decimal comma is installed\n");
        skip();
    }
    texts_are_read(state);
    the_shortest_text_is_written(state);
    setlocale(LC_ALL, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read),
        cmocka_unit_test(other_texts_are_not),
        cmocka_unit_test(integers_are_read_to_their_ends),
        cmocka_unit_test(the_shortest_text_is_written),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(a_locale_with_commas_changes_nothing),
    };
    return cmocka_run_group_tests_name("numbers", tests, NULL, NULL);
}
