#include "base/option_table.h"
#include "support/unit.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct record {
    int64_t latent_dim, bias, loss, seed;
    double rate, momentum;
    const char *name, *output;
    aigc__ints_t hidden, seeds;
    aigc__floats_t betas;
    aigc_tensor_t *noise;
} record_t;

static const aigc__option_t rows[] = {
    {"latent_dim", AIGC__OPTION_INT, offsetof(record_t, latent_dim), "20", 1, 65536, NULL, "size of a latent"},
    {"bias", AIGC__OPTION_BOOL, offsetof(record_t, bias), "true", 0, 0, NULL, "with bias"},
    {"loss", AIGC__OPTION_CHOICE, offsetof(record_t, loss), "mse", 0, 0, "bce|mse", "reconstruction loss"},
    {"seed", AIGC__OPTION_INT, offsetof(record_t, seed), "-1", 0, INFINITY, NULL, "of the draw"},
    {"rate", AIGC__OPTION_FLOAT, offsetof(record_t, rate), "1e-3", 0, 1, NULL, "learning rate"},
    {"momentum", AIGC__OPTION_FLOAT, offsetof(record_t, momentum), "", 0, 0, NULL, "anything"},
    {"name", AIGC__OPTION_STRING, offsetof(record_t, name), "", 0, 0, NULL, "a name"},
    {"output", AIGC__OPTION_PATH, offsetof(record_t, output), "out", 0, 0, NULL, "a path"},
    {"hidden_dim", AIGC__OPTION_INTS, offsetof(record_t, hidden), "400,200", 1, 4096, NULL, "layers"},
    {"seeds", AIGC__OPTION_INTS, offsetof(record_t, seeds), "", 0, 0, NULL, "seeds"},
    {"betas", AIGC__OPTION_FLOATS, offsetof(record_t, betas), "0.9,0.999", 0, 1, NULL, "of Adam"},
    {"noise", AIGC__OPTION_TENSOR, offsetof(record_t, noise), "", 0, 0, NULL, "given noise"},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static aigc_options_t *options;
static record_t record;
static const aigc__option_group_t group = {rows, ROWS, &record};

static int setup(void **state)
{
    (void)state;
    memset(&record, 0x5a, sizeof record);
    return aigc__options_create(&options) != AIGC_OK;
}

static int teardown(void **state)
{
    (void)state;
    aigc__options_free(options);
    return 0;
}

static aigc_status_t resolve(void) { return aigc__options_resolve(options, "train vae", &group, 1); }

/* Resolves a set with nothing but this text. */
static aigc_status_t resolve_text(const char *text)
{
    aigc__options_free(options);
    check_ok(aigc__options_create(&options));
    check_ok(aigc__options_parse(options, text));
    return resolve();
}

static void defaults_fill_every_value(void **state)
{
    (void)state;
    check_ok(aigc__options_resolve(NULL, "train vae", &group, 1));
    assert_int_equal(record.latent_dim, 20);
    assert_int_equal(record.bias, 1);
    assert_int_equal(record.loss, 1);
    assert_int_equal(record.seed, -1); /* outside the range: not given */
    assert_true(record.rate == 1e-3 && record.momentum == 0);
    assert_null(record.name);
    assert_string_equal(record.output, "out");
    assert_true(record.hidden.n == 2 && record.hidden.values[0] == 400 && record.hidden.values[1] == 200);
    assert_true(record.seeds.n == 0);
    assert_true(record.betas.n == 2 && record.betas.values[1] == 0.999);
    assert_null(record.noise);
}

static void text_sets_every_type(void **state)
{
    (void)state;
    check_ok(resolve_text("latent_dim=7 bias=no loss=bce rate=.5 momentum=-2 name=\"two words\"\toutput=a/b.png\n"
                          "hidden-dim=8 seeds=0,1,4-6,-3 betas=0,1e-1"));
    assert_int_equal(record.latent_dim, 7);
    assert_int_equal(record.bias, 0);
    assert_int_equal(record.loss, 0);
    assert_true(record.rate == 0.5 && record.momentum == -2);
    assert_string_equal(record.name, "two words");
    assert_string_equal(record.output, "a/b.png");
    assert_true(record.hidden.n == 1 && record.hidden.values[0] == 8);
    static const int64_t seeds[] = {0, 1, 4, 5, 6, -3};
    assert_int_equal(record.seeds.n, 6);
    assert_memory_equal(record.seeds.values, seeds, sizeof seeds);
    assert_true(record.betas.n == 2 && record.betas.values[1] == 0.1);
    check_ok(resolve_text("name=\"\" seeds=-5--3"));
    assert_null(record.name);
    assert_true(record.seeds.n == 3 && record.seeds.values[0] == -5 && record.seeds.values[2] == -3);
}

static void set(const char *name, aigc__option_type_t type, const void *values, size_t n)
{
    check_ok(aigc__options_set(options, name, type, values, n));
}

static void typed_values_are_taken_where_they_fit(void **state)
{
    (void)state;
    const int64_t ints[] = {3, 4};
    const double floats[] = {5, 0.25}, wholes[] = {8, 9}, small[] = {1};
    set("latent_dim", AIGC__OPTION_FLOAT, &floats[0], 1);
    set("rate", AIGC__OPTION_INT, &(int64_t){1}, 1);
    set("bias", AIGC__OPTION_INT, &(int64_t){0}, 1);
    set("hidden_dim", AIGC__OPTION_INTS, ints, 2);
    set("seeds", AIGC__OPTION_FLOATS, wholes, 2);
    set("betas", AIGC__OPTION_FLOATS, &floats[1], 1);
    set("momentum", AIGC__OPTION_FLOATS, small, 1);
    set("name", AIGC__OPTION_STRING, "n", 1);
    check_ok(resolve());
    assert_int_equal(record.latent_dim, 5);
    assert_int_equal(record.bias, 0);
    assert_true(record.rate == 1 && record.momentum == 1);
    assert_true(record.hidden.n == 2 && record.hidden.values[1] == 4);
    assert_true(record.seeds.n == 2 && record.seeds.values[1] == 9);
    assert_true(record.betas.n == 1 && record.betas.values[0] == 0.25);
    set("betas", AIGC__OPTION_INTS, (int64_t[]){0, 1}, 2);
    set("seeds", AIGC__OPTION_INT, &ints[0], 1);
    set("name", AIGC__OPTION_INT, &ints[0], 1);
    check_ok(resolve());
    assert_true(record.betas.n == 2 && record.betas.values[1] == 1);
    assert_true(record.seeds.n == 1 && record.seeds.values[0] == 3);
    assert_string_equal(record.name, "3");
}

static void wrong_values_name_option_call_and_range(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"latent_dim=0", "option 'latent_dim' for train vae is 0; expected a whole number 1..65536"},
        {"latent_dim=65537", "65537"},
        {"latent_dim=7.5", "'7.5'"},
        {"latent_dim=", "''"},
        {"latent_dim=99999999999999999999", "'99999999999999999999'"},
        {"seed=-1", "expected a whole number >= 0"},
        {"rate=1.5", "is 1.5; expected a number 0..1"},
        {"rate=nan", "'nan'"},
        {"momentum=1e999", "'1e999'"},
        {"bias=perhaps", "expected true|false"},
        {"loss=bc", "'bc'; expected bce|mse"},
        {"loss=bce|mse", "'bce|mse'"},
        {"hidden_dim=400,0", "is 0; expected whole numbers 1..4096"},
        {"hidden_dim=400,", "'400,'"},
        {"hidden_dim=,400", "',400'"},
        {"hidden_dim=4-2", "'4-2'"},
        {"seeds=0-64", "more than 64"},
        {"seeds=-9223372036854775808-9223372036854775807", "more than 64"},
        {"betas=0.5,2", "is 2; expected numbers 0..1"},
        {"noise=x", "expected a tensor"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_failure(resolve_text(cases[i].text), AIGC_ERROR_OPTION, cases[i].part);
    check_ok(resolve_text("latent_dim=65536 rate=1 betas=1"));
    check_ok(resolve_text("seeds=9223372036854775807"));
    assert_true(record.seeds.n == 1 && record.seeds.values[0] == INT64_MAX);
}

static void two_numbers_may_be_joined_by_an_x(void **state)
{
    (void)state;
    check_ok(resolve_text("hidden_dim=64x48"));
    assert_true(record.hidden.n == 2 && record.hidden.values[0] == 64 && record.hidden.values[1] == 48);
    static const char *const wrong[] = {"64x", "x48", "64x48x2", "64x48,2", "64X48", "6 x4", "64x4a", "64x99999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        aigc__options_free(options);
        check_ok(aigc__options_create(&options));
        set("hidden_dim", AIGC__OPTION_STRING, wrong[i], strlen(wrong[i]));
        check_failure(resolve(), AIGC_ERROR_OPTION, "hidden_dim");
    }
}

static void wrong_types_are_refused(void **state)
{
    (void)state;
    aigc_tensor_t *tensor = (aigc_tensor_t *)(void *)options;
    static const double half = 0.5, nan = NAN, huge = 0x1p63;
    static const int64_t two[] = {1, 2};
    const struct {
        const char *name;
        aigc__option_type_t type;
        const void *values;
        size_t n;
    } cases[] = {
        {"latent_dim", AIGC__OPTION_FLOAT, &half, 1}, {"seed", AIGC__OPTION_FLOAT, &huge, 1},
        {"rate", AIGC__OPTION_FLOAT, &nan, 1},        {"latent_dim", AIGC__OPTION_INTS, two, 2},
        {"rate", AIGC__OPTION_INTS, two, 2},          {"bias", AIGC__OPTION_INT, &two[1], 1},
        {"loss", AIGC__OPTION_INT, two, 1},           {"output", AIGC__OPTION_INT, two, 1},
        {"noise", AIGC__OPTION_INT, two, 1},          {"rate", AIGC__OPTION_TENSOR, tensor, 1},
        {"latent_dim", AIGC__OPTION_INTS, two, 0},    {"seeds", AIGC__OPTION_FLOATS, &half, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        aigc__options_free(options);
        check_ok(aigc__options_create(&options));
        set(cases[i].name, cases[i].type, cases[i].values, cases[i].n);
        check_failure(resolve(), AIGC_ERROR_OPTION, cases[i].name);
    }
}

static void an_unknown_name_gets_the_nearest_one(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"latent_dims", "latent_dim"}, {"lantent-dim", "latent_dim"}, {"rtae", "rate"}, {"biass", "bias"}, {"hiden_dim", "hidden_dim"},
    };
    for (size_t i = 0; i < 5; i++) {
        char text[64], part[128];
        snprintf(text, sizeof text, "%s=1", pairs[i][0]);
        snprintf(part, sizeof part, "unknown option '%s' for train vae; did you mean '%s'?", pairs[i][0], pairs[i][1]);
        check_failure(resolve_text(text), AIGC_ERROR_OPTION, part);
    }
    check_failure(resolve_text("xyzzy=1"), AIGC_ERROR_OPTION, "unknown option 'xyzzy' for train vae");
    assert_null(strstr(aigc__failure_text(), "did you mean"));
    const char *longest = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn=1";
    check_failure(resolve_text(longest), AIGC_ERROR_OPTION, "unknown option");
}

