/*
 * One direction of a network path: delay, rate with a tail-drop queue, loss, reordering,
 * duplication and corruption. Time is virtual and given by the caller in microseconds.
 */
#ifndef CTESTS_LINK_H
#define CTESTS_LINK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "random.h"

#define SIM_NEVER UINT64_MAX
#define SIM_DATAGRAM_MAX 2048

typedef struct sim_link_config {
    uint64_t delay_us;         /* one way */
    uint64_t rate;             /* bytes per second; 0 = no limit */
    size_t queue_bytes;        /* most bytes waiting for the rate; 0 = no limit */
    double loss;               /* probabilities, 0 to 1 */
    double duplicate;
    double corrupt;
    double reorder;            /* this datagram is held back by up to reorder_us */
    uint64_t reorder_us;
    bool blackhole;            /* everything vanishes */
    size_t mtu;                /* what is larger vanishes; 0 = no limit */
    bool clear_marks;          /* takes off ECN marks */
    double congest;            /* marks what is marked as having met congestion */
} sim_link_config;

typedef struct sim_datagram {
    uint64_t arrival;
    uint64_t order; /* ties are broken by the order of sending */
    struct sockaddr_in from;
    struct sockaddr_in to;
    size_t length;
    uint8_t ecn; /* the two bits in the IP header */
    uint8_t bytes[SIM_DATAGRAM_MAX];
} sim_datagram;

typedef struct sim_link_stats {
    uint64_t sent;
    uint64_t sent_bytes;
    uint64_t dropped;
    uint64_t too_large;
    uint64_t marked; /* sent with an ECN mark */
    uint64_t overflowed;
    uint64_t duplicated;
    uint64_t corrupted;
    uint64_t reordered;
} sim_link_stats;

typedef struct sim_link {
    sim_link_config config;
    sim_link_stats stats;
    sim_random random;
    uint64_t busy_until; /* when the last byte handed to the link has left the queue */
    uint64_t next_order;
    sim_datagram **heap; /* a binary heap by (arrival, order) */
    size_t count;
    size_t capacity;
    sim_datagram **spare; /* datagrams to be used again */
    size_t spare_count;
    size_t spare_capacity;
    /* Sees each datagram before the dice do; false swallows it. May be NULL. */
    bool (*filter)(void *argument, const uint8_t *bytes, size_t length);
    void *filter_argument;
} sim_link;

void sim_link_init(sim_link *link, const sim_link_config *config, uint64_t seed);
void sim_link_free(sim_link *link);

/* Puts a datagram with an ECN mark on the link at time `now`. */
void sim_link_send(sim_link *link, uint64_t now, const void *bytes, size_t length, uint8_t ecn,
                   const struct sockaddr_in *from, const struct sockaddr_in *to);

/* When the next datagram arrives, or SIM_NEVER. */
uint64_t sim_link_next_arrival(const sim_link *link);

/* Takes the next datagram that has arrived by `now`, or NULL. Give it back with recycle. */
sim_datagram *sim_link_receive(sim_link *link, uint64_t now);
void sim_link_recycle(sim_link *link, sim_datagram *datagram);

#endif
