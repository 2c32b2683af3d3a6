/* What the library tells of itself: every verb, kind and option can be found, and told values can be given back. */
#include "models/small_world.h"
#include "support/unit.h"
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- verbs ---- */

static size_t count_options(const char *verb, const char *kind)
{
    aigc_option_info_t row = {.struct_size = sizeof row};
    size_t n = 0;
    while (aigc_option_info(verb, kind, n, &row) == AIGC_OK) {
        assert_true(strlen(row.name) > 0 && strlen(row.help) > 0 && strlen(row.type) > 0);
        n++;
    }
    assert_non_null(strstr(aigc_last_error(), "has no option number"));
    return n;
}

/* Every verb of a kind has a table, a description and a name of its own; how many there are. */
static size_t check_verbs(const char *kind)
{
    const char *name = NULL, *other = NULL, *help = NULL;
    size_t n = 0;
    for (; aigc_verb_info(kind, n, &name, &help) == AIGC_OK; n++) {
        assert_true(count_options(name, kind) > 0);
        if (strlen(help) == 0) print_error("verb %s has no description\n", name);
        assert_true(strlen(help) > 0);
        for (size_t k = 0; k < n; k++) {
            check_ok(aigc_verb_info(kind, k, &other, NULL));
            assert_string_not_equal(name, other);
        }
    }
    return n;
}

static void every_verb_has_a_table(void **state)
{
    const char *kind = NULL, *name = NULL;
    (void)state;
    assert_int_equal(check_verbs(NULL), 10);
    for (size_t i = 0; aigc_kind_info("model", i, &kind, NULL) == AIGC_OK; i++) assert_true(check_verbs(kind) >= 7);
    for (size_t i = 0; aigc_kind_info("dataset", i, &kind, NULL) == AIGC_OK; i++) {
        check_ok(aigc_verb_info(kind, 0, &name, NULL));
        assert_string_equal(name, "dataset");
        count_options(name, kind);
        assert_int_equal(aigc_verb_info(kind, 1, &name, NULL), AIGC_ERROR_NOT_FOUND);
    }
}

static bool kind_has(const char *kind, const char *verb)
{
    const char *name = NULL;
    for (size_t i = 0; aigc_verb_info(kind, i, &name, NULL) == AIGC_OK; i++)
        if (strcmp(name, verb) == 0) return true;
    return false;
}

/* verb "NAME" in a header's comment. */
static void check_header(const char *path, size_t *found)
{
    size_t size = 0;
    char *text = read_file(path, &size), verb[32];
    for (const char *at = text; (at = strstr(at, "verb \"")) != NULL;) {
        at += 6;
        snprintf(verb, sizeof verb, "%.*s", (int)strcspn(at, "\""), at);
        if (!kind_has(NULL, verb) && !kind_has("vae", verb) && !kind_has("folder", verb))
            fail_msg("%s names a verb '%s' that has no table", path, verb);
        ++*found;
    }
    free(text);
}

static void verbs_that_headers_name_exist(void **state)
{
    glob_t headers;
    size_t found = 0;
    (void)state;
    assert_int_equal(glob(AIGC_TEST_HEADERS "/*.h", 0, NULL, &headers), 0);
    for (size_t i = 0; i < headers.gl_pathc; i++) check_header(headers.gl_pathv[i], &found);
    globfree(&headers);
    assert_true(found > 15);
}

/* ---- options ---- */

/* Row by name. */
static aigc_option_info_t row_of(const char *verb, const char *kind, const char *name)
{
    aigc_option_info_t row = {.struct_size = sizeof row};
    for (size_t i = 0; aigc_option_info(verb, kind, i, &row) == AIGC_OK; i++)
        if (strcmp(row.name, name) == 0) return row;
    fail_msg("%s has no option %s", verb, name);
    return row;
}

static void ranges_read_as_they_were_written(void **state)
{
    (void)state;
    assert_string_equal(row_of("image-write", NULL, "quality").range, "1..100");
    assert_string_equal(row_of("image-resize", NULL, "width").range, "1..16384");
    assert_string_equal(row_of("create", "vae", "latent_dim").range, "0..65536");
    assert_string_equal(row_of("create", "vae", "sigma").range, "0.001..100");
    assert_string_equal(row_of("create", "vae", "sigma").default_value, "0.1");
    assert_string_equal(row_of("create", "vae", "loss").range, "bce|mse");
    assert_string_equal(row_of("context", NULL, "memory_limit").range, "0..9e18");
    assert_string_equal(row_of("dataset", "callback", "background").default_value, "true");
}

