#include "base/failure.h"
#include "config.h"
#include <aigc/status.h>
#include <aigc/version.h>

const char *aigc_last_error(void) { return aigc__failure_text(); }

const char *aigc_status_name(aigc_status_t status)
{
    static const char *const names[] = {"AIGC_OK",
                                        "AIGC_ERROR_ARGUMENT",
                                        "AIGC_ERROR_OPTION",
                                        "AIGC_ERROR_HANDLE",
                                        "AIGC_ERROR_STATE",
                                        "AIGC_ERROR_MEMORY",
                                        "AIGC_ERROR_LIMIT",
                                        "AIGC_ERROR_IO",
                                        "AIGC_ERROR_CORRUPT",
                                        "AIGC_ERROR_UNSUPPORTED",
                                        "AIGC_ERROR_DOMAIN",
                                        "AIGC_ERROR_NUMERIC",
                                        "AIGC_ERROR_CANCELLED",
                                        "AIGC_ERROR_FORKED",
                                        "AIGC_ERROR_THREAD",
                                        "AIGC_ERROR_NOT_FOUND"};
    const int64_t place = -(int64_t)status;
    return place >= 0 && place < (int64_t)(sizeof names / sizeof *names) ? names[place] : "AIGC_ERROR_UNKNOWN";
}

uint32_t aigc_api_version(void)
{
    return AIGC_API_VERSION_MAJOR << 16 | AIGC_API_VERSION_MINOR << 8 | AIGC_API_VERSION_PATCH;
}

uint32_t aigc_version(void) { return AIGC_VERSION_MAJOR << 16 | AIGC_VERSION_MINOR << 8 | AIGC_VERSION_PATCH; }

#if AIGC_HAVE_X86
#define CPU_LEVELS "c avx2 avx512"
#elif AIGC_HAVE_ARM
#define CPU_LEVELS "c neon"
#else
#define CPU_LEVELS "c"
#endif

#if AIGC_HAVE_JPEG
#define JPEG "yes"
#else
#define JPEG "no (meson option jpeg)"
#endif

#if AIGC_HAVE_ZIP
#define ZIP "yes"
#else
#define ZIP "no (meson option zip)"
#endif

const char *aigc_build_info(void)
{
    return "libaigc " AIGC_PROJECT_VERSION "; cpu " CPU_LEVELS "; jpeg " JPEG "; zip " ZIP;
}
