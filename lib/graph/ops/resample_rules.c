#include "graph/ops/resample_rules.h"
#include <string.h>

enum { MOST = 1 << 24 }; /* of a size; the table of a rule then counts in 32 bits */

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* a / b towards minus infinity, b > 0 */
static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* ---- attributes ---- */

void aigc__rule_set_taps(aigc__attributes_t *attributes, const float *taps, int64_t n)
{
    attributes->i[AIGC__AT_TAPS] = n;
    memcpy(&attributes->i[AIGC__AT_TAP_PAIRS], taps, (size_t)n * sizeof *taps);
}

aigc__rule_t aigc__rule_of(const aigc__attributes_t *attributes, size_t axis, int64_t size)
{
    const int64_t *i = attributes->i + axis, result = i[AIGC__AT_RESULT];
    const bool transposed = attributes->i[AIGC__AT_FLAGS] & AIGC__TRANSPOSED;
    aigc__rule_t rule = {.kind = attributes->i[AIGC__AT_RULE],
                         .in = transposed ? result : size,
                         .out = transposed ? size : result,
                         .span = i[AIGC__AT_SPAN],
                         .step = i[AIGC__AT_STEP],
                         .lead = i[AIGC__AT_LEAD],
                         .without_padding = attributes->i[AIGC__AT_FLAGS] & AIGC__WITHOUT_PADDING,
                         .n_taps = attributes->i[AIGC__AT_TAPS]};
    /* An axis along which nothing happens is as one that is padded with nothing. */
    if (!(attributes->i[AIGC__AT_FLAGS] >> axis & 1))
        rule = (aigc__rule_t){.kind = AIGC__PAD_REPLICATE, .in = rule.in, .out = rule.out};
    memcpy(rule.taps, &attributes->i[AIGC__AT_TAP_PAIRS], sizeof rule.taps);
    return rule;
}

static const char *check_padding(const aigc__rule_t *rule)
{
    const int64_t after = rule->out - rule->in - rule->lead, most = larger(rule->lead, after);
    if (rule->kind == AIGC__PAD_REFLECT && most >= rule->in) return "reflection needs padding below the size";
    if (rule->kind == AIGC__PAD_CIRCULAR && most > rule->in) return "circular padding is at most the size";
    return rule->lead <= -rule->in || after <= -rule->in ? "nothing is left" : NULL;
}

const char *aigc__rule_check(const aigc__rule_t *rule)
{
    if (rule->in < 1 || rule->out < 1 || rule->in > MOST || rule->out > MOST) return "sizes are 1..2^24";
    if (rule->lead < -MOST || rule->lead > MOST) return "padding is at most 2^24";
    if (rule->kind >= AIGC__PAD_REFLECT) return check_padding(rule);
    if (rule->kind != AIGC__POOL_AVERAGE && rule->kind != AIGC__FILTER) return NULL;
    if (rule->span < 1 || rule->span > MOST || rule->step < 1 || rule->step > MOST)
        return "kernel, stride, up and down are 1..2^24";
    if (rule->kind == AIGC__FILTER && (rule->n_taps < 1 || rule->n_taps > AIGC__MOST_TAPS))
        return "a filter has 1..18 taps";
    if (rule->kind == AIGC__FILTER) return NULL;
    if (rule->lead < 0 || 2 * rule->lead > rule->span) return "padding is at most half of the kernel";
    if ((rule->out - 1) * rule->step - rule->lead >= rule->in) return "the last window lies outside";
    return rule->out * smaller(rule->span, rule->in) > INT32_MAX ? "the windows are too many and too large" : NULL;
}

/* ---- windows ---- */

static aigc__window_t clamped(int64_t i, int64_t in) { return (aigc__window_t){smaller(larger(i, 0), in - 1), 1, 1}; }

static aigc__window_t between(double place, int64_t in)
{
    const int64_t first = smaller((int64_t)(place > 0 ? place : 0), in - 1);
    const double part = place > 0 ? place - (double)first : 0;
    if (part <= 0 || first == in - 1) return (aigc__window_t){first, 1, 1};
    return (aigc__window_t){first, 2, part};
}

static aigc__window_t mean_of(int64_t first, int64_t end, int64_t divisor)
{
    return (aigc__window_t){first, end - first, 1 / (double)divisor};
}

/* Beyond the padding nothing counts, which matters to windows that ceil_mode lets hang over. */
static aigc__window_t average(const aigc__rule_t *r, int64_t o)
{
    const int64_t start = o * r->step - r->lead, end = smaller(start + r->span, r->in + r->lead);
    const int64_t from = larger(start, 0), to = smaller(end, r->in);
    return mean_of(from, to, r->without_padding ? to - from : end - start);
}

/* 0 <= o down + taps - 1 - before - i up < taps, 0 <= i < in */
static aigc__window_t filter(const aigc__rule_t *r, int64_t o)
{
    const int64_t last = o * r->step + r->n_taps - 1 - r->lead;
    const int64_t from = larger(floor_div(last - r->n_taps, r->span) + 1, 0);
    const int64_t to = smaller(floor_div(last, r->span), r->in - 1);
    return (aigc__window_t){from, larger(to - from + 1, 0), 0};
}

static int64_t reflected(int64_t i, int64_t in) { return i < 0 ? -i : i >= in ? 2 * (in - 1) - i : i; }

aigc__window_t aigc__rule_window(const aigc__rule_t *r, int64_t o)
{
    switch (r->kind) {
    case AIGC__RESIZE_NEAREST:
        return clamped(o * r->in / r->out, r->in);
    case AIGC__RESIZE_LINEAR:
        return between(((double)o + 0.5) * (double)r->in / (double)r->out - 0.5, r->in);
    case AIGC__RESIZE_LINEAR_ALIGNED:
        return between(r->out > 1 ? (double)(o * (r->in - 1)) / (double)(r->out - 1) : 0, r->in);
    case AIGC__RESIZE_AREA: {
        const int64_t first = o * r->in / r->out, end = ((o + 1) * r->in + r->out - 1) / r->out;
        return mean_of(first, end, end - first);
    }
    case AIGC__POOL_AVERAGE:
        return average(r, o);
    case AIGC__FILTER:
        return filter(r, o);
    case AIGC__PAD_REFLECT:
        return clamped(reflected(o - r->lead, r->in), r->in);
    case AIGC__PAD_CIRCULAR:
        return clamped((o - r->lead + r->in) % r->in, r->in);
    default:
        return clamped(o - r->lead, r->in);
    }
}

double aigc__rule_weight(const aigc__rule_t *r, const aigc__window_t *window, int64_t o, int64_t i)
{
    if (r->kind == AIGC__FILTER) return (double)r->taps[o * r->step + r->n_taps - 1 - r->lead - i * r->span];
    const bool is_linear = r->kind == AIGC__RESIZE_LINEAR || r->kind == AIGC__RESIZE_LINEAR_ALIGNED;
    return is_linear && window->count == 2 && i == window->first ? 1 - window->weight : window->weight;
}
