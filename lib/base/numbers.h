/* Numbers to text and back, in the C locale whatever the host's. */
#ifndef AIGC_BASE_NUMBERS_H
#define AIGC_BASE_NUMBERS_H

#include "base/failure.h"

/* The whole of text[0..length) as a decimal number ("-1.5e-3"); false where it is not one. */
bool aigc__parse_double(const char *text, size_t length, double *out);
bool aigc__parse_int(const char *text, size_t length, int64_t *out);

enum { AIGC__NUMBER_SIZE = 32 };
/* Whole numbers below 1e15 by their digits, others by the shortest of 1..17 significant digits that reads back as the
 * same number; "nan", "inf", "-inf". Returns buffer. */
const char *aigc__format_double(char buffer[AIGC__NUMBER_SIZE], double value);

#endif
