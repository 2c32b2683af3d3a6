/* Matrix products over the last two axes; i[0], i[1]: whether the first and second input's matrices
 * are taken transposed. Leading axes are equal, or one input has none and serves for all products. */
#include "graph/step.h"

static const char *infer_matmul(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    if (n != 2) return "it takes two inputs";
    const aigc__shape_t *a = &in[0]->shape, *b = &in[1]->shape;
    const bool ta = attributes->i[0], tb = attributes->i[1];
    if (in[0]->dtype != AIGC_DTYPE_F32 || in[1]->dtype != AIGC_DTYPE_F32) return "the inputs must be f32";
    if (a->rank < 2 || b->rank < 2) return "the inputs must be matrices";
    if (a->rank != b->rank && a->rank != 2 && b->rank != 2) return "the leading axes differ";
    for (uint32_t k = 0; a->rank == b->rank && k + 2 < a->rank; k++)
        if (a->dims[k] != b->dims[k]) return "the leading axes differ";
    if (a->dims[a->rank - (ta ? 2 : 1)] != b->dims[b->rank - (tb ? 1 : 2)])
        return ta || tb ? "the inner sizes differ (some matrices are taken transposed)" : "the inner sizes differ";
    *shape = a->rank > b->rank ? *a : *b;
    shape->dims[shape->rank - 2] = a->dims[a->rank - (ta ? 1 : 2)];
    shape->dims[shape->rank - 1] = b->dims[b->rank - (tb ? 2 : 1)];
    *dtype = AIGC_DTYPE_F32;
    return NULL;
}

/* A cotangent of an input that serves several products is their sum. */
static aigc__id_t sum_leading(aigc__graph_t *graph, aigc__id_t cotangent, const aigc__shape_t *input)
{
    const uint32_t rank = aigc__graph_shape(graph, cotangent).rank; /* 0 where the graph has failed */
    return rank > input->rank ? aigc__sum(graph, cotangent, (1u << (rank - input->rank)) - 1, false) : cotangent;
}

static void gradient_matmul(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx)
{
    const aigc__value_t *y = aigc__graph_value(graph, value);
    const aigc__id_t a = y->inputs[0], b = y->inputs[1];
    const aigc__shape_t a_shape = aigc__graph_shape(graph, a), b_shape = aigc__graph_shape(graph, b);
    const bool ta = y->attributes.i[0], tb = y->attributes.i[1];
    if (want & 1) {
        dx[0] = ta ? aigc__matmul(graph, b, dy, tb, true) : aigc__matmul(graph, dy, b, false, !tb);
        dx[0] = sum_leading(graph, dx[0], &a_shape);
    }
    if (want & 2) {
        dx[1] = tb ? aigc__matmul(graph, dy, a, true, ta) : aigc__matmul(graph, a, dy, !ta, false);
        dx[1] = sum_leading(graph, dx[1], &b_shape);
    }
}

/* Whether a value is a permute that exchanges the last two axes and no others. */
static bool is_transpose(const aigc__value_t *value)
{
    const uint32_t rank = value->shape.rank;
    if (value->op != AIGC__OP_permute) return false;
    for (uint32_t k = 0; k + 2 < rank; k++)
        if (value->attributes.i[k] != k) return false;
    return value->attributes.i[rank - 1] == rank - 2;
}

static aigc__id_t simplify_matmul(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n,
                                  const aigc__id_t *in)
{
    const aigc__value_t *a = aigc__graph_value(graph, in[0]), *b = aigc__graph_value(graph, in[1]);
    const bool ta = attributes->i[0], tb = attributes->i[1];
    (void)n;
    if (is_transpose(a)) return aigc__matmul(graph, a->inputs[0], in[1], !ta, tb);
    if (is_transpose(b)) return aigc__matmul(graph, in[0], b->inputs[0], ta, !tb);
    if (ta || a->shape.rank == 2 || b->shape.rank != 2) return 0;
    /* One matrix for all products: a single product with more rows. */
    const int64_t columns = b->shape.dims[tb ? 0 : 1], inner = a->shape.dims[a->shape.rank - 1];
    aigc__shape_t shape = a->shape;
    int64_t rows = 1;
    for (uint32_t k = 0; k + 1 < shape.rank; k++) rows *= shape.dims[k];
    shape.dims[shape.rank - 1] = columns;
    const aigc__id_t flat = aigc__reshape(graph, in[0], aigc__shape_of(2, (int64_t[]){rows, inner}));
    return aigc__reshape(graph, aigc__matmul(graph, flat, in[1], false, tb), shape);
}

