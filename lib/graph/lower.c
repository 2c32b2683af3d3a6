/* Units become steps: an op alone, a tile program, or both. */
#include "base/sizes.h"
#include "graph/compile.h"
#include <assert.h>
#include <string.h>

typedef struct lowering {
    aigc__compile_t *compile;
    aigc__plan_t *plan;
    uint8_t *results; /* of a program's members: which instruction makes the value */
    uint32_t n_packs;
} lowering_t;

static bool has_flags(const lowering_t *lowering, aigc__id_t id, unsigned flags)
{
    return (lowering->compile->flags[id] & flags) == flags;
}

static const aigc__value_t *value_of(const lowering_t *lowering, aigc__id_t id)
{
    return lowering->compile->values[id];
}

/* ---- slots ---- */

static size_t element_bytes(const lowering_t *lowering, aigc__id_t id)
{
    if (has_flags(lowering, id, AIGC__AS_BYTES)) return 1;
    return value_of(lowering, id)->dtype == AIGC_DTYPE_I32 ? sizeof(int32_t) : sizeof(float);
}

/* There is room for one: a slot for each value, two for each step and one for each packed input. */
static uint32_t add_slot(lowering_t *lowering, aigc__place_t place, size_t bytes)
{
    aigc__plan_t *plan = lowering->plan;
    plan->slots[plan->n_slots] = (aigc__slot_t){.place = place, .bytes = bytes, .base = plan->n_slots};
    return plan->n_slots++;
}

static uint32_t slot_of(lowering_t *lowering, aigc__id_t id)
{
    aigc__compile_t *compile = lowering->compile;
    const aigc__value_t *value = value_of(lowering, id);
    if (compile->slots[id] == AIGC__NONE) {
        const aigc__place_t place = value->op == AIGC__OP_feed    ? AIGC__IN_FEED
                                    : value->op == AIGC__OP_param ? AIGC__IN_STORE
                                                                  : AIGC__IN_ARENA;
        compile->slots[id] = add_slot(lowering, place, value->count * element_bytes(lowering, id));
        lowering->plan->slots[compile->slots[id]].value = value;
        lowering->plan->slots[compile->slots[id]].name = value->name;
    }
    return compile->slots[id];
}

/* ---- programs ---- */

/* The operand that stands for a read; a new one where the program does not have it yet. */
static uint8_t operand_of(lowering_t *lowering, aigc__plan_step_t *step, aigc__id_t *ids, const aigc__read_t *read,
                          aigc__id_t head)
{
    aigc__program_t *program = step->program;
    for (size_t k = 0; k < program->n_operands; k++)
        if (ids[k] == read->operand) return (uint8_t)k;
    assert(program->n_operands < AIGC__PROGRAM_OPERANDS);
    const size_t k = program->n_operands++;
    aigc__operand_t *operand = &program->operands[k];
    ids[k] = read->operand;
    step->operands[k] = AIGC__NONE;
    if (read->kind == AIGC__READ_NUMBER) {
        operand->kind = AIGC__OPERAND_NUMBER;
        operand->number = lowering->compile->numbers[read->operand];
    } else if (read->source == head && read->kind == AIGC__READ_SAME) {
        operand->kind = AIGC__OPERAND_HEAD;
    } else {
        operand->kind = has_flags(lowering, read->source, AIGC__AS_BYTES) ? AIGC__OPERAND_BYTES : AIGC__OPERAND_DIRECT;
        step->operands[k] = slot_of(lowering, read->source);
        if (read->kind == AIGC__READ_EXPAND) {
            const aigc__value_t *broadcast = value_of(lowering, read->operand);
            aigc__operand_expand(operand, &value_of(lowering, broadcast->inputs[0])->shape, &broadcast->shape);
        }
    }
    return (uint8_t)k;
}

