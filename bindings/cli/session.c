#include "session.h"
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096 };

/* What a signal cancels. */
static aigc_context_t *volatile cancel_context;

static void on_signal(int number)
{
    (void)number;
    if (cancel_context != NULL) aigc_context_cancel(cancel_context);
}

/* The handler serves once, so that a second Ctrl-C ends a program that does not listen. What was
 * ignored from the start stays so: a shell's background job must not hear its Ctrl-C. */
static void listen_to(int number)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | SA_RESTART}, before;
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(number, &action, NULL);
}

static void on_log(int32_t level, const char *message, void *user)
{
    const bool *quiet = user;
    if (level == AIGC_LOG_INFO && *quiet) return;
    cli_say("%s%s", level == AIGC_LOG_WARNING ? "warning: " : "", message);
}

int cli_session_open(cli_session_t *session, cli_arguments_t *arguments)
{
    aigc_options_t *options = NULL;
    *session = (cli_session_t){.arguments = arguments};
    session->progress.quiet = cli_argument(arguments, "quiet") != NULL;
    session->output = cli_argument(arguments, "output");
    const bool needs_output = cli_find_flag(arguments->verb, "output", '\0') != NULL;
    if (needs_output && (session->output == NULL || session->output[0] == '\0'))
        return cli_usage("%s: say where to with -o", arguments->verb->name);
    int code = cli_apply(arguments, &options, "context", NULL);
    if (code == CLI_OK) code = cli_check(aigc_context_create(&session->context, options));
    if (code == CLI_OK) code = cli_check(aigc_context_set_log(session->context, on_log, &session->progress.quiet));
    cancel_context = session->context;
    listen_to(SIGINT);
    listen_to(SIGTERM);
    aigc_options_free(options);
    return code;
}

void cli_session_close(cli_session_t *session)
{
    cli_progress_clear();
    cancel_context = NULL;
    aigc_options_free(session->grid_options);
    aigc_options_free(session->write_options);
    aigc_model_free(session->model);
    aigc_context_free(session->context);
    *session = (cli_session_t){.arguments = NULL};
}

void cli_tell(const cli_session_t *session, const char *format, ...)
{
    va_list arguments;
    if (session->progress.quiet) return;
    cli_progress_clear();
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

int cli_load_model(cli_session_t *session, const char *path)
{
    int code = cli_check(aigc_model_load(&session->model, session->context, path, NULL));
    if (code == CLI_OK) code = cli_check(aigc_model_config(session->model, &session->kind, NULL));
    return code;
}

/* What the model says of its pictures' size, where the dataset's table has it too. */
static int set_size_of_model(const cli_session_t *session, aigc_options_t *options, const char *dataset_kind)
{
    static const char *const sizes[] = {"height", "width", "channels"};
    const char *name = NULL, *value = NULL;
    aigc_option_info_t row = {.struct_size = sizeof row};
    int code = CLI_OK;
    for (size_t i = 0; aigc_model_option(session->model, i, &name, &value) == AIGC_OK && code == CLI_OK; i++)
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes && code == CLI_OK; k++)
            if (strcmp(name, sizes[k]) == 0 && cli_find_option("dataset", dataset_kind, name, &row))
                code = cli_check(aigc_options_set_string(options, name, value));
    return code;
}

/* The kind that "auto" stands for; its table says which options it takes. */
static const char *dataset_kind(const char *source)
{
    struct stat status;
    if (stat(source, &status) == 0) return S_ISDIR(status.st_mode) ? "folder" : "idx";
    return cli_kind_exists("dataset", source) ? source : "folder";
}

int cli_open_pictures(cli_session_t *session, const char *source, aigc_dataset_t **out)
{
    aigc_options_t *options = NULL;
    const char *kind = dataset_kind(source);
    int code = cli_check(aigc_options_create(&options));
    if (code == CLI_OK && session->model != NULL) code = set_size_of_model(session, options, kind);
    if (code == CLI_OK) code = cli_apply(session->arguments, &options, "dataset", kind);
    if (code == CLI_OK) code = cli_check_applied(session->arguments);
    if (code == CLI_OK) code = cli_check(aigc_dataset_create(out, session->context, "auto", source, options));
    aigc_options_free(options);
    return code;
}

int cli_read_pictures(aigc_dataset_t *dataset, uint64_t first, size_t n, bool spread, aigc_tensor_t **images,
                      aigc_tensor_t **labels)
{
    const uint64_t count = aigc_dataset_count(dataset);
    int64_t *indices = calloc(n > 0 ? n : 1, sizeof *indices);
    if (indices == NULL) {
        cli_say("there is no memory for the numbers of %zu pictures", n);
        return CLI_MEMORY;
    }
    for (size_t i = 0; i < n; i++) indices[i] = (int64_t)(spread ? (uint64_t)i * count / n : first + i);
    const int code = cli_check(aigc_dataset_batch(dataset, indices, n, images, labels));
    free(indices);
    return code;
}

