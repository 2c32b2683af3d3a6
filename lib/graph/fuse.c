/* Which values become one step. A unit is an op alone, a tile program, or an op with a tile program on
 * its output. Units grow in index order: a value joins the units its inputs come from, as long as no
 * path leaves the unit and comes back. Afterwards values whose only readers are in a later unit go
 * there, where that saves a trip through memory; and what a gradient needs of a rectifier is kept as bytes where
 * that frees the rectifier's output long before. */
#include "graph/compile.h"
#include <string.h>

typedef struct fuser {
    aigc__compile_t *compile;
    uint32_t *rows;      /* of an executed value in `ancestors`, counted from 0 */
    uint64_t *ancestors; /* by unit: the units it depends on; a bit a row */
    size_t words;
    aigc__id_t *heads; /* by unit: the op whose output the program works on, 0 for none */
    size_t *counts;    /* by unit: elements of the domain */
    aigc__id_t *tails; /* by unit: last of the members linked by compile->next */
    aigc__id_t *users; /* all readers of value v: users[user_first[v] .. user_first[v + 1]) */
    uint32_t *user_first;
} fuser_t;

static bool is_executed(const fuser_t *fuser, aigc__id_t id)
{
    return (fuser->compile->flags[id] & AIGC__EXECUTED) != 0;
}

static bool is_fixed(const fuser_t *fuser, aigc__id_t id) { return (fuser->compile->flags[id] & AIGC__FIXED) != 0; }

static bool is_instruction(const aigc__compile_t *compile, aigc__id_t id)
{
    return aigc__is_map(compile->values[id]) || aigc__is_full_sum(compile, compile->values[id]);
}

static bool has_epilogue(const aigc__compile_t *compile, aigc__id_t id)
{
    const aigc__value_t *value = compile->values[id];
    return !compile->options.no_fusion && value->dtype == AIGC_DTYPE_F32 &&
           (aigc__op(value->op)->flags & AIGC__OP_EPILOGUE) != 0;
}

static size_t domain_of(const aigc__compile_t *compile, aigc__id_t id)
{
    const aigc__value_t *value = compile->values[id];
    return aigc__is_full_sum(compile, value) ? compile->values[compile->roots[value->inputs[0]]]->count : value->count;
}

/* ---- dependencies ---- */

static uint64_t *ancestors_of(const fuser_t *fuser, aigc__id_t unit)
{
    return fuser->ancestors + fuser->rows[unit] * fuser->words;
}

static bool depends(const fuser_t *fuser, aigc__id_t unit, aigc__id_t on)
{
    return (ancestors_of(fuser, unit)[fuser->rows[on] / 64] >> (fuser->rows[on] % 64) & 1) != 0;
}

static void add_dependency(const fuser_t *fuser, aigc__id_t unit, aigc__id_t on)
{
    uint64_t *mine = ancestors_of(fuser, unit);
    const uint64_t *theirs = ancestors_of(fuser, on);
    for (size_t w = 0; w < fuser->words; w++) mine[w] |= theirs[w];
    mine[fuser->rows[on] / 64] |= UINT64_C(1) << (fuser->rows[on] % 64);
}

static void forget(const fuser_t *fuser, aigc__id_t unit, aigc__id_t on)
{
    ancestors_of(fuser, unit)[fuser->rows[on] / 64] &= ~(UINT64_C(1) << (fuser->rows[on] % 64));
}

/* Whether unit `b` reads `a` other than element for element, or through a third unit. */
static bool blocks(const fuser_t *fuser, aigc__id_t a, aigc__id_t b)
{
    const aigc__compile_t *compile = fuser->compile;
    for (aigc__id_t member = b; member; member = compile->next[member])
        for (size_t k = 0; k < compile->values[member]->n_inputs; k++) {
            const aigc__read_t read = aigc__read_of(compile, member, k);
            if (read.kind == AIGC__READ_NUMBER || !is_executed(fuser, read.source)) continue;
            const aigc__id_t from = compile->units[read.source];
            if (from == a && read.kind != AIGC__READ_SAME) return true;
            if (from != a && from != b && depends(fuser, from, a)) return true;
        }
    return false;
}