static void names_of_every_group_are_known(void **state)
{
    (void)state;
    static const aigc__option_t elsewhere[] = {{"epochs", AIGC__OPTION_INT, 0, "1", 1, 100, NULL, "filled elsewhere"}};
    const aigc__option_group_t groups[] = {group, {elsewhere, 1, NULL}};
    check_ok(aigc__options_parse(options, "latent_dim=3 epochs=1000"));
    check_ok(aigc__options_resolve(options, "train vae", groups, 2));
    assert_int_equal(record.latent_dim, 3);
    assert_int_equal(resolve(), AIGC_ERROR_OPTION);
}

static void a_second_setting_replaces_the_first(void **state)
{
    (void)state;
    set("latent_dim", AIGC__OPTION_INT, &(int64_t){3}, 1);
    check_ok(aigc__options_parse(options, "latent-dim=4 rate=0.5"));
    check_ok(resolve());
    assert_int_equal(record.latent_dim, 4);
    set("latent_dim", AIGC__OPTION_INT, &(int64_t){5}, 1);
    check_ok(resolve());
    assert_int_equal(record.latent_dim, 5);
    assert_true(record.rate == 0.5);
}

static void bad_text_changes_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"latent_dim=5 rate", "latent_dim=5 =3", "latent_dim=5 name=\"x", "latent_dim=5 name=x\"y",
                                        "latent_dim=5 name=\"x\"y", "latent_dim=5 \"rate\"=1",
                                        "latent_dim=5 nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn=1"};
    check_ok(aigc__options_parse(options, "latent_dim=4"));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_failure(aigc__options_parse(options, texts[i]), AIGC_ERROR_ARGUMENT, "option");
        check_ok(resolve());
        assert_int_equal(record.latent_dim, 4);
    }
    check_ok(aigc__options_parse(options, " \n"));
    int64_t many[65] = {0};
    check_failure(aigc__options_set(options, "seeds", AIGC__OPTION_INTS, many, 65), AIGC_ERROR_ARGUMENT, "65 numbers");
}

