/* Where every slot lies. A record is the life of some bytes: a slot's, or that of several slots of
 * which each takes over from the one before in place. Records are placed greedily, the largest
 * first, each in the lowest gap among those that live at the same time. */
#include "base/sizes.h"
#include "graph/compile.h"
#include <string.h>

/* ---- lifetimes ---- */

static void use(aigc__plan_t *plan, uint32_t slot, uint32_t step)
{
    if (slot == AIGC__NONE) return;
    aigc__slot_t *s = &plan->slots[slot];
    if (s->first == AIGC__NONE) s->first = step;
    s->last = step;
}

static void find_lifetimes(aigc__plan_t *plan)
{
    for (uint32_t k = 0; k < plan->n_slots; k++) plan->slots[k].first = plan->slots[k].last = AIGC__NONE;
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        const aigc__plan_step_t *step = &plan->steps[i];
        const size_t n_inputs = step->packs_for != AIGC__NONE ? 1 : step->step.n_inputs;
        for (size_t k = 0; k < n_inputs; k++) use(plan, step->inputs[k], i);
        use(plan, step->output, i);
        use(plan, step->shared, i);
        for (size_t k = 0; step->program && k < step->program->n_operands; k++) use(plan, step->operands[k], i);
        for (size_t k = 0; step->program && k < step->program->n_outputs; k++) use(plan, step->outputs[k], i);
        for (size_t k = 0; step->program && k < step->program->n_sums; k++) use(plan, step->sums[k], i);
    }
    for (uint32_t k = 0; k < plan->n_fetches; k++) plan->slots[plan->fetches[k].slot].last = AIGC__NONE;
    for (uint32_t k = 0; k < plan->n_slots; k++) {
        aigc__slot_t *slot = &plan->slots[k];
        const bool is_kept = slot->first < plan->n_folding && slot->last >= plan->n_folding;
        if (slot->place == AIGC__IN_ARENA && is_kept) slot->place = AIGC__IN_FOLDED;
    }
}

/* ---- in place ---- */

static bool dies_at(const aigc__slot_t *slot, uint32_t step)
{
    return slot->place == AIGC__IN_ARENA && slot->last == step;
}

static bool take_over(aigc__plan_t *plan, uint32_t output, uint32_t input, uint32_t step)
{
    aigc__slot_t *to = &plan->slots[output];
    const aigc__slot_t *from = &plan->slots[input];
    if (to->place != AIGC__IN_ARENA || to->first != step || to->base != output || to->bytes != from->bytes)
        return false;
    if (!dies_at(from, step) || from->first == step) return false;
    to->base = from->base;
    return true;
}

static bool is_input(const aigc__plan_step_t *step, uint32_t slot)
{
    for (size_t k = 0; k < step->step.n_inputs; k++)
        if (step->inputs[k] == slot) return true;
    return false;
}

/* The instruction that reads an operand last. */
static size_t last_reader(const aigc__program_t *program, size_t operand)
{
    size_t last = 0;
    for (size_t i = 0; i < program->n_instructions; i++)
        for (size_t k = 0; k < program->instructions[i].n_sources; k++)
            if (program->instructions[i].sources[k] == operand) last = i;
    return last;
}

/* A result may be written over an operand from the instruction on that reads it last. */
static void share_in_program(aigc__plan_t *plan, const aigc__plan_step_t *step, uint32_t index)
{
    const aigc__program_t *program = step->program;
    for (size_t k = 0; k < program->n_operands; k++) {
        if (program->operands[k].kind != AIGC__OPERAND_DIRECT || is_input(step, step->operands[k])) continue;
        for (size_t i = last_reader(program, k); i < program->n_instructions; i++) {
            const aigc__instruction_t *instruction = &program->instructions[i];
            if (!instruction->run || instruction->output == AIGC__PROGRAM_NOWHERE) continue;
            const uint32_t output = step->outputs[instruction->output];
            if (!plan->slots[output].holds_head && take_over(plan, output, step->operands[k], index)) break;
        }
    }
}

static void share_in_op(aigc__plan_t *plan, const aigc__plan_step_t *step, uint32_t index)
{
    for (size_t k = 0; k < step->step.n_inputs && k < 32; k++) {
        bool is_allowed = true;
        for (size_t other = 0; other < step->step.n_inputs; other++)
            if (step->inputs[other] == step->inputs[k]) is_allowed &= step->step.op->in_place >> other & 1;
        if (is_allowed && take_over(plan, step->output, step->inputs[k], index)) return;
    }
}

static void share_memory(aigc__plan_t *plan)
{
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        const aigc__plan_step_t *step = &plan->steps[i];
        if (step->program)
            share_in_program(plan, step, i);
        else if (step->step.op)
            share_in_op(plan, step, i);
    }
}

/* ---- offsets ---- */

typedef struct record {
    size_t bytes, offset;
    uint32_t first, last, slot;
} record_t;

static bool overlap(const record_t *a, const record_t *b) { return a->first <= b->last && b->first <= a->last; }

static void sort_by_bytes(record_t *records, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const record_t record = records[i];
        size_t k = i;
        for (; k > 0 && records[k - 1].bytes < record.bytes; k--) records[k] = records[k - 1];
        records[k] = record;
    }
}

/* The lowest gap between those of `placed`, sorted by offset, that live at the same time. */
static size_t lowest_gap(const record_t *const *placed, size_t n, const record_t *record, bool no_reuse)
{
    size_t end = 0;
    for (size_t i = 0; i < n; i++) {
        if (!no_reuse && !overlap(placed[i], record)) continue;
        if (placed[i]->offset >= end && placed[i]->offset - end >= record->bytes) return end;
        const size_t next = placed[i]->offset + placed[i]->bytes;
        if (next > end) end = next;
    }
    return end;
}

