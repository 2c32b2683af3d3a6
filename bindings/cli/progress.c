#include "progress.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { TEXT_BYTES = 160, LINE_BYTES = 512, BAR_LEAST = 6, BAR_MOST = 30, WIDE = 106, LOSS_AND_PARTS = 3, NUMBERS = 5 };

/* Whether a bar stands in the terminal's last line; the log may want it away from another thread. */
static atomic_bool bar_drawn;

size_t cli_terminal_width(int descriptor, size_t otherwise)
{
#ifdef TIOCGWINSZ
    struct winsize size;
    if (isatty(descriptor) && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) return size.ws_col;
#endif
    return otherwise;
}

void cli_progress_clear(void)
{
    if (atomic_exchange(&bar_drawn, false)) fputs("\r\033[K", stderr);
}

static void put(char *line, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void put(char *line, size_t size, const char *format, ...)
{
    const size_t length = strlen(line);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + length, size - length, format, arguments);
    va_end(arguments);
}

static const char *short_name(const char *name)
{
    static const char *const names[][2] = {
        {"reconstruction", "rec"}, {"real_score", "real"}, {"fake_score", "fake"}, {"loss_d", "D"}, {"loss_g", "G"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i][0], name) == 0) return names[i][1];
    return name;
}

/* One loss, in nats, of which other numbers may be parts; or several numbers side by side. */
static bool is_one_loss(const aigc_metrics_t *metrics)
{
    return metrics != NULL && metrics->count > 0 && strcmp(metrics->names[0], "loss") == 0;
}

/* "loss_d 1.21  real_score 0.62  fake_score 0.31  variety 0.80  loss_g 1.40" */
static void put_numbers(char *line, size_t size, const aigc_metrics_t *metrics, bool wide, bool losses)
{
    const uint32_t all = metrics == NULL ? 0 : metrics->count, n = all < NUMBERS ? all : NUMBERS;
    for (uint32_t i = 0; i < n; i++) {
        const char *name = metrics->names[i];
        if (!losses && strncmp(name, "loss_", strlen("loss_")) == 0) continue;
        put(line, size, "%s%s %.2f", line[0] != '\0' ? "  " : "", wide ? name : short_name(name), metrics->values[i]);
    }
}

/* The loss and its parts; what may follow them is for the metrics file. "loss 245.1 = rec 220.3 + kl 24.8"; where the
 * parts do not add up to the first (weights other than 1), "loss 270.2 (rec 220.3, kl 24.8)". */
static void put_loss(char *line, size_t size, const aigc_metrics_t *metrics)
{
    const uint32_t all = metrics == NULL ? 0 : metrics->count, n = all < LOSS_AND_PARTS ? all : LOSS_AND_PARTS;
    double parts = 0;
    for (uint32_t i = 1; i < n; i++) parts += metrics->values[i];
    for (uint32_t i = 0; i < n; i++) {
        const double total = metrics->values[0], off = parts - total, bound = 1e-3 * (total < 0 ? -total : total);
        const bool sums = off <= bound && -off <= bound;
        const char *before = i == 0 ? "" : i == 1 ? (sums ? " = " : " (") : (sums ? " + " : ", ");
        put(line, size, "%s%s %.1f", before, short_name(metrics->names[i]), metrics->values[i]);
        if (i > 0 && i + 1 == n && !sums) put(line, size, ")");
    }
}

static void put_metrics(char *line, size_t size, const aigc_metrics_t *metrics, bool wide)
{
    if (!is_one_loss(metrics)) {
        put_numbers(line, size, metrics, wide, true);
        return;
    }
    put_loss(line, size, metrics);
    if (wide) put(line, size, " nats");
}

static void put_speed(char *line, size_t size, const aigc_progress_t *progress)
{
    if (progress->images == 0 || progress->seconds <= 0) return;
    const double speed = (double)progress->images / progress->seconds;
    if (speed < 1000)
        put(line, size, "%.0f", speed);
    else
        put(line, size, "%.1fk", speed / 1000);
}