/* The product's sizes and where each matrix of a batch begins. */
static aigc__gemm_shape_t gemm_shape(const aigc__value_t *value, const aigc__value_t *a, const aigc__value_t *b)
{
    const uint32_t rank = value->shape.rank;
    aigc__gemm_shape_t s = {.batch = 1, .ta = value->attributes.i[0], .tb = value->attributes.i[1]};
    s.m = (size_t)value->shape.dims[rank - 2];
    s.n = (size_t)value->shape.dims[rank - 1];
    s.k = (size_t)a->shape.dims[a->shape.rank - (s.ta ? 2 : 1)];
    s.lda = s.ta ? s.m : s.k;
    s.ldb = s.tb ? s.k : s.n;
    s.ldc = s.n;
    for (uint32_t k = 0; k + 2 < rank; k++) s.batch *= (size_t)value->shape.dims[k];
    s.a_step = a->shape.rank > 2 ? s.m * s.k : 0;
    s.b_step = b->shape.rank > 2 ? s.k * s.n : 0;
    s.c_step = s.m * s.n;
    return s;
}

static void reference_matmul(const aigc__value_t *value, const aigc__value_t *const *in_values, const double *const *in,
                             double *out)
{
    const aigc__gemm_shape_t s = gemm_shape(value, in_values[0], in_values[1]);
    for (size_t i = 0; i < value->count; i++) {
        const size_t row = i / s.n % s.m, column = i % s.n, batch = i / s.n / s.m;
        const double *a = in[0] + batch * s.a_step + (s.ta ? row : row * s.lda);
        const double *b = in[1] + batch * s.b_step + (s.tb ? column * s.ldb : column);
        for (size_t k = 0; k < s.k; k++) out[i] += a[s.ta ? k * s.lda : k] * b[s.tb ? k : k * s.ldb];
    }
}

static aigc__gemm_plan_t plan_of(const aigc__step_t *step, bool a_packed, bool b_packed)
{
    aigc__gemm_shape_t shape = gemm_shape(step->value, step->in_values[0], step->in_values[1]);
    aigc__gemm_plan_t plan;
    shape.a_packed = a_packed;
    shape.b_packed = b_packed;
    aigc__gemm_plan(&plan, step->kernels, &shape);
    return plan;
}

static void prepare_matmul(aigc__step_t *step)
{
    if (step->value->count == 0) return;
    step->gemm = plan_of(step, step->input_packed[0], step->input_packed[1]);
    const size_t phases[] = {step->gemm.pack_tiles, step->gemm.tiles};
    for (size_t k = 0, phase = 0; k < 2; k++)
        if (phases[k] > 0) step->tiles[phase++] = phases[k];
    step->shared_bytes = step->gemm.shared_bytes;
    step->worker_bytes = step->gemm.worker_bytes;
}

static size_t packed_bytes_matmul(const aigc__step_t *step, size_t k)
{
    if (step->value->count == 0) return 0;
    /* The plan that packs is the one that expects it packed. */
    const aigc__gemm_plan_t plan = plan_of(step, k == 0 || step->input_packed[0], k == 1 || step->input_packed[1]);
    return k == 0 ? plan.packed_a_bytes : plan.packed_b_bytes;
}

static void pack_matmul(const aigc__step_t *step, size_t k, const void *raw, void *packed)
{
    if (k == 0)
        aigc__gemm_pack_a(&step->gemm, raw, packed);
    else
        aigc__gemm_pack_b(&step->gemm, raw, packed);
}

/* Hands a finished piece of C to the epilogue: at once where it is contiguous. */
static void piece_done(void *user, size_t batch, size_t row, size_t rows, size_t column, size_t columns, float *c,
                       size_t ldc, size_t worker)
{
    const aigc__step_t *step = *(const aigc__step_t **)user;
    const aigc__gemm_shape_t *s = &step->gemm.shape;
    const size_t first = (batch * s->m + row) * s->n + column;
    if (columns == ldc)
        aigc__epilogue_run(step, c, first, rows * columns, worker);
    else
        aigc__epilogue_rows(step, c, first, rows, columns, ldc, worker);
}

static void run_matmul(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    const aigc__gemm_call_t call = {
        .plan = &step->gemm,
        .a = step->inputs[0],
        .b = step->inputs[1],
        .c = step->output,
        .shared = step->shared,
        .worker = step->worker,
        .tile_done = step->epilogue ? piece_done : NULL,
        .tile_user = &step,
    };
    if (phase == 0 && step->gemm.pack_tiles > 0)
        aigc__gemm_pack_tile(&call, tile, worker);
    else
        aigc__gemm_tile(&call, tile, worker);
}

const aigc__op_t aigc__op_matmul = {
    .name = "matmul",
    .flags = AIGC__OP_EPILOGUE,
    .infer = infer_matmul,
    .gradient = gradient_matmul,
    .simplify = simplify_matmul,
    .reference = reference_matmul,
    .prepare = prepare_matmul,
    .run = run_matmul,
    .packed_bytes = packed_bytes_matmul,
    .pack = pack_matmul,
};
