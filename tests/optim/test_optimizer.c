/* Optimizers on a store against the update rules in double, and schedules against their formulas. */
#include "kernels/kernels.h"
#include "optim/optimizer.h"
#include "support/unit.h"
#include <math.h>
#include <string.h>

enum { COUNT = 40, STEPS = 25 };

typedef struct bed {
    aigc_context_t *context;
    aigc__graph_t *graph;
    aigc__store_t *store;
    aigc__optimizer_t *optimizer;
} bed_t;

static void bed_begin(bed_t *bed, aigc__store_t *average)
{
    memset(bed, 0, sizeof *bed);
    check_ok(aigc__context_create(&bed->context, NULL, 2, 0, AIGC__CPU_C, aigc__kernels_get(AIGC__CPU_C)));
    check_ok(aigc__store_create(&bed->store, bed->context));
    check_ok(aigc__graph_create(&bed->graph, &bed->context->memory));
    aigc__param(bed->graph, bed->store, "a", aigc__shape_of(1, (int64_t[]){COUNT - 7}),
                (aigc__initialiser_t){AIGC__INITIAL_NORMAL, 0, 1});
    aigc__param(bed->graph, bed->store, "b", aigc__shape_of(1, (int64_t[]){7}),
                (aigc__initialiser_t){AIGC__INITIAL_CONSTANT, 0.5, 0});
    check_ok(aigc__store_seal(bed->store, 3));
    check_ok(aigc__optimizer_create(&bed->optimizer, bed->context, bed->store, average, 0));
}

static void bed_end(bed_t *bed)
{
    aigc__optimizer_free(bed->optimizer);
    aigc__graph_free(bed->graph);
    aigc__store_free(bed->store);
    aigc__context_release(bed->context);
}

static aigc__optimizer_settings_t settings(int64_t kind)
{
    return (aigc__optimizer_settings_t){.kind = kind,
                                        .beta1 = 0.9,
                                        .beta2 = 0.999,
                                        .epsilon = 1e-8,
                                        .momentum = 0.9,
                                        .alpha = 0.99,
                                        .weight_decay = -1};
}

static double gradient_at(int step, int i) { return sin(step * 1.3 + i) * (1 + i % 3); }

/* One parameter's way in double by the textbook rule. */
typedef struct track {
    double p, m, v;
} track_t;

static void reference_step(track_t *t, double g, int step, const aigc__optimizer_settings_t *s)
{
    const double lr = s->learning_rate;
    switch (s->kind) {
    case AIGC__OPTIMIZER_SGD:
        t->m = s->momentum * t->m + g;
        t->p -= lr * (s->nesterov ? g + s->momentum * t->m : t->m);
        return;
    case AIGC__OPTIMIZER_RMSPROP:
        t->v = s->alpha * t->v + (1 - s->alpha) * g * g;
        t->m = s->momentum * t->m + g / (sqrt(t->v) + s->epsilon);
        t->p -= lr * t->m;
        return;
    default:
        if (s->kind == AIGC__OPTIMIZER_ADAMW) t->p -= lr * 1e-2 * t->p;
        t->m = s->beta1 * t->m + (1 - s->beta1) * g;
        t->v = s->beta2 * t->v + (1 - s->beta2) * g * g;
        t->p -=
            lr / (1 - pow(s->beta1, step + 1)) * t->m / (sqrt(t->v) / sqrt(1 - pow(s->beta2, step + 1)) + s->epsilon);
    }
}

