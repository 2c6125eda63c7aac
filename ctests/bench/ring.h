/*
 * A queue of datagrams in flight in one direction. Slots come from a stack, so the memory used is
 * that of the largest flight and the hottest slot is used first.
 */
#ifndef CTESTS_RING_H
#define CTESTS_RING_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define RING_DATAGRAM_MAX 1500
#define RING_NEVER UINT64_MAX

typedef struct ring_slot {
    uint64_t arrival;
    uint32_t length;
    uint32_t client_port; /* of the connection it belongs to, network byte order */
    unsigned char bytes[RING_DATAGRAM_MAX];
} ring_slot;

typedef struct ring {
    ring_slot **queue; /* a circle; capacity is a power of two */
    size_t head;
    size_t count;
    size_t capacity;
    ring_slot **spare;
    size_t spare_count;
    size_t spare_capacity;
    size_t longest; /* most datagrams in flight at a time */
    uint64_t sent;
    uint64_t sent_bytes;
} ring;

void ring_free(ring *ring);

/* A slot to be filled; it joins the queue with ring_push. */
ring_slot *ring_take(ring *ring);
void ring_push(ring *ring, ring_slot *slot);

/* The slot that arrives by `now`, or NULL; goes back with ring_return. */
ring_slot *ring_pop(ring *ring, uint64_t now);
void ring_return(ring *ring, ring_slot *slot);

/* Frees the slots that are not in use. */
void ring_trim(ring *ring);

static inline uint64_t ring_next_arrival(const ring *ring)
{
    return ring->count == 0 ? RING_NEVER : ring->queue[ring->head]->arrival;
}

#endif
