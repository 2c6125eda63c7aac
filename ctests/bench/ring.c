/* The queue of datagrams in flight; see ring.h. */
#include "ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
    if (memory == NULL) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

void ring_free(ring *ring)
{
    ring_slot *slot;
    while ((slot = ring_pop(ring, RING_NEVER)) != NULL) {
        free(slot);
    }
    ring_trim(ring);
    free(ring->queue);
    free(ring->spare);
    memset(ring, 0, sizeof(*ring));
}

void ring_trim(ring *ring)
{
    while (ring->spare_count > 0) {
        free(ring->spare[--ring->spare_count]);
    }
}

ring_slot *ring_take(ring *ring)
{
    if (ring->spare_count > 0) {
        return ring->spare[--ring->spare_count];
    }
    return must(malloc(sizeof(ring_slot)));
}

static void grow(ring *ring)
{
    size_t capacity = ring->capacity == 0 ? 256 : ring->capacity * 2;
    ring_slot **queue = must(malloc(capacity * sizeof(*queue)));
    for (size_t i = 0; i < ring->count; i++) {
        queue[i] = ring->queue[(ring->head + i) & (ring->capacity - 1)];
    }
    free(ring->queue);
    ring->queue = queue;
    ring->head = 0;
    ring->capacity = capacity;
}

void ring_push(ring *ring, ring_slot *slot)
{
    if (ring->count == ring->capacity) {
        grow(ring);
    }
    ring->queue[(ring->head + ring->count) & (ring->capacity - 1)] = slot;
    ring->count++;
    if (ring->count > ring->longest) {
        ring->longest = ring->count;
    }
    ring->sent++;
    ring->sent_bytes += slot->length;
}

ring_slot *ring_pop(ring *ring, uint64_t now)
{
    if (ring_next_arrival(ring) > now || ring->count == 0) {
        return NULL;
    }
    ring_slot *slot = ring->queue[ring->head];
    ring->head = (ring->head + 1) & (ring->capacity - 1);
    ring->count--;
    return slot;
}

void ring_return(ring *ring, ring_slot *slot)
{
    if (ring->spare_count == ring->spare_capacity) {
        ring->spare_capacity = ring->spare_capacity == 0 ? 256 : ring->spare_capacity * 2;
        ring->spare = must(realloc(ring->spare, ring->spare_capacity * sizeof(*ring->spare)));
    }
    ring->spare[ring->spare_count++] = slot;
}
