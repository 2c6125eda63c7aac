/*
 * What the library costs: bulk transfer, full handshakes, idle connections. Client and server run
 * in one process and one thread over an in-memory network on virtual time, so the figures are the
 * work of both ends and nothing of the kernel.
 *
 *   bench bulk --mb N [--mmsg]   one stream, client to server, AES-128-GCM, CUBIC, no loss, 0.2 ms
 *                                virtual round trip; N million bytes
 *   bench handshake --count N    full handshakes, RSA-2048, X25519, one after the other
 *   bench idle --count N         resident bytes per quiet connection pair
 *   bench link --mb N [--loss P] [--cc NAME] [--seed N]
 *                                one stream of N million bytes over 50 Mbit/s, 40 ms, a queue of one
 *                                bandwidth-delay product and P in a thousand lost both ways (10), by
 *                                each congestion controller: virtual and CPU seconds
 *   bench h3-small [--count N] [--at-once N]
 *                                20,000 HTTP/3 requests for 1 KiB on one connection, 100 at a time
 *   bench h3-large [--count N] [--at-once N]
 *                                2,000 for 100 KiB, 20 at a time
 *
 * Datagrams have the size that the library chooses by default: 1200 bytes, to which upstream adds
 * the 16 bytes of the AEAD tag and up to 7 more.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pair.h"
#include "requests.h"

#define SECOND ((uint64_t)1000000)

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void demand(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "bench: %s\n", what);
        exit(1);
    }
}

static pair_conn *establish(void)
{
    unsigned client_goal = the_pair.client.finished + 1;
    unsigned server_goal = the_pair.server.finished + 1;
    pair_conn *conn = pair_connect();
    while (the_pair.client.finished < client_goal || the_pair.server.finished < server_goal) {
        demand(pair_step(), "the handshake came to a halt");
    }
    return conn;
}

static void run_bulk(unsigned megabytes, bool use_mmsg)
{
    uint64_t bytes = (uint64_t)megabytes * 1000000;
    pair_start(use_mmsg, 100);
    pair_conn *conn = establish();
    pair_run_for(SECOND / 100);
    uint64_t virtual_start = pair_now();
    double wall = seconds_of(CLOCK_MONOTONIC);
    double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    pair_send(conn, bytes);
    while (!the_pair.fin_received) {
        demand(pair_step(), "the transfer came to a halt");
    }
    wall = seconds_of(CLOCK_MONOTONIC) - wall;
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    demand(the_pair.received == bytes, "bytes went missing");
    demand(the_pair.client.live == 1 && the_pair.server.live == 1, "the connection closed");
    xqc_conn_stats_t stats = xqc_conn_get_stats(the_pair.client.engine, &conn->cid);
    printf("bulk %u MB: %.0f MB/s of CPU time, %.0f MB/s of wall time\n", megabytes,
           (double)bytes / 1e6 / cpu, (double)bytes / 1e6 / wall);
    printf("  bytes %llu, datagrams %llu up (largest %zu), %llu down; lost %u; longest flight %zu; "
           "virtual time %.1f ms\n",
           (unsigned long long)bytes, (unsigned long long)the_pair.client.out.sent,
           the_pair.client.largest_datagram, (unsigned long long)the_pair.server.out.sent,
           stats.lost_count, the_pair.client.out.longest,
           (double)(pair_now() - virtual_start) / 1e3);
    pair_stop();
}

static void run_handshakes(unsigned count)
{
    const unsigned warm_up = count < 20 ? 1 : 20;
    pair_start(false, 100);
    double wall = 0;
    double cpu = 0;
    for (unsigned i = 0; i < count + warm_up; i++) {
        if (i == warm_up) {
            wall = seconds_of(CLOCK_MONOTONIC);
            cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        }
        pair_conn *conn = establish();
        /* The last flight, tickets and acknowledgements belong to the handshake. */
        pair_run_for(SECOND / 1000);
        xqc_conn_close(the_pair.client.engine, &conn->cid);
        pair_run_for(SECOND);
        demand(the_pair.client.live == 0 && the_pair.server.live == 0, "a connection stayed");
    }
    wall = seconds_of(CLOCK_MONOTONIC) - wall;
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("handshake: %.1f us of CPU time per pair, %.1f us of wall time (%u pairs)\n",
           cpu * 1e6 / count, wall * 1e6 / count, count);
    pair_stop();
}

