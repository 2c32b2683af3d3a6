#include "graph/program.h"
#include <string.h>

enum { ACCUMULATOR_BYTES = 64, TILE_BYTES = AIGC__PROGRAM_PIECE * (int)sizeof(float) };

static float *tile_at(char *scratch, size_t tile)
{
    return (float *)(void *)(scratch + ACCUMULATOR_BYTES + tile * TILE_BYTES);
}

/* ---- compile time ---- */

void aigc__operand_expand(aigc__operand_t *operand, const aigc__shape_t *from, const aigc__shape_t *to)
{
    size_t step = 1, rank = 0, dims[AIGC_MAX_RANK], strides[AIGC_MAX_RANK];
    for (size_t k = 0; k < to->rank; k++) { /* from the last axis; found axes are kept in that order */
        const size_t dim = (size_t)to->dims[to->rank - 1 - k];
        const size_t own = k < from->rank ? (size_t)from->dims[from->rank - 1 - k] : 1;
        const size_t stride = own == 1 ? 0 : step;
        step *= own;
        if (dim == 1) continue;
        if (rank > 0 && stride == strides[rank - 1] * dims[rank - 1]) {
            dims[rank - 1] *= dim;
            continue;
        }
        dims[rank] = dim;
        strides[rank++] = stride;
    }
    operand->rank = (uint32_t)rank;
    for (size_t k = 0; k < rank; k++) {
        operand->dims[k] = dims[rank - 1 - k];
        operand->strides[k] = strides[rank - 1 - k];
    }
    operand->kind = AIGC__OPERAND_EXPAND;
    if (rank == 0 || (rank == 1 && strides[0] == 0)) operand->kind = AIGC__OPERAND_SPLAT;
    if (rank == 1 && strides[0] == 1) operand->kind = AIGC__OPERAND_DIRECT;
}

/* The instruction after which nobody reads result `k`; itself where nobody does. */
static size_t last_use(const aigc__program_t *program, size_t k)
{
    size_t last = k;
    for (size_t i = k + 1; i < program->n_instructions; i++)
        for (size_t s = 0; s < program->instructions[i].n_sources; s++)
            if (program->instructions[i].sources[s] == AIGC__PROGRAM_OPERANDS + k) last = i;
    return last;
}

/* A result may take the register of a source that dies with it: kernels allow it. */
static void give_out_tiles(aigc__program_t *program)
{
    size_t free_after[AIGC__PROGRAM_OPERANDS + AIGC__PROGRAM_INSTRUCTIONS];
    const size_t pinned = program->n_tiles;
    for (size_t i = 0; i < program->n_instructions; i++) {
        aigc__instruction_t *instruction = &program->instructions[i];
        instruction->tile = AIGC__PROGRAM_NOWHERE;
        if (!instruction->run || (instruction->output != AIGC__PROGRAM_NOWHERE && !instruction->is_bytes)) continue;
        size_t tile = pinned;
        while (tile < program->n_tiles && free_after[tile] > i) tile++;
        if (tile == program->n_tiles) program->n_tiles++;
        free_after[tile] = last_use(program, i);
        instruction->tile = (uint8_t)tile;
    }
}

static size_t cost_of(aigc__map_t map)
{
    switch (map) {
    case AIGC__MAP_exp:
    case AIGC__MAP_expm1:
    case AIGC__MAP_log:
    case AIGC__MAP_tanh:
    case AIGC__MAP_sigmoid:
    case AIGC__MAP_softplus:
    case AIGC__MAP_erf:
    case AIGC__MAP_sin:
    case AIGC__MAP_cos:
    case AIGC__MAP_pow:
        return 8;
    default:
        return 1;
    }
}

