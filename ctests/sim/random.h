/* Seeded chance: SplitMix64 to spread the seed, xoshiro256** to draw. */
#ifndef CTESTS_RANDOM_H
#define CTESTS_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sim_random {
    uint64_t state[4];
} sim_random;

void sim_random_seed(sim_random *random, uint64_t seed);
uint64_t sim_random_next(sim_random *random);

/* Uniform in 0 .. limit-1; `limit` 0 gives 0. */
uint64_t sim_random_below(sim_random *random, uint64_t limit);

/* True with the given probability (0 never, 1 always). Draws even when the answer is certain,
 * so that switching one impairment on does not shift the dice of the others. */
bool sim_random_chance(sim_random *random, double probability);

void sim_random_fill(sim_random *random, uint8_t *bytes, size_t length);

/* One step of SplitMix64, useful as a hash of a number. */
uint64_t sim_mix(uint64_t value);

#endif
