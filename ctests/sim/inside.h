/*
 * Calls of the library from inside its callbacks: hooks that make one in every callback, or destroy
 * the engine in a chosen one, and what has to hold in the end.
 */
#ifndef CTESTS_SIM_INSIDE_H
#define CTESTS_SIM_INSIDE_H

#include "sim.h"

/* Something to do inside a callback. */
typedef struct sim_act {
    const char *name;
    void (*run)(const sim_call *call);
    bool is_harmless; /* all transfers complete in spite of it */
} sim_act;

typedef struct sim_reentry {
    const sim_act *act;
    unsigned depth;
    unsigned made[SIM_EVENT_COUNT][2]; /* calls made, by event and side */
} sim_reentry;

/* A hook, whose argument is a sim_reentry: acts in every callback for some times, nested too. */
int sim_act_inside(void *reentry, const sim_call *call);

/* Closes what the client has left, lets it end, and checks that each was told once. */
void sim_end_all(sim_world *world);

/* The library promises more than upstream: all that lives is told of its end in the call that
 * destroys the engine, and nothing after it, whatever callback it came from. */
typedef struct sim_destroyer {
    sim_event event;
    bool on_server;
    bool is_waiting; /* not yet */
    bool done;
    bool is_over; /* the destroying call has returned */
} sim_destroyer;

/* A hook, whose argument is a sim_destroyer. */
int sim_destroy_inside(void *destroyer, const sim_call *call);

/* Of an engine that is destroyed: all that its host knew ended once. */
void sim_check_told_once(const sim_endpoint *endpoint);

/* A connection's life in a world whose hook may destroy an engine at any time: it is set up, used
 * and closed, as far as it comes to that, and then all has been told once. */
void sim_live_with_destroyer(sim_world *world, void (*use)(sim_world *world, sim_conn *conn));

/* Cases from a list ACTIONS(X) of X(function, is_harmless, flags), and a function run(act). */
#define SIM_ACT_FUNCTION(call, is_harmless, flags)                                                 \
    static void inside_##call(void)                                                                \
    {                                                                                              \
        static const sim_act act = {#call, call, is_harmless};                                     \
        run(&act);                                                                                 \
    }
#define SIM_ACT_ENTRY(call, is_harmless, flags) {#call, inside_##call, flags},

#define HARMLESS true
#define ENDING false

#endif
