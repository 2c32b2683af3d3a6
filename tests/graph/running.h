/* Compiling and running the graph of a world, with the world's numbers in the feeds. */
#ifndef AIGC_TEST_RUNNING_H
#define AIGC_TEST_RUNNING_H

#include "base/runtime.h"
#include "graph/plan.h"
#include "graph/world.h"

enum { MOST_FETCHES = 24, MOST_FEEDS = 16 };

typedef struct running {
    const world_t *world;
    aigc_context_t *context;
    aigc__plan_t *plan;
    aigc__executor_t *executor;
    aigc__id_t fetches[MOST_FETCHES];
    size_t n_fetches;
    void *feeds[MOST_FEEDS];
    size_t n_feeds;
    void *external[MOST_FETCHES]; /* where external fetches go */
} running_t;

/* A context with the best kernels of this machine. */
aigc_context_t *running_context(size_t threads, const aigc_allocator_t *allocator);

/* Plan, executor and feeds; the plan's memory is checked for overlaps. */
void running_begin(running_t *running, const world_t *world, aigc_context_t *context, aigc__store_t *store,
                   const aigc__id_t *fetches, size_t n, const aigc__compile_options_t *options);
void running_end(running_t *running);

/* A feed's numbers as the world says; the caller frees. */
void *running_feed(const world_t *world, aigc__id_t id);

/* The plan's description; the caller frees with aigc__memory_free of the context. */
char *running_text(const running_t *running);
/* How often `part` occurs in the plan's description. */
size_t running_count(const running_t *running, const char *part);

#endif