/* ---- limits of a program ---- */

typedef struct usage {
    aigc__id_t operands[AIGC__PROGRAM_OPERANDS + 1];
    size_t n_operands, n_instructions, n_sums;
} usage_t;

static bool has_operand(const usage_t *usage, aigc__id_t id)
{
    for (size_t i = 0; i < usage->n_operands; i++)
        if (usage->operands[i] == id) return true;
    return false;
}

/* Adds what a unit's program takes if `a` and `b` are one unit. */
static void measure(const fuser_t *fuser, usage_t *usage, aigc__id_t unit, aigc__id_t a, aigc__id_t b)
{
    const aigc__compile_t *compile = fuser->compile;
    for (aigc__id_t member = unit; member; member = compile->next[member]) {
        if (!is_instruction(compile, member)) continue;
        usage->n_instructions++;
        usage->n_sums += aigc__is_full_sum(compile, compile->values[member]);
        for (size_t k = 0; k < compile->values[member]->n_inputs; k++) {
            const aigc__read_t read = aigc__read_of(compile, member, k);
            const aigc__id_t from = is_executed(fuser, read.source) ? compile->units[read.source] : 0;
            const bool is_inside = read.kind == AIGC__READ_SAME && from != 0 && (from == a || from == b);
            if (is_inside && is_instruction(compile, read.source)) continue;
            if (!has_operand(usage, read.operand) && usage->n_operands <= AIGC__PROGRAM_OPERANDS)
                usage->operands[usage->n_operands++] = read.operand;
        }
    }
}

static bool fits(const usage_t *usage)
{
    return usage->n_operands <= AIGC__PROGRAM_OPERANDS && usage->n_instructions <= AIGC__PROGRAM_INSTRUCTIONS &&
           usage->n_sums <= AIGC__PROGRAM_SUMS;
}

/* ---- growing ---- */

/* Whether `b` depends on no unit but `a` that `a` does not depend on. */
static bool adds_nothing(const fuser_t *fuser, aigc__id_t a, aigc__id_t b)
{
    const uint64_t *has = ancestors_of(fuser, a), *adds = ancestors_of(fuser, b);
    for (size_t w = 0; w < fuser->words; w++) {
        const uint64_t self = w == fuser->rows[a] / 64 ? UINT64_C(1) << (fuser->rows[a] % 64) : 0;
        if (adds[w] & ~has[w] & ~self) return false;
    }
    return true;
}

/* Few numbers save no trip through memory, but all that reads the unit would wait for what it depends on then: the
 * statistics of one batch for those of the next one, by way of the running ones. */
static bool would_wait(const fuser_t *fuser, aigc__id_t a, aigc__id_t b)
{
    enum { FEW = 4096 };
    return fuser->counts[a] <= FEW && !adds_nothing(fuser, a, b);
}

static bool can_merge(const fuser_t *fuser, aigc__id_t a, aigc__id_t b)
{
    usage_t usage = {.n_operands = 0};
    if (a == b || fuser->counts[a] != fuser->counts[b] || is_fixed(fuser, a) != is_fixed(fuser, b)) return false;
    if (fuser->heads[a] && fuser->heads[b]) return false;
    if (would_wait(fuser, a, b) || blocks(fuser, a, b) || blocks(fuser, b, a)) return false;
    measure(fuser, &usage, a, a, b);
    measure(fuser, &usage, b, a, b);
    return fits(&usage);
}

/* Puts the members of `b` into `a`; `reached` is the largest value that belongs to a unit yet. */
static void merge(fuser_t *fuser, aigc__id_t a, aigc__id_t b, aigc__id_t reached)
{
    aigc__compile_t *compile = fuser->compile;
    for (aigc__id_t member = b; member; member = compile->next[member]) compile->units[member] = a;
    compile->next[fuser->tails[a]] = b;
    fuser->tails[a] = fuser->tails[b];
    if (fuser->heads[b]) fuser->heads[a] = fuser->heads[b];
    if (b == reached && adds_nothing(fuser, a, b)) return; /* a new value that nobody reads yet */
    add_dependency(fuser, a, b);
    forget(fuser, a, a);
    forget(fuser, a, b);
    for (aigc__id_t unit = 1; unit <= reached; unit++) {
        if (!is_executed(fuser, unit) || compile->units[unit] != unit || unit == a) continue;
        const bool on_b = depends(fuser, unit, b);
        if (!on_b && !depends(fuser, unit, a)) continue;
        add_dependency(fuser, unit, a);
        forget(fuser, unit, b);
    }
}