static void put_duration(char *line, size_t size, double seconds)
{
    const uint64_t whole = seconds < 1e9 ? (uint64_t)(seconds + 0.5) : 1000000000u;
    const unsigned hours = (unsigned)(whole / 3600), minutes = (unsigned)(whole / 60 % 60);
    if (hours > 0)
        put(line, size, "%u:%02u:%02u", hours, minutes, (unsigned)(whole % 60));
    else
        put(line, size, "%u:%02u", minutes, (unsigned)(whole % 60));
}

/* The pieces of a line, in the order in which they stand there. */
enum { HEAD, LOSS, NUMBERS_BESIDE, VERDICT, VALIDATION, SPEED, TIME, PIECES };

typedef struct pieces {
    char text[PIECES][TEXT_BYTES];
    /* what some of them become where there is little room */
    char least_loss[TEXT_BYTES], least_numbers[TEXT_BYTES], least_verdict[TEXT_BYTES];
} pieces_t;

/* `wide` spells the words out. */
static void put_how_it_goes(pieces_t *pieces, const aigc_progress_t *progress, bool wide)
{
    const bool is_loss = is_one_loss(progress->metrics);
    put_metrics(pieces->text[is_loss ? LOSS : NUMBERS_BESIDE], TEXT_BYTES, progress->metrics, wide);
    if (is_loss)
        put(pieces->least_loss, TEXT_BYTES, "loss %.1f", progress->metrics->values[0]);
    else
        put_numbers(pieces->least_numbers, TEXT_BYTES, progress->metrics, false, false);
    if (progress->verdict == NULL) return;
    put(pieces->text[VERDICT], TEXT_BYTES, "%s", progress->verdict);
    put(pieces->least_verdict, TEXT_BYTES, "%.*s", (int)strcspn(progress->verdict, "(,"), progress->verdict);
}

/* What the pieces take with the two blanks between them. */
static size_t width_of(const pieces_t *pieces)
{
    size_t width = strlen(pieces->text[HEAD]);
    for (size_t i = HEAD + 1; i < PIECES; i++)
        if (pieces->text[i][0] != '\0') width += 2 + strlen(pieces->text[i]);
    return width;
}

/* Leaves out what matters least until the line has room; the head and the time stay. */
static void fit(pieces_t *pieces, size_t width)
{
    static const struct {
        int piece;
        bool shortens;
    } order[] = {{NUMBERS_BESIDE, true}, {SPEED, false},   {NUMBERS_BESIDE, false}, {LOSS, true},
                 {VERDICT, true},        {VERDICT, false}, {VALIDATION, false},     {LOSS, false}};
    for (size_t i = 0; i < sizeof order / sizeof *order && width_of(pieces) > width; i++) {
        const char *least = order[i].piece == LOSS      ? pieces->least_loss
                            : order[i].piece == VERDICT ? pieces->least_verdict
                                                        : pieces->least_numbers;
        snprintf(pieces->text[order[i].piece], TEXT_BYTES, "%s", order[i].shortens ? least : "");
    }
}

/* `bar`: what follows the head. */
static void join(char *line, size_t size, const pieces_t *pieces, const char *bar)
{
    put(line, size, "%s%s", pieces->text[HEAD], bar);
    for (size_t i = HEAD + 1; i < PIECES; i++)
        if (pieces->text[i][0] != '\0') put(line, size, "  %s", pieces->text[i]);
}

static void make_pieces(pieces_t *pieces, const aigc_progress_t *progress, bool wide)
{
    const bool trains = strcmp(progress->phase, "train") == 0;
    char *head = pieces->text[HEAD], *speed = pieces->text[SPEED], *left = pieces->text[TIME];
    *pieces = (pieces_t){.least_loss = ""};
    if (trains)
        put(head, TEXT_BYTES, "%s%llu/%llu  ", wide ? "epoch " : "", (unsigned long long)progress->epoch,
            (unsigned long long)progress->epochs);
    put(head, TEXT_BYTES, "%s%s%llu/%llu", trains ? (wide ? "step" : "") : progress->phase, trains && !wide ? "" : " ",
        (unsigned long long)progress->step, (unsigned long long)progress->steps);
    put_how_it_goes(pieces, progress, wide);
    if (!wide) pieces->text[NUMBERS_BESIDE][0] = '\0'; /* for the bar */
    put_speed(speed, TEXT_BYTES, progress);
    if (speed[0] != '\0') put(speed, TEXT_BYTES, "%s", wide ? " images/s" : "/s");
    if (progress->seconds_left >= 0) {
        put_duration(left, TEXT_BYTES, progress->seconds_left);
        put(left, TEXT_BYTES, " left");
    }
}

