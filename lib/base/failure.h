/* Failures: set the thread's sentence where the error is found, return its code. */
#ifndef AIGC_BASE_FAILURE_H
#define AIGC_BASE_FAILURE_H

#include <aigc/status.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(__GNUC__)
#define AIGC__PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define AIGC__PRINTF(f, a)
#endif

/* Writes the sentence and returns `status`. Formats: integers and strings only, never %f (it follows
 * the locale). Control bytes become '?', invalid UTF-8 too; cut at 511 bytes. */
aigc_status_t aigc__fail(aigc_status_t status, const char *format, ...) AIGC__PRINTF(2, 3);

/* Replaces the sentence by "<prefix><sentence>", to add where it happened. Keeps the status. */
aigc_status_t aigc__fail_within(aigc_status_t status, const char *format, ...) AIGC__PRINTF(2, 3);

/* This thread's current sentence, "" before any. */
const char *aigc__failure_text(void);

/* Copies the current sentence out (at least 512 bytes) or back in: failures that cross threads. */
void aigc__failure_copy(char *buffer);
void aigc__failure_restore(const char *buffer);

/* Makes text from anywhere fit for a terminal: control characters and invalid UTF-8 become '?'; a
 * sequence cut by the end of a full buffer of `size` bytes goes. */
void aigc__make_printable(char *text, size_t size);

#define AIGC__TRY(expression)                                                                                           \
    do {                                                                                                               \
        const aigc_status_t try_status = (expression);                                                                  \
        if (try_status != AIGC_OK) return try_status;                                                                    \
    } while (0)

/* The same with a jump to the function's one exit label; needs a local `status`. */
#define AIGC__GOTO(label, expression)                                                                                   \
    do {                                                                                                               \
        status = (expression);                                                                                          \
        if (status != AIGC_OK) goto label;                                                                               \
    } while (0)

#endif