static size_t square_root_up(size_t n)
{
    size_t root = 1;
    while (root * root < n) root++;
    return root;
}

static bool ends_in(const char *path, const char *suffix)
{
    const size_t length = strlen(path), n = strlen(suffix);
    return length > n && strcasecmp(path + length - n, suffix) == 0;
}

int cli_check_suffix(const cli_session_t *session, const char *what, const char *const *suffixes)
{
    char names[64] = "";
    for (size_t i = 0; suffixes[i] != NULL; i++) {
        if (ends_in(session->output, suffixes[i])) return CLI_OK;
        const size_t length = strlen(names);
        snprintf(names + length, sizeof names - length, "%s%s",
                 i == 0                    ? ""
                 : suffixes[i + 1] == NULL ? " or "
                                           : ", ",
                 suffixes[i]);
    }
    return cli_usage("%s: %s: expected a name that ends in %s for %s", session->arguments->verb->name, session->output,
                     names, what);
}

int cli_prepare_images(cli_session_t *session)
{
    static const char *const suffixes[] = {".png", ".jpg", ".jpeg", NULL};
    int code = cli_writes_each(session) ? CLI_OK : cli_check_suffix(session, "pictures", suffixes);
    if (code != CLI_OK) return code;
    code = cli_apply(session->arguments, &session->grid_options, "image-grid", NULL);
    if (code == CLI_OK) code = cli_apply(session->arguments, &session->grid_options, "image-write", NULL);
    if (code == CLI_OK) code = cli_apply(session->arguments, &session->write_options, "image-write", NULL);
    return code;
}

static int write_grid(const cli_session_t *session, const aigc_tensor_t *images, size_t n, size_t columns)
{
    int code = CLI_OK;
    if (cli_argument(session->arguments, "columns") == NULL)
        code = cli_check(aigc_options_set_int(session->grid_options, "columns",
                                              (int64_t)(columns > 0 ? columns : square_root_up(n))));
    if (code == CLI_OK) code = cli_check(aigc_image_write_grid(images, session->output, session->grid_options));
    return code;
}

static int write_one(const cli_session_t *session, aigc_tensor_t *images, const int64_t *shape, size_t index)
{
    char path[PATH_BYTES];
    aigc_tensor_t *image = NULL;
    const int length = snprintf(path, sizeof path, "%simage-%04zu.png", session->output, index);
    if (length < 0 || (size_t)length >= sizeof path)
        return cli_usage("the name of folder %s is too long", session->output);
    float *pixels = (float *)aigc_tensor_data(images) + index * (size_t)(shape[1] * shape[2] * shape[3]);
    int code = cli_check(aigc_tensor_wrap(&image, session->context, pixels, AIGC_DTYPE_F32, 3, shape + 1, NULL, NULL));
    if (code == CLI_OK) code = cli_check(aigc_image_write(image, path, session->write_options));
    aigc_tensor_release(image);
    return code;
}

static int write_each(const cli_session_t *session, aigc_tensor_t *images, const int64_t *shape)
{
    int code = CLI_OK;
    if (mkdir(session->output, 0777) != 0 && errno != EEXIST) {
        cli_say("folder %s cannot be made: %s", session->output, strerror(errno));
        return CLI_FILES;
    }
    for (int64_t i = 0; i < shape[0] && code == CLI_OK; i++) code = write_one(session, images, shape, (size_t)i);
    return code;
}

bool cli_writes_each(const cli_session_t *session) { return session->output[strlen(session->output) - 1] == '/'; }

int cli_write_images(cli_session_t *session, aigc_tensor_t *images, size_t columns)
{
    const int64_t *shape = NULL;
    int code = cli_check(aigc_tensor_shape(images, NULL, &shape));
    if (code != CLI_OK) return code;
    if (cli_writes_each(session))
        code = write_each(session, images, shape);
    else
        code = write_grid(session, images, (size_t)shape[0], columns);
    if (code == CLI_OK) cli_tell(session, "written: %s", session->output);
    return code;
}

int cli_count(const cli_arguments_t *arguments, const char *name, uint64_t otherwise, uint64_t *out)
{
    const char *value = cli_argument(arguments, name);
    *out = otherwise;
    if (value == NULL) return CLI_OK;
    const size_t digits = strspn(value, "0123456789");
    const unsigned long long number = strtoull(value, NULL, 10);
    if (digits == 0 || digits > 9 || value[digits] != '\0' || number == 0)
        return cli_usage("%s: option %s takes a whole number from 1 to 999999999, not '%s'", arguments->verb->name,
                         name, value);
    *out = number;
    return CLI_OK;
}
