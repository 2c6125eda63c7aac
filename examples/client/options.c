#define _GNU_SOURCE
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM "xqc_client"
#define MAX_CONNECTIONS 256
#define MAX_PARALLEL 10000
#define MAX_TIMEOUT 3600
#define MAX_HEADERS 32

static const char help[] =
    "Usage: " PROGRAM " {--ca FILE | --insecure} [OPTION]... HOST PORT PATH...\n"
    "  or:  " PROGRAM " {--ca FILE | --insecure} [OPTION]... URL...\n"
    "Download files over QUIC, with HTTP/3, all of them in parallel. A URL is\n"
    "https://HOST[:PORT]/PATH.\n"
    "\n"
    "  -o, --output FILE      write there; if FILE is a folder, or ends with a slash, to\n"
    "                         files in it, named as at the server (default: stdout)\n"
    "  -O, --remote-name      write to files in the current directory\n"
    "      --discard          write nothing, only count the bytes\n"
    "  -i, --include          write the header section of responses, too\n"
    "  -v, --verbose          show header sections and what goes on, on stderr\n"
    "  -f, --fail             fail on a status of 400 or more\n"
    "  -I, --head             ask for header sections only, and show them\n"
    "  -X, --request METHOD   the method (default: GET; POST if there is data)\n"
    "  -H, --header 'N: V'    send this header field (up to 32)\n"
    "      --trailer 'N: V'   send this field after the content (up to 32)\n"
    "  -d, --data TEXT        send this as the request's content\n"
    "      --data-file FILE   send the content of FILE\n"
    "      --alpn NAME        h3 (default), or hq-interop for HTTP/0.9\n"
    "      --parallel N       transfers at once on a connection (default 32)\n"
    "      --connections N    connections to each server (default 1)\n"
    "      --ca FILE          accept the server if its certificate is in FILE (PEM)\n"
    "      --insecure         accept any server\n"
    "      --sni NAME         server name to ask for and to verify (default: HOST)\n"
    "      --session FILE     come back with what FILE has from the last visit, and keep\n"
    "                         there what the server gives for the next\n"
    "      --early-data       with --session: send requests before the handshake is done\n"
    "      --resume FILE      the two together\n"
    "      --rebind BYTES     send from another port after so many bytes have come, as if\n"
    "                         a NAT had forgotten the connection\n"
    "      --migrate BYTES    move to another port after so many bytes have come\n"
    "      --timeout SECONDS  give up when nothing is heard for this long (default 10)\n"
    "      --progress         show progress bars even if stderr is no terminal\n"
    "  -s, --no-progress      never show them\n"
    "      --expect BYTES     total size, for the percentage where servers do not tell\n"
    ARGUMENTS_COMMON_HELP
    "\n"
    "Exit status, the first failure's if there are several: 0 all complete, 2 wrong\n"
    "usage, 6 no such host, 7 no connection, 18 a response too short, 22 a status of 400\n"
    "or more with --fail, 23 cannot write, 26 cannot read what to send, 27 out of memory\n"
    "or sockets or a bad certificate file, 28 nothing heard, 35 TLS failed, 56 connection\n"
    "or response broken off, 60 not the certificate expected.\n";

enum option_code {
    OPTION_DISCARD = ARGUMENT_OWN,
    OPTION_TRAILER,
    OPTION_DATA_FILE,
    OPTION_ALPN,
    OPTION_PARALLEL,
    OPTION_CONNECTIONS,
    OPTION_CA,
    OPTION_INSECURE,
    OPTION_SNI,
    OPTION_SESSION,
    OPTION_EARLY_DATA,
    OPTION_RESUME,
    OPTION_REBIND,
    OPTION_MIGRATE,
    OPTION_TIMEOUT,
    OPTION_PROGRESS,
    OPTION_EXPECT,
};

