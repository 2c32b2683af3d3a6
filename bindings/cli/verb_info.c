#include "config_text.h"
#include "session.h"
#include "verbs.h"
#include <stdio.h>
#include <string.h>

static const char *dtype_name(aigc_dtype_t dtype)
{
    static const char *const names[] = {"?", "f32", "f16", "bf16", "u8", "i32", "i64"};
    return dtype >= AIGC_DTYPE_F32 && dtype <= AIGC_DTYPE_I64 ? names[dtype] : names[0];
}

static int print_tensor(const char *name, aigc_tensor_t *tensor, uint64_t *count)
{
    char text[AIGC_MAX_RANK * 24] = "";
    const int64_t *shape = NULL;
    size_t rank = 0;
    aigc_dtype_t dtype = 0;
    int code = cli_check(aigc_tensor_shape(tensor, &rank, &shape));
    if (code == CLI_OK) code = cli_check(aigc_tensor_info(tensor, &dtype, count, NULL));
    if (code != CLI_OK) return code;
    for (size_t i = 0; i < rank; i++) {
        const size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%s%lld", i > 0 ? ", " : "", (long long)shape[i]);
    }
    printf("  %-24s %-5s [%s]\n", name, dtype_name(dtype), text);
    return CLI_OK;
}

static int print_model(const cli_session_t *session)
{
    char name[64], value[256];
    const char *kind = NULL, *json = NULL, *parameter = NULL;
    aigc_tensor_t *tensor = NULL;
    uint64_t total = 0, count = 0;
    int code = cli_check(aigc_model_config(session->model, &kind, &json));
    if (code != CLI_OK) return code;
    printf("kind: %s\noptions:\n", kind);
    while (cli_config_next(&json, name, sizeof name, value, sizeof value)) printf("  %-24s %s\n", name, value);
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

static int run_info(cli_arguments_t *arguments)
{
    cli_session_t session;
    aigc_tensor_t *tensor = NULL;
    uint64_t count = 0;
    const char *path = arguments->positionals[0];
    int code = cli_session_open(&session, arguments);
    if (code == CLI_OK && aigc_tensor_read(&tensor, session.context, path, NULL) == AIGC_OK) {
        code = print_tensor("tensor", tensor, &count);
    } else {
        if (code == CLI_OK) code = cli_load_model(&session, path);
        if (code == CLI_OK) code = print_model(&session);
    }
    aigc_tensor_release(tensor);
    cli_session_close(&session);
    return code;
}

const cli_verb_t cli_verb_info = {
    .name = "info",
    .synopsis = "FILE",
    .summary = "say what a model or array file holds",
    .details = "For a model: kind, options, tensors with types and shapes, number of parameters.",
    .example = "aigc info model.safetensors",
    .n_positionals = 1,
    .tables = {CLI_TABLE_CONTEXT},
    .run = run_info,
};
