#define _GNU_SOURCE
#include "client_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "sinks.h"

#define PROGRAM "xqc_client"
#define DEFAULT_PORT 443
#define MAX_CONNECTIONS 256
#define MAX_PARALLEL 10000
#define MAX_TIMEOUT 3600

static const char help[] =
    "Usage: " PROGRAM " {--ca FILE | --insecure} [OPTION]... HOST PORT PATH...\n"
    "  or:  " PROGRAM " {--ca FILE | --insecure} [OPTION]... URL...\n"
    "Download files over QUIC with HTTP/0.9 (ALPN hq-interop). A URL is\n"
    "https://HOST[:PORT]/PATH; all URLs must name the same host and port.\n"
    "\n"
    "  -o, --output DIR       write the files here (default: the current directory)\n"
    "      --discard          write no files, only count the bytes\n"
    "      --parallel N       files in transfer at once on a connection (default 32)\n"
    "      --connections N    spread the files over N connections (default 1)\n"
    "      --ca FILE          accept the server if its certificate is in FILE (PEM)\n"
    "      --insecure         accept any server\n"
    "      --sni NAME         server name to ask for and to verify (default: HOST)\n"
    "      --cc NAME          congestion control: cubic (default) or reno\n"
    "      --v2                   begin with QUIC version 2\n"
    "      --ciphers LIST     cipher suites, by their names, separated by colons\n"
    "      --key-update N     new keys after N packets\n"
    "      --session FILE     come back with what FILE has from the last visit, and keep\n"
    "                         there what the server gives for the next\n"
    "      --early-data       with --session: send requests before the handshake is done\n"
    "      --rebind BYTES     send from another port after so many bytes have come, as if\n"
    "                         a NAT had forgotten the connection\n"
    "      --migrate BYTES    move to another port after so many bytes have come\n"
    "      --timeout SECONDS  give up when nothing is heard for this long (default 10)\n"
    "      --stats            print handshake time, speed, RTT and packet counts\n"
    "      --progress         show the progress bar even if stderr is no terminal\n"
    "      --no-progress      never show it\n"
    "      --expect BYTES     total size, known beforehand, for the bar's percentage\n"
    "      --keylog FILE      append the TLS secrets to FILE (for Wireshark)\n"
    "      --qlog FILE        write the course of connections to FILE (for qvis)\n"
    "      --log LEVEL        library log on stderr: report, fatal, error, warn, stats,\n"
    "                         info, debug (default fatal)\n"
    "  -h, --help             show this text\n"
    "\n"
    "Exit status: 0 all files complete, 1 some file missing or incomplete, 2 wrong\n"
    "usage, 3 no connection, 4 connection lost, 5 local failure (disk, socket, memory).\n";

enum option_code {
    OPTION_DISCARD = 256,
    OPTION_PARALLEL,
    OPTION_CONNECTIONS,
    OPTION_CA,
    OPTION_INSECURE,
    OPTION_SNI,
    OPTION_CC,
    OPTION_V2,
    OPTION_CIPHERS,
    OPTION_KEY_UPDATE,
    OPTION_SESSION,
    OPTION_EARLY_DATA,
    OPTION_REBIND,
    OPTION_MIGRATE,
    OPTION_TIMEOUT,
    OPTION_STATS,
    OPTION_PROGRESS,
    OPTION_NO_PROGRESS,
    OPTION_EXPECT,
    OPTION_KEYLOG,
    OPTION_QLOG,
    OPTION_LOG,
};