static const struct option long_options[] = {
    { "output", required_argument, NULL, 'o' },
    { "remote-name", no_argument, NULL, 'O' },
    { "discard", no_argument, NULL, OPTION_DISCARD },
    { "include", no_argument, NULL, 'i' },
    { "verbose", no_argument, NULL, 'v' },
    { "fail", no_argument, NULL, 'f' },
    { "head", no_argument, NULL, 'I' },
    { "request", required_argument, NULL, 'X' },
    { "header", required_argument, NULL, 'H' },
    { "trailer", required_argument, NULL, OPTION_TRAILER },
    { "data", required_argument, NULL, 'd' },
    { "data-file", required_argument, NULL, OPTION_DATA_FILE },
    { "alpn", required_argument, NULL, OPTION_ALPN },
    { "parallel", required_argument, NULL, OPTION_PARALLEL },
    { "connections", required_argument, NULL, OPTION_CONNECTIONS },
    { "ca", required_argument, NULL, OPTION_CA },
    { "insecure", no_argument, NULL, OPTION_INSECURE },
    { "sni", required_argument, NULL, OPTION_SNI },
    { "session", required_argument, NULL, OPTION_SESSION },
    { "early-data", no_argument, NULL, OPTION_EARLY_DATA },
    { "resume", required_argument, NULL, OPTION_RESUME },
    { "rebind", required_argument, NULL, OPTION_REBIND },
    { "migrate", required_argument, NULL, OPTION_MIGRATE },
    { "timeout", required_argument, NULL, OPTION_TIMEOUT },
    { "progress", no_argument, NULL, OPTION_PROGRESS },
    { "no-progress", no_argument, NULL, 's' },
    { "expect", required_argument, NULL, OPTION_EXPECT },
    ARGUMENTS_COMMON,
};

static void *
need(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, PROGRAM ": out of memory\n");
        exit(STATUS_LOCAL);
    }
    return memory;
}

static unsigned
number(const char *what, uint64_t high)
{
    return (unsigned) arguments_number(PROGRAM, what, optarg, 1, high);
}

/* ---- options -------------------------------------------------------------------------------- */

static void
choose_protocol(struct client_options *options, const char *name)
{
    if (strcmp(name, ALPN_HQ) != 0 && strcmp(name, ALPN_H3) != 0) {
        arguments_fail(PROGRAM, "unknown application protocol '%s'", name);
    }
    options->hq = strcmp(name, ALPN_HQ) == 0;
}

static void
add_field(const char **list, unsigned *count, const char *text)
{
    if (text[0] == ':' || strchr(text, ':') == NULL || strpbrk(text, "\r\n") != NULL) {
        arguments_fail(PROGRAM, "not a header field: '%s'", text);
    }
    if (*count == MAX_HEADERS) {
        arguments_fail(PROGRAM, "more than %d header fields", MAX_HEADERS);
    }
    list[(*count)++] = text;
}

/* What the request is and what becomes of the answer. False for the code of another option. */
static bool
apply_request_option(struct client_options *options, int code)
{
    switch (code) {
    case 'o':
        options->output = optarg;
        return true;
    case 'O':
        options->by_name = true;
        return true;
    case OPTION_DISCARD:
        options->discard = true;
        return true;
    case 'i':
        options->include = true;
        return true;
    case 'v':
        options->verbose = true;
        return true;
    case 'f':
        options->fail = true;
        return true;
    case 'I':
        options->method = "HEAD";
        options->include = true;
        return true;
    case 'X':
        options->method = optarg;
        return true;
    case 'H':
        add_field(options->headers, &options->header_count, optarg);
        return true;
    case OPTION_TRAILER:
        add_field(options->trailers, &options->trailer_count, optarg);
        return true;
    case 'd':
        options->data = optarg;
        return true;
    case OPTION_DATA_FILE:
        options->data_file = optarg;
        return true;
    default:
        return false;
    }
}

/* How connections are made and kept. False for the code of another option. */
static bool
apply_connection_option(struct client_options *options, int code)
{
    switch (code) {
    case OPTION_ALPN:
        choose_protocol(options, optarg);
        return true;
    case OPTION_PARALLEL:
        options->parallel = number("--parallel", MAX_PARALLEL);
        return true;
    case OPTION_CONNECTIONS:
        options->connections = number("--connections", MAX_CONNECTIONS);
        return true;
    case OPTION_CA:
        options->ca_file = optarg;
        return true;
    case OPTION_INSECURE:
        options->insecure = true;
        return true;
    case OPTION_SNI:
        options->server_name = optarg;
        return true;
    case OPTION_RESUME:
        options->early_data = true;
        options->session = optarg;
        return true;
    case OPTION_SESSION:
        options->session = optarg;
        return true;
    case OPTION_EARLY_DATA:
        options->early_data = true;
        return true;
    case OPTION_REBIND:
        options->rebind_after = arguments_number(PROGRAM, "--rebind", optarg, 1, INT64_MAX);
        return true;
    case OPTION_MIGRATE:
        options->migrate_after = arguments_number(PROGRAM, "--migrate", optarg, 1, INT64_MAX);
        return true;
    case OPTION_TIMEOUT:
        options->timeout_seconds = number("--timeout", MAX_TIMEOUT);
        return true;
    default:
        return false;
    }
}