static void add_instruction(lowering_t *lowering, aigc__plan_step_t *step, aigc__id_t *ids, aigc__id_t id,
                            aigc__id_t head)
{
    const aigc__compile_t *compile = lowering->compile;
    const aigc__value_t *value = compile->values[id];
    aigc__program_t *program = step->program;
    assert(program->n_instructions < AIGC__PROGRAM_INSTRUCTIONS && program->n_sums <= AIGC__PROGRAM_SUMS);
    const size_t i = program->n_instructions++;
    aigc__instruction_t *instruction = &program->instructions[i];
    instruction->n_sources = (uint8_t)value->n_inputs;
    instruction->map = AIGC__MAP_copy;
    instruction->output = AIGC__PROGRAM_NOWHERE;
    for (size_t k = 0; k < value->n_inputs; k++) {
        const aigc__read_t read = aigc__read_of(compile, id, k);
        const bool is_result = read.kind == AIGC__READ_SAME && read.source != head &&
                               has_flags(lowering, read.source, AIGC__EXECUTED) &&
                               compile->units[read.source] == compile->units[id];
        instruction->sources[k] = is_result ? (uint8_t)(AIGC__PROGRAM_OPERANDS + lowering->results[read.source])
                                            : operand_of(lowering, step, ids, &read, head);
    }
    lowering->results[id] = (uint8_t)i;
    if (!aigc__is_map(value)) {
        instruction->output = (uint8_t)program->n_sums;
        step->sums[program->n_sums++] = slot_of(lowering, id);
        return;
    }
    instruction->map = (aigc__map_t)value->attributes.i[0];
    instruction->run = program->kernels->map[instruction->map];
    instruction->p = (float)value->attributes.p[0];
    if (!has_flags(lowering, id, AIGC__STORED)) return;
    instruction->is_bytes = has_flags(lowering, id, AIGC__AS_BYTES);
    instruction->output = (uint8_t)program->n_outputs;
    step->outputs[program->n_outputs++] = slot_of(lowering, id);
}

static aigc_status_t make_program(lowering_t *lowering, aigc__plan_step_t *step, aigc__id_t unit, aigc__id_t head)
{
    const aigc__compile_t *compile = lowering->compile;
    aigc__id_t ids[AIGC__PROGRAM_OPERANDS];
    void *memory = NULL;
    AIGC__TRY(aigc__arena_alloc(&lowering->plan->arena, sizeof *step->program, &memory));
    step->program = memory;
    step->program->kernels = lowering->plan->kernels;
    for (aigc__id_t id = unit; id; id = compile->next[id]) {
        if (id == head) continue;
        add_instruction(lowering, step, ids, id, head);
        if (aigc__is_map(compile->values[id])) step->program->count = compile->values[id]->count;
    }
    if (head) step->program->count = compile->values[head]->count;
    aigc__program_finish(step->program);
    return AIGC_OK;
}

/* ---- ops ---- */

/* Where the op's raw output goes when only its epilogue reads it: into the memory of a result that is
 * written no earlier than the raw numbers are read last. */
static uint32_t slot_under_result(lowering_t *lowering, const aigc__plan_step_t *step)
{
    const aigc__program_t *program = step->program;
    size_t last = 0;
    for (size_t i = 0; i < program->n_instructions; i++)
        for (size_t k = 0; k < program->instructions[i].n_sources; k++) {
            const uint8_t source = program->instructions[i].sources[k];
            if (source < AIGC__PROGRAM_OPERANDS && program->operands[source].kind == AIGC__OPERAND_HEAD) last = i;
        }
    for (size_t i = last; i < program->n_instructions; i++) {
        const aigc__instruction_t *instruction = &program->instructions[i];
        if (!instruction->run || instruction->is_bytes || instruction->output == AIGC__PROGRAM_NOWHERE) continue;
        lowering->plan->slots[step->outputs[instruction->output]].holds_head = true;
        return step->outputs[instruction->output];
    }
    return AIGC__NONE;
}

static aigc_status_t set_op(lowering_t *lowering, aigc__plan_step_t *step, aigc__id_t id)
{
    const aigc__value_t *value = value_of(lowering, id);
    void *memory = NULL;
    step->step.op = aigc__op(value->op);
    step->step.value = value;
    step->step.n_inputs = value->n_inputs;
    AIGC__TRY(aigc__compile_array(&lowering->plan->arena, value->n_inputs, sizeof(aigc__value_t *), &memory));
    const aigc__value_t **in_values = memory;
    AIGC__TRY(aigc__compile_array(&lowering->plan->arena, value->n_inputs, sizeof *step->inputs, &memory));
    step->inputs = memory;
    for (size_t k = 0; k < value->n_inputs; k++) {
        in_values[k] = value_of(lowering, value->inputs[k]);
        step->inputs[k] = slot_of(lowering, lowering->compile->roots[value->inputs[k]]);
    }
    step->step.in_values = in_values;
    step->output = AIGC__NONE;
    if (!has_flags(lowering, id, AIGC__STORED) && step->program) step->output = slot_under_result(lowering, step);
    if (step->output == AIGC__NONE) step->output = slot_of(lowering, id);
    return AIGC_OK;
}