static void make_bar(char *bar, size_t size, const aigc_progress_t *progress, size_t cells)
{
    const double share = progress->steps > 0 ? (double)progress->step / (double)progress->steps : 0;
    const size_t done = (size_t)((share < 1 ? share : 1) * (double)cells);
    put(bar, size, " [");
    for (size_t i = 0; i < cells; i++) put(bar, size, "%s", i < done ? "=" : i == done ? ">" : " ");
    put(bar, size, "]");
}

/* The bar takes the room that the pieces leave. */
static void draw(const aigc_progress_t *progress)
{
    const size_t width = cli_terminal_width(STDERR_FILENO, 80) - 1;
    char line[LINE_BYTES] = "", bar[LINE_BYTES] = "";
    pieces_t pieces = {.least_loss = ""};
    make_pieces(&pieces, progress, width >= WIDE);
    fit(&pieces, width);
    const size_t used = width_of(&pieces) + 3;
    if (used + BAR_LEAST <= width)
        make_bar(bar, sizeof bar, progress, width - used < BAR_MOST ? width - used : BAR_MOST);
    join(line, sizeof line, &pieces, bar);
    fprintf(stderr, "\r%.*s\033[K", (int)width, line);
    atomic_store(&bar_drawn, true);
}

/* The line that stays of an epoch: within the terminal's width, whole elsewhere. */
static void summarize(cli_progress_t *state, const aigc_progress_t *progress)
{
    const bool is_terminal = isatty(STDERR_FILENO) != 0;
    const size_t width = cli_terminal_width(STDERR_FILENO, 80);
    pieces_t pieces = {.least_loss = ""};
    put(pieces.text[HEAD], TEXT_BYTES, "epoch %llu/%llu", (unsigned long long)progress->epoch,
        (unsigned long long)progress->epochs);
    put_how_it_goes(&pieces, progress, !is_terminal || width >= WIDE);
    if (progress->validation != NULL && progress->validation->count > 0) {
        put(pieces.text[VALIDATION], TEXT_BYTES,
            is_one_loss(progress->validation) ? "validation %.1f" : "validation %.2f", progress->validation->values[0]);
    } else {
        put_speed(pieces.text[SPEED], TEXT_BYTES, progress);
        put(pieces.text[SPEED], TEXT_BYTES, " images/s");
    }
    put_duration(pieces.text[TIME], TEXT_BYTES, progress->seconds);
    if (is_terminal) fit(&pieces, width);
    state->summary[0] = '\0';
    join(state->summary, sizeof state->summary, &pieces, "");
    state->epoch = progress->epoch;
}

static void print_summary(cli_progress_t *state)
{
    if (state->epoch == 0) return;
    cli_progress_clear();
    fprintf(stderr, "%s\n", state->summary);
    state->epoch = 0;
}

int32_t cli_progress_show(const aigc_progress_t *progress, void *user)
{
    cli_progress_t *state = user;
    state->started = true;
    if (state->quiet) return 0;
    if (state->epoch != 0 && state->epoch != progress->epoch) print_summary(state);
    const bool epoch_done = progress->epochs > 0 && progress->step == progress->steps;
    if (epoch_done && progress->metrics != NULL && progress->metrics->count > 0) summarize(state, progress);
    if (isatty(STDERR_FILENO)) draw(progress);
    fflush(stderr);
    return 0;
}

void cli_progress_end(cli_progress_t *progress)
{
    print_summary(progress);
    cli_progress_clear();
}