static void steps_follow_the_rules(void **state)
{
    (void)state;
    for (int64_t kind = 0; kind < 5; kind++) {
        bed_t bed;
        track_t tracks[COUNT] = {{0}};
        aigc__optimizer_settings_t s = settings(kind == 4 ? AIGC__OPTIMIZER_SGD : kind);
        double norm = 0;
        s.learning_rate = 0.01;
        s.nesterov = kind == 4;
        bed_begin(&bed, NULL);
        for (size_t i = 0; i < COUNT; i++)
            tracks[i].p = (double)(i < COUNT - 7 ? aigc__store_data(bed.store, 0)[i]
                                                 : aigc__store_data(bed.store, 1)[i - (COUNT - 7)]);
        for (int step = 0; step < STEPS; step++) {
            double squares = 0;
            for (int i = 0; i < COUNT; i++) {
                const float g = (float)gradient_at(step, i);
                if (i < COUNT - 7)
                    aigc__optimizer_gradient(bed.optimizer, 0)[i] = g;
                else
                    aigc__optimizer_gradient(bed.optimizer, 1)[i - (COUNT - 7)] = g;
                reference_step(&tracks[i], (double)g, step, &s);
                squares += (double)g * (double)g;
            }
            check_ok(aigc__optimizer_step(bed.optimizer, 0, &s, &norm));
            assert_true(fabs(norm - sqrt(squares)) < 1e-5 * norm);
        }
        for (int i = 0; i < COUNT; i++) {
            const double p = (double)(i < COUNT - 7 ? aigc__store_data(bed.store, 0)[i]
                                                    : aigc__store_data(bed.store, 1)[i - (COUNT - 7)]);
            assert_true(fabs(p - tracks[i].p) < 2e-5 * (1 + fabs(tracks[i].p)));
        }
        assert_int_equal(aigc__optimizer_steps(bed.optimizer, 0), STEPS);
        bed_end(&bed);
    }
}

/* Where no momentum is asked for, SGD has its usual one and RMSprop none. */
static void each_kind_has_its_own_momentum(void **state)
{
    static const struct {
        int64_t kind;
        double own;
    } kinds[] = {{AIGC__OPTIMIZER_SGD, 0.9}, {AIGC__OPTIMIZER_RMSPROP, 0}};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        float last[2] = {0};
        for (int is_asked = 0; is_asked < 2; is_asked++) {
            bed_t bed;
            double norm = 0;
            aigc__optimizer_settings_t s = settings(kinds[k].kind);
            s.learning_rate = 0.01;
            s.momentum = is_asked ? kinds[k].own : -1;
            bed_begin(&bed, NULL);
            for (int step = 0; step < 3; step++) {
                aigc__optimizer_gradient(bed.optimizer, 1)[0] = 1;
                check_ok(aigc__optimizer_step(bed.optimizer, 0, &s, &norm));
            }
            last[is_asked] = aigc__store_data(bed.store, 1)[0];
            bed_end(&bed);
        }
        assert_true(last[0] == last[1] && last[0] < 0.5f);
    }
}

static void a_bad_gradient_changes_nothing(void **state)
{
    bed_t bed;
    float before[COUNT];
    double norm = -1;
    const aigc__optimizer_settings_t s = settings(AIGC__OPTIMIZER_ADAM);
    (void)state;
    bed_begin(&bed, NULL);
    memcpy(before, aigc__store_data(bed.store, 0), sizeof before - 7 * sizeof *before);
    aigc__optimizer_gradient(bed.optimizer, 1)[2] = NAN;
    check_failure(aigc__optimizer_step(bed.optimizer, 0, &s, &norm), AIGC_ERROR_NUMERIC, "gradient of b");
    aigc__optimizer_gradient(bed.optimizer, 1)[2] = 3e38f;
    check_failure(aigc__optimizer_step(bed.optimizer, 0, &s, &norm), AIGC_ERROR_NUMERIC, "range");
    assert_memory_equal(before, aigc__store_data(bed.store, 0), sizeof before - 7 * sizeof *before);
    assert_int_equal(aigc__optimizer_steps(bed.optimizer, 0), 0);
    assert_true(norm == -1);
    bed_end(&bed);
}

static void clipping_bounds_the_step(void **state)
{
    bed_t bed;
    double norm = 0;
    aigc__optimizer_settings_t s = settings(AIGC__OPTIMIZER_SGD);
    (void)state;
    s.learning_rate = 1;
    s.momentum = 0;
    s.gradient_clip = 0.5;
    bed_begin(&bed, NULL);
    aigc__optimizer_gradient(bed.optimizer, 1)[0] = 30;
    aigc__optimizer_gradient(bed.optimizer, 1)[1] = 40;
    check_ok(aigc__optimizer_step(bed.optimizer, 0, &s, &norm));
    assert_true(fabs(norm - 50) < 1e-4);
    assert_true(fabs((double)aigc__store_data(bed.store, 1)[0] - 0.2) < 1e-6); /* 0.5 - 0.5 * 30/50 */
    assert_true(fabs((double)aigc__store_data(bed.store, 1)[1] - 0.1) < 1e-6);
    bed_end(&bed);
}