/* Makes a value a unit of its own that depends on the units of its inputs. */
static void begin_unit(fuser_t *fuser, aigc__id_t id)
{
    aigc__compile_t *compile = fuser->compile;
    compile->units[id] = id;
    fuser->tails[id] = id;
    fuser->counts[id] = domain_of(compile, id);
    fuser->heads[id] = is_instruction(compile, id) ? 0 : id;
    for (size_t k = 0; k < compile->values[id]->n_inputs; k++) {
        const aigc__read_t read = aigc__read_of(compile, id, k);
        if (read.kind != AIGC__READ_NUMBER && is_executed(fuser, read.source))
            add_dependency(fuser, id, compile->units[read.source]);
    }
}

static void grow_units(fuser_t *fuser)
{
    aigc__compile_t *compile = fuser->compile;
    for (aigc__id_t id = 1; id < compile->n; id++) {
        if (!is_executed(fuser, id)) continue;
        begin_unit(fuser, id);
        if (compile->options.no_fusion || !is_instruction(compile, id)) continue;
        for (size_t k = 0; k < compile->values[id]->n_inputs; k++) {
            const aigc__read_t read = aigc__read_of(compile, id, k);
            if (read.kind != AIGC__READ_SAME || !is_executed(fuser, read.source)) continue;
            if (!is_instruction(compile, read.source) && !has_epilogue(compile, read.source)) continue;
            const aigc__id_t a = compile->units[read.source], b = compile->units[id];
            if (can_merge(fuser, a, b)) merge(fuser, a, b, id);
        }
    }
}

/* ---- moving values to their readers ---- */

static aigc_status_t find_users(fuser_t *fuser)
{
    aigc__compile_t *compile = fuser->compile;
    void *memory = NULL;
    AIGC__TRY(aigc__compile_array(&compile->scratch, (size_t)compile->n + 2, sizeof *fuser->user_first, &memory));
    fuser->user_first = memory;
    for (int pass = 0; pass < 2; pass++) { /* count, then fill */
        for (aigc__id_t id = compile->n; id-- > 1;) {
            if (!is_executed(fuser, id)) continue;
            for (size_t k = 0; k < compile->values[id]->n_inputs; k++) {
                const aigc__read_t read = aigc__read_of(compile, id, k);
                if (read.kind == AIGC__READ_NUMBER) continue;
                if (pass == 0)
                    fuser->user_first[read.source]++;
                else
                    fuser->users[--fuser->user_first[read.source]] = id;
            }
        }
        if (pass == 1) break;
        for (aigc__id_t id = 1; id < compile->n + 2; id++) fuser->user_first[id] += fuser->user_first[id - 1];
        AIGC__TRY(
            aigc__compile_array(&compile->scratch, fuser->user_first[compile->n + 1], sizeof *fuser->users, &memory));
        fuser->users = memory;
    }
    return AIGC_OK;
}

/* The unit in which all readers of a value are, as instructions of a program that read it element for
 * element; 0 where they are not. */
static aigc__id_t unit_of_readers(const fuser_t *fuser, aigc__id_t id)
{
    const aigc__compile_t *compile = fuser->compile;
    aigc__id_t unit = 0;
    if (compile->flags[id] & AIGC__FETCHED) return 0;
    for (uint32_t u = fuser->user_first[id]; u < fuser->user_first[id + 1]; u++) {
        const aigc__id_t user = fuser->users[u];
        if (!aigc__is_map(compile->values[user]) || (unit && compile->units[user] != unit)) return 0;
        for (size_t k = 0; k < compile->values[user]->n_inputs; k++) {
            const aigc__read_t read = aigc__read_of(compile, user, k);
            if (read.source == id && read.kind != AIGC__READ_SAME) return 0;
        }
        unit = compile->units[user];
    }
    return unit;
}