static void prepare(aigc__step_t *step)
{
    memset(step->tiles, 0, sizeof step->tiles);
    memset(step->detail, 0, sizeof step->detail);
    step->shared_bytes = step->worker_bytes = 0;
    step->op->prepare(step);
}

/* A frozen input that the op can read packed is packed by a step of its own, among the folding ones. */
static void pack_inputs(lowering_t *lowering, aigc__plan_step_t *step, uint32_t index, aigc__plan_step_t *packs)
{
    const aigc__value_t *value = step->step.value;
    for (uint32_t k = 0; k < value->n_inputs && k < AIGC__STEP_INPUTS; k++) {
        const aigc__id_t root = lowering->compile->roots[value->inputs[k]];
        if (!has_flags(lowering, root, AIGC__FIXED)) continue;
        const size_t bytes = step->step.op->packed_bytes(&step->step, k);
        if (bytes == 0) continue;
        aigc__plan_step_t *pack = &packs[lowering->n_packs++];
        pack->packs_for = index;
        pack->packs_input = k;
        pack->inputs = &step->inputs[k];
        pack->output = add_slot(lowering, AIGC__IN_FOLDED, bytes);
        pack->shared = AIGC__NONE;
        step->step.input_packed[k] = true;
        prepare(&step->step);
    }
}

/* ---- steps ---- */

static aigc_status_t add_workspace(lowering_t *lowering, aigc__plan_step_t *step)
{
    const aigc__program_t *program = step->program;
    size_t bytes = 0, partials = 0;
    step->shared = AIGC__NONE;
    for (size_t phase = 0; phase < AIGC__PHASES && step->step.tiles[phase] > 0; phase++)
        if (!aigc__size_add(step->tiles, step->step.tiles[phase], &step->tiles))
            return aigc__fail(AIGC_ERROR_LIMIT, "a step has too many tiles");
    if (program) AIGC__TRY(aigc__bytes_of(step->tiles, program->n_sums * sizeof(double), &partials));
    AIGC__TRY(aigc__bytes_aligned(step->step.shared_bytes, &bytes));
    step->partials_offset = bytes;
    AIGC__TRY(aigc__bytes_sum(bytes, partials, &bytes));
    if (bytes > 0) step->shared = add_slot(lowering, AIGC__IN_ARENA, bytes);
    return AIGC_OK;
}

/* The op of a unit that is not only a program; 0 for none. */
static aigc__id_t op_of_unit(const lowering_t *lowering, aigc__id_t unit)
{
    const aigc__compile_t *compile = lowering->compile;
    if (!compile->next[unit] && !aigc__is_map(compile->values[unit])) return unit;
    for (aigc__id_t id = unit; id; id = compile->next[id])
        if (!aigc__is_map(compile->values[id]) && !aigc__is_full_sum(compile, compile->values[id])) return id;
    return 0;
}

static aigc_status_t lower_unit(lowering_t *lowering, aigc__id_t unit, aigc__plan_step_t *step)
{
    const aigc__id_t op = op_of_unit(lowering, unit);
    step->packs_for = AIGC__NONE;
    step->output = AIGC__NONE;
    step->step.kernels = lowering->plan->kernels;
    if (op != unit || lowering->compile->next[unit]) AIGC__TRY(make_program(lowering, step, unit, op));
    if (!op) {
        step->step.tiles[0] = aigc__program_tiles(step->program);
        return AIGC_OK;
    }
    step->step.epilogue = step->program;
    AIGC__TRY(set_op(lowering, step, op));
    prepare(&step->step);
    return AIGC_OK;
}

