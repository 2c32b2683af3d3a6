#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "walk.h"
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PATTERN = 0xa7 };

const aigc__kernels_t *walk_level(int level)
{
    return aigc__cpu_has((aigc__cpu_level_t)level) ? aigc__kernels_get((aigc__cpu_level_t)level) : NULL;
}

size_t walk_size(size_t index) { return index < WALK_SIZES - 1 ? index : WALK_LONGEST; }

void area_make(area_t *area, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), inner = (bytes + page - 1) / page * page;
    area->mapped = inner + 2 * page;
    area->mapping = mmap(NULL, area->mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(area->mapping != MAP_FAILED);
    area->start = area->mapping + page;
    area->end = area->start + inner;
    assert_int_equal(mprotect(area->start, inner, PROT_READ | PROT_WRITE), 0);
}

void area_free(area_t *area) { munmap(area->mapping, area->mapped); }

void *area_place(area_t *area, size_t place, size_t bytes, size_t element)
{
    assert_true(bytes + 16 * element <= (size_t)(area->end - area->start));
    memset(area->start, PATTERN, (size_t)(area->end - area->start));
    return place == 0 ? area->end - bytes : area->start + (place - 1) * element;
}

void area_check(const area_t *area, const void *at, size_t bytes, const char *what)
{
    const unsigned char *first = at;
    for (const unsigned char *p = area->start; p < area->end; p++) {
        if (p == first) p += bytes;
        if (p < area->end && *p != PATTERN) fail_msg("%s wrote outside its output", what);
    }
}

uint32_t walk_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

float walk_float(uint64_t *state, float limit) { return limit * ((float)(walk_random(state) >> 8) * 0x1p-23f - 1.0f); }

float float_of_bits(uint32_t bits)
{
    float a;
    memcpy(&a, &bits, sizeof a);
    return a;
}

uint32_t bits_of_float(float a)
{
    uint32_t bits;
    memcpy(&bits, &a, sizeof bits);
    return bits;
}

double ulp_error(float y, double exact)
{
    if (isnan(exact) || isnan(y)) return isnan(exact) && isnan(y) ? 0.0 : INFINITY;
    double found = isinf(y) ? copysign(0x1p128, (double)y) : (double)y;
    if (fabs(exact) > 0x1p128) exact = copysign(0x1p128, exact);
    int exponent = exact == 0.0 ? -126 : ilogb(exact);
    if (exponent < -126) exponent = -126;
    if (exponent > 127) exponent = 127;
    return fabs(found - exact) * ldexp(1.0, 23 - exponent);
}

int same_float(float a, float b) { return a == b || (isnan(a) && isnan(b)); }