static void the_average_follows(void **state)
{
    bed_t bed;
    aigc__store_t *average = NULL;
    double norm = 0, expected = 0.5;
    aigc__optimizer_settings_t s = settings(AIGC__OPTIMIZER_SGD);
    (void)state;
    s.learning_rate = 0.1;
    bed_begin(&bed, NULL);
    check_ok(aigc__store_clone(&average, bed.store));
    aigc__optimizer_set_average(bed.optimizer, average, 0.75);
    for (int step = 0; step < 40; step++) {
        aigc__optimizer_gradient(bed.optimizer, 1)[0] = 1;
        check_ok(aigc__optimizer_step(bed.optimizer, 0, &s, &norm));
        expected +=
            (1 - fmin(0.75, (1.0 + step) / (10 + step))) * ((double)aigc__store_data(bed.store, 1)[0] - expected);
    }
    assert_true(fabs((double)aigc__store_data(average, 1)[0] - expected) < 1e-6);
    aigc__store_free(average);
    bed_end(&bed);
}

/* Two networks that learn in turns: each moves alone, with a count and a norm of its own. */
static void parts_move_by_themselves(void **state)
{
    enum { FIRST = 20000, SECOND = 33 }; /* more than one tile, and less */
    bed_t bed = {.context = NULL};
    aigc__store_t *clone = NULL;
    double norm = 0;
    aigc__optimizer_settings_t s = settings(AIGC__OPTIMIZER_SGD);
    (void)state;
    s.learning_rate = 1;
    s.momentum = 0;
    check_ok(aigc__context_create(&bed.context, NULL, 2, 0, AIGC__CPU_C, aigc__kernels_get(AIGC__CPU_C)));
    check_ok(aigc__store_create(&bed.store, bed.context));
    check_ok(aigc__graph_create(&bed.graph, &bed.context->memory));
    const aigc__initialiser_t half = {AIGC__INITIAL_CONSTANT, 0.5, 0};
    aigc__param(bed.graph, bed.store, "a", aigc__shape_of(1, (int64_t[]){FIRST}), half);
    aigc__state_value(bed.graph, bed.store, "s", aigc__shape_of(1, (int64_t[]){5}), half, AIGC__STATE);
    aigc__store_next_part(bed.store);
    aigc__param(bed.graph, bed.store, "b", aigc__shape_of(1, (int64_t[]){SECOND}), half);
    check_ok(aigc__store_seal(bed.store, 3));
    check_ok(aigc__store_clone(&clone, bed.store));
    assert_int_equal(aigc__store_parts(clone), 2);
    assert_int_equal(aigc__store_part_start(clone, 1), FIRST);
    assert_int_equal(aigc__store_part_start(clone, 2), aigc__store_trained(clone));
    check_ok(aigc__optimizer_create(&bed.optimizer, bed.context, bed.store, NULL, 0));
    for (int i = 0; i < SECOND; i++) aigc__optimizer_gradient(bed.optimizer, 2)[i] = 2;
    check_ok(aigc__optimizer_step(bed.optimizer, 1, &s, &norm));
    check_ok(aigc__optimizer_step(bed.optimizer, 1, &s, &norm));
    assert_true(fabs(norm - 2 * sqrt(SECOND)) < 1e-5);
    assert_true(aigc__store_data(bed.store, 2)[SECOND - 1] == -3.5f &&
                aigc__store_data(bed.store, 0)[FIRST - 1] == 0.5f);
    for (int i = 0; i < FIRST; i++) aigc__optimizer_gradient(bed.optimizer, 0)[i] = 3;
    check_ok(aigc__optimizer_step(bed.optimizer, 0, &s, &norm));
    assert_true(fabs(norm - 3 * sqrt(FIRST)) < 1e-2);
    assert_true(aigc__store_data(bed.store, 0)[FIRST - 1] == -2.5f && aigc__store_data(bed.store, 2)[0] == -3.5f);
    aigc__optimizer_gradient(bed.optimizer, 2)[0] = NAN;
    check_failure(aigc__optimizer_step(bed.optimizer, 1, &s, &norm), AIGC_ERROR_NUMERIC, "gradient of b");
    assert_int_equal(aigc__optimizer_steps(bed.optimizer, 0), 1);
    assert_int_equal(aigc__optimizer_steps(bed.optimizer, 1), 2);
    aigc__store_free(clone);
    bed_end(&bed);
}

