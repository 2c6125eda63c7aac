#define _GNU_SOURCE
#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define EVENTS_PER_TURN 64

static void
on_timer_ready(struct watch *watch, uint32_t events)
{
    struct loop *loop = watch->owner;
    uint64_t     expirations;

    (void) events;
    /* The count itself is of no interest; reading it makes the timer quiet again. */
    if (read(watch->fd, &expirations, sizeof(expirations)) > 0) {
        loop->on_timer(loop->owner);
    }
}

static void
on_signal_ready(struct watch *watch, uint32_t events)
{
    struct loop             *loop = watch->owner;
    struct signalfd_siginfo  info;

    (void) events;
    if (read(watch->fd, &info, sizeof(info)) > 0) {
        loop->stop = true;
    }
}

static int
open_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int
loop_open(struct loop *loop, void (*on_timer)(void *owner), void *owner)
{
    loop->on_timer = on_timer;
    loop->owner = owner;
    loop->stop = false;
    loop->ready_count = 0;
    loop->timer = (struct watch) { -1, on_timer_ready, loop };
    loop->signals = (struct watch) { -1, on_signal_ready, loop };

    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    loop->signals.fd = open_signals();

    if (loop->epoll_fd < 0 || loop->timer.fd < 0 || loop->signals.fd < 0
        || loop_add(loop, &loop->timer) != 0 || loop_add(loop, &loop->signals) != 0)
    {
        loop_close(loop);
        return -1;
    }
    return 0;
}

void
loop_close(struct loop *loop)
{
    int saved = errno;

    if (loop->signals.fd >= 0) {
        close(loop->signals.fd);
    }
    if (loop->timer.fd >= 0) {
        close(loop->timer.fd);
    }
    if (loop->epoll_fd >= 0) {
        close(loop->epoll_fd);
    }
    loop->signals.fd = loop->timer.fd = loop->epoll_fd = -1;
    errno = saved;
}

int
loop_add(struct loop *loop, struct watch *watch)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = watch };

    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event);
}

void
loop_want(struct loop *loop, struct watch *watch, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = watch };

    epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void
loop_want_writable(struct loop *loop, struct watch *watch, bool writable)
{
    loop_want(loop, watch, writable ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void
loop_remove(struct loop *loop, struct watch *watch)
{
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    for (int i = 0; i < loop->ready_count; i++) {
        if (loop->ready[i].data.ptr == watch) {
            loop->ready[i].data.ptr = NULL;
        }
    }
}

void
loop_set_timer(struct loop *loop, uint64_t after_us)
{
    struct itimerspec due = { { 0, 0 }, { 0, 0 } };

    /* All zero would disarm a timerfd instead of firing it at once. */
    if (after_us == 0) {
        after_us = 1;
    }
    due.it_value.tv_sec = (time_t) (after_us / 1000000u);
    due.it_value.tv_nsec = (long) (after_us % 1000000u) * 1000;
    timerfd_settime(loop->timer.fd, 0, &due, NULL);
}

int
loop_turn(struct loop *loop, int wait_ms)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int                count = epoll_wait(loop->epoll_fd, events, EVENTS_PER_TURN, wait_ms);

    if (count < 0) {
        return errno == EINTR ? 0 : -1;
    }
    loop->ready = events;
    loop->ready_count = count;
    for (int i = 0; i < count; i++) {
        struct watch *watch = events[i].data.ptr;

        if (watch != NULL) {
            watch->ready(watch, events[i].events);
        }
    }
    loop->ready_count = 0;
    return 0;
}