static bool is_stored(const fuser_t *fuser, aigc__id_t id)
{
    const aigc__compile_t *compile = fuser->compile;
    if (compile->flags[id] & AIGC__FETCHED) return true;
    for (uint32_t u = fuser->user_first[id]; u < fuser->user_first[id + 1]; u++)
        if (compile->units[fuser->users[u]] != compile->units[id]) return true;
    return false;
}

static bool is_in(const aigc__id_t *ids, size_t n, aigc__id_t id)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id) return true;
    return false;
}

static bool leads_to(const fuser_t *fuser, aigc__id_t id, const aigc__id_t *cone, size_t n)
{
    const aigc__compile_t *compile = fuser->compile;
    if (!aigc__is_map(compile->values[id]) || (compile->flags[id] & AIGC__FETCHED)) return false;
    for (uint32_t u = fuser->user_first[id]; u < fuser->user_first[id + 1]; u++)
        if (!is_in(cone, n, fuser->users[u])) return false;
    return true;
}

/* Takes a value, and what only leads to it, out of its unit and gives them to `to`. Returns how many. */
static size_t take_cone(fuser_t *fuser, aigc__id_t id, aigc__id_t to, aigc__id_t *cone)
{
    aigc__compile_t *compile = fuser->compile;
    const aigc__id_t from = compile->units[id];
    size_t n = 0;
    cone[n++] = id;
    for (aigc__id_t member = id; member-- > from;)
        if (is_executed(fuser, member) && compile->units[member] == from && leads_to(fuser, member, cone, n))
            cone[n++] = member;
    for (size_t i = 0; i < n; i++) compile->units[cone[i]] = to;
    return n;
}

/* Whether unit `to` with the cone keeps the limits; and whether the cone reads only what is in memory
 * anyway, at most one tensor of it new to `to`. */
static bool cone_pays(const fuser_t *fuser, const aigc__id_t *cone, size_t n, aigc__id_t from, aigc__id_t to)
{
    const aigc__compile_t *compile = fuser->compile;
    usage_t usage = {.n_operands = 0};
    size_t n_new = 0;
    measure(fuser, &usage, to, to, to);
    for (size_t i = 0; i < n; i++) {
        usage.n_instructions++;
        for (size_t k = 0; k < compile->values[cone[i]]->n_inputs; k++) {
            const aigc__read_t read = aigc__read_of(compile, cone[i], k);
            const aigc__id_t unit = is_executed(fuser, read.source) ? compile->units[read.source] : 0;
            const bool is_same = read.kind == AIGC__READ_SAME;
            if (is_same && unit == to) continue;
            if (is_same && unit == from && !is_stored(fuser, read.source)) return false;
            if (has_operand(&usage, read.operand)) continue;
            n_new += is_same;
            if (usage.n_operands <= AIGC__PROGRAM_OPERANDS) usage.operands[usage.n_operands++] = read.operand;
        }
    }
    return n_new <= 1 && fits(&usage);
}

static void link_members(fuser_t *fuser)
{
    aigc__compile_t *compile = fuser->compile;
    memset(fuser->tails, 0, compile->n * sizeof *fuser->tails);
    for (aigc__id_t id = 1; id < compile->n; id++) { /* name every unit after its least member */
        if (!is_executed(fuser, id)) continue;
        const aigc__id_t unit = compile->units[id];
        if (fuser->tails[unit] == 0) fuser->tails[unit] = id;
        compile->units[id] = fuser->tails[unit];
    }
    memset(fuser->tails, 0, compile->n * sizeof *fuser->tails);
    for (aigc__id_t id = compile->n; id-- > 1;) {
        if (!is_executed(fuser, id)) continue;
        compile->next[id] = fuser->tails[compile->units[id]];
        fuser->tails[compile->units[id]] = id;
    }
}

/* A value that its unit writes only for another one to read is made there instead, if what it is made
 * of lies in memory anyway. No new dependency between units arises. */
