/*
 * The event loop both programs share: one epoll set, one timer for the library,
 * and SIGINT and SIGTERM as ordinary events.
 */
#ifndef EXAMPLES_LOOP_H
#define EXAMPLES_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* One watched descriptor. Lives in its owner's memory, which must outlive the watch. */
struct watch {
    int    fd;
    void (*ready)(struct watch *watch, uint32_t events);
    void  *owner;
};

struct loop {
    int          epoll_fd;
    struct watch timer;
    struct watch signals;
    void       (*on_timer)(void *owner);
    void        *owner;
    bool         stop;
    struct epoll_event *ready; /* what the turn under way has still to serve */
    int                 ready_count;
};

/* Returns 0, or -1 with errno set. `on_timer` runs whenever the library's timer is due. */
int  loop_open(struct loop *loop, void (*on_timer)(void *owner), void *owner);
void loop_close(struct loop *loop);

/* Watches `watch->fd` for input, and for room to write when `writable` is set, or for what `events`
 * says in the words of epoll. */
int  loop_add(struct loop *loop, struct watch *watch);
void loop_want(struct loop *loop, struct watch *watch, uint32_t events);
void loop_want_writable(struct loop *loop, struct watch *watch, bool writable);
void loop_remove(struct loop *loop, struct watch *watch); /* after that it is not served again */

/* Replaces the timer: due in `after_us` microseconds, 0 meaning at once. */
void loop_set_timer(struct loop *loop, uint64_t after_us);

/* Waits at most `wait_ms` (-1: for ever) and serves what is ready. -1 with errno on failure. */
int  loop_turn(struct loop *loop, int wait_ms);

#endif