/* A default is a value that can be given: what a table tells of an int is an int, and so on. */
static void defaults_can_be_given(void **state)
{
    small_world_t world;
    aigc_options_t *options = NULL;
    aigc_option_info_t row = {.struct_size = sizeof row};
    aigc_model_t *model = NULL;
    (void)state;
    small_world_begin(&world, 1);
    check_ok(aigc_options_create(&options));
    for (size_t i = 0; aigc_option_info("create", "vae", i, &row) == AIGC_OK; i++)
        check_ok(aigc_options_set_string(options, row.name, row.default_value));
    check_ok(aigc_model_create(&model, world.context, "vae", options));
    for (size_t i = 0; aigc_option_info("create", "vae", i, &row) == AIGC_OK; i++) {
        const char *name = NULL, *value = NULL;
        check_ok(aigc_model_option(model, i, &name, &value));
        assert_string_equal(name, row.name);
        const bool is_chosen = strcmp(name, "latent_dim") == 0; /* 0 means what suits the architecture */
        assert_string_equal(value, is_chosen ? "20" : row.default_value);
    }
    aigc_options_free(options);
    aigc_model_free(model);
    small_world_end(&world);
}

/* ---- options of a model ---- */

/* A model of the same kind with the options that the first one tells. */
static aigc_model_t *made_again(small_world_t *world, aigc_model_t *model)
{
    const char *kind = NULL, *name = NULL, *value = NULL;
    aigc_options_t *options = NULL;
    aigc_model_t *again = NULL;
    check_ok(aigc_options_create(&options));
    for (size_t i = 0; aigc_model_option(model, i, &name, &value) == AIGC_OK; i++)
        check_ok(aigc_options_set_string(options, name, value));
    check_ok(aigc_model_config(model, &kind, NULL));
    check_ok(aigc_model_create(&again, world->context, kind, options));
    aigc_options_free(options);
    return again;
}

static void check_same_options(aigc_model_t *a, aigc_model_t *b)
{
    const char *name_a = NULL, *name_b = NULL, *value_a = NULL, *value_b = NULL, *json_a = NULL, *json_b = NULL;
    size_t n = 0;
    for (; aigc_model_option(a, n, &name_a, &value_a) == AIGC_OK; n++) {
        check_ok(aigc_model_option(b, n, &name_b, &value_b));
        assert_string_equal(name_a, name_b);
        assert_string_equal(value_a, value_b);
    }
    assert_int_equal(n, 12);
    check_ok(aigc_model_config(a, NULL, &json_a));
    check_ok(aigc_model_config(b, NULL, &json_b));
    assert_string_equal(json_a, json_b);
}

static void check(const char *text, const char *verb, const char *kind, aigc_status_t status, const char *sentence)
{
    aigc_options_t *options = NULL;
    check_ok(aigc_options_create(&options));
    check_ok(aigc_options_parse(options, text));
    if (status == AIGC_OK)
        check_ok(aigc_options_check(options, verb, kind));
    else
        check_failure(aigc_options_check(options, verb, kind), status, sentence);
    aigc_options_free(options);
}

static void options_are_checked_without_a_call(void **state)
{
    (void)state;
    check("", "train", "vae", AIGC_OK, NULL);
    check("epochs=3 optimizer=sgd momentum=0.5", "train", "gan", AIGC_OK, NULL);
    check("threads=2", "context", NULL, AIGC_OK, NULL);
    check("size=64x48", "dataset", "home-designs", AIGC_OK, NULL);
    check_ok(aigc_options_check(NULL, "generate", "vae"));
    check("loss=lsgan", "train", "gan", AIGC_ERROR_OPTION, "'lsgan'; expected logistic|minimax");
    check("epoch=3", "train", "gan", AIGC_ERROR_OPTION, "did you mean 'epochs'");
    check("widths=8", "create", "vae", AIGC_ERROR_OPTION, "no effect with architecture=mlp");
    check("threads=-1", "context", NULL, AIGC_ERROR_OPTION, "0..1024");
    check("size=8", "dataset", "home-designs", AIGC_ERROR_OPTION, "16..256");
    check("", "swim", "vae", AIGC_ERROR_NOT_FOUND, "swim");
    check("", "train", "fish", AIGC_ERROR_NOT_FOUND, "fish");
    check("", "train", NULL, AIGC_ERROR_NOT_FOUND, "train");
    check("", "dataset", "fish", AIGC_ERROR_NOT_FOUND, "fish");
}