static aigc_status_t move_to_readers(fuser_t *fuser)
{
    aigc__compile_t *compile = fuser->compile;
    void *memory = NULL;
    AIGC__TRY(find_users(fuser));
    AIGC__TRY(aigc__compile_array(&compile->scratch, compile->n, sizeof(aigc__id_t), &memory));
    aigc__id_t *cone = memory;
    link_members(fuser);
    for (aigc__id_t id = compile->n; id-- > 1;) {
        if (!is_executed(fuser, id) || !aigc__is_map(compile->values[id])) continue;
        const aigc__id_t from = compile->units[id], to = unit_of_readers(fuser, id);
        if (to == 0 || to == from || is_fixed(fuser, to) != is_fixed(fuser, from)) continue;
        const size_t n = take_cone(fuser, id, to, cone);
        if (cone_pays(fuser, cone, n, from, to)) {
            link_members(fuser);
            continue;
        }
        for (size_t i = 0; i < n; i++) compile->units[cone[i]] = from;
    }
    return AIGC_OK;
}

/* ---- order ---- */

static bool is_placed(const fuser_t *fuser, aigc__id_t unit) { return fuser->counts[unit] == SIZE_MAX; }

/* A unit that `unit` reads and that has no place in the order yet; 0 for none. */
static aigc__id_t missing_input(const fuser_t *fuser, aigc__id_t unit)
{
    const aigc__compile_t *compile = fuser->compile;
    for (aigc__id_t member = unit; member; member = compile->next[member])
        for (size_t k = 0; k < compile->values[member]->n_inputs; k++) {
            const aigc__read_t read = aigc__read_of(compile, member, k);
            if (read.kind == AIGC__READ_NUMBER || !is_executed(fuser, read.source)) continue;
            const aigc__id_t from = compile->units[read.source];
            if (from != unit && !is_placed(fuser, from)) return from;
        }
    return 0;
}

static void place(fuser_t *fuser, aigc__id_t unit, aigc__id_t *stack)
{
    aigc__compile_t *compile = fuser->compile;
    size_t depth = 0;
    stack[depth++] = unit;
    while (depth > 0) {
        const aigc__id_t top = stack[depth - 1], input = missing_input(fuser, top);
        if (input) {
            stack[depth++] = input;
            continue;
        }
        compile->order[compile->n_units++] = top;
        fuser->counts[top] = SIZE_MAX;
        depth--;
    }
}

/* A unit comes when its last value's turn has come, or when it is needed: late, so that what it makes
 * does not wait in memory. */
static void find_order(fuser_t *fuser, aigc__id_t *stack)
{
    aigc__compile_t *compile = fuser->compile;
    compile->n_units = 0;
    for (int fixed = 1; fixed >= 0; fixed--) {
        for (aigc__id_t id = 1; id < compile->n; id++) {
            if (!is_executed(fuser, id) || is_fixed(fuser, id) != (fixed != 0)) continue;
            if (compile->next[id] == 0 && !is_placed(fuser, compile->units[id]))
                place(fuser, compile->units[id], stack);
        }
        if (fixed) compile->n_fixed_units = compile->n_units;
    }
}

/* ---- what is kept as bytes ---- */

/* Step after which a value is read no more, other than by `except`; its own where nobody does. */
static uint32_t last_read(const fuser_t *fuser, const uint32_t *steps, aigc__id_t id, aigc__id_t except)
{
    const aigc__compile_t *compile = fuser->compile;
    uint32_t last = steps[compile->units[id]];
    for (uint32_t u = fuser->user_first[id]; u < fuser->user_first[id + 1]; u++) {
        const aigc__id_t user = fuser->users[u];
        if (user != except && steps[compile->units[user]] > last) last = steps[compile->units[user]];
    }
    return last;
}

/* Whether step(y), which one later unit reads, had better be made where y is: y waits in memory for nothing else. A
 * few steps are not worth it: weight gradients read y about as late. */