static int held;
static void hold(aigc_tensor_t *tensor) { held += tensor != NULL; }
static void let_go(aigc_tensor_t *tensor) { held -= tensor != NULL; }

static void tensors_are_held_while_they_are_set(void **state)
{
    (void)state;
    aigc_tensor_t *tensor = (aigc_tensor_t *)(void *)options;
    aigc__options_hold_tensors(options, &(aigc__tensor_hold_t){hold, let_go});
    set("noise", AIGC__OPTION_TENSOR, tensor, 1);
    assert_int_equal(held, 1);
    check_ok(resolve());
    assert_ptr_equal(record.noise, tensor);
    set("noise", AIGC__OPTION_TENSOR, tensor, 1);
    assert_int_equal(held, 1);
    aigc__options_free(options);
    assert_int_equal(held, 0);
    check_ok(aigc__options_create(&options));
}

static void rows_are_described(void **state)
{
    (void)state;
    static const char *const ranges[ROWS] = {"1..65536", "true|false", "bce|mse", ">= 0", "0..1", "", "", "", "1..4096", "", "0..1", ""};
    static const char *const types[ROWS] = {"int", "bool", "choice", "int", "float", "float", "string", "path", "ints", "ints", "floats", "tensor"};
    for (size_t i = 0; i < ROWS; i++) {
        aigc_option_info_t info = {.struct_size = sizeof info};
        aigc__option_describe(&rows[i], &info);
        assert_int_equal(info.struct_size, sizeof info);
        assert_string_equal(info.name, rows[i].name);
        assert_string_equal(info.range, ranges[i]);
        assert_string_equal(info.type, types[i]);
        assert_string_equal(info.default_value, rows[i].default_value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_numbers_may_be_joined_by_an_x, setup, teardown),
        cmocka_unit_test_setup_teardown(defaults_fill_every_value, setup, teardown),
        cmocka_unit_test_setup_teardown(text_sets_every_type, setup, teardown),
        cmocka_unit_test_setup_teardown(typed_values_are_taken_where_they_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_values_name_option_call_and_range, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_types_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unknown_name_gets_the_nearest_one, setup, teardown),
        cmocka_unit_test_setup_teardown(names_of_every_group_are_known, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_setting_replaces_the_first, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_text_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(tensors_are_held_while_they_are_set, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_are_described, setup, teardown),
    };
    return cmocka_run_group_tests_name("option table", tests, NULL, NULL);
}
