#include "session.h"
#include "verbs.h"
#include <stdio.h>
#include <string.h>

static int print_tensor(const char *name, aigc_tensor_t *tensor, uint64_t *count)
{
    char text[AIGC_MAX_RANK * 24] = "";
    const int64_t *shape = NULL;
    size_t rank = 0;
    aigc_dtype_t dtype = 0;
    const char *type = NULL;
    int code = cli_check(aigc_tensor_shape(tensor, &rank, &shape));
    if (code == CLI_OK) code = cli_check(aigc_tensor_info(tensor, &dtype, count, NULL));
    if (code == CLI_OK) code = cli_check(aigc_dtype_info(dtype, &type, NULL, NULL));
    if (code != CLI_OK) return code;
    for (size_t i = 0; i < rank; i++) {
        const size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%s%lld", i > 0 ? ", " : "", (long long)shape[i]);
    }
    printf("  %-24s %-5s [%s]\n", name, type, text);
    return CLI_OK;
}

static int print_model(const cli_session_t *session)
{
    const char *kind = NULL, *name = NULL, *value = NULL, *parameter = NULL;
    aigc_tensor_t *tensor = NULL;
    uint64_t total = 0, count = 0;
    int code = cli_check(aigc_model_config(session->model, &kind, NULL));
    if (code != CLI_OK) return code;
    printf("kind: %s\noptions:\n", kind);
    for (size_t i = 0; aigc_model_option(session->model, i, &name, &value) == AIGC_OK; i++)
        printf("  %-24s %s\n", name, value);
    puts("tensors:");
    for (size_t i = 0; aigc_model_parameter(session->model, i, &parameter, &tensor) == AIGC_OK && code == CLI_OK; i++) {
        code = print_tensor(parameter, tensor, &count);
        total += count;
        aigc_tensor_release(tensor);
        tensor = NULL;
    }
    if (code == CLI_OK) printf("parameters: %llu\n", (unsigned long long)total);
    return code;
}

static int print_pictures(const aigc_dataset_t *pictures)
{
    int64_t height = 0, width = 0, channels = 0, classes = 0;
    const char *name = NULL;
    int code = cli_check(aigc_dataset_info(pictures, &height, &width, &channels, &classes));
    if (code != CLI_OK) return code;
    printf("pictures: %llu\nheight: %lld\nwidth: %lld\nchannels: %lld\nclasses: %lld\n",
           (unsigned long long)aigc_dataset_count(pictures), (long long)height, (long long)width, (long long)channels,
           (long long)classes);
    for (int64_t i = 0; i < classes && code == CLI_OK; i++) {
        code = cli_check(aigc_dataset_class_name(pictures, i, &name));
        if (code == CLI_OK) printf("  %s\n", name);
    }
    return code;
}

static void print_entry(const aigc_weights_entry_t *entry)
{
    char text[AIGC_WEIGHTS_MAX_RANK * 24] = "";
    for (uint32_t i = 0; i < entry->rank; i++) {
        const size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%s%lld", i > 0 ? ", " : "", (long long)entry->shape[i]);
    }
    printf("  %-40s %-5s [%s]\n", entry->name, entry->element, text);
}

static int print_weights(aigc_weights_t *weights)
{
    aigc_weights_entry_t entry = {.struct_size = sizeof entry};
    aigc_weights_value_t value = {.struct_size = sizeof value};
    const char *format = NULL, *name = NULL, *call = NULL;
    uint64_t tensors = 0, values = 0, opaque = 0, numbers = 0;
    int code = cli_check(aigc_weights_info(weights, &format, &tensors, &values, &opaque));
    if (code != CLI_OK) return code;
    printf("format: %s\ntensors:\n", format);
    for (uint64_t i = 0; i < tensors && code == CLI_OK; i++) {
        code = cli_check(aigc_weights_tensor(weights, i, &entry));
        if (code == CLI_OK) print_entry(&entry);
        numbers += entry.count;
    }
    if (values > 0) puts("values:");
    for (uint64_t i = 0; i < values && code == CLI_OK; i++) {
        code = cli_check(aigc_weights_value(weights, i, &value));
        if (code == CLI_OK) printf("  %-40s %.200s\n", value.name, value.text);
    }
    if (opaque > 0) puts("opaque, what Python would call (nothing here does):");
    for (uint64_t i = 0; i < opaque && code == CLI_OK; i++) {
        code = cli_check(aigc_weights_opaque(weights, i, &name, &call));
        if (code == CLI_OK) printf("  %-40s %s\n", name, call);
    }
    if (code == CLI_OK) printf("numbers: %llu\n", (unsigned long long)numbers);
    return code;
}

/* Whether a file says that it is a model of the library's own. */
static bool is_model(aigc_weights_t *weights)
{
    aigc_weights_value_t value = {.struct_size = sizeof value};
    const char *format = NULL;
    uint64_t values = 0;
    if (aigc_weights_info(weights, &format, NULL, &values, NULL) != AIGC_OK || strcmp(format, "safetensors") != 0)
        return false;
    for (uint64_t i = 0; i < values && aigc_weights_value(weights, i, &value) == AIGC_OK; i++)
        if (strcmp(value.name, "aigc.kind") == 0) return true;
    return false;
}

/* What it is shows in what can read it. Where nothing can, what was said about it as weights counts. */
static int print_any(cli_session_t *session, const char *path)
{
    aigc_weights_t *weights = NULL;
    aigc_dataset_t *pictures = NULL;
    char sentence[512];
    const aigc_status_t status = aigc_weights_open(&weights, session->context, path, NULL);
    if (status == AIGC_OK) {
        int code = CLI_OK;
        if (!is_model(weights))
            code = print_weights(weights);
        else
            code = cli_check(aigc_model_load(&session->model, session->context, path, NULL));
        aigc_weights_free(weights);
        return session->model ? print_model(session) : code;
    }
    snprintf(sentence, sizeof sentence, "%s", aigc_last_error());
    if (aigc_dataset_create(&pictures, session->context, "auto", path, NULL) == AIGC_OK) {
        const int code = print_pictures(pictures);
        aigc_dataset_free(pictures);
        return code;
    }
    cli_say("%s", sentence);
    return cli_exit_code(status);
}

static int run_info(cli_arguments_t *arguments)
{
    cli_session_t session;
    int code = cli_session_open(&session, arguments);
    if (code == CLI_OK) code = print_any(&session, arguments->positionals[0]);
    cli_session_close(&session);
    return code;
}

const cli_verb_t cli_verb_info = {
    .name = "info",
    .synopsis = "FILE|PICTURES",
    .summary = "say what a model, weights, arrays or pictures hold",
    .details = "Of a model: kind, options, tensors with types and shapes, number of parameters. Of a file of weights "
               "(PyTorch's, NumPy's, safetensors): tensors, other values, and what Python would run to load it, which "
               "nothing here does. Of pictures: how many, their size, their classes.",
    .example = "aigc info checkpoint.pth",
    .n_positionals = 1,
    .tables = {CLI_TABLE_CONTEXT},
    .run = run_info,
};