static aigc_status_t place_records(aigc__arena_t *scratch, record_t *records, size_t n, bool no_reuse, size_t *total)
{
    void *memory = NULL;
    AIGC__TRY(aigc__compile_array(scratch, n, sizeof(record_t *), &memory));
    const record_t **placed = memory;
    for (size_t i = 0; i < n; i++) {
        size_t end = 0, at = i;
        records[i].offset = lowest_gap(placed, i, &records[i], no_reuse);
        AIGC__TRY(aigc__bytes_sum(records[i].offset, records[i].bytes, &end));
        if (end > *total) *total = end;
        for (; at > 0 && placed[at - 1]->offset > records[i].offset; at--) placed[at] = placed[at - 1];
        placed[at] = &records[i];
    }
    return AIGC_OK;
}

/* One record for each slot that took nothing over; those that did lengthen its life. */
static aigc_status_t collect_records(const aigc__plan_t *plan, record_t *records, uint32_t *record_of, size_t *n)
{
    for (uint32_t k = 0; k < plan->n_slots; k++) {
        const aigc__slot_t *slot = &plan->slots[k];
        if (slot->place != AIGC__IN_ARENA || slot->base != k) continue;
        record_of[k] = (uint32_t)*n;
        record_t *record = &records[(*n)++];
        *record = (record_t){.first = slot->first, .last = slot->last, .slot = k};
        AIGC__TRY(aigc__bytes_aligned(slot->bytes, &record->bytes));
    }
    for (uint32_t k = 0; k < plan->n_slots; k++) {
        const aigc__slot_t *slot = &plan->slots[k];
        if (slot->place != AIGC__IN_ARENA || slot->base == k) continue;
        record_t *record = &records[record_of[slot->base]];
        if (slot->last > record->last) record->last = slot->last;
    }
    return AIGC_OK;
}

static aigc_status_t place_in_arena(aigc__plan_t *plan, aigc__arena_t *scratch, bool no_reuse)
{
    void *memory = NULL;
    size_t n = 0;
    AIGC__TRY(aigc__compile_array(scratch, plan->n_slots, sizeof(record_t), &memory));
    record_t *records = memory;
    AIGC__TRY(aigc__compile_array(scratch, plan->n_slots, sizeof(uint32_t), &memory));
    AIGC__TRY(collect_records(plan, records, memory, &n));
    sort_by_bytes(records, n);
    AIGC__TRY(place_records(scratch, records, n, no_reuse, &plan->arena_bytes));
    for (size_t i = 0; i < n; i++) plan->slots[records[i].slot].offset = records[i].offset;
    for (uint32_t k = 0; k < plan->n_slots; k++) plan->slots[k].offset = plan->slots[plan->slots[k].base].offset;
    return AIGC_OK;
}

static aigc_status_t place_folded(aigc__plan_t *plan)
{
    for (uint32_t k = 0; k < plan->n_slots; k++) {
        aigc__slot_t *slot = &plan->slots[k];
        size_t bytes = 0;
        if (slot->place != AIGC__IN_FOLDED) continue;
        slot->offset = plan->folded_bytes;
        AIGC__TRY(aigc__bytes_aligned(slot->bytes, &bytes));
        AIGC__TRY(aigc__bytes_sum(plan->folded_bytes, bytes, &plan->folded_bytes));
    }
    return AIGC_OK;
}

aigc_status_t aigc__plan_memory(aigc__plan_t *plan, const aigc__compile_options_t *options)
{
    aigc__arena_t scratch;
    aigc__arena_init(&scratch, plan->arena.memory);
    find_lifetimes(plan);
    if (!options->no_reuse) share_memory(plan);
    aigc_status_t status = place_folded(plan);
    if (status == AIGC_OK) status = place_in_arena(plan, &scratch, options->no_reuse);
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        aigc__plan_step_t *step = &plan->steps[i];
        const size_t registers = step->program ? aigc__program_scratch_bytes(step->program) : 0;
        if (step->step.worker_bytes > plan->worker_bytes) plan->worker_bytes = step->step.worker_bytes;
        if (registers > plan->scratch_bytes) plan->scratch_bytes = registers;
    }
    aigc__arena_free(&scratch);
    return status;
}

/* ---- the check ---- */

/* Whether two slots may share bytes although both live in one step: one hands over to the other there. */
static bool hands_over(const aigc__slot_t *a, const aigc__slot_t *b)
{
    return a->base == b->base && (a->last == b->first || b->last == a->first) && a->last != b->last &&
           a->first != b->first;
}

aigc_status_t aigc__plan_check_memory(const aigc__plan_t *plan)
{
    for (uint32_t i = 0; i < plan->n_slots; i++) {
        const aigc__slot_t *a = &plan->slots[i];
        if (a->place != AIGC__IN_ARENA) continue;
        if (a->offset % 64 != 0 || a->offset + a->bytes > plan->arena_bytes)
            return aigc__fail(AIGC_ERROR_STATE, "slot %d lies at %zu", (int)i, a->offset);
        for (uint32_t k = 0; k < i; k++) {
            const aigc__slot_t *b = &plan->slots[k];
            if (b->place != AIGC__IN_ARENA || a->first > b->last || b->first > a->last) continue;
            if (a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset) continue;
            if (!hands_over(a, b))
                return aigc__fail(AIGC_ERROR_STATE, "slots %d and %d live in the same bytes from step %d", (int)k,
                                  (int)i, (int)(a->first > b->first ? a->first : b->first));
        }
    }
    return AIGC_OK;
}