/* Long programs get shorter tiles, so that few tiles do not leave threads without work. */
static size_t choose_tile(const aigc__program_t *program)
{
    size_t cost = 4;
    for (size_t i = 0; i < program->n_instructions; i++) cost += cost_of(program->instructions[i].map);
    const size_t pieces = 8 * AIGC__TILE_ELEMENTS / AIGC__PROGRAM_PIECE / cost;
    return (pieces < 2 ? 2 : pieces > 16 ? 16 : pieces) * AIGC__PROGRAM_PIECE;
}

void aigc__program_finish(aigc__program_t *program)
{
    program->n_tiles = 0;
    for (size_t k = 0; k < program->n_operands; k++) {
        aigc__operand_t *operand = &program->operands[k];
        operand->tile = AIGC__PROGRAM_NOWHERE;
        if (operand->kind != AIGC__OPERAND_HEAD && operand->kind != AIGC__OPERAND_DIRECT)
            operand->tile = (uint8_t)program->n_tiles++;
    }
    give_out_tiles(program);
    program->tile_count = choose_tile(program);
}

size_t aigc__program_scratch_bytes(const aigc__program_t *program)
{
    return ACCUMULATOR_BYTES + program->n_tiles * TILE_BYTES;
}

size_t aigc__program_tiles(const aigc__program_t *program)
{
    return program->count / program->tile_count + (program->count % program->tile_count != 0);
}

/* ---- run time ---- */

/* y[i] = element (first + i) mod period of a */
static void repeat_row(float *y, const float *a, size_t period, size_t first, size_t n)
{
    const size_t offset = first % period;
    size_t done = period - offset < n ? period - offset : n;
    memcpy(y, a + offset, done * sizeof *y);
    if (done < n) {
        const size_t more = offset < n - done ? offset : n - done;
        memcpy(y + done, a, more * sizeof *y);
        done += more;
    }
    while (done < n) { /* a whole period is there: what follows repeats it */
        const size_t more = done / period * period < n - done ? done / period * period : n - done;
        memcpy(y + done, y + done % period, more * sizeof *y);
        done += more;
    }
}

/* The general case: runs along the last axis, an odometer over the others. */
static void expand(const aigc__kernels_t *kernels, float *y, const aigc__operand_t *operand, const float *a,
                   size_t first, size_t n)
{
    const size_t last = operand->rank - 1;
    size_t index[AIGC_MAX_RANK], at = 0, left = first;
    for (size_t k = operand->rank; k-- > 0; left /= operand->dims[k]) {
        index[k] = left % operand->dims[k];
        at += index[k] * operand->strides[k];
    }
    for (size_t done = 0; done < n;) {
        const size_t rest = operand->dims[last] - index[last];
        const size_t run = rest < n - done ? rest : n - done;
        if (operand->strides[last] == 0)
            kernels->fill(y + done, a[at], run);
        else
            memcpy(y + done, a + at, run * sizeof *y);
        done += run;
        if (run < rest) break;
        at -= index[last] * operand->strides[last];
        index[last] = 0;
        for (size_t k = last; k-- > 0;) {
            at += operand->strides[k];
            if (++index[k] < operand->dims[k]) break;
            at -= index[k] * operand->strides[k];
            index[k] = 0;
        }
    }
}

/* Rows of a piece: `rows` times `n` elements from element `first` on, in memory `row_step` apart, in
 * registers one after another. */
typedef struct piece {
    const float *head;
    size_t first, rows, n, row_step;
} piece_t;

/* Where the rows of an operand or result lie. */
typedef struct rows {
    float *at; /* operands are only read */
    size_t step;
} rows_t;

static float *readable(const float *a)
{
    union {
        const float *in;
        float *out;
    } pointer = {.in = a};
    return pointer.out;
}

static void expand_rows(const aigc__kernels_t *kernels, float *y, const aigc__operand_t *operand, const float *a,
                        const piece_t *piece)
{
    const bool is_row = operand->rank == 2 && operand->strides[0] == 0;
    for (size_t row = 0; row < piece->rows; row++) {
        const size_t first = piece->first + row * piece->row_step;
        if (is_row)
            repeat_row(y + row * piece->n, a, operand->dims[1], first, piece->n);
        else
            expand(kernels, y + row * piece->n, operand, a, first, piece->n);
    }
}

