#include "graph/op.h"

static const aigc__op_t nothing = {.name = "nothing", .flags = AIGC__OP_NO_GRADIENT};

static const aigc__op_t *const rows[AIGC__OPS] = {
    &nothing,
#define OP(name) &aigc__op_##name,
#include "graph/ops.def"
#undef OP
};

const aigc__op_t *aigc__op(uint16_t code) { return code < AIGC__OPS ? rows[code] : &nothing; }

const char *aigc__op_title(uint16_t code, const aigc__attributes_t *attributes)
{
    if (code == AIGC__OP_map && attributes->i[0] >= 0 && attributes->i[0] < AIGC__MAPS)
        return aigc__map_name((aigc__map_t)attributes->i[0]);
    return aigc__op(code)->name;
}
