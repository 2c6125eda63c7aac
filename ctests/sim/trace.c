/* Counting and recording callbacks, and looking at memory; see sim.h. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim.h"

const char *sim_event_name(sim_event event)
{
    static const char *const names[] = {
#define SIM_EVENT_TEXT(name, text) #text,
        SIM_EVENTS(SIM_EVENT_TEXT)
#undef SIM_EVENT_TEXT
    };
    return (unsigned)event < SIM_EVENT_COUNT ? names[event] : "unknown";
}

/* Events that happen per datagram would drown the others. */
static bool is_traced(sim_event event)
{
    return event != SIM_WRITE_SOCKET && event != SIM_WRITE_MMSG && event != SIM_SET_TIMER
           && event != SIM_LOG && event != SIM_KEYLOG;
}

static void record(sim_world *world, const sim_call *call, xqc_stream_id_t stream_id)
{
    if (world->trace_count == world->trace_capacity) {
        world->trace_capacity = world->trace_capacity == 0 ? 256 : world->trace_capacity * 2;
        sim_trace_entry *grown =
            realloc(world->trace, world->trace_capacity * sizeof(*world->trace));
        CHECK(grown != NULL);
        world->trace = grown;
    }
    const sim_trace_entry entry = {
        .event = call->event,
        .is_server = call->endpoint->is_server,
        .conn = call->conn != NULL ? call->conn->number : 0,
        .stream = stream_id,
        .has_stream = call->stream != NULL || call->exchange != NULL || call->bytestream != NULL,
        .flags = call->flags,
    };
    world->trace[world->trace_count++] = entry;
}

int sim_note_call(const sim_call *call, xqc_stream_id_t stream_id)
{
    sim_world *world = call->endpoint->world;
    call->endpoint->calls[call->event]++;
    if (call->conn != NULL) {
        call->conn->calls[call->event]++;
    }
    if (world->options.trace && is_traced(call->event)) {
        record(world, call, stream_id);
    }
    return world->hook != NULL ? world->hook(world->hook_argument, call) : 0;
}

int sim_note(sim_event event, sim_endpoint *endpoint, sim_conn *conn, sim_stream *stream)
{
    const sim_call call = {
        .event = event, .endpoint = endpoint, .conn = conn, .stream = stream};
    if (stream != NULL) {
        stream->calls[event]++;
    }
    return sim_note_call(&call, stream != NULL ? stream->id : 0);
}

/* "HB" for header and content, T for trailers, E for the lone end. */
static void flags_text(unsigned flags, char text[8])
{
    static const char LETTERS[] = "HBTE";
    size_t length = 0;
    text[length++] = ' ';
    for (unsigned i = 0; i < 4; i++) {
        if (flags & (1u << i)) {
            text[length++] = LETTERS[i];
        }
    }
    text[flags == 0 ? 0 : length] = '\0';
}

char *sim_trace_text(const sim_world *world, size_t first)
{
    size_t capacity = 1 + (world->trace_count - first) * 72;
    char *text = malloc(capacity);
    CHECK(text != NULL);
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = first; i < world->trace_count; i++) {
        const sim_trace_entry *entry = &world->trace[i];
        length += (size_t)snprintf(text + length, capacity - length, "%s%s %c%u",
                                   i == first ? "" : ", ", sim_event_name(entry->event),
                                   entry->is_server ? 's' : 'c', entry->conn);
        if (entry->has_stream) {
            char flags[8];
            flags_text(entry->flags, flags);
            length += (size_t)snprintf(text + length, capacity - length, "/%llu%s",
                                       (unsigned long long)entry->stream, flags);
        }
    }
    return text;
}

long sim_trace_find(const sim_world *world, size_t from, sim_event event, bool is_server)
{
    for (size_t i = from; i < world->trace_count; i++) {
        if (world->trace[i].event == event && world->trace[i].is_server == is_server) {
            return (long)i;
        }
    }
    return -1;
}

/* glibc keeps some freed blocks of each small size for its thread, and counts them as in use. */
enum { CACHED_SIZES = 64, CACHED_STEP = 16, MOST_CACHED = 16 };

/* What is in the thread's cache is taken out of it while the heap is measured. */
size_t sim_heap_in_use(void)
{
    void *taken[CACHED_SIZES * MOST_CACHED];
    size_t own = 0;
    for (size_t i = 0; i < CHECK_COUNT(taken); i++) {
        taken[i] = malloc((i % CACHED_SIZES + 1) * CACHED_STEP);
        CHECK(taken[i] != NULL);
        own += malloc_usable_size(taken[i]) + sizeof(size_t);
    }
    struct mallinfo2 info = mallinfo2();
    for (size_t i = 0; i < CHECK_COUNT(taken); i++) {
        free(taken[i]);
    }
    size_t all = info.uordblks + info.hblkhd;
    return all < own ? 0 : all - own;
}

bool sim_heap_is_visible(void)
{
    void *volatile probe = malloc(100000);
    size_t with = sim_heap_in_use();
    free(probe);
    return with > sim_heap_in_use();
}

size_t sim_resident(void)
{
    malloc_trim(0);
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL);
    unsigned long total = 0;
    unsigned long resident = 0;
    CHECK_EQ(fscanf(file, "%lu %lu", &total, &resident), 2);
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}