/* One is 255 in memory: bytes are fractions of 255 to the kernels that convert them. */
static void spread_bytes(const aigc__kernels_t *kernels, float *y, const uint8_t *a, const piece_t *piece)
{
    for (size_t row = 0; row < piece->rows; row++)
        kernels->u8_to_f32(y + row * piece->n, a + piece->first + row * piece->row_step, piece->n);
}

static void keep_bytes(const aigc__kernels_t *kernels, uint8_t *y, const float *a, const piece_t *piece)
{
    for (size_t row = 0; row < piece->rows; row++)
        kernels->f32_to_u8(y + piece->first + row * piece->row_step, a + row * piece->n, piece->n);
}

static rows_t rows_of(const aigc__bindings_t *bindings, size_t k, char *scratch, const piece_t *piece)
{
    const aigc__operand_t *operand = &bindings->program->operands[k];
    const float *a = bindings->operands[k];
    if (operand->kind == AIGC__OPERAND_HEAD) return (rows_t){readable(piece->head), piece->row_step};
    if (operand->kind == AIGC__OPERAND_DIRECT) return (rows_t){readable(a) + piece->first, piece->row_step};
    float *tile = tile_at(scratch, operand->tile);
    if (operand->kind == AIGC__OPERAND_BYTES)
        spread_bytes(bindings->program->kernels, tile, bindings->operands[k], piece);
    if (operand->kind == AIGC__OPERAND_EXPAND) {
        const size_t period = operand->dims[operand->rank - 1];
        const bool is_row = operand->rank == 2 && operand->strides[0] == 0;
        const bool is_same_row = is_row && (piece->rows == 1 || piece->row_step == period);
        const size_t offset = is_same_row ? piece->first % period : 0;
        if (is_same_row && offset + piece->n <= period) return (rows_t){readable(a) + offset, 0};
        expand_rows(bindings->program->kernels, tile, operand, a, piece);
    }
    return (rows_t){tile, piece->n};
}

/* One call for all rows where they lie one after another, else a call for each. */
static void run_instruction(const aigc__instruction_t *instruction, const rows_t *sources, rows_t result,
                            const piece_t *piece)
{
    const rows_t none = {NULL, piece->n};
    const rows_t a = sources[0], b = instruction->n_sources > 1 ? sources[1] : none,
                 c = instruction->n_sources > 2 ? sources[2] : none;
    const size_t n = piece->n;
    if (piece->rows == 1 || (a.step == n && b.step == n && c.step == n && result.step == n)) {
        instruction->run(result.at, a.at, b.at, c.at, piece->rows * n, instruction->p);
        return;
    }
    for (size_t row = 0; row < piece->rows; row++)
        instruction->run(result.at + row * result.step, a.at + row * a.step, b.at ? b.at + row * b.step : NULL,
                         c.at ? c.at + row * c.step : NULL, n, instruction->p);
}

static double sum_of(const aigc__kernels_t *kernels, rows_t a, const piece_t *piece)
{
    double sum = 0;
    if (piece->rows == 1 || a.step == piece->n) return (double)kernels->sum(a.at, piece->rows * piece->n);
    for (size_t row = 0; row < piece->rows; row++) sum += (double)kernels->sum(a.at + row * a.step, piece->n);
    return sum;
}

