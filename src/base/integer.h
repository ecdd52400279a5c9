/* Arithmetic of whole numbers that C has no name for. */
#ifndef HUILIU_BASE_INTEGER_H
#define HUILIU_BASE_INTEGER_H

#include <stdint.h>

static inline int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The first multiple of `step` behind `value`; neither is negative. */
static inline int64_t next_multiple_i64(int64_t value, int64_t step)
{
    return value - value % step + step;
}

#endif