static bool is_worth_bytes(const fuser_t *fuser, const uint32_t *steps, aigc__id_t id)
{
    enum { WAIT = 2 };
    const aigc__compile_t *compile = fuser->compile;
    const aigc__value_t *value = compile->values[id];
    if (!aigc__is_map(value) || value->attributes.i[0] != AIGC__MAP_step) return false;
    const aigc__read_t read = aigc__read_of(compile, id, 0);
    const aigc__id_t y = read.source, to = unit_of_readers(fuser, id);
    if (read.kind != AIGC__READ_SAME || !is_executed(fuser, y) || (compile->flags[y] & AIGC__FETCHED) || to == 0)
        return false;
    const aigc__id_t from = compile->units[y];
    if (from == to || is_fixed(fuser, from) || (!is_instruction(compile, y) && !has_epilogue(compile, y))) return false;
    if (domain_of(compile, y) != compile->values[id]->count) return false;
    usage_t usage = {.n_operands = 0};
    measure(fuser, &usage, from, from, from);
    usage.n_operands += !is_instruction(compile, y);
    usage.n_instructions++;
    return fits(&usage) && steps[to] > last_read(fuser, steps, y, id) + WAIT;
}

/* The first derivative of a rectifier needs its output's sign only. */
static aigc_status_t keep_bytes(fuser_t *fuser, aigc__id_t *stack)
{
    aigc__compile_t *compile = fuser->compile;
    void *memory = NULL;
    bool found = false;
    AIGC__TRY(aigc__compile_array(&compile->scratch, compile->n, sizeof(uint32_t), &memory));
    uint32_t *steps = memory;
    for (uint32_t i = 0; i < compile->n_units; i++) steps[compile->order[i]] = i;
    for (aigc__id_t id = 1; id < compile->n; id++) {
        if (!is_executed(fuser, id) || !is_worth_bytes(fuser, steps, id)) continue;
        compile->flags[id] |= AIGC__AS_BYTES;
        found = true;
    }
    if (!found) return AIGC_OK;
    for (aigc__id_t id = 1; id < compile->n; id++)
        if (compile->flags[id] & AIGC__AS_BYTES)
            compile->units[id] = compile->units[aigc__read_of(compile, id, 0).source];
    link_members(fuser);
    memset(fuser->counts, 0, compile->n * sizeof *fuser->counts);
    find_order(fuser, stack);
    return AIGC_OK;
}

static aigc_status_t allocate(fuser_t *fuser)
{
    aigc__compile_t *compile = fuser->compile;
    const size_t n = compile->n;
    size_t n_rows = 0;
    void *memory = NULL;
    AIGC__TRY(aigc__compile_array(&compile->scratch, n, sizeof *fuser->rows, &memory));
    fuser->rows = memory;
    for (aigc__id_t id = 1; id < compile->n; id++)
        if (is_executed(fuser, id)) fuser->rows[id] = (uint32_t)n_rows++;
    fuser->words = (n_rows + 63) / 64;
    AIGC__TRY(aigc__compile_array(&compile->scratch, n_rows, fuser->words * sizeof *fuser->ancestors, &memory));
    fuser->ancestors = memory;
    AIGC__TRY(aigc__compile_array(&compile->scratch, n, sizeof *fuser->heads, &memory));
    fuser->heads = memory;
    AIGC__TRY(aigc__compile_array(&compile->scratch, n, sizeof *fuser->counts, &memory));
    fuser->counts = memory;
    AIGC__TRY(aigc__compile_array(&compile->scratch, n, sizeof *fuser->tails, &memory));
    fuser->tails = memory;
    return AIGC_OK;
}

aigc_status_t aigc__fuse(aigc__compile_t *compile)
{
    fuser_t fuser = {.compile = compile};
    void *memory = NULL;
    AIGC__TRY(allocate(&fuser));
    AIGC__TRY(aigc__compile_array(&compile->scratch, compile->n, sizeof(aigc__id_t), &memory));
    grow_units(&fuser);
    if (!compile->options.no_fusion) AIGC__TRY(move_to_readers(&fuser));
    link_members(&fuser);
    find_order(&fuser, memory);
    if (!compile->options.no_fusion) AIGC__TRY(keep_bytes(&fuser, memory));
    return AIGC_OK;
}
