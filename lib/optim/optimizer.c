#include "optim/optimizer.h"
#include "base/sizes.h"
#include <string.h>

struct aigc__optimizer {
    aigc_context_t *context;
    aigc__store_t *store, *average;
    double decay;
    size_t elements, gradients;     /* of what is trained, and of its largest part */
    float *blocks;                  /* gradients of one part, first moments, second moments, one after another */
    float *norms;                   /* a partial sum of squares a tile */
    size_t starts[AIGC__PARTS + 1]; /* of the parts, in elements */
    uint64_t steps[AIGC__PARTS];
};

/* 64 KiB an array: five arrays of a tile stay in a second-level cache. Part of the results' definition. */
enum { TILE = 16384 };

/* One pass over the elements [first, end) of the blocks. */
typedef struct pass {
    const aigc__optimizer_t *optimizer;
    size_t first, end;
    aigc__update_t update;
    float decay; /* of the average */
    int64_t kind;
} pass_t;

static size_t tile_count(size_t elements) { return (elements + TILE - 1) / TILE; }

static size_t tile_first(const pass_t *pass, size_t tile) { return pass->first + tile * TILE; }

static size_t tile_size(const pass_t *pass, size_t tile)
{
    const size_t left = pass->end - tile_first(pass, tile);
    return left < TILE ? left : TILE;
}

static float *moments(const aigc__optimizer_t *optimizer, int which)
{
    return optimizer->blocks + optimizer->gradients + (which == 1 ? 0 : optimizer->elements);
}

/* Parts move in turns, so that the largest one's gradients have room for all. */
static size_t largest_part(const aigc__store_t *store)
{
    size_t largest = 0;
    for (uint32_t part = 0; part < AIGC__PARTS; part++) {
        const size_t n = aigc__store_part_start(store, part + 1) - aigc__store_part_start(store, part);
        if (n > largest) largest = n;
    }
    return largest;
}

uint64_t aigc__optimizer_bytes(const aigc__store_t *store)
{
    const uint64_t elements = aigc__store_trained(store);
    return (2 * elements + largest_part(store) + tile_count((size_t)elements)) * sizeof(float) +
           sizeof(aigc__optimizer_t);
}

aigc_status_t aigc__optimizer_create(aigc__optimizer_t **out, aigc_context_t *context, aigc__store_t *store,
                                     aigc__store_t *average, double decay)
{
    aigc__memory_t *memory = &context->memory;
    size_t bytes = 0;
    void *block = NULL, *blocks = NULL, *norms = NULL;
    aigc_status_t status;
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, sizeof(aigc__optimizer_t), &block));
    aigc__optimizer_t *made = block;
    *made = (aigc__optimizer_t){
        .context = context, .store = store, .average = average, .decay = decay, .elements = aigc__store_trained(store)};
    made->gradients = largest_part(store);
    for (uint32_t part = 0; part <= AIGC__PARTS; part++) made->starts[part] = aigc__store_part_start(store, part);
    AIGC__GOTO(fail, aigc__bytes_of(2 * made->elements + made->gradients, sizeof(float), &bytes));
    AIGC__GOTO(fail, aigc__memory_alloc_zeroed(memory, bytes, &blocks));
    made->blocks = blocks;
    AIGC__GOTO(fail, aigc__memory_alloc_zeroed(memory, (tile_count(made->elements) + 1) * sizeof(float), &norms));
    made->norms = norms;
    *out = made;
    return AIGC_OK;
fail:
    aigc__optimizer_free(made);
    return status;
}

void aigc__optimizer_free(aigc__optimizer_t *optimizer)
{
    if (optimizer == NULL) return;
    aigc__memory_t *memory = &optimizer->context->memory;
    aigc__memory_free(memory, optimizer->blocks);
    aigc__memory_free(memory, optimizer->norms);
    aigc__memory_free(memory, optimizer);
}

void aigc__optimizer_set_average(aigc__optimizer_t *optimizer, aigc__store_t *average, double decay)
{
    optimizer->average = average;
    optimizer->decay = decay;
}

float *aigc__optimizer_gradient(const aigc__optimizer_t *optimizer, size_t index)
{
    const aigc__parameter_t *parameter = aigc__store_parameter(optimizer->store, index);
    return optimizer->blocks + (parameter->first - optimizer->starts[parameter->part]);
}

float *aigc__optimizer_moment(const aigc__optimizer_t *optimizer, int which, size_t index)
{
    return moments(optimizer, which) + aigc__store_parameter(optimizer->store, index)->first;
}

float *aigc__optimizer_moments(const aigc__optimizer_t *optimizer, int which) { return moments(optimizer, which); }

uint64_t aigc__optimizer_steps(const aigc__optimizer_t *optimizer, uint32_t part) { return optimizer->steps[part]; }

void aigc__optimizer_set_steps(aigc__optimizer_t *optimizer, uint32_t part, uint64_t steps)
{
    optimizer->steps[part] = steps;
}

/* base^n by squaring: the same digits however the steps were split. */
static double power(double base, uint64_t n)
{
    double result = 1;
    for (; n; n >>= 1, base *= base)
        if (n & 1) result *= base;
    return result;
}

static void norm_tile(void *user, size_t tile, size_t worker)
{
    const pass_t *pass = user;
    const aigc__optimizer_t *o = pass->optimizer;
    (void)worker;
    o->norms[tile] = o->context->kernels->sum_squares(o->blocks + tile * TILE, tile_size(pass, tile));
}

