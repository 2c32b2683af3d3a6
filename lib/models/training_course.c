/* How fast a training goes, and how well: what a person wants to know while it runs. */
#include "models/training.h"
#include <stdio.h>
#include <string.h>

/* ---- time ---- */

void aigc__pace_begin(aigc__pace_t *pace, double now) { *pace = (aigc__pace_t){.mark = now}; }

/* The first batch of a size makes its plans, which tells nothing of those that follow. Old steps count half after every
 * half minute: a machine may get other work to do. */
void aigc__pace_step(aigc__pace_t *pace, double now, size_t images)
{
    const double span = 30, seconds = now - pace->mark;
    pace->mark = now;
    if (pace->batch == 0) {
        pace->batch = images;
        return;
    }
    if (images != pace->batch) return;
    pace->seconds += seconds;
    pace->images += (double)images;
    if (pace->seconds < span) return;
    pace->seconds /= 2;
    pace->images /= 2;
}

void aigc__pace_look(aigc__pace_t *pace, double now)
{
    const double seconds = now - pace->mark;
    pace->look = pace->looks == 0 ? seconds : (pace->look + seconds) / 2;
    pace->looks++;
    pace->mark = now;
}

double aigc__pace_left(const aigc__pace_t *pace, uint64_t images, uint64_t looks, uint64_t measured)
{
    const double backward = 3; /* a step costs about so many times what measuring does */
    if (images == 0 && looks == 0) return 0;
    if (pace->images <= 0) return -1;
    const double each = pace->seconds / pace->images;
    const double look = pace->looks > 0 ? pace->look : each * (double)measured / backward;
    return each * (double)images + look * (double)looks;
}

/* ---- quality ---- */

/* With so many digits behind the point, as the C locale writes it. */
static const char *decimal(char text[32], double value, int digits)
{
    if (!(value > -1e12 && value < 1e12)) return strcpy(text, "?");
    long long unit = 1;
    for (int k = 0; k < digits; k++) unit *= 10;
    const double size = value < 0 ? -value : value;
    const long long n = (long long)(size * (double)unit + 0.5);
    snprintf(text, 32, "%s%lld.%0*lld", value < 0 && n > 0 ? "-" : "", n / unit, digits, n % unit);
    return text;
}

static const char *tenths(char text[32], double value) { return decimal(text, value, 1); }

/* Distances are of any size: three digits that count, or four. */
static const char *three_digits(char text[32], double value)
{
    return decimal(text, value, value < 1 ? 3 : value < 10 ? 2 : 1);
}

static const double *number_named(const aigc_metrics_t *metrics, const char *name)
{
    for (uint32_t k = 0; metrics && k < metrics->count; k++)
        if (strcmp(metrics->names[k], name) == 0) return &metrics->values[k];
    return NULL;
}

/* Of numbers of which less is better; within a hundredth they are the same. */
static const char *compared(double before, double now)
{
    const double margin = 0.01 * (before < 0 ? -before : before);
    return now < before - margin ? "better" : now > before + margin ? "worse" : "as before";
}

static void tell_distance(aigc__course_t *course, double distance)
{
    char now[32], was[32];
    if (course->has_distance)
        snprintf(course->text, sizeof course->text, "distance %s (was %s), %s", three_digits(now, distance),
                 three_digits(was, course->distance), compared(course->distance, distance));
    else
        snprintf(course->text, sizeof course->text, "distance %s", three_digits(now, distance));
    course->distance = distance;
    course->has_distance = true;
}

/* A loss that falls on what is learned and rises on what is not. */
static bool learns_by_heart(aigc__course_t *course, double loss, const aigc_metrics_t *validation)
{
    if (validation == NULL || validation->count == 0) return false;
    const double now = validation->values[0];
    const bool rises = course->epochs > 0 && loss < course->loss && now > course->validation;
    course->rises = rises ? course->rises + 1 : 0;
    course->validation = now;
    return course->rises >= 2;
}

static void tell_loss(aigc__course_t *course, double loss, const aigc_metrics_t *validation)
{
    const double margin = 1e-4 * (course->loss < 0 ? -course->loss : course->loss);
    char was[32];
    const bool by_heart = learns_by_heart(course, loss, validation);
    course->text[0] = '\0';
    if (course->epochs > 0)
        snprintf(course->text, sizeof course->text, "%s, was %s",
                 by_heart                       ? "validation rises: learns by heart"
                 : loss < course->loss - margin ? "falling"
                 : loss > course->loss + margin ? "rising"
                                                : "level",
                 tenths(was, course->loss));
    course->loss = loss;
}

void aigc__course_epoch(aigc__course_t *course, const char *judgement, const aigc_metrics_t *means,
                        const aigc_metrics_t *validation)
{
    const double *distance = number_named(validation, "frechet");
    if (distance == NULL) distance = number_named(means, "frechet");
    if (distance)
        tell_distance(course, *distance);
    else if (course->has_distance)
        ; /* it stands until it is measured again */
    else if (judgement)
        snprintf(course->text, sizeof course->text, "%s", judgement);
    else if (means->count > 0)
        tell_loss(course, means->values[0], validation);
    course->epochs++;
}

void aigc__course_step(aigc__course_t *course, const char *judgement)
{
    char was[32];
    if (course->has_distance) return;
    if (judgement)
        snprintf(course->text, sizeof course->text, "%s", judgement);
    else if (course->epochs > 0)
        snprintf(course->text, sizeof course->text, "was %s", tenths(was, course->loss));
}