static void
apply_option(struct client_options *options, int code, int *progress)
{
    switch (code) {
    case OPTION_PROGRESS:
        *progress = true;
        break;
    case 's':
        *progress = false;
        break;
    case OPTION_EXPECT:
        options->expected_bytes = arguments_number(PROGRAM, "--expect", optarg, 0, INT64_MAX);
        break;
    default:
        if (!apply_request_option(options, code) && !apply_connection_option(options, code)) {
            arguments_common(PROGRAM, help, &options->common, code);
        }
        break;
    }
}

/* ---- URLs ----------------------------------------------------------------------------------- */

static void
parse_urls(struct client_options *options, int count, char **words)
{
    uint16_t port;

    options->urls = need(calloc((size_t) count + 1, sizeof(options->urls[0])));
    if (count > 0 && strstr(words[0], "://") != NULL) {
        for (int i = 0; i < count; i++) {
            options->urls[options->url_count++] = url_parse(PROGRAM, words[i]);
        }
        return;
    }
    if (count < 3) {
        arguments_fail(PROGRAM, "need a URL, or a host, a port and at least one path");
    }
    port = (uint16_t) arguments_number(PROGRAM, "the port", words[1], 1, UINT16_MAX);
    for (int i = 2; i < count; i++) {
        options->urls[options->url_count++] = url_make(PROGRAM, words[0], port, words[i]);
    }
}

/* ---- all of it ------------------------------------------------------------------------------ */

static bool
is_folder(const char *path)
{
    size_t      length = strlen(path);
    struct stat info;

    return (length > 0 && path[length - 1] == '/')
           || (stat(path, &info) == 0 && S_ISDIR(info.st_mode));
}

/* Decides where the content goes. */
static void
settle_output(struct client_options *options)
{
    if (options->output != NULL && is_folder(options->output)) {
        options->by_name = true;
    } else if (options->by_name && options->output != NULL) {
        arguments_fail(PROGRAM, "not a folder: '%s'", options->output);
    } else if (options->by_name) {
        options->output = ".";
    } else if (options->url_count > 1 && !options->discard) {
        if (options->output != NULL) {
            arguments_fail(PROGRAM, "several files need a folder to go to: '%s'", options->output);
        }
        /* One after the other, or stdout would get a mixture. */
        options->parallel = options->connections = 1;
    }
}

static void
check(const struct client_options *options)
{
    if (options->insecure == (options->ca_file != NULL)) {
        arguments_fail(PROGRAM, "need either --ca or --insecure");
    }
    if (options->data != NULL && options->data_file != NULL) {
        arguments_fail(PROGRAM, "--data and --data-file exclude each other");
    }
    if (options->hq
        && (options->method != NULL || options->data != NULL || options->data_file != NULL
            || options->header_count > 0 || options->trailer_count > 0))
    {
        arguments_fail(PROGRAM, "HTTP/0.9 has nothing but GET, without header fields");
    }
    for (unsigned i = 1; options->session != NULL && i < options->url_count; i++) {
        if (!url_same_origin(&options->urls[0], &options->urls[i])) {
            arguments_fail(PROGRAM, "a session is for one server alone");
        }
    }
}

struct client_options
client_options_parse(int argc, char **argv)
{
    struct client_options options = {
        .common = arguments_defaults(XQC_LOG_FATAL),
        .connections = 1,
        .parallel = 32,
        .timeout_seconds = 10,
    };
    int progress = -1, code;

    options.headers = need(calloc(MAX_HEADERS, sizeof(options.headers[0])));
    options.trailers = need(calloc(MAX_HEADERS, sizeof(options.trailers[0])));
    while ((code = getopt_long(argc, argv, "o:OivfIX:H:d:sh", long_options, NULL)) != -1) {
        apply_option(&options, code, &progress);
    }
    parse_urls(&options, argc - optind, argv + optind);
    check(&options);
    settle_output(&options);
    if (options.method == NULL) {
        options.method = options.data != NULL || options.data_file != NULL ? "POST" : "GET";
    }
    if (progress >= 0) {
        options.progress = progress;
    } else {
        /* Not where the content itself is shown. */
        options.progress = isatty(STDERR_FILENO) == 1
                           && (options.output != NULL || options.discard);
    }
    return options;
}

void
client_options_free(struct client_options *options)
{
    for (unsigned i = 0; i < options->url_count; i++) {
        url_free(&options->urls[i]);
    }
    free(options->urls);
    free(options->headers);
    free(options->trailers);
}
