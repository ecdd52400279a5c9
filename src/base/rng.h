/* Random numbers for jitter and for tests: seeded xoshiro256**, never for secrets (crypt has
 * those). Every random test prints its seed. Threads: one at a time per struct. */
#ifndef HUILIU_BASE_RNG_H
#define HUILIU_BASE_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state[4];
};

void rng_seed(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);
/* Uniform in [0, bound); bound > 0; no modulo bias. */
uint64_t rng_below(struct rng *rng, uint64_t bound);

#endif