/* The room of one part's gradients is another's too; what lies between two parameters is nobody's. */
static void a_part_does_not_see_anothers_gradients(void **state)
{
    bed_t bed = {.context = NULL};
    double norm = 0;
    const aigc__optimizer_settings_t s = settings(AIGC__OPTIMIZER_ADAM);
    const aigc__initialiser_t half = {AIGC__INITIAL_CONSTANT, 0.5, 0};
    (void)state;
    check_ok(aigc__context_create(&bed.context, NULL, 1, 0, AIGC__CPU_C, aigc__kernels_get(AIGC__CPU_C)));
    check_ok(aigc__store_create(&bed.store, bed.context));
    check_ok(aigc__graph_create(&bed.graph, &bed.context->memory));
    aigc__param(bed.graph, bed.store, "a", aigc__shape_of(1, (int64_t[]){1}), half);
    aigc__param(bed.graph, bed.store, "b", aigc__shape_of(1, (int64_t[]){3}), half);
    aigc__store_next_part(bed.store);
    aigc__param(bed.graph, bed.store, "c", aigc__shape_of(1, (int64_t[]){100}), half);
    check_ok(aigc__store_seal(bed.store, 3));
    check_ok(aigc__optimizer_create(&bed.optimizer, bed.context, bed.store, NULL, 0));
    for (int i = 0; i < 100; i++) aigc__optimizer_gradient(bed.optimizer, 2)[i] = 7;
    check_ok(aigc__optimizer_step(bed.optimizer, 1, &s, &norm));
    aigc__optimizer_gradient(bed.optimizer, 0)[0] = 2;
    for (int i = 0; i < 3; i++) aigc__optimizer_gradient(bed.optimizer, 1)[i] = 2;
    check_ok(aigc__optimizer_step(bed.optimizer, 0, &s, &norm));
    assert_true(fabs(norm - 4) < 1e-6);
    bed_end(&bed);
}

static void schedules_follow_their_curves(void **state)
{
    const aigc__schedule_t constant = {.kind = AIGC__SCHEDULE_CONSTANT, .warmup = 4},
                           linear = {AIGC__SCHEDULE_LINEAR, 0, 100, 0.1},
                           cosine = {AIGC__SCHEDULE_COSINE, 10, 110, 0.2};
    (void)state;
    assert_true(aigc__schedule_factor(&constant, 0) == 0.25 && aigc__schedule_factor(&constant, 3) == 1 &&
                aigc__schedule_factor(&constant, 999) == 1);
    assert_true(fabs(aigc__schedule_factor(&linear, 50) - 0.55) < 1e-12);
    assert_true(fabs(aigc__schedule_factor(&linear, 500) - 0.1) < 1e-12);
    for (uint64_t step = 10; step < 130; step++) {
        const double t = step < 110 ? (double)(step - 10) / 100 : 1;
        assert_true(fabs(aigc__schedule_factor(&cosine, step) -
                         (0.2 + 0.8 * 0.5 * (1 + cos(3.14159265358979323846 * t)))) < 1e-9);
    }
}

static void a_schedule_must_have_a_course(void **state)
{
    const aigc__schedule_t all_warmup = {AIGC__SCHEDULE_COSINE, 100, 100, 0},
                           short_one = {AIGC__SCHEDULE_LINEAR, 99, 100, 0},
                           endless = {AIGC__SCHEDULE_LINEAR, 100, 0, 0},
                           constant = {AIGC__SCHEDULE_CONSTANT, 100, 50, 0};
    (void)state;
    check_failure(aigc__schedule_check(&all_warmup), AIGC_ERROR_OPTION, "warmup_steps is 100");
    check_ok(aigc__schedule_check(&short_one));
    check_ok(aigc__schedule_check(&endless));
    check_ok(aigc__schedule_check(&constant));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_follow_the_rules),        cmocka_unit_test(a_bad_gradient_changes_nothing),
        cmocka_unit_test(clipping_bounds_the_step),      cmocka_unit_test(the_average_follows),
        cmocka_unit_test(parts_move_by_themselves),      cmocka_unit_test(a_part_does_not_see_anothers_gradients),
        cmocka_unit_test(schedules_follow_their_curves), cmocka_unit_test(each_kind_has_its_own_momentum),
        cmocka_unit_test(a_schedule_must_have_a_course),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