static size_t resident(void)
{
    unsigned long total = 0;
    unsigned long pages = 0;
    ring_trim(&the_pair.client.out);
    ring_trim(&the_pair.server.out);
    malloc_trim(0);
    FILE *file = fopen("/proc/self/statm", "r");
    demand(file != NULL && fscanf(file, "%lu %lu", &total, &pages) == 2, "no /proc/self/statm");
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static size_t heap_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void run_idle(unsigned count)
{
    const unsigned warm_up = 20;
    pair_start(false, 100);
    for (unsigned i = 0; i < warm_up; i++) {
        establish();
    }
    pair_run_for(10 * SECOND);
    size_t resident_before = resident();
    size_t heap_before = heap_in_use();
    for (unsigned i = 0; i < count; i++) {
        establish();
        if (i % 64 == 63) {
            pair_run_for(SECOND / 100);
        }
    }
    pair_run_for(10 * SECOND);
    size_t heap = heap_in_use() - heap_before;
    size_t taken = resident() - resident_before;
    demand(the_pair.client.live == count + warm_up && the_pair.server.live == count + warm_up,
           "a connection closed");
    printf("idle: %zu bytes resident per pair, %zu bytes of heap (%u pairs)\n", taken / count,
           heap / count, count);
    pair_stop();
}

static const struct controller {
    const char *name;
    const xqc_cong_ctrl_callback_t *table;
} CONTROLLERS[] = {
    {"cubic", &xqc_cubic_cb},
#ifdef XQC_ENABLE_RENO
    {"reno", &xqc_reno_cb},
#endif
    {"bbr", &xqc_bbr_cb},
#ifdef XQC_ENABLE_BBR2
    {"bbr2", &xqc_bbr2_cb},
#endif
#ifdef XQC_ENABLE_COPA
    {"copa", &xqc_copa_cb},
#endif
#ifdef XQC_ENABLE_UNLIMITED
    {"unlimited", &xqc_unlimited_cc_cb},
#endif
};

typedef struct link_run {
    uint64_t bytes;
    unsigned loss;
    unsigned seed;
} link_run;

static void run_link_with(const struct controller *controller, const link_run *run)
{
    const uint64_t rate = 6250000;
    the_pair.settings.cong_ctrl_callback = *controller->table;
    pair_start(false, 20000);
    pair_conn *conn = establish();
    the_pair.chance = run->seed;
    pair_limit(rate, rate / 25, run->loss * 1000);
    pair_run_for(SECOND);
    uint64_t start = pair_now();
    double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    pair_send(conn, run->bytes);
    while (!the_pair.fin_received) {
        demand(pair_step(), "the transfer came to a halt");
        demand(pair_now() - start < 3600 * SECOND, "the transfer takes more than an hour");
    }
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    demand(the_pair.received == run->bytes, "bytes went missing");
    xqc_conn_stats_t stats = xqc_conn_get_stats(the_pair.client.engine, &conn->cid);
    double seconds = (double)(pair_now() - start) / (double)SECOND;
    printf("link %s: %.2f s of virtual time, %.0f %% of the rate, %.3f s of CPU time; sent %u, "
           "lost %u\n",
           controller->name, seconds, (double)run->bytes / (double)rate / seconds * 100, cpu,
           stats.send_count, stats.lost_count);
    pair_stop();
}

static void run_link(const link_run *run, const char *name)
{
    bool known = false;
    for (size_t i = 0; i < sizeof(CONTROLLERS) / sizeof(CONTROLLERS[0]); i++) {
        if (name == NULL || strcmp(name, CONTROLLERS[i].name) == 0) {
            known = true;
            run_link_with(&CONTROLLERS[i], run);
        }
    }
    demand(known, "no such controller");
}

static long peak_kib(void)
{
    struct rusage usage;
    demand(getrusage(RUSAGE_SELF, &usage) == 0, "no peak of memory");
    return usage.ru_maxrss;
}

static void run_requests(const char *name, const requests_plan *plan)
{
    /* At the lowest level there is still a line for each request. */
    xqc_log_disable(XQC_TRUE);
    requests_plan_for(plan);
    pair_start(false, 100);
    pair_conn *conn = establish();
    pair_run_for(SECOND / 100);
    uint64_t virtual_start = pair_now();
    double wall = seconds_of(CLOCK_MONOTONIC);
    double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    requests_start(conn);
    while (!requests_are_done()) {
        demand(pair_step(), "the requests came to a halt");
    }
    wall = seconds_of(CLOCK_MONOTONIC) - wall;
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    demand(the_pair.client.live == 1 && the_pair.server.live == 1, "the connection closed");
    xqc_conn_stats_t stats = xqc_conn_get_stats(the_pair.client.engine, &conn->cid);
    printf("%s: %.2f us of CPU time per request, %.0f requests/s of CPU time, %.0f of wall time "
           "(%u of %zu bytes, %u at a time)\n",
           name, cpu * 1e6 / plan->count, plan->count / cpu, plan->count / wall, plan->count,
           plan->size, plan->at_once);
    printf("  CPU time %.3f s; peak memory %.1f MiB; datagrams %llu up, %llu down; lost %u; "
           "virtual time %.1f ms\n",
           cpu, (double)peak_kib() / 1024, (unsigned long long)the_pair.client.out.sent,
           (unsigned long long)the_pair.server.out.sent, stats.lost_count,
           (double)(pair_now() - virtual_start) / 1e3);
    pair_stop();
    requests_free();
}

static const char *text_after(int argc, char **argv, const char *option)
{
    for (int i = 2; i + 1 < argc; i++) {
        if (strcmp(argv[i], option) == 0) {
            return argv[i + 1];
        }
    }
    return NULL;
}

static unsigned number_after(int argc, char **argv, const char *option, unsigned otherwise)
{
    for (int i = 2; i + 1 < argc; i++) {
        if (strcmp(argv[i], option) == 0) {
            return (unsigned)strtoul(argv[i + 1], NULL, 0);
        }
    }
    return otherwise;
}

static bool is_given(int argc, char **argv, const char *option)
{
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], option) == 0) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "bulk") == 0) {
        run_bulk(number_after(argc, argv, "--mb", 300), is_given(argc, argv, "--mmsg"));
    } else if (strcmp(what, "handshake") == 0) {
        run_handshakes(number_after(argc, argv, "--count", 1000));
    } else if (strcmp(what, "idle") == 0) {
        run_idle(number_after(argc, argv, "--count", 1000));
    } else if (strcmp(what, "link") == 0) {
        const link_run run = {
            .bytes = (uint64_t)number_after(argc, argv, "--mb", 20) * 1000000,
            .loss = number_after(argc, argv, "--loss", 10),
            .seed = number_after(argc, argv, "--seed", 1),
        };
        run_link(&run, text_after(argc, argv, "--cc"));
    } else if (strcmp(what, "h3-small") == 0) {
        const requests_plan plan = {number_after(argc, argv, "--count", 20000),
                                    number_after(argc, argv, "--at-once", 100), 1024};
        run_requests(what, &plan);
    } else if (strcmp(what, "h3-large") == 0) {
        const requests_plan plan = {number_after(argc, argv, "--count", 2000),
                                    number_after(argc, argv, "--at-once", 20), 102400};
        run_requests(what, &plan);
    } else {
        fprintf(stderr, "usage: %s bulk [--mb N] [--mmsg] | handshake [--count N] | "
                        "idle [--count N] | link [--mb N] [--loss P] [--cc NAME] [--seed N] | "
                        "h3-small [--count N] [--at-once N] | h3-large [--count N] [--at-once N]\n",
                argv[0]);
        return 2;
    }
    return 0;
}
