/*
 * The simulator's only source of chance: splitmix64, small enough to be the
 * same on every machine, so that a seed replays byte for byte.
 */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct sim_random {
    uint64_t state;
} sim_random;

static inline uint64_t sim_random_next(sim_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 to limit - 1; 0 for a limit of 0. */
static inline unsigned sim_random_below(sim_random *random, unsigned limit)
{
    return limit == 0 ? 0 : (unsigned)(sim_random_next(random) >> 32) % limit;
}

static inline bool sim_random_chance(sim_random *random, unsigned per_mille)
{
    return sim_random_below(random, 1000) < per_mille;
}

/* Another stream that does not depend on how often this one is asked later. */
static inline sim_random sim_random_fork(sim_random *random)
{
    return (sim_random){sim_random_next(random)};
}

#define SIM_PICK(random, array) ((array)[sim_random_below((random), sizeof(array) / sizeof((array)[0]))])

#endif