static const struct option long_options[] = {
    { "output", required_argument, NULL, 'o' },
    { "discard", no_argument, NULL, OPTION_DISCARD },
    { "parallel", required_argument, NULL, OPTION_PARALLEL },
    { "connections", required_argument, NULL, OPTION_CONNECTIONS },
    { "ca", required_argument, NULL, OPTION_CA },
    { "insecure", no_argument, NULL, OPTION_INSECURE },
    { "sni", required_argument, NULL, OPTION_SNI },
    { "cc", required_argument, NULL, OPTION_CC },
    { "v2", no_argument, NULL, OPTION_V2 },
    { "ciphers", required_argument, NULL, OPTION_CIPHERS },
    { "key-update", required_argument, NULL, OPTION_KEY_UPDATE },
    { "session", required_argument, NULL, OPTION_SESSION },
    { "early-data", no_argument, NULL, OPTION_EARLY_DATA },
    { "rebind", required_argument, NULL, OPTION_REBIND },
    { "migrate", required_argument, NULL, OPTION_MIGRATE },
    { "timeout", required_argument, NULL, OPTION_TIMEOUT },
    { "stats", no_argument, NULL, OPTION_STATS },
    { "progress", no_argument, NULL, OPTION_PROGRESS },
    { "no-progress", no_argument, NULL, OPTION_NO_PROGRESS },
    { "expect", required_argument, NULL, OPTION_EXPECT },
    { "keylog", required_argument, NULL, OPTION_KEYLOG },
    { "qlog", required_argument, NULL, OPTION_QLOG },
    { "log", required_argument, NULL, OPTION_LOG },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
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

static void
apply_option(struct client_options *options, int code)
{
    switch (code) {
    case 'o':
        options->directory = optarg;
        break;
    case OPTION_DISCARD:
        options->discard = true;
        break;
    case OPTION_PARALLEL:
        options->parallel = number("--parallel", MAX_PARALLEL);
        break;
    case OPTION_CONNECTIONS:
        options->connections = number("--connections", MAX_CONNECTIONS);
        break;
    case OPTION_CA:
        options->ca_file = optarg;
        break;
    case OPTION_INSECURE:
        options->insecure = true;
        break;
    case OPTION_SNI:
        options->server_name = optarg;
        break;
    case OPTION_CC:
        if (!arguments_congestion(optarg, &options->congestion)) {
            arguments_fail(PROGRAM, "unknown congestion control '%s'", optarg);
        }
        break;
    case OPTION_V2:
        options->v2 = true;
        break;
    case OPTION_CIPHERS:
        options->ciphers = optarg;
        break;
    case OPTION_KEY_UPDATE:
        options->key_update = number("--key-update", UINT32_MAX);
        break;
    case OPTION_SESSION:
        options->session = optarg;
        break;
    case OPTION_EARLY_DATA:
        options->early_data = true;
        break;
    case OPTION_REBIND:
        options->rebind_after = arguments_number(PROGRAM, "--rebind", optarg, 1, INT64_MAX);
        break;
    case OPTION_MIGRATE:
        options->migrate_after = arguments_number(PROGRAM, "--migrate", optarg, 1, INT64_MAX);
        break;
    case OPTION_TIMEOUT:
        options->timeout_seconds = number("--timeout", MAX_TIMEOUT);
        break;
    case OPTION_STATS:
        options->stats = true;
        break;
    case OPTION_PROGRESS:
        options->progress = true;
        break;
    case OPTION_NO_PROGRESS:
        options->progress = false;
        break;
    case OPTION_EXPECT:
        options->expected_bytes = arguments_number(PROGRAM, "--expect", optarg, 0, INT64_MAX);
        break;
    case OPTION_KEYLOG:
        options->keylog = optarg;
        break;
    case OPTION_QLOG:
        options->qlog = optarg;
        break;
    case OPTION_LOG:
        options->log_level = sinks_log_level(optarg);
        if (options->log_level < 0) {
            arguments_fail(PROGRAM, "unknown log level '%s'", optarg);
        }
        break;
    case 'h':
        fputs(help, stdout);
        exit(STATUS_OK);
    default:
        /* getopt has said what is wrong. */
        fprintf(stderr, "Try '" PROGRAM " --help'.\n");
        exit(STATUS_USAGE);
    }
}

/* A request line must stay one line of printable bytes. */
static void
add_path(struct client_options *options, const char *path)
{
    if (path[0] != '/') {
        arguments_fail(PROGRAM, "a path must begin with '/': '%s'", path);
    }
    for (const char *byte = path; *byte != '\0'; byte++) {
        if ((unsigned char) *byte <= ' ' || *byte == 0x7f) {
            arguments_fail(PROGRAM, "a path must not contain blanks or control characters");
        }
    }
    options->paths[options->path_count++] = need(strdup(path));
}

/* Splits https://HOST[:PORT]/PATH, where HOST may be an IPv6 address in brackets. */
static void
parse_url(const char *url, char **host, uint16_t *port, const char **path)
{
    static const char scheme[] = "https://";
    const char       *begin, *end, *slash;

    if (strncmp(url, scheme, strlen(scheme)) != 0) {
        arguments_fail(PROGRAM, "not an https URL: '%s'", url);
    }
    begin = url + strlen(scheme);
    slash = begin + strcspn(begin, "/");
    if (*begin == '[') {
        end = memchr(begin, ']', (size_t) (slash - begin));
        begin++;
    } else {
        end = memchr(begin, ':', (size_t) (slash - begin));
        end = end == NULL ? slash : end;
    }
    if (end == NULL || end == begin) {
        arguments_fail(PROGRAM, "no host in URL '%s'", url);
    }
    *host = need(strndup(begin, (size_t) (end - begin)));
    end += *end == ']';
    *port = DEFAULT_PORT;
    if (*end == ':') {
        char *text = need(strndup(end + 1, (size_t) (slash - end - 1)));

        *port = (uint16_t) arguments_number(PROGRAM, "the port", text, 1, UINT16_MAX);
        free(text);
    } else if (end != slash) {
        arguments_fail(PROGRAM, "cannot read URL '%s'", url);
    }
    *path = *slash == '\0' ? "/" : slash;
}

static void
parse_urls(struct client_options *options, int count, char **urls)
{
    for (int i = 0; i < count; i++) {
        char       *host;
        uint16_t    port;
        const char *path;

        parse_url(urls[i], &host, &port, &path);
        if (options->host == NULL) {
            options->host = need(strdup(host));
            options->port = port;
        }
        if (strcmp(host, options->host) != 0 || port != options->port) {
            arguments_fail(PROGRAM, "all URLs must name the same host and port");
        }
        free(host);
        add_path(options, path);
    }
}

struct client_options
client_options_parse(int argc, char **argv)
{
    struct client_options options = {
        .directory = ".",
        .ciphers = XQC_TLS_CIPHERS,
        .congestion = xqc_cubic_cb,
        .log_level = XQC_LOG_FATAL,
        .connections = 1,
        .parallel = 32,
        .timeout_seconds = 10,
        .progress = isatty(STDERR_FILENO) == 1,
    };
    int code, count;

    while ((code = getopt_long(argc, argv, "o:h", long_options, NULL)) != -1) {
        apply_option(&options, code);
    }
    if (options.insecure == (options.ca_file != NULL)) {
        arguments_fail(PROGRAM, "need either --ca or --insecure");
    }
    argv += optind;
    count = argc - optind;
    options.paths = need(calloc((size_t) count + 1, sizeof(options.paths[0])));
    if (count > 0 && strstr(argv[0], "://") != NULL) {
        parse_urls(&options, count, argv);
        return options;
    }
    if (count < 3) {
        arguments_fail(PROGRAM, "need a host, a port and at least one path");
    }
    options.host = need(strdup(argv[0]));
    options.port = (uint16_t) arguments_number(PROGRAM, "the port", argv[1], 1, UINT16_MAX);
    for (int i = 2; i < count; i++) {
        add_path(&options, argv[i]);
    }
    return options;
}

void
client_options_free(struct client_options *options)
{
    for (unsigned i = 0; i < options->path_count; i++) {
        free(options->paths[i]);
    }
    free(options->paths);
    free(options->host);
}
