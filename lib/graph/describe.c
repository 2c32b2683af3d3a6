/* A plan as text:
 *
 *   arena 5120, folded 0, a worker 0 + 12352
 *   0 matmul [2,3] [4,3] -> [2,4] | %0=add(head,expand#2) %1=relu(%0)->#3 | tiles 1 4 | #3 @0+32 workspace #4 @64+192
 *
 * First the op with its inputs' shapes, then the instructions of the tile program (#: a slot), then the
 * tiles of the phases, then the slots written, their offsets and sizes. */
#include "base/numbers.h"
#include "graph/compile.h"
#include "tensor/storage.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct text {
    aigc__memory_t *memory;
    char *bytes;
    size_t length, capacity;
    aigc_status_t status; /* sticky */
} text_t;

static void put(text_t *text, const char *format, ...) AIGC__PRINTF(2, 3);

static void put(text_t *text, const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (text->status != AIGC_OK || length <= 0) return;
    const size_t n = strlen(line);
    if (text->length + n >= text->capacity) {
        void *grown = text->bytes;
        const size_t capacity = 2 * (text->capacity + n) + 1024;
        text->status = aigc__memory_resize(text->memory, capacity, &grown);
        if (text->status != AIGC_OK) return;
        text->bytes = grown;
        text->capacity = capacity;
    }
    memcpy(text->bytes + text->length, line, n + 1);
    text->length += n;
}

static void put_shape(text_t *text, const aigc__value_t *value)
{
    char shape[96];
    put(text, " %s", aigc__shape_text(shape, value->shape.rank, value->shape.dims));
}

static void put_source(text_t *text, const aigc__plan_step_t *step, uint8_t source)
{
    static const char *const kinds[] = {"head", "direct", "bytes", "number", "splat", "expand"};
    char number[AIGC__NUMBER_SIZE];
    if (source >= AIGC__PROGRAM_OPERANDS) {
        put(text, "%%%d", source - AIGC__PROGRAM_OPERANDS);
        return;
    }
    const aigc__operand_t *operand = &step->program->operands[source];
    if (operand->kind == AIGC__OPERAND_NUMBER)
        put(text, "%s", aigc__format_double(number, (double)operand->number));
    else if (operand->kind == AIGC__OPERAND_HEAD)
        put(text, "head");
    else
        put(text, "%s#%" PRIu32, kinds[operand->kind], step->operands[source]);
}

static void put_program(text_t *text, const aigc__plan_step_t *step)
{
    const aigc__program_t *program = step->program;
    char number[AIGC__NUMBER_SIZE];
    put(text, " |");
    for (size_t i = 0; i < program->n_instructions; i++) {
        const aigc__instruction_t *instruction = &program->instructions[i];
        if (instruction->run)
            put(text, " %%%zu=%s(", i, aigc__map_name(instruction->map));
        else
            put(text, " sum(");
        for (size_t k = 0; k < instruction->n_sources; k++) {
            if (k > 0) put(text, ",");
            put_source(text, step, instruction->sources[k]);
        }
        if (instruction->p != 0) put(text, ",p=%s", aigc__format_double(number, (double)instruction->p));
        put(text, ")");
        if (!instruction->run)
            put(text, "->#%" PRIu32, step->sums[instruction->output]);
        else if (instruction->output != AIGC__PROGRAM_NOWHERE)
            put(text, "->%s#%" PRIu32, instruction->is_bytes ? "bytes" : "", step->outputs[instruction->output]);
    }
}

static void put_slot(text_t *text, const aigc__plan_t *plan, uint32_t index)
{
    static const char *const places[] = {"", "folded ", "feed ", "store ", "caller "};
    if (index == AIGC__NONE) return;
    const aigc__slot_t *slot = &plan->slots[index];
    put(text, " #%" PRIu32 " %s@%zu+%zu", index, places[slot->place], slot->offset, slot->bytes);
    if (slot->base != index) put(text, " in place");
}

static void put_op(text_t *text, const aigc__step_t *step)
{
    put(text, "%s", aigc__op_title(step->value->op, &step->value->attributes));
    for (size_t k = 0; k < step->n_inputs; k++) {
        put_shape(text, step->in_values[k]);
        if (k < AIGC__STEP_INPUTS && step->input_packed[k]) put(text, " packed");
    }
    put(text, " ->");
    put_shape(text, step->value);
}

static void put_step(text_t *text, const aigc__plan_t *plan, uint32_t index)
{
    const aigc__plan_step_t *step = &plan->steps[index];
    put(text, "%s%" PRIu32 " ", index < plan->n_folding ? "once " : "", index);
    if (step->packs_for != AIGC__NONE)
        put(text, "pack input %" PRIu32 " of step %" PRIu32, step->packs_input, step->packs_for);
    else if (step->step.op)
        put_op(text, &step->step);
    else
        put(text, "program [%zu]", step->program->count);
    if (step->program) put_program(text, step);
    put(text, " | tiles");
    for (size_t phase = 0; phase < AIGC__PHASES && step->step.tiles[phase] > 0; phase++)
        put(text, " %zu", step->step.tiles[phase]);
    put(text, " |");
    put_slot(text, plan, step->output);
    for (size_t k = 0; step->program && k < step->program->n_outputs; k++)
        if (step->outputs[k] != step->output) put_slot(text, plan, step->outputs[k]);
    for (size_t k = 0; step->program && k < step->program->n_sums; k++) put_slot(text, plan, step->sums[k]);
    if (step->shared != AIGC__NONE) put(text, " workspace");
    put_slot(text, plan, step->shared);
    put(text, "\n");
}

aigc_status_t aigc__plan_describe(const aigc__plan_t *plan, aigc__memory_t *memory, char **out)
{
    text_t text = {.memory = memory};
    put(&text, "arena %zu, folded %zu, a worker %zu + %zu\n", plan->arena_bytes, plan->folded_bytes, plan->worker_bytes,
        plan->scratch_bytes);
    for (uint32_t i = 0; i < plan->n_steps; i++) put_step(&text, plan, i);
    if (text.status != AIGC_OK) {
        aigc__memory_free(memory, text.bytes);
        return text.status;
    }
    *out = text.bytes;
    return AIGC_OK;
}
