/* Threads of the library's own. */
#ifndef AIGC_BASE_THREADS_H
#define AIGC_BASE_THREADS_H

#include <pthread.h>

/* pthread_create() with every signal blocked in the new thread: the host's handlers run in the host's
 * threads only. Faults of the processor stay deliverable: they belong to the thread that made them.
 * Returns 0 or the system's error. */
int aigc__thread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);

#endif
