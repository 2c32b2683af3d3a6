#include "graph/running.h"
#include "support/unit.h"
#include <stdlib.h>
#include <string.h>

aigc_context_t *running_context(size_t threads, const aigc_allocator_t *allocator)
{
    const aigc__kernels_t *kernels = aigc__kernels_best();
    aigc_context_t *context = NULL;
    check_ok(aigc__context_create(&context, allocator, threads, 0, kernels->level, kernels));
    return context;
}

void *running_feed(const world_t *world, aigc__id_t id)
{
    const aigc__value_t *value = aigc__graph_value(world->graph, id);
    float *numbers = malloc(value->count * sizeof *numbers + 4);
    int32_t *indices = (int32_t *)(void *)numbers;
    assert_non_null(numbers);
    for (size_t i = 0; i < value->count; i++) {
        const double number = world_leaf(world, id, i);
        if (value->dtype == AIGC_DTYPE_I32)
            indices[i] = (int32_t)number;
        else
            numbers[i] = (float)number;
    }
    return numbers;
}

/* Feeds that no fetch depends on are not in the plan. */
static void set_feeds(running_t *running)
{
    const aigc__graph_t *graph = running->world->graph;
    for (aigc__id_t id = 1; id < aigc__graph_count(graph); id++) {
        const aigc__value_t *value = aigc__graph_value(graph, id);
        if (value->op != AIGC__OP_feed) continue;
        assert_true(running->n_feeds < MOST_FEEDS);
        void *feed = running_feed(running->world, id);
        running->feeds[running->n_feeds++] = feed;
        const aigc_status_t status = aigc__executor_set_feed(running->executor, value->name, feed);
        assert_true(status == AIGC_OK || status == AIGC_ERROR_NOT_FOUND);
    }
}

void running_begin(running_t *running, const world_t *world, aigc_context_t *context, aigc__store_t *store,
                   const aigc__id_t *fetches, size_t n, const aigc__compile_options_t *options)
{
    *running = (running_t){.world = world, .context = context, .n_fetches = n};
    assert_true(n <= MOST_FETCHES);
    memcpy(running->fetches, fetches, n * sizeof *fetches);
    check_ok(aigc__plan_create(&running->plan, &context->memory, world->graph, context->kernels, fetches, n, options));
    check_ok(aigc__plan_check_memory(running->plan));
    check_ok(aigc__executor_create(&running->executor, running->plan, context, store, NULL));
    set_feeds(running);
    for (size_t k = n - (options ? options->n_external : 0); k < n; k++) {
        running->external[k] = malloc(aigc__graph_value(world->graph, fetches[k])->count * sizeof(float) + 4);
        check_ok(aigc__executor_set_fetch(running->executor, k, running->external[k]));
    }
}

void running_end(running_t *running)
{
    aigc__executor_free(running->executor);
    aigc__plan_free(running->plan);
    for (size_t k = 0; k < running->n_feeds; k++) free(running->feeds[k]);
    for (size_t k = 0; k < running->n_fetches; k++) free(running->external[k]);
}

char *running_text(const running_t *running)
{
    char *text = NULL;
    check_ok(aigc__plan_describe(running->plan, &running->context->memory, &text));
    return text;
}

size_t running_count(const running_t *running, const char *part)
{
    char *text = running_text(running);
    size_t n = 0;
    for (size_t at = 0; text[at]; at++) n += strncmp(text + at, part, strlen(part)) == 0;
    aigc__memory_free(&running->context->memory, text);
    return n;
}
