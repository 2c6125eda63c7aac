#define _GNU_SOURCE
#include "workers.h"

#include <errno.h>
#include <linux/filter.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A long header, that is: a packet of the handshake (RFC 8999 section 5.1). */
#define LONG_HEADER 0x80
/* No socket has this number; then the kernel goes by its hash. */
#define BY_HASH 0xffffffff

/* ---- which worker gets a datagram -------------------------------------------------------- */

ssize_t
workers_name_connection(const xqc_cid_t *original, uint8_t *bytes, size_t size,
    void *engine_user_data)
{
    const struct server *server = engine_user_data;

    (void) original;
    if (size == 0) {
        return -1;
    }
    bytes[0] = (uint8_t) server->worker;
    return 1;
}

/* What the program returns is the number of a socket, in the order in which they were bound. */
static bool
steer(int fd, unsigned workers)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, LONG_HEADER, 3, 0),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 1),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, workers, 1, 0),
        BPF_STMT(BPF_RET | BPF_A, 0),
        BPF_STMT(BPF_RET | BPF_K, BY_HASH),
    };
    struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)) == 0;
}

bool
workers_bind(struct server *server, int sockets[MAX_WORKERS])
{
    unsigned workers = server->options.workers;

    for (unsigned i = 0; i < workers; i++) {
        sockets[i] = workers > 1 ? udp_bind_shared(&server->local) : udp_bind(&server->local);
        if (sockets[i] < 0) {
            while (i-- > 0) {
                close(sockets[i]);
            }
            return false;
        }
    }
    return workers == 1 || steer(sockets[0], workers);
}

/* ---- the processes ------------------------------------------------------------------------ */

static int
open_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGCHLD);
    return sigprocmask(SIG_BLOCK, signals, NULL);
}

/* The worker's side of a fork. */
static _Noreturn void
become_worker(struct server *server, unsigned number, const int sockets[MAX_WORKERS],
    enum exit_status (*work)(struct server *server))
{
    enum exit_status status;

    /* A signal from the terminal is for the parent alone, which passes it on; and without a parent
     * no worker stays. */
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    for (unsigned i = 0; i < server->options.workers; i++) {
        if (i != number) {
            close(sockets[i]);
        }
    }
    server->worker = number;
    server->watch.fd = sockets[number];
    status = work(server);
    fflush(NULL);
    _exit(status);
}

static void
signal_all(const pid_t processes[MAX_WORKERS], unsigned count, int number)
{
    for (unsigned i = 0; i < count; i++) {
        if (processes[i] > 0) {
            kill(processes[i], number);
        }
    }
}

/* Takes note of those that have ended. Returns how many did, and sets `status` if one did badly. */
static unsigned
collect(pid_t processes[MAX_WORKERS], unsigned count, enum exit_status *status)
{
    unsigned ended = 0;
    pid_t    process;
    int      how;

    while ((process = waitpid(-1, &how, WNOHANG)) > 0) {
        for (unsigned i = 0; i < count; i++) {
            if (processes[i] != process) {
                continue;
            }
            processes[i] = 0;
            ended++;
            if (!WIFEXITED(how) || WEXITSTATUS(how) != STATUS_OK) {
                fprintf(stderr, PROGRAM ": worker %u died\n", i);
                *status = STATUS_LOCAL;
            }
        }
    }
    return ended;
}

/* Passes signals on until all have ended. */
static enum exit_status
supervise(pid_t processes[MAX_WORKERS], unsigned count, const sigset_t *signals)
{
    enum exit_status status = STATUS_OK;
    unsigned         alive = 0;
    bool             ending = false;

    for (unsigned i = 0; i < count; i++) {
        alive += processes[i] > 0;
    }
    if (alive < count) {
        status = STATUS_LOCAL;
        ending = true;
        signal_all(processes, count, SIGTERM);
    }
    while (alive > 0) {
        int number = sigwaitinfo(signals, NULL);

        if (number == SIGINT || number == SIGTERM) {
            ending = true;
            signal_all(processes, count, SIGTERM);
        } else if (number == SIGCHLD) {
            unsigned ended = collect(processes, count, &status);

            alive -= ended;
            if (ended > 0 && !ending) {
                ending = true;
                status = STATUS_LOCAL;
                signal_all(processes, count, SIGTERM);
            }
        }
    }
    return status;
}

enum exit_status
workers_run(struct server *server, const int sockets[MAX_WORKERS],
    enum exit_status (*work)(struct server *server))
{
    pid_t    processes[MAX_WORKERS] = { 0 };
    unsigned count = server->options.workers;
    sigset_t signals;

    if (count == 1) {
        server->watch.fd = sockets[0];
        return work(server);
    }
    if (open_signals(&signals) != 0) {
        return STATUS_LOCAL;
    }
    fflush(NULL);
    for (unsigned i = 0; i < count; i++) {
        processes[i] = fork();
        if (processes[i] == 0) {
            become_worker(server, i, sockets, work);
        }
        if (processes[i] < 0) {
            fprintf(stderr, PROGRAM ": cannot start a worker: %s\n", strerror(errno));
            processes[i] = 0;
            break;
        }
    }
    return supervise(processes, count, &signals);
}
