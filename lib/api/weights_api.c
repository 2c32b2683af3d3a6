#include "api/call.h"
#include "api/verb_tables.h"
#include "base/numbers.h"
#include "formats/weight_files.h"
#include <inttypes.h>
#include <stdio.h>

/* ---- in and out ---- */

static aigc_status_t open_weights(aigc_weights_t **out, aigc_context_t *context, const char *path,
                                  const aigc_options_t *options)
{
    aigc__weights_options_t given;
    aigc_weights_t *weights = NULL;
    const aigc__option_group_t group = aigc__verb_group("weights", &given);
    AIGC__TRY(aigc__options_resolve(options, "weights", &group, 1));
    AIGC__TRY(aigc__weights_open(&weights, context, path));
    if (given.strict && aigc__weights_n_opaque(weights) > 0) {
        const char *name = NULL, *call = NULL;
        aigc__weights_opaque(weights, 0, &name, &call);
        const aigc_status_t status =
            aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: %zu opaque values; the first, '%.100s', would be made by %.100s",
                       path, aigc__weights_n_opaque(weights), name, call);
        aigc__weights_free(weights);
        return status;
    }
    *out = weights;
    return AIGC_OK;
}

aigc_status_t aigc_weights_open(aigc_weights_t **out, aigc_context_t *context, const char *path,
                                const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(aigc__check_pointer(path, "path"));
    AIGC__TRY(aigc__check_options(options));
    AIGC__TRY(aigc__call_begin(&call, context));
    return aigc__call_end(&call, open_weights(out, context, path, options));
}

void aigc_weights_free(aigc_weights_t *weights)
{
    if (weights && aigc__check_handle(weights, AIGC__WEIGHTS, "weights") == AIGC_OK) aigc__weights_free(weights);
}

/* ---- what there is ---- */

static aigc_status_t check(const aigc_weights_t *weights)
{
    return aigc__check_handle(weights, AIGC__WEIGHTS, "weights");
}

aigc_status_t aigc_weights_info(const aigc_weights_t *weights, const char **format, uint64_t *tensors, uint64_t *values,
                                uint64_t *opaque)
{
    AIGC__TRY(check(weights));
    if (format) *format = weights->format->name;
    if (tensors) *tensors = aigc__weights_count(weights);
    if (values) *values = aigc__weights_n_values(weights);
    if (opaque) *opaque = aigc__weights_n_opaque(weights);
    return AIGC_OK;
}

static aigc_status_t check_index(const aigc_weights_t *weights, const char *what, uint64_t index, size_t n)
{
    if (index < n) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_NOT_FOUND, "'%.200s' has %zu %s, none with number %" PRIu64, weights->path, n, what,
                      index);
}

static aigc_status_t check_size(const char *what, size_t size, size_t wanted)
{
    if (size >= wanted) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_ARGUMENT, "%s->struct_size is %zu, not %zu", what, size, wanted);
}

aigc_status_t aigc_weights_tensor(const aigc_weights_t *weights, uint64_t index, aigc_weights_entry_t *out)
{
    aigc__weights_entry_t entry;
    AIGC__TRY(check(weights));
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(check_size("out", out->struct_size, sizeof *out));
    AIGC__TRY(check_index(weights, "tensors", index, aigc__weights_count(weights)));
    aigc__weights_entry(weights, (size_t)index, &entry);
    const aigc__element_info_t *info = aigc__element_info(entry.element);
    out->name = entry.name;
    out->element = info->name;
    out->dtype = entry.rank > AIGC_MAX_RANK ? 0 : info->dtype;
    out->rank = entry.rank;
    for (size_t i = 0; i < AIGC_WEIGHTS_MAX_RANK; i++) out->shape[i] = i < entry.rank ? entry.shape[i] : 0;
    out->count = entry.count;
    out->storage = entry.storage;
    return AIGC_OK;
}

aigc_status_t aigc_weights_find(const aigc_weights_t *weights, const char *name, uint64_t *index)
{
    AIGC__TRY(check(weights));
    AIGC__TRY(aigc__check_pointer(name, "name"));
    AIGC__TRY(aigc__check_pointer(index, "index"));
    const int64_t found = aigc__weights_find(weights, name);
    if (found < 0) return aigc__fail(AIGC_ERROR_NOT_FOUND, "'%.200s' has no tensor '%.200s'", weights->path, name);
    *index = (uint64_t)found;
    return AIGC_OK;
}

/* Numbers as text stand in the handle until the next call. */
static void write_text(aigc_weights_t *weights, aigc_weights_value_t *out)
{
    if (out->type[0] == 'f')
        aigc__format_double(weights->text, out->real);
    else if (out->type[0] == 'i')
        snprintf(weights->text, sizeof weights->text, "%" PRId64, out->integer);
    else if (out->type[0] == 'l')
        snprintf(weights->text, sizeof weights->text, "%" PRId64 " values", out->integer);
    else
        snprintf(weights->text, sizeof weights->text, "%s",
                 out->type[0] == 'n' ? "none"
                 : out->integer      ? "true"
                                     : "false");
    out->text = weights->text;
}

aigc_status_t aigc_weights_value(aigc_weights_t *weights, uint64_t index, aigc_weights_value_t *out)
{
    aigc__weights_value_t value;
    AIGC__TRY(check(weights));
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(check_size("out", out->struct_size, sizeof *out));
    AIGC__TRY(check_index(weights, "values", index, aigc__weights_n_values(weights)));
    aigc__weights_value(weights, (size_t)index, &value);
    out->name = value.name;
    out->type = value.type;
    out->integer = value.integer;
    out->real = value.real;
    out->text = value.text;
    if (!value.text) write_text(weights, out);
    return AIGC_OK;
}

aigc_status_t aigc_weights_opaque(const aigc_weights_t *weights, uint64_t index, const char **name, const char **call)
{
    const char *where = NULL, *what = NULL;
    AIGC__TRY(check(weights));
    AIGC__TRY(check_index(weights, "opaque values", index, aigc__weights_n_opaque(weights)));
    aigc__weights_opaque(weights, (size_t)index, &where, &what);
    if (name) *name = where;
    if (call) *call = what;
    return AIGC_OK;
}

/* ---- numbers ---- */

aigc_status_t aigc_weights_read(aigc_tensor_t **out, aigc_weights_t *weights, const char *name, aigc_dtype_t dtype)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(check(weights));
    if (dtype != 0 && aigc__dtype_bytes(dtype) == 0)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "argument 'dtype': there is no dtype %d", (int)dtype);
    AIGC__TRY(aigc__call_begin(&call, weights->context));
    return aigc__call_end(&call, aigc__weights_read_named(out, weights, name, dtype));
}

static aigc_status_t write_weights(aigc_weights_t *weights, const char *path, const aigc_options_t *options)
{
    aigc__convert_options_t given;
    const aigc__option_group_t group = aigc__verb_group("convert", &given);
    AIGC__TRY(aigc__options_resolve(options, "convert", &group, 1));
    return aigc__weights_write(weights, path, &given);
}

aigc_status_t aigc_weights_write(aigc_weights_t *weights, const char *path, const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(check(weights));
    AIGC__TRY(aigc__check_pointer(path, "path"));
    AIGC__TRY(aigc__check_options(options));
    AIGC__TRY(aigc__call_begin(&call, weights->context));
    return aigc__call_end(&call, write_weights(weights, path, options));
}