static aigc_status_t find_fetches(lowering_t *lowering)
{
    const aigc__compile_t *compile = lowering->compile;
    aigc__plan_t *plan = lowering->plan;
    void *memory = NULL;
    AIGC__TRY(aigc__compile_array(&plan->arena, compile->n_fetches, sizeof *plan->fetches, &memory));
    plan->fetches = memory;
    plan->n_fetches = (uint32_t)compile->n_fetches;
    for (uint32_t k = 0; k < plan->n_fetches; k++) {
        aigc__fetch_t *fetch = &plan->fetches[k];
        fetch->slot = slot_of(lowering, compile->roots[compile->fetches[k]]);
        fetch->is_external = k < plan->n_asked && k >= plan->n_asked - compile->options.n_external;
        aigc__slot_t *slot = &plan->slots[fetch->slot];
        fetch->is_copied =
            slot->place != AIGC__IN_ARENA || has_flags(lowering, compile->roots[compile->fetches[k]], AIGC__FIXED);
        for (uint32_t before = 0; before < k; before++) fetch->is_copied |= plan->fetches[before].slot == fetch->slot;
        if (fetch->is_external && !fetch->is_copied) slot->place = AIGC__IN_CALLER;
    }
    return AIGC_OK;
}

/* Steps lie as [folding][packing][every run]; until it is known how many pack, room is kept for all. */
static aigc_status_t lower_units(lowering_t *lowering, uint32_t most_packs)
{
    aigc__compile_t *compile = lowering->compile;
    aigc__plan_t *plan = lowering->plan;
    const uint32_t n_fixed = compile->n_fixed_units;
    aigc__plan_step_t *packs = plan->steps + n_fixed, *main = packs + most_packs;
    for (uint32_t i = 0; i < compile->n_units; i++) {
        aigc__plan_step_t *step = i < n_fixed ? &plan->steps[i] : &main[i - n_fixed];
        AIGC__TRY(lower_unit(lowering, compile->order[i], step));
        if (i >= n_fixed && step->step.op && step->step.op->packed_bytes)
            pack_inputs(lowering, step, i - n_fixed, packs);
        AIGC__TRY(add_workspace(lowering, step));
    }
    plan->n_folding = n_fixed + lowering->n_packs;
    plan->n_steps = compile->n_units + lowering->n_packs;
    memmove(packs + lowering->n_packs, main, (compile->n_units - n_fixed) * sizeof *main);
    for (uint32_t k = 0; k < lowering->n_packs; k++) packs[k].packs_for += plan->n_folding;
    return AIGC_OK;
}

/* What was an input becomes, once every slot is there, the packed one. */
static aigc_status_t use_packed(lowering_t *lowering)
{
    aigc__plan_t *plan = lowering->plan;
    for (uint32_t i = plan->n_folding - lowering->n_packs; i < plan->n_folding; i++) {
        aigc__plan_step_t *pack = &plan->steps[i];
        void *memory = NULL;
        AIGC__TRY(aigc__arena_alloc(&plan->arena, sizeof *pack->inputs, &memory));
        uint32_t *own = memory;
        own[0] = pack->inputs[0];
        pack->inputs = own;
        plan->steps[pack->packs_for].inputs[pack->packs_input] = pack->output;
    }
    return AIGC_OK;
}

aigc_status_t aigc__lower(aigc__compile_t *compile)
{
    aigc__plan_t *plan = compile->plan;
    lowering_t lowering = {.compile = compile, .plan = plan};
    size_t most_packs = 0, n_slots = (size_t)compile->n + 2 * (size_t)compile->n_units;
    void *memory = NULL;
    for (uint32_t i = compile->n_fixed_units; i < compile->n_units; i++) {
        const aigc__value_t *value = compile->values[op_of_unit(&lowering, compile->order[i])];
        if (value && aigc__op(value->op)->packed_bytes) most_packs += value->n_inputs;
    }
    n_slots += most_packs;
    AIGC__TRY(aigc__compile_array(&compile->scratch, compile->n, sizeof *lowering.results, &memory));
    lowering.results = memory;
    AIGC__TRY(aigc__compile_array(&plan->arena, n_slots, sizeof *plan->slots, &memory));
    plan->slots = memory;
    AIGC__TRY(aigc__compile_array(&plan->arena, compile->n_units + most_packs, sizeof *plan->steps, &memory));
    plan->steps = memory;
    AIGC__TRY(lower_units(&lowering, (uint32_t)most_packs));
    AIGC__TRY(use_packed(&lowering));
    return find_fetches(&lowering);
}
