/* What a training tells of itself: how long it will take, and in words how it goes. */
#include "models/training.h"
#include "support/unit.h"
#include <math.h>
#include <string.h>

/* ---- time ---- */

static void close_to(double found, double expected) { assert_true(fabs(found - expected) < 1e-9 + 1e-6 * expected); }

static void the_first_step_tells_nothing(void **state)
{
    aigc__pace_t pace;
    (void)state;
    aigc__pace_begin(&pace, 100);
    assert_true(aigc__pace_left(&pace, 50, 1, 0) < 0);
    aigc__pace_step(&pace, 109, 10); /* plans are made */
    assert_true(aigc__pace_left(&pace, 50, 1, 0) < 0);
    aigc__pace_step(&pace, 110, 10);
    close_to(aigc__pace_left(&pace, 50, 1, 0), 5);
    aigc__pace_step(&pace, 117, 3); /* the last one of an epoch, smaller, with plans of its own */
    close_to(aigc__pace_left(&pace, 50, 1, 0), 5);
    close_to(aigc__pace_left(&pace, 0, 0, 0), 0);
}

static void validation_is_guessed_and_then_known(void **state)
{
    aigc__pace_t pace;
    (void)state;
    aigc__pace_begin(&pace, 0);
    aigc__pace_step(&pace, 1, 10);
    aigc__pace_step(&pace, 2, 10);
    close_to(aigc__pace_left(&pace, 100, 2, 60), 10 + 2 * 2.0);
    aigc__pace_look(&pace, 7);
    close_to(aigc__pace_left(&pace, 100, 2, 60), 10 + 2 * 5.0);
    aigc__pace_step(&pace, 8, 10);
    aigc__pace_look(&pace, 11);
    close_to(aigc__pace_left(&pace, 100, 1, 60), 10 + 4.0);
}

static void a_slower_machine_is_noticed(void **state)
{
    aigc__pace_t pace;
    double now = 0;
    (void)state;
    aigc__pace_begin(&pace, now);
    for (int k = 0; k < 1000; k++) aigc__pace_step(&pace, now += 1, 10);
    for (int k = 0; k < 30; k++) aigc__pace_step(&pace, now += 5, 10);
    const double left = aigc__pace_left(&pace, 100, 0, 0);
    assert_true(left > 45 && left <= 50);
}

/* ---- quality ---- */

static aigc_metrics_t numbers(const char *name, double value)
{
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    aigc__metrics_put(&metrics, name, value);
    return metrics;
}

static void epoch(aigc__course_t *course, double loss, double validation, const char *expected)
{
    const aigc_metrics_t means = numbers("loss", loss), other = numbers("loss", validation);
    aigc__course_epoch(course, NULL, &means, validation > 0 ? &other : NULL);
    assert_string_equal(course->text, expected);
}

static void a_loss_is_told_with_the_one_before(void **state)
{
    aigc__course_t course = {.epochs = 0};
    (void)state;
    aigc__course_step(&course, NULL);
    assert_string_equal(course.text, "");
    epoch(&course, 251.04, 0, "");
    aigc__course_step(&course, NULL);
    assert_string_equal(course.text, "was 251.0");
    epoch(&course, 245.16, 0, "falling, was 251.0");
    epoch(&course, 245.161, 0, "level, was 245.2");
    epoch(&course, 300, 0, "rising, was 245.2");
    epoch(&course, -0.04, 0, "falling, was 300.0");
    epoch(&course, -5.26, 0, "falling, was 0.0");
    epoch(&course, NAN, 0, "level, was -5.3");
}

static void learning_by_heart_is_seen_after_two_epochs(void **state)
{
    aigc__course_t course = {.epochs = 0};
    (void)state;
    epoch(&course, 10, 11, "");
    epoch(&course, 9, 12, "falling, was 10.0");
    epoch(&course, 8, 13, "validation rises: learns by heart, was 9.0");
    epoch(&course, 7, 12, "falling, was 8.0");
}

static void a_distance_says_more_than_other_words(void **state)
{
    aigc__course_t course = {.epochs = 0};
    const aigc_metrics_t game = numbers("loss_d", 1);
    static const struct {
        double distance;
        const char *text;
    } steps[] = {{15.06, "distance 15.1"},
                 {12.3, "distance 12.3 (was 15.1), better"},
                 {12.35, "distance 12.4 (was 12.3), as before"},
                 {20, "distance 20.0 (was 12.4), worse"},
                 {0.0123, "distance 0.012 (was 20.0), better"},
                 {1.234, "distance 1.23 (was 0.012), worse"}};
    (void)state;
    aigc__course_step(&course, "even game");
    assert_string_equal(course.text, "even game");
    for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
        const aigc_metrics_t measured = numbers("frechet", steps[k].distance);
        aigc__course_epoch(&course, "even game", &game, &measured);
        assert_string_equal(course.text, steps[k].text);
        aigc__course_step(&course, "even game");
        assert_string_equal(course.text, steps[k].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_step_tells_nothing),
        cmocka_unit_test(validation_is_guessed_and_then_known),
        cmocka_unit_test(a_slower_machine_is_noticed),
        cmocka_unit_test(a_loss_is_told_with_the_one_before),
        cmocka_unit_test(learning_by_heart_is_seen_after_two_epochs),
        cmocka_unit_test(a_distance_says_more_than_other_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
