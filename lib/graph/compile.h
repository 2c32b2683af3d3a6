/* What the compile passes share, and what they make: the inside of a plan.
 *
 *   compile.c      copies live values, finds what is folded and what is executed, drives the rest
 *   fuse.c         executed values -> units (what becomes one step), and their order
 *   lower.c        units -> steps, slots and tile programs
 *   memory_plan.c  slots -> offsets */
#ifndef AIGC_GRAPH_COMPILE_H
#define AIGC_GRAPH_COMPILE_H

#include "graph/plan.h"
#include "graph/program.h"

#define AIGC__NONE UINT32_MAX /* no slot, no step */

typedef enum aigc__place {
    AIGC__IN_ARENA,
    AIGC__IN_FOLDED, /* kept from run to run: made by the folding steps */
    AIGC__IN_FEED,
    AIGC__IN_STORE,
    AIGC__IN_CALLER /* an external fetch */
} aigc__place_t;

/* A tensor in memory. */
typedef struct aigc__slot {
    const aigc__value_t *value; /* NULL: workspace or a packed operand */
    const char *name;           /* of a feed or parameter */
    aigc__place_t place;
    size_t bytes;
    size_t offset;        /* in the arena or the folded block */
    uint32_t first, last; /* the step that writes it, the last that reads it; AIGC__NONE: until the next run */
    uint32_t base;        /* the slot whose bytes these are: itself, or the one taken over in place */
    bool holds_head;      /* an op's raw output lies here before the epilogue's result does */
} aigc__slot_t;

typedef struct aigc__plan_step {
    aigc__step_t step; /* without pointers to data */
    aigc__program_t *program;
    uint32_t *inputs;                          /* slots of the op's inputs */
    uint32_t output;                           /* slot of the op's output; of the packed operand where this packs */
    uint32_t operands[AIGC__PROGRAM_OPERANDS]; /* slots; AIGC__NONE where there is no memory */
    uint32_t outputs[AIGC__PROGRAM_INSTRUCTIONS];
    uint32_t sums[AIGC__PROGRAM_SUMS];
    uint32_t shared; /* slot of the workspace: the op's, then the partial sums */
    size_t partials_offset;
    size_t tiles;       /* of all phases together */
    uint32_t packs_for; /* not AIGC__NONE: packs input `packs_input` of that step */
    uint32_t packs_input;
} aigc__plan_step_t;

typedef struct aigc__fetch {
    uint32_t slot;
    /* A leaf, a folded value or a second fetch of one value: copied where a caller wants it elsewhere. */
    bool is_copied;
    bool is_external;
} aigc__fetch_t;

struct aigc__plan {
    aigc__arena_t arena; /* all of the following */
    const aigc__kernels_t *kernels;
    bool poison;
    aigc__slot_t *slots;
    uint32_t n_slots, slot_capacity;
    aigc__plan_step_t *steps;
    uint32_t n_steps, n_folding; /* the first n_folding run once */
    aigc__fetch_t *fetches;
    uint32_t n_fetches; /* what is assigned comes after those asked for */
    uint32_t n_asked;
    const char **assigned; /* names of the parameters that fetches n_asked, .. are for */
    size_t arena_bytes;    /* of all slots in the arena */
    size_t folded_bytes;
    size_t worker_bytes;  /* the largest of all steps */
    size_t scratch_bytes; /* the largest of all programs */
};

enum {
    AIGC__EXECUTED = 1, /* some step computes it */
    AIGC__FIXED = 2,    /* the same in every run */
    AIGC__UNIFORM = 4,  /* one number known now, in `number` */
    AIGC__FETCHED = 8,
    AIGC__STORED = 16,  /* some other unit or a fetch reads it from memory */
    AIGC__AS_BYTES = 32 /* only zeros and ones, a byte each in memory */
};

/* How a value reads an input. */
typedef enum aigc__read_kind {
    AIGC__READ_NUMBER, /* as a number in the program: no memory */
    AIGC__READ_SAME,   /* its element i for element i */
    AIGC__READ_EXPAND, /* element i of a broadcast of it */
    AIGC__READ_WHOLE
} aigc__read_kind_t;

typedef struct aigc__read {
    aigc__read_kind_t kind;
    aigc__id_t source;  /* the value read, behind aliases and broadcasts */
    aigc__id_t operand; /* the same, or the broadcast */
} aigc__read_t;

typedef struct aigc__compile {
    aigc__plan_t *plan;
    aigc__arena_t scratch; /* freed after compiling */
    const aigc__graph_t *graph;
    aigc__compile_options_t options;
    const aigc__id_t *fetches;
    size_t n_fetches;
    uint32_t n;                   /* of values, nothing included */
    const aigc__value_t **values; /* the plan's copies; NULL where dead */
    aigc__id_t *roots;            /* the value whose memory an alias is; itself otherwise */
    uint8_t *flags;
    float *numbers;
    aigc__id_t *units; /* executed values: the least value of their unit */
    aigc__id_t *next;  /* the next larger value of the same unit, 0 after the last */
    aigc__id_t *order; /* the units in the order of their steps, the fixed ones first */
    uint32_t n_units, n_fixed_units;
    uint32_t *slots; /* of values in memory; AIGC__NONE otherwise */
} aigc__compile_t;

aigc_status_t aigc__compile_array(aigc__arena_t *arena, size_t n, size_t element_bytes, void **out); /* zeroed */

static inline bool aigc__is_map(const aigc__value_t *value)
{
    return value->op == AIGC__OP_map && value->dtype == AIGC_DTYPE_F32;
}
/* A sum to one number, which can be the end of a tile program. */
bool aigc__is_full_sum(const aigc__compile_t *compile, const aigc__value_t *value);
aigc__read_t aigc__read_of(const aigc__compile_t *compile, aigc__id_t id, size_t input);

aigc_status_t aigc__fuse(aigc__compile_t *compile);
aigc_status_t aigc__lower(aigc__compile_t *compile);
aigc_status_t aigc__plan_memory(aigc__plan_t *plan, const aigc__compile_options_t *options);

#endif
