/* xoshiro256** 1.0 (Blackman and Vigna 2018, public domain), its state filled by splitmix64 as the
 * authors advise. */
#include "base/rng.h"

#include <assert.h>

static uint64_t splitmix64_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

void rng_seed(struct rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        rng->state[i] = splitmix64_next(&seed);
}

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    assert(bound > 0);
    /* The first 2^64 mod bound values would come up once too often; draw again on them. */
    uint64_t surplus = (0 - bound) % bound;
    uint64_t drawn;
    do {
        drawn = rng_next(rng);
    } while (drawn < surplus);
    return drawn % bound;
}
