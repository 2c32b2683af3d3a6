/** @file
 *  Version of the header and of the library found at run time. */
#ifndef AIGC_VERSION_H
#define AIGC_VERSION_H

#include <aigc/export.h>

AIGC_BEGIN_DECLS

/** Of the project: what the release is called. */
#define AIGC_VERSION_MAJOR 0
/** See #AIGC_VERSION_MAJOR. */
#define AIGC_VERSION_MINOR 1
/** See #AIGC_VERSION_MAJOR. */
#define AIGC_VERSION_PATCH 0

/* meson.build reads these three lines. */

/** Of the interface: the SONAME. Changes only when a built program would break. */
#define AIGC_API_VERSION_MAJOR 0
/** Of the interface: grows with every addition. */
#define AIGC_API_VERSION_MINOR 4
/** Of the interface. */
#define AIGC_API_VERSION_PATCH 0

/** Version of the library at run time: MAJOR << 16 | MINOR << 8 | PATCH of the project.
 *  Any thread. Since 0.1. */
AIGC_API uint32_t aigc_version(void);

/** Version of the interface at run time: MAJOR << 16 | MINOR << 8 | PATCH of AIGC_API_VERSION. A program built with one
 *  interface runs with every library of the same MAJOR and no smaller MINOR. Any thread. Since 0.1. */
AIGC_API uint32_t aigc_api_version(void);

/** One line: version, CPU levels built in, optional parts present or absent, such as
 *  "libaigc 0.1.0; cpu c avx2 avx512; jpeg yes; zip yes". Static. Any thread. Since 0.1. */
AIGC_API const char *aigc_build_info(void);

AIGC_END_DECLS

#endif
