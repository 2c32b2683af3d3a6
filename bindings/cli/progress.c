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

static const char *short_name(const char *name) { return strcmp(name, "reconstruction") == 0 ? "rec" : name; }

/* One loss, in nats, of which other numbers may be parts; or several numbers side by side. */
static bool is_one_loss(const aigc_metrics_t *metrics)
{
    return metrics != NULL && metrics->count > 0 && strcmp(metrics->names[0], "loss") == 0;
}

/* "loss_d 1.21  real_score 0.62  fake_score 0.31  variety 0.80  loss_g 1.40" */
static void put_numbers(char *line, size_t size, const aigc_metrics_t *metrics)
{
    const uint32_t all = metrics == NULL ? 0 : metrics->count, n = all < NUMBERS ? all : NUMBERS;
    for (uint32_t i = 0; i < n; i++)
        put(line, size, "%s%s %.2f", i > 0 ? "  " : "", metrics->names[i], metrics->values[i]);
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
        put_numbers(line, size, metrics);
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

/* The pieces of a line; `wide` spells the words out. */
typedef struct pieces {
    char head[TEXT_BYTES], metrics[TEXT_BYTES], speed[TEXT_BYTES], left[TEXT_BYTES];
} pieces_t;

static void make_pieces(pieces_t *pieces, const aigc_progress_t *progress, bool wide)
{
    const bool trains = strcmp(progress->phase, "train") == 0;
    *pieces = (pieces_t){.head = ""};
    if (trains)
        put(pieces->head, TEXT_BYTES, "%s%llu/%llu  ", wide ? "epoch " : "", (unsigned long long)progress->epoch,
            (unsigned long long)progress->epochs);
    put(pieces->head, TEXT_BYTES, "%s%s%llu/%llu", trains ? (wide ? "step" : "") : progress->phase,
        trains && !wide ? "" : " ", (unsigned long long)progress->step, (unsigned long long)progress->steps);
    put_metrics(pieces->metrics, TEXT_BYTES, progress->metrics, wide);
    put_speed(pieces->speed, TEXT_BYTES, progress);
    if (pieces->speed[0] != '\0') put(pieces->speed, TEXT_BYTES, "%s", wide ? " images/s" : "/s");
    if (progress->seconds_left >= 0) {
        put_duration(pieces->left, TEXT_BYTES, progress->seconds_left);
        put(pieces->left, TEXT_BYTES, " left");
    }
}

/* What a piece takes with the two blanks before it. */
static size_t room_for(const char *piece) { return piece[0] == '\0' ? 0 : strlen(piece) + 2; }

static void put_bar(char *line, size_t size, const aigc_progress_t *progress, size_t cells)
{
    const double share = progress->steps > 0 ? (double)progress->step / (double)progress->steps : 0;
    const size_t done = (size_t)((share < 1 ? share : 1) * (double)cells);
    put(line, size, " [");
    for (size_t i = 0; i < cells; i++) put(line, size, "%s", i < done ? "=" : i == done ? ">" : " ");
    put(line, size, "]");
}

/* Fits the line to the width: the bar takes what is over; where there is too little room first the
 * bar goes, then the speed, then the metrics; the rest is cut. */
static void draw(const aigc_progress_t *progress)
{
    const size_t width = cli_terminal_width(STDERR_FILENO, 80) - 1;
    char line[LINE_BYTES] = "";
    pieces_t pieces;
    make_pieces(&pieces, progress, width >= WIDE);
    const size_t head = strlen(pieces.head), bar = BAR_LEAST + 3;
    size_t used = head + room_for(pieces.metrics) + room_for(pieces.speed) + room_for(pieces.left);
    if (used > width) {
        used -= room_for(pieces.speed);
        pieces.speed[0] = '\0';
    }
    if (used > width) pieces.metrics[0] = '\0';
    put(line, sizeof line, "%s", pieces.head);
    if (used + bar <= width) {
        const size_t cells = width - used - 3;
        put_bar(line, sizeof line, progress, cells < BAR_MOST ? cells : BAR_MOST);
    }
    const char *rest[] = {pieces.metrics, pieces.speed, pieces.left};
    for (size_t i = 0; i < 3; i++)
        if (rest[i][0] != '\0') put(line, sizeof line, "  %s", rest[i]);
    fprintf(stderr, "\r%.*s\033[K", (int)width, line);
    atomic_store(&bar_drawn, true);
}

static void summarize(cli_progress_t *state, const aigc_progress_t *progress)
{
    char *line = state->summary;
    const size_t size = sizeof state->summary;
    line[0] = '\0';
    put(line, size, "epoch %llu/%llu  ", (unsigned long long)progress->epoch, (unsigned long long)progress->epochs);
    put_metrics(line, size, progress->metrics, true);
    put(line, size, "  ");
    if (progress->validation != NULL && progress->validation->count > 0) {
        put(line, size, is_one_loss(progress->validation) ? "validation %.1f  " : "validation %.2f  ",
            progress->validation->values[0]);
    } else {
        put_speed(line, size, progress);
        put(line, size, " images/s  ");
    }
    put_duration(line, size, progress->seconds);
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
