/** @file
 *  Symbol visibility and C linkage, used by every other header. */
#ifndef AIGC_EXPORT_H
#define AIGC_EXPORT_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32) && defined(AIGC_BUILD_SHARED)
#define AIGC_API __declspec(dllexport)
#elif defined(__GNUC__)
#define AIGC_API __attribute__((visibility("default")))
#else
#define AIGC_API
#endif

#ifdef __cplusplus
#define AIGC_BEGIN_DECLS extern "C" {
#define AIGC_END_DECLS }
#else
#define AIGC_BEGIN_DECLS
#define AIGC_END_DECLS
#endif

#endif
