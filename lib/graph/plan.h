/* Compile a graph to an immutable plan and run it.
 *
 * Passes, in order: prune from the fetches; fold what depends on frozen parameters and constants only;
 * fuse elementwise values into tile programs, alone or hung on the op that feeds them; order;
 * lifetimes; in-place and aliases; offsets in one arena; cut into tiles. */
#ifndef AIGC_GRAPH_PLAN_H
#define AIGC_GRAPH_PLAN_H

#include "graph/store.h"

typedef struct aigc__plan aigc__plan_t;
typedef struct aigc__executor aigc__executor_t;

typedef struct aigc__compile_options {
    bool frozen;       /* parameters do not change between runs: fold and pack what depends on them once */
    bool no_fusion;    /* for tests: every value its own step */
    bool no_reuse;     /* for tests: no two records share memory */
    bool poison;       /* for tests: dead memory is filled with NaN after each step */
    bool assigns;      /* compute what the graph assigns to state, for aigc__executor_commit() */
    size_t n_external; /* the last so many fetches get no memory in the arena: aigc__executor_set_fetch() is due */
} aigc__compile_options_t;

/* Fetches may repeat and may be leaves. `options` NULL: none. The plan copies what it needs: the graph may be freed. */
aigc_status_t aigc__plan_create(aigc__plan_t **out, aigc__memory_t *memory, const aigc__graph_t *graph,
                                const aigc__kernels_t *kernels, const aigc__id_t *fetches, size_t n_fetches,
                                const aigc__compile_options_t *options);
void aigc__plan_free(aigc__plan_t *plan); /* after its executors */
/* Bytes of arena an executor with this many workers needs: activations, workspaces, scratch, folded values. */
uint64_t aigc__plan_bytes(const aigc__plan_t *plan, size_t workers);
/* The folded values' part of that. */
uint64_t aigc__plan_folded_bytes(const aigc__plan_t *plan);
size_t aigc__plan_steps(const aigc__plan_t *plan);
/* For tests: AIGC_ERROR_STATE names two values that live at the same time in the same bytes. */
aigc_status_t aigc__plan_check_memory(const aigc__plan_t *plan);
/* The plan as text, a line a step: op, shapes, fused instructions, tiles, offsets. Frees with
 * aigc__memory_free. For people and tests. */
aigc_status_t aigc__plan_describe(const aigc__plan_t *plan, aigc__memory_t *memory, char **out);

/* Binds a plan to a context's threads, a store and an arena. `arena` NULL: its own, allocated here;
 * otherwise at least aigc__plan_bytes() less aigc__plan_folded_bytes(), aligned to 64, which several
 * executors that do not run at the same time may share (then nothing fetched survives another's run;
 * folded values lie in memory of the executor's own). The store may be NULL where there are no parameters. */
aigc_status_t aigc__executor_create(aigc__executor_t **out, const aigc__plan_t *plan, aigc_context_t *context,
                                    aigc__store_t *store, void *arena);
void aigc__executor_free(aigc__executor_t *executor);

/* Where a feed's numbers lie, dense, for the next runs; the same for a fetch that shall be written
 * to the caller's memory (such as a gradient block) instead of the arena; NULL: the arena again. Neither
 * allocates. AIGC_ERROR_NOT_FOUND: no such feed, fetch. */
aigc_status_t aigc__executor_set_feed(aigc__executor_t *executor, const char *name, const void *data);
aigc_status_t aigc__executor_set_fetch(aigc__executor_t *executor, size_t index, void *data);
/* A fetch's numbers after a run. */
const void *aigc__executor_fetch(const aigc__executor_t *executor, size_t index);

/* Runs all steps; (seed, step) key the random values. AIGC_ERROR_CANCELLED: stopped between tiles,
 * fetches undefined. AIGC_ERROR_STATE: a feed or an external fetch was never set. Allocates nothing. */
aigc_status_t aigc__executor_run(aigc__executor_t *executor, uint64_t seed, uint32_t step);
/* The state that the last run assigned becomes the store's, and that of `follower`, a clone of it, unless NULL, whose
 * statistics go towards it as averages with `decay` do.
 * Before anything else runs in the same arena. Nothing happens where the plan assigns nothing. */
void aigc__executor_commit(aigc__executor_t *executor, aigc__store_t *follower, float decay);
/* Frozen parameters were changed: fold again before the next run. */
void aigc__executor_thaw(aigc__executor_t *executor);

#endif
