/*
 * A very small test runner: named cases, assertions that print where they failed,
 * and one seed per process.
 *
 * Environment and arguments understood by every test program:
 *   SIM_SEED=N          seed of all chance in the run (printed; default is fixed)
 *   CTESTS_DIVISOR=N    divide the number of rounds by N (for valgrind and the like)
 *   CTESTS_UPSTREAM=1   or the argument --upstream: the library under test is the
 *                       C original; cases only the successor passes are left out
 *   --no-fork           run the cases in this process (for a debugger), not each in a child
 *   NAME ...            run only the cases named
 */
#ifndef CTESTS_CHECK_H
#define CTESTS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* The case asks for more than upstream gives (it would crash, for instance). */
    CHECK_OURS_ONLY = 1 << 0,
    /* Upstream runs the case but is known to fail it; its failure is printed, not counted. */
    CHECK_UPSTREAM_FAILS = 1 << 1,
    /* What the case asks for is not offered yet: its failure is printed, not counted, and a pass
     * counts as a failure, so that the mark goes when the feature comes. */
    CHECK_NOT_YET = 1 << 2,
};

typedef struct check_case {
    const char *name;
    void (*run)(void);
    unsigned flags;
} check_case;

#define CHECK_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Runs the cases and gives the exit status of the program. */
int check_main(int argc, char **argv, const check_case *cases, size_t count);

/* True when the library under test is upstream's. */
bool check_upstream(void);

/* The seed of this run. */
uint64_t check_seed(void);

/* `full` rounds divided by CTESTS_DIVISOR, but never less than `least`. */
unsigned check_rounds(unsigned full, unsigned least);

/* True when rounds are being cut down because a slow tool watches. */
bool check_is_slow(void);

/* Says what is being tried now; printed if an assertion fails. */
void check_context(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints a remark that is no failure. */
void check_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

void check_failed(const char *file, int line, const char *what) __attribute__((noreturn));
void check_equal(const char *file, int line, const char *what, long long got, long long want);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            check_failed(__FILE__, __LINE__, #condition);                                          \
        }                                                                                          \
    } while (0)

#define CHECK_EQ(got, want)                                                                        \
    check_equal(__FILE__, __LINE__, #got " == " #want, (long long)(got), (long long)(want))

#endif
