/* The test runner; see check.h. */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint64_t DEFAULT_SEED = 20240917;

static bool upstream;
static bool in_one_process;
static char context[256];

bool check_upstream(void)
{
    return upstream;
}

static uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    if (text == NULL || *text == '\0') {
        return otherwise;
    }
    return strtoull(text, NULL, 0);
}

uint64_t check_seed(void)
{
    return number_from_environment("SIM_SEED", DEFAULT_SEED);
}

static uint64_t divisor(void)
{
    uint64_t value = number_from_environment("CTESTS_DIVISOR", 1);
    return value == 0 ? 1 : value;
}

bool check_is_slow(void)
{
    return divisor() > 1;
}

unsigned check_rounds(unsigned full, unsigned least)
{
    unsigned rounds = (unsigned)(full / divisor());
    return rounds < least ? least : rounds;
}

void check_context(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(context, sizeof(context), format, arguments);
    va_end(arguments);
}

void check_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("     note: ", stdout);
    (void)vfprintf(stdout, format, arguments);
    va_end(arguments);
    fputc('\n', stdout);
    fflush(stdout);
}

void check_failed(const char *file, int line, const char *what)
{
    fflush(stdout);
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
    if (context[0] != '\0') {
        fprintf(stderr, "    while: %s\n", context);
    }
    fprintf(stderr, "    repeat with SIM_SEED=%llu\n", (unsigned long long)check_seed());
    fflush(stderr);
    _exit(1);
}

void check_equal(const char *file, int line, const char *what, long long got, long long want)
{
    if (got == want) {
        return;
    }
    char text[320];
    (void)snprintf(text, sizeof(text), "%s (got %lld, want %lld)", what, got, want);
    check_failed(file, line, text);
}

static bool is_wanted(const check_case *one, int argc, char **argv)
{
    bool any_named = false;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0) {
            continue;
        }
        any_named = true;
        if (strcmp(argv[i], one->name) == 0) {
            return true;
        }
    }
    return !any_named;
}

/* Runs a case in a child, so that a crash of the library is one failed case and not the end. */
static bool passes_in_child(const check_case *one)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        context[0] = '\0';
        one->run();
        fflush(NULL);
        exit(0); /* and not _exit: leak checkers look at the end */
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return false;
    }
    if (WIFSIGNALED(status)) {
        fprintf(stderr, "%s: killed by signal %d\n", one->name, WTERMSIG(status));
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* What a case that did not simply pass or fail is called; NULL if it did. */
static const char *special_outcome(const check_case *one, bool passed)
{
    if (upstream) {
        return !passed && (one->flags & CHECK_UPSTREAM_FAILS) ? "UPSTREAM FAILS" : NULL;
    }
    return !passed && (one->flags & CHECK_NOT_YET) ? "NOT YET" : NULL;
}

static bool run_case(const check_case *one)
{
    if (upstream && (one->flags & CHECK_OURS_ONLY)) {
        printf("skip %s (ours only)\n", one->name);
        return true;
    }
    context[0] = '\0';
    bool passed = true;
    if (in_one_process) {
        one->run();
    } else {
        passed = passes_in_child(one);
    }
    const char *special = special_outcome(one, passed);
    if (passed && !upstream && (one->flags & CHECK_NOT_YET)) {
        printf("FAIL %s (passes now: it is no longer CHECK_NOT_YET)\n", one->name);
        passed = false;
    } else {
        printf("%s %s\n", passed ? "ok  " : special != NULL ? special : "FAIL", one->name);
    }
    fflush(stdout);
    return passed || special != NULL;
}

int check_main(int argc, char **argv, const check_case *cases, size_t count)
{
    upstream = number_from_environment("CTESTS_UPSTREAM", 0) != 0;
    for (int i = 1; i < argc; i++) {
        upstream = upstream || strcmp(argv[i], "--upstream") == 0;
        in_one_process = in_one_process || strcmp(argv[i], "--no-fork") == 0;
    }
    printf("seed %llu\n", (unsigned long long)check_seed());
    unsigned failures = 0;
    unsigned ran = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_wanted(&cases[i], argc, argv)) {
            ran++;
            failures += run_case(&cases[i]) ? 0 : 1;
        }
    }
    printf("%u cases, %u failed\n", ran, failures);
    return failures == 0 && ran > 0 ? 0 : 1;
}