static void update_tile(void *user, size_t tile, size_t worker)
{
    const pass_t *pass = user;
    const aigc__optimizer_t *o = pass->optimizer;
    const aigc__kernels_t *kernels = o->context->kernels;
    const size_t first = tile_first(pass, tile), n = tile_size(pass, tile);
    float *p = aigc__store_block(o->store) + first, *m = moments(o, 1) + first, *v = moments(o, 2) + first;
    float *const kept = pass->update.beta1 > 0 ? m : NULL;
    const float *g = o->blocks + tile * TILE;
    (void)worker;
    switch (pass->kind) {
    case AIGC__OPTIMIZER_SGD:
        kernels->update_sgd(p, g, kept, n, &pass->update);
        break;
    case AIGC__OPTIMIZER_RMSPROP:
        kernels->update_rmsprop(p, g, v, kept, n, &pass->update);
        break;
    default:
        kernels->update_adam(p, g, m, v, n, &pass->update);
        break;
    }
    if (o->average) kernels->update_average(aigc__store_block(o->average) + first, p, n, pass->decay);
}

static aigc_status_t name_bad_gradient(const aigc__optimizer_t *o, uint32_t part)
{
    for (size_t k = 0; k < aigc__store_count(o->store); k++) {
        const aigc__parameter_t *parameter = aigc__store_parameter(o->store, k);
        if (parameter->role == AIGC__TRAINED && parameter->part == part &&
            !o->context->kernels->all_finite(aigc__optimizer_gradient(o, k), parameter->count))
            return aigc__fail(AIGC_ERROR_NUMERIC, "the gradient of %s is not finite", parameter->name);
    }
    return aigc__fail(AIGC_ERROR_NUMERIC, "the norm of the gradients is beyond the range of f32");
}

/* Parameters begin at whole vectors. Between them nobody writes this part's gradients, but another part's may have been
 * there, which must not count for the norm. */
static void clear_gaps(const aigc__optimizer_t *o, uint32_t part)
{
    const size_t start = o->starts[part];
    size_t end = start;
    for (size_t k = 0; k < aigc__store_count(o->store); k++) {
        const aigc__parameter_t *p = aigc__store_parameter(o->store, k);
        if (p->role != AIGC__TRAINED || p->part != part) continue;
        memset(o->blocks + (end - start), 0, (p->first - end) * sizeof *o->blocks);
        end = p->first + p->count;
    }
    memset(o->blocks + (end - start), 0, (o->starts[part + 1] - end) * sizeof *o->blocks);
}

static aigc_status_t gradient_norm(pass_t *pass, uint32_t part, double *norm)
{
    const aigc__optimizer_t *o = pass->optimizer;
    clear_gaps(o, part);
    const size_t tiles = tile_count(pass->end - pass->first);
    aigc__pool_run_whole(o->context->pool, norm_tile, pass, tiles);
    double sum = 0;
    for (size_t t = 0; t < tiles; t++) sum += (double)o->norms[t];
    if (!(sum <= 3.4e38)) return name_bad_gradient(o, part);
    *norm = __builtin_sqrt(sum);
    return AIGC_OK;
}

static aigc__update_t make_update(const aigc__optimizer_settings_t *s, uint64_t steps, double norm)
{
    const bool adam = s->kind == AIGC__OPTIMIZER_ADAM || s->kind == AIGC__OPTIMIZER_ADAMW;
    const double rate = s->learning_rate > 0 ? s->learning_rate : adam ? 1e-3 : 1e-2;
    const double decay = s->weight_decay >= 0 ? s->weight_decay : s->kind == AIGC__OPTIMIZER_ADAMW ? 1e-2 : 0;
    const double momentum = s->momentum >= 0 ? s->momentum : s->kind == AIGC__OPTIMIZER_SGD ? 0.9 : 0;
    const double beta1 = s->beta1 >= 0 ? s->beta1 : 0.9;
    const double beta2 = adam ? s->beta2 : s->alpha;
    const double clip = s->gradient_clip > 0 && norm > s->gradient_clip ? s->gradient_clip / norm : 1;
    return (aigc__update_t){
        .learning_rate = (float)(rate * aigc__schedule_factor(&s->schedule, steps)),
        .beta1 = (float)(adam ? beta1 : momentum),
        .beta2 = (float)beta2,
        .epsilon = (float)s->epsilon,
        .weight_decay = (float)decay,
        .correction1 = (float)(1 - power((double)(float)beta1, steps + 1)), /* of the betas as the kernel has them */
        .correction2 = (float)__builtin_sqrt(1 - power((double)(float)beta2, steps + 1)),
        .gradient_scale = (float)clip,
        .decoupled = s->kind == AIGC__OPTIMIZER_ADAMW,
        .nesterov = s->nesterov != 0,
    };
}

/* At the start an average would be of initial values: it begins short. */
static double average_decay(double decay, uint64_t steps)
{
    const double start = (1 + (double)steps) / (10 + (double)steps);
    return start < decay ? start : decay;
}

aigc_status_t aigc__optimizer_step(aigc__optimizer_t *optimizer, uint32_t part,
                                   const aigc__optimizer_settings_t *settings, double *norm)
{
    pass_t pass = {.optimizer = optimizer,
                   .first = optimizer->starts[part],
                   .end = optimizer->starts[part + 1],
                   .kind = settings->kind};
    AIGC__TRY(gradient_norm(&pass, part, norm));
    pass.update = make_update(settings, optimizer->steps[part], *norm);
    pass.decay = (float)average_decay(optimizer->decay, optimizer->steps[part]);
    aigc__pool_run_whole(optimizer->context->pool, update_tile, &pass, tile_count(pass.end - pass.first));
    optimizer->steps[part]++;
    return AIGC_OK;
}

float aigc__optimizer_decay(const aigc__optimizer_t *optimizer, uint32_t part)
{
    const uint64_t steps = optimizer->steps[part];
    return (float)average_decay(optimizer->decay, steps > 0 ? steps - 1 : 0);
}
