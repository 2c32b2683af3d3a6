/* sched_getaffinity() and the cache sizes of sysconf() are extensions. */
#define _GNU_SOURCE
#include "base/cpu.h"
#include "base/numbers.h"
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <xmmintrin.h>
#endif

#if defined(__x86_64__)
/* Which vector registers the operating system saves when it switches threads. */
static uint64_t saved_registers(void)
{
    uint32_t low = 0, high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low | (uint64_t)high << 32;
}

static int has_level(aigc__cpu_level_t level)
{
    enum { FMA = 1 << 12, OSXSAVE = 1 << 27, AVX = 1 << 28, F16C = 1 << 29 };
    enum { AVX2 = 1 << 5, AVX512F = 1 << 16, AVX512DQ = 1 << 17, AVX512BW = 1 << 30 };
    const uint32_t AVX512VL = 1u << 31;
    enum { XMM_YMM = 0x6, ZMM = 0xe6 };
    uint32_t a = 0, b = 0, c = 0, d = 0;
    const uint32_t needed1 = FMA | OSXSAVE | AVX | F16C;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & needed1) != needed1) return 0;
    const uint64_t saved = saved_registers();
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (saved & XMM_YMM) != XMM_YMM || !(b & AVX2)) return 0;
    if (level == AIGC__CPU_AVX2) return 1;
    const uint32_t needed7 = AVX512F | AVX512DQ | AVX512BW | AVX512VL;
    return level == AIGC__CPU_AVX512 && (b & needed7) == needed7 && (saved & ZMM) == ZMM;
}
#elif defined(__aarch64__)
static int has_level(aigc__cpu_level_t level) { return level == AIGC__CPU_NEON; }
#else
static int has_level(aigc__cpu_level_t level)
{
    (void)level;
    return 0;
}
#endif

int aigc__cpu_has(aigc__cpu_level_t level) { return level == AIGC__CPU_C || has_level(level); }

aigc__cpu_level_t aigc__cpu_detect(void)
{
    aigc__cpu_level_t best = AIGC__CPU_C;
    for (int level = AIGC__CPU_C; level < AIGC__CPU_LEVELS; level++)
        if (aigc__cpu_has((aigc__cpu_level_t)level)) best = (aigc__cpu_level_t)level;
    return best;
}

const char *aigc__cpu_name(aigc__cpu_level_t level)
{
    static const char *const names[AIGC__CPU_LEVELS] = {"c", "avx2", "avx512", "neon"};
    return (unsigned)level < AIGC__CPU_LEVELS ? names[level] : "?";
}

#if defined(__linux__)
enum { TEXT_SIZE = 4096 };

/* A small file of the kernel as text; false where it cannot be read. */
static bool read_text(const char *path, char text[TEXT_SIZE])
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    const ssize_t n = read(file, text, TEXT_SIZE - 1);
    close(file);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* "200000 100000" is two cores; "max 100000" and anything odd no limit (0). */
static size_t quota_cores(const char *quota, const char *period)
{
    int64_t q = 0, p = 0;
    const bool is_limit =
        aigc__parse_int(quota, strcspn(quota, " \n"), &q) && aigc__parse_int(period, strcspn(period, " \n"), &p);
    if (!is_limit || q <= 0 || p <= 0) return 0;
    return (size_t)(q / p + (q % p != 0));
}

static size_t smaller_limit(size_t a, size_t b) { return a == 0 || (b != 0 && b < a) ? b : a; }

/* Version 2: the tightest quota of the process's group and the groups above it. */
static size_t unified_quota(void)
{
    static const char root[] = "/sys/fs/cgroup", leaf[] = "/cpu.max";
    char text[TEXT_SIZE], path[sizeof root + TEXT_SIZE + sizeof leaf];
    if (!read_text("/proc/self/cgroup", text)) return 0;
    const char *group = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    if (!group) return 0;
    group += group == text ? 3 : 4;
    size_t length = strcspn(group, "\n"), limit = 0;
    memcpy(path, root, sizeof root);
    memcpy(path + sizeof root - 1, group, length);
    for (;;) {
        memcpy(path + sizeof root - 1 + length, leaf, sizeof leaf);
        if (read_text(path, text)) limit = smaller_limit(limit, quota_cores(text, text + strcspn(text, " \n") + 1));
        if (length == 0) return limit;
        do length--;
        while (length > 0 && path[sizeof root - 1 + length] != '/');
    }
}

static size_t quota(void)
{
    char period[TEXT_SIZE], limit[TEXT_SIZE];
    const size_t unified = unified_quota();
    if (unified || !read_text("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", limit)) return unified;
    return read_text("/sys/fs/cgroup/cpu/cpu.cfs_period_us", period) ? quota_cores(limit, period) : 0;
}

static size_t affinity(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : 0;
}
#else
static size_t quota(void) { return 0; }
static size_t affinity(void) { return 0; }
#endif

size_t aigc__cpu_cores(void)
{
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    size_t cores = affinity();
    if (cores == 0) cores = online > 0 ? (size_t)online : 1;
    const size_t limit = quota();
    return limit != 0 && limit < cores ? limit : cores;
}

size_t aigc__cpu_cache(int level)
{
    long bytes = 0;
#if defined(_SC_LEVEL1_DCACHE_SIZE) && defined(_SC_LEVEL2_CACHE_SIZE)
    bytes = sysconf(level == 1 ? _SC_LEVEL1_DCACHE_SIZE : _SC_LEVEL2_CACHE_SIZE);
#endif
    return bytes > 0 ? (size_t)bytes : (size_t)(level == 1 ? 32 : 256) * 1024;
}

#if defined(__x86_64__)
/* MXCSR in the lower half; the x87 control word in the upper, for C libraries round the decimals they read and write by
 * that one. */
aigc__fp_state_t aigc__fp_enter(void)
{
    enum { ALL_MASKED_NEAREST = 0x1f80 };
    const uint16_t all_masked_nearest = 0x37f;
    uint16_t x87 = 0;
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    const aigc__fp_state_t state = {_mm_getcsr() | (uint64_t)x87 << 32};
    _mm_setcsr(ALL_MASKED_NEAREST);
    __asm__ volatile("fldcw %0" : : "m"(all_masked_nearest));
    return state;
}

void aigc__fp_leave(aigc__fp_state_t state)
{
    const uint16_t x87 = (uint16_t)(state.control >> 32);
    _mm_setcsr((uint32_t)state.control);
    __asm__ volatile("fldcw %0" : : "m"(x87));
}
#elif defined(__aarch64__)
/* FPCR in the lower half, the sticky flags of FPSR in the upper. */
aigc__fp_state_t aigc__fp_enter(void)
{
    uint64_t control = 0, status = 0;
    __asm__ volatile("mrs %0, fpcr\n\tmrs %1, fpsr\n\tmsr fpcr, xzr" : "=r"(control), "=&r"(status));
    return (aigc__fp_state_t){(control & UINT32_MAX) | status << 32};
}

void aigc__fp_leave(aigc__fp_state_t state)
{
    const uint64_t control = state.control & UINT32_MAX, status = state.control >> 32;
    __asm__ volatile("msr fpcr, %0\n\tmsr fpsr, %1" : : "r"(control), "r"(status));
}
#else
aigc__fp_state_t aigc__fp_enter(void) { return (aigc__fp_state_t){0}; }
void aigc__fp_leave(aigc__fp_state_t state) { (void)state; }
#endif

double aigc__now(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}
