/* The optimizer updates against the formulas of PyTorch in double, over twenty steps. */
#include "walk.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { STEPS = 20, ARRAYS = 4 };
enum { P, G, M, V }; /* the arrays of an update */

typedef enum kind { SGD, ADAM, RMSPROP } kind_t;

typedef struct variant {
    kind_t kind;
    bool momentum;
    aigc__update_t update;
} variant_t;

static const variant_t variants[] = {
    {SGD, false, {.learning_rate = 0.1f, .gradient_scale = 1}},
    {SGD, false, {.learning_rate = 0.1f, .gradient_scale = 0.5f, .weight_decay = 0.01f}},
    {SGD, true, {.learning_rate = 0.05f, .beta1 = 0.9f, .gradient_scale = 1, .weight_decay = 0.01f}},
    {SGD, true, {.learning_rate = 0.05f, .beta1 = 0.9f, .gradient_scale = 2, .nesterov = true}},
    {ADAM, true, {.learning_rate = 0.01f, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f, .gradient_scale = 1}},
    {ADAM, true, {.learning_rate = 0.01f, .beta1 = 0.0f, .beta2 = 0.99f, .epsilon = 1e-8f, .gradient_scale = 0.25f}},
    {ADAM,
     true,
     {.learning_rate = 0.01f,
      .beta1 = 0.9f,
      .beta2 = 0.999f,
      .epsilon = 1e-8f,
      .gradient_scale = 1,
      .weight_decay = 0.1f}},
    {ADAM,
     true,
     {.learning_rate = 0.01f,
      .beta1 = 0.9f,
      .beta2 = 0.95f,
      .epsilon = 1e-6f,
      .gradient_scale = 1,
      .weight_decay = 0.1f,
      .decoupled = true}},
    {RMSPROP,
     false,
     {.learning_rate = 0.01f, .beta2 = 0.9f, .epsilon = 1e-8f, .gradient_scale = 1, .weight_decay = 0.01f}},
    {RMSPROP, true, {.learning_rate = 0.01f, .beta1 = 0.5f, .beta2 = 0.99f, .epsilon = 1e-8f, .gradient_scale = 1}},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

/* One element, one step, as torch.optim's documentation writes it */
static void reference(const variant_t *variant, double x[ARRAYS], int step)
{
    const aigc__update_t *u = &variant->update;
    double rate = (double)u->learning_rate, beta1 = (double)u->beta1, beta2 = (double)u->beta2;
    double g = x[G] * (double)u->gradient_scale;
    if (u->decoupled)
        x[P] -= rate * (double)u->weight_decay * x[P];
    else
        g += (double)u->weight_decay * x[P];
    if (variant->kind == SGD) {
        if (variant->momentum) {
            x[M] = beta1 * x[M] + g;
            g = u->nesterov ? g + beta1 * x[M] : x[M];
        }
        x[P] -= rate * g;
        return;
    }
    x[V] = beta2 * x[V] + (1 - beta2) * g * g;
    if (variant->kind == RMSPROP) {
        double d = g / (sqrt(x[V]) + (double)u->epsilon);
        if (variant->momentum) d = x[M] = beta1 * x[M] + d;
        x[P] -= rate * d;
        return;
    }
    x[M] = beta1 * x[M] + (1 - beta1) * g;
    double m = x[M] / (1 - pow(beta1, step)), v = x[V] / (1 - pow(beta2, step));
    x[P] -= rate * m / (sqrt(v) + (double)u->epsilon);
}

static void update(const aigc__kernels_t *kernels, const variant_t *variant, float *const x[ARRAYS], size_t n, int step)
{
    aigc__update_t u = variant->update;
    u.correction1 = (float)(1 - pow((double)u.beta1, step));
    u.correction2 = (float)sqrt(1 - pow((double)u.beta2, step));
    if (variant->kind == SGD)
        kernels->update_sgd(x[P], x[G], variant->momentum ? x[M] : NULL, n, &u);
    else if (variant->kind == ADAM)
        kernels->update_adam(x[P], x[G], x[M], x[V], n, &u);
    else
        kernels->update_rmsprop(x[P], x[G], x[V], variant->momentum ? x[M] : NULL, n, &u);
}

static void one_run(const aigc__kernels_t *kernels, const variant_t *variant, area_t area[ARRAYS], size_t n,
                    size_t place)
{
    static double exact[WALK_LONGEST][ARRAYS];
    float *x[ARRAYS], start[WALK_LONGEST];
    uint64_t seed = n;
    memset(exact, 0, sizeof exact);
    for (int k = 0; k < ARRAYS; k++) {
        x[k] = area_place(&area[k], (place + (size_t)k) % WALK_PLACES, n * sizeof(float), sizeof(float));
        for (size_t i = 0; i < n; i++) exact[i][k] = (double)(x[k][i] = k == P ? walk_float(&seed, 2.0f) : 0.0f);
    }
    for (int step = 1; step <= STEPS; step++) {
        for (size_t i = 0; i < n; i++) {
            x[G][i] = start[i] = walk_float(&seed, 1.0f) + 0.3f;
            exact[i][G] = (double)x[G][i];
            reference(variant, exact[i], step);
        }
        update(kernels, variant, x, n, step);
        for (size_t i = 0; i < n; i++) assert_true(x[G][i] == start[i]);
    }
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < ARRAYS; k++)
            if (fabs((double)x[k][i] - exact[i][k]) > 5e-6 * (1 + fabs(exact[i][k])))
                fail_msg("%s, variant %zu, array %d: %.9g, not %.9g", kernels->name, (size_t)(variant - variants), k,
                         (double)x[k][i], exact[i][k]);
    for (int k = 0; k < ARRAYS; k++) area_check(&area[k], x[k], n * sizeof(float), "an update");
}

static void test_updates_follow_the_formulas(void **state)
{
    (void)state;
    area_t area[ARRAYS];
    for (int k = 0; k < ARRAYS; k++) area_make(&area[k], (WALK_LONGEST + 16) * sizeof(float));
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = walk_level(level);
        for (int k = 0; kernels && k < VARIANTS; k++)
            for (size_t size = 0; size < WALK_SIZES; size += 1 + size % 2)
                one_run(kernels, &variants[k], area, walk_size(size), size % WALK_PLACES);
    }
    for (int k = 0; k < ARRAYS; k++) area_free(&area[k]);
}

static void test_average(void **state)
{
    (void)state;
    area_t area[2];
    for (int k = 0; k < 2; k++) area_make(&area[k], (WALK_LONGEST + 16) * sizeof(float));
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = walk_level(level);
        for (size_t size = 0; kernels && size < WALK_SIZES; size++) {
            size_t n = walk_size(size);
            float *average = area_place(&area[0], size % 3, n * sizeof(float), sizeof(float));
            float *p = area_place(&area[1], size % 2, n * sizeof(float), sizeof(float));
            for (size_t i = 0; i < n; i++) {
                average[i] = (float)i;
                p[i] = (float)i + 8.0f;
            }
            kernels->update_average(average, p, n, 0.75f);
            for (size_t i = 0; i < n; i++) assert_true(average[i] == (float)i + 2.0f && p[i] == (float)i + 8.0f);
            area_check(&area[0], average, n * sizeof(float), "update_average");
        }
    }
    for (int k = 0; k < 2; k++) area_free(&area[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_updates_follow_the_formulas),
        cmocka_unit_test(test_average),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
