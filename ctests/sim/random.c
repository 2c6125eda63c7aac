/* Seeded chance; see random.h. */
#include "random.h"

#include <string.h>

uint64_t sim_mix(uint64_t value)
{
    value += 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

void sim_random_seed(sim_random *random, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++) {
        seed = sim_mix(seed);
        random->state[i] = seed;
    }
}

static uint64_t rotate(uint64_t value, int by)
{
    return (value << by) | (value >> (64 - by));
}

uint64_t sim_random_next(sim_random *random)
{
    uint64_t *state = random->state;
    uint64_t result = rotate(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 45);
    return result;
}

uint64_t sim_random_below(sim_random *random, uint64_t limit)
{
    uint64_t drawn = sim_random_next(random);
    return limit == 0 ? 0 : drawn % limit;
}

bool sim_random_chance(sim_random *random, double probability)
{
    double drawn = (double)(sim_random_next(random) >> 11) * 0x1.0p-53;
    return drawn < probability;
}

void sim_random_fill(sim_random *random, uint8_t *bytes, size_t length)
{
    while (length > 0) {
        uint64_t drawn = sim_random_next(random);
        size_t part = length < sizeof(drawn) ? length : sizeof(drawn);
        memcpy(bytes, &drawn, part);
        bytes += part;
        length -= part;
    }
}
