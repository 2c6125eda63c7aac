/* One direction of a network path; see link.h. */
#include "link.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

void sim_link_init(sim_link *link, const sim_link_config *config, uint64_t seed)
{
    memset(link, 0, sizeof(*link));
    link->config = *config;
    sim_random_seed(&link->random, seed);
}

void sim_link_free(sim_link *link)
{
    for (size_t i = 0; i < link->count; i++) {
        free(link->heap[i]);
    }
    for (size_t i = 0; i < link->spare_count; i++) {
        free(link->spare[i]);
    }
    free(link->heap);
    free(link->spare);
    memset(link, 0, sizeof(*link));
}

static bool comes_before(const sim_datagram *a, const sim_datagram *b)
{
    return a->arrival != b->arrival ? a->arrival < b->arrival : a->order < b->order;
}

static void append(sim_datagram ***list, size_t *count, size_t *capacity, sim_datagram *datagram)
{
    if (*count == *capacity) {
        size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
        sim_datagram **grown = realloc(*list, wanted * sizeof(*grown));
        CHECK(grown != NULL);
        *list = grown;
        *capacity = wanted;
    }
    (*list)[(*count)++] = datagram;
}

static void push(sim_link *link, sim_datagram *datagram)
{
    append(&link->heap, &link->count, &link->capacity, datagram);
    size_t child = link->count - 1;
    while (child > 0) {
        size_t parent = (child - 1) / 2;
        if (!comes_before(link->heap[child], link->heap[parent])) {
            break;
        }
        sim_datagram *swapped = link->heap[child];
        link->heap[child] = link->heap[parent];
        link->heap[parent] = swapped;
        child = parent;
    }
}

static sim_datagram *pop(sim_link *link)
{
    sim_datagram *first = link->heap[0];
    link->heap[0] = link->heap[--link->count];
    size_t parent = 0;
    for (;;) {
        size_t least = parent;
        for (size_t child = 2 * parent + 1; child <= 2 * parent + 2; child++) {
            if (child < link->count && comes_before(link->heap[child], link->heap[least])) {
                least = child;
            }
        }
        if (least == parent) {
            return first;
        }
        sim_datagram *swapped = link->heap[least];
        link->heap[least] = link->heap[parent];
        link->heap[parent] = swapped;
        parent = least;
    }
}

static sim_datagram *take_spare(sim_link *link)
{
    if (link->spare_count > 0) {
        return link->spare[--link->spare_count];
    }
    sim_datagram *fresh = malloc(sizeof(*fresh));
    CHECK(fresh != NULL);
    return fresh;
}

void sim_link_recycle(sim_link *link, sim_datagram *datagram)
{
    append(&link->spare, &link->spare_count, &link->spare_capacity, datagram);
}

/* When a datagram of this length is through the bottleneck, or SIM_NEVER if the queue is full. */
static uint64_t leave_queue(sim_link *link, uint64_t now, size_t length)
{
    const sim_link_config *config = &link->config;
    if (config->rate == 0) {
        return now;
    }
    uint64_t start = link->busy_until > now ? link->busy_until : now;
    uint64_t waiting = (start - now) * config->rate / 1000000;
    if (config->queue_bytes != 0 && waiting + length > config->queue_bytes) {
        return SIM_NEVER;
    }
    link->busy_until = start + (length * 1000000 + config->rate - 1) / config->rate;
    return link->busy_until;
}

static void damage(sim_link *link, sim_datagram *datagram)
{
    uint64_t flips = 1 + sim_random_below(&link->random, 4);
    for (uint64_t i = 0; i < flips && datagram->length > 0; i++) {
        uint64_t bit = sim_random_below(&link->random, datagram->length * 8);
        datagram->bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    link->stats.corrupted++;
}

/* What is left of an ECN mark at the other end. */
static uint8_t carry_mark(sim_link *link, uint8_t ecn)
{
    if (ecn == 0 || link->config.clear_marks) {
        return 0;
    }
    return sim_random_chance(&link->random, link->config.congest) ? 3 : ecn;
}

static void deliver(sim_link *link, uint64_t left, const void *bytes, size_t length, uint8_t ecn,
                    const struct sockaddr_in *from, const struct sockaddr_in *to)
{
    const sim_link_config *config = &link->config;
    sim_datagram *datagram = take_spare(link);
    datagram->length = length;
    datagram->ecn = carry_mark(link, ecn);
    datagram->from = *from;
    datagram->to = *to;
    datagram->order = link->next_order++;
    datagram->arrival = left + config->delay_us;
    memcpy(datagram->bytes, bytes, length);
    if (sim_random_chance(&link->random, config->reorder)) {
        datagram->arrival += 1 + sim_random_below(&link->random, config->reorder_us);
        link->stats.reordered++;
    }
    if (sim_random_chance(&link->random, config->corrupt)) {
        damage(link, datagram);
    }
    push(link, datagram);
}

void sim_link_send(sim_link *link, uint64_t now, const void *bytes, size_t length, uint8_t ecn,
                   const struct sockaddr_in *from, const struct sockaddr_in *to)
{
    const sim_link_config *config = &link->config;
    CHECK(length <= SIM_DATAGRAM_MAX);
    link->stats.sent++;
    link->stats.sent_bytes += length;
    link->stats.marked += ecn != 0;
    if (config->mtu != 0 && length > config->mtu) {
        link->stats.too_large++;
        return;
    }
    if (link->filter != NULL && !link->filter(link->filter_argument, bytes, length)) {
        link->stats.dropped++;
        return;
    }
    bool lost = sim_random_chance(&link->random, config->loss);
    bool doubled = sim_random_chance(&link->random, config->duplicate);
    if (config->blackhole || lost) {
        link->stats.dropped++;
        return;
    }
    uint64_t left = leave_queue(link, now, length);
    if (left == SIM_NEVER) {
        link->stats.overflowed++;
        return;
    }
    deliver(link, left, bytes, length, ecn, from, to);
    if (doubled) {
        link->stats.duplicated++;
        deliver(link, left, bytes, length, ecn, from, to);
    }
}

uint64_t sim_link_next_arrival(const sim_link *link)
{
    return link->count == 0 ? SIM_NEVER : link->heap[0]->arrival;
}

sim_datagram *sim_link_receive(sim_link *link, uint64_t now)
{
    return sim_link_next_arrival(link) <= now ? pop(link) : NULL;
}
