/** @file
 *  Status codes and the sentence that goes with the last failure. */
#ifndef AIGC_STATUS_H
#define AIGC_STATUS_H

#include <aigc/export.h>

AIGC_BEGIN_DECLS

/** 0 for success or one of the negative codes below. Numbers never change. */
typedef int32_t aigc_status_t;

/** Status codes. */
enum {
    AIGC_OK = 0,                 /**< it went well */
    AIGC_ERROR_ARGUMENT = -1,    /**< NULL, wrong shape, wrong dtype or a value that makes no sense */
    AIGC_ERROR_OPTION = -2,      /**< an unknown option name, or a value outside its range */
    AIGC_ERROR_HANDLE = -3,      /**< a handle of another kind; a freed one as far as its memory still tells */
    AIGC_ERROR_STATE = -4,       /**< the call makes no sense now: an untrained model, a callback re-entering */
    AIGC_ERROR_MEMORY = -5,      /**< the allocator said no */
    AIGC_ERROR_LIMIT = -6,       /**< the context's byte cap or a limit of a format would be exceeded */
    AIGC_ERROR_IO = -7,          /**< a file could not be opened, read, written, renamed */
    AIGC_ERROR_CORRUPT = -8,     /**< a file's contents contradict its format */
    AIGC_ERROR_UNSUPPORTED = -9, /**< well-formed, but not something this build or this kind can do */
    AIGC_ERROR_DOMAIN = -10,     /**< mathematically undefined for these numbers */
    AIGC_ERROR_NUMERIC = -11,    /**< NaN or infinity turned up while computing */
    AIGC_ERROR_CANCELLED = -12,  /**< stopped by aigc_context_cancel() or by a callback's non-zero answer */
    AIGC_ERROR_FORKED = -13,     /**< the context was made by the parent of this process */
    AIGC_ERROR_THREAD = -14,     /**< a thread could not be created */
    AIGC_ERROR_NOT_FOUND = -15   /**< no such kind, name or index */
};

/** The last failure on this thread as one sentence of UTF-8, at most 511 bytes, without control
 *  characters; "" before any failure. It names what it speaks of: file and offset, option,
 *  argument, what was expected and what was found.
 *  Borrowed: valid until this thread's next failure. Any thread. Since 0.1. */
AIGC_API const char *aigc_last_error(void);

/** The code's name, such as "AIGC_ERROR_IO"; "AIGC_ERROR_UNKNOWN" for a number that is none.
 *  Static. Any thread. Since 0.1. */
AIGC_API const char *aigc_status_name(aigc_status_t status);

AIGC_END_DECLS

#endif