/* At most AIGC__PROGRAM_PIECE elements. */
static void run_piece(const aigc__bindings_t *bindings, char *scratch, const piece_t *piece)
{
    const aigc__program_t *program = bindings->program;
    double *accumulators = (double *)(void *)scratch;
    rows_t at[AIGC__PROGRAM_OPERANDS + AIGC__PROGRAM_INSTRUCTIONS];
    for (size_t k = 0; k < program->n_operands; k++) at[k] = rows_of(bindings, k, scratch, piece);
    for (size_t i = 0; i < program->n_instructions; i++) {
        const aigc__instruction_t *instruction = &program->instructions[i];
        rows_t sources[3], result = {NULL, piece->n};
        for (size_t k = 0; k < instruction->n_sources; k++) sources[k] = at[instruction->sources[k]];
        if (!instruction->run) {
            accumulators[instruction->output] += sum_of(program->kernels, sources[0], piece);
            continue;
        }
        if (instruction->tile != AIGC__PROGRAM_NOWHERE)
            result.at = tile_at(scratch, instruction->tile);
        else
            result = (rows_t){(float *)bindings->outputs[instruction->output] + piece->first, piece->row_step};
        run_instruction(instruction, sources, result, piece);
        if (instruction->is_bytes)
            keep_bytes(program->kernels, bindings->outputs[instruction->output], result.at, piece);
        at[AIGC__PROGRAM_OPERANDS + i] = result;
    }
}

void aigc__program_begin_tile(const aigc__bindings_t *bindings, char *scratch)
{
    const aigc__program_t *program = bindings->program;
    const size_t n = program->count < AIGC__PROGRAM_PIECE ? program->count : AIGC__PROGRAM_PIECE;
    memset(scratch, 0, ACCUMULATOR_BYTES);
    for (size_t k = 0; k < program->n_operands; k++) {
        const aigc__operand_t *operand = &program->operands[k];
        if (operand->kind == AIGC__OPERAND_NUMBER)
            program->kernels->fill(tile_at(scratch, operand->tile), operand->number, n);
        if (operand->kind == AIGC__OPERAND_SPLAT)
            program->kernels->fill(tile_at(scratch, operand->tile), *(const float *)bindings->operands[k], n);
    }
}

void aigc__program_end_tile(const aigc__bindings_t *bindings, const char *scratch, size_t tile)
{
    const size_t n = bindings->program->n_sums;
    if (n > 0) memcpy(bindings->partials + tile * n, scratch, n * sizeof(double));
}

void aigc__program_run(const aigc__bindings_t *bindings, char *scratch, const float *head, size_t first, size_t n)
{
    for (size_t done = 0; done < n; done += AIGC__PROGRAM_PIECE) {
        const size_t piece = n - done < AIGC__PROGRAM_PIECE ? n - done : AIGC__PROGRAM_PIECE;
        run_piece(bindings, scratch, &(piece_t){head ? head + done : NULL, first + done, 1, piece, piece});
    }
}

void aigc__program_add_up(const aigc__bindings_t *bindings, size_t tiles)
{
    const size_t n = bindings->program->n_sums;
    for (size_t k = 0; k < n; k++) {
        double sum = 0;
        for (size_t tile = 0; tile < tiles; tile++) sum += bindings->partials[tile * n + k];
        bindings->sums[k][0] = (float)sum;
    }
}

void aigc__epilogue_run(const aigc__step_t *step, const float *c, size_t first, size_t n, size_t worker)
{
    if (step->epilogue) aigc__program_run(step->bindings, step->scratch + worker * step->scratch_bytes, c, first, n);
}

void aigc__epilogue_rows(const aigc__step_t *step, const float *c, size_t first, size_t rows, size_t n, size_t row_step,
                         size_t worker)
{
    if (n == row_step) {
        aigc__epilogue_run(step, c, first, rows * n, worker);
        return;
    }
    if (!step->epilogue || n == 0) return;
    const size_t most = n < AIGC__PROGRAM_PIECE ? AIGC__PROGRAM_PIECE / n : 1;
    for (size_t row = 0; row < rows; row += most) {
        const size_t offset = row * row_step, some = rows - row < most ? rows - row : most;
        if (n > AIGC__PROGRAM_PIECE)
            aigc__epilogue_run(step, c + offset, first + offset, n, worker);
        else
            run_piece(step->bindings, step->scratch + worker * step->scratch_bytes,
                      &(piece_t){c + offset, first + offset, some, n, row_step});
    }
}