static void options_of_a_model_make_it_again(void **state)
{
    static const char *const texts[] = {
        "height=8 width=8 channels=1",
        "height=4 width=3 channels=3 hidden_dim=7,5,3 loss=mse sigma=0.1 seed=9000000000000000000",
        "height=2 width=2 channels=1 loss=mse sigma=0.30000000000000004",
        "classes=5 conditional=true loss=mse sigma=0.001 seed=1234567890123456789",
    };
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        aigc_model_t *model = small_vae(&world, texts[k]), *again = made_again(&world, model);
        check_same_options(model, again);
        aigc_model_free(model);
        aigc_model_free(again);
    }
    small_world_end(&world);
}

/* What was learned from the pictures is told as well, and a loaded model tells the same. */
static void options_of_a_trained_model_have_its_sizes(void **state)
{
    small_world_t world;
    aigc_model_t *loaded = NULL;
    const char *name = NULL, *value = NULL;
    (void)state;
    small_world_begin(&world, 1);
    aigc_dataset_t *dataset = small_dataset(&world, 8);
    aigc_model_t *model = small_vae(&world, "conditional=true");
    aigc_options_t *options = small_options(&world, "epochs=1", NULL);
    check_ok(aigc_model_option(model, 0, &name, &value));
    assert_string_equal(name, "height");
    assert_string_equal(value, "0");
    check_ok(aigc_model_train(model, dataset, NULL, options, NULL, NULL));
    check_ok(aigc_model_option(model, 0, NULL, &value));
    assert_string_equal(value, "8");
    check_ok(aigc_model_option(model, 4, &name, &value));
    assert_string_equal(name, "classes");
    assert_string_equal(value, "2");
    check_ok(aigc_model_save(model, small_path(&world, "m.safetensors"), NULL));
    check_ok(aigc_model_load(&loaded, world.context, small_path(&world, "m.safetensors"), NULL));
    check_same_options(model, loaded);
    aigc_model_t *again = made_again(&world, model);
    check_same_options(model, again);
    check_ok(aigc_model_option(model, 11, NULL, NULL));
    check_failure(aigc_model_option(model, 12, &name, &value), AIGC_ERROR_NOT_FOUND, "12 options, no number 12");
    assert_string_equal(name, "classes");
    aigc_model_free(again);
    aigc_model_free(loaded);
    aigc_model_free(model);
    aigc_options_free(options);
    aigc_dataset_free(dataset);
    small_world_end(&world);
}

/* ---- kinds in messages ---- */

static void messages_list_the_kinds_there_are(void **state)
{
    small_world_t world;
    aigc_dataset_t *dataset = NULL;
    (void)state;
    small_world_begin(&world, 1);
    check_failure(aigc_dataset_create(&dataset, world.context, "library", NULL, NULL), AIGC_ERROR_NOT_FOUND,
                  "there are auto, folder, idx, home-designs");
    check_failure(aigc_dataset_create(&dataset, world.context, "auto", "/nowhere/at all", NULL), AIGC_ERROR_NOT_FOUND,
                  "(home-designs)");
    check_failure(aigc_dataset_create(&dataset, world.context, "auto", "array", NULL), AIGC_ERROR_NOT_FOUND,
                  "array: there is no folder");
    check_failure(aigc_dataset_create(&dataset, world.context, "array", NULL, NULL), AIGC_ERROR_ARGUMENT,
                  "aigc_dataset_create_array()");
    check_failure(aigc_dataset_create(&dataset, world.context, "callback", NULL, NULL), AIGC_ERROR_ARGUMENT,
                  "aigc_dataset_create_callback()");
    assert_null(dataset);
    small_world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verb_has_a_table),
        cmocka_unit_test(verbs_that_headers_name_exist),
        cmocka_unit_test(ranges_read_as_they_were_written),
        cmocka_unit_test(defaults_can_be_given),
        cmocka_unit_test(options_are_checked_without_a_call),
        cmocka_unit_test(options_of_a_model_make_it_again),
        cmocka_unit_test(options_of_a_trained_model_have_its_sizes),
        cmocka_unit_test(messages_list_the_kinds_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
