/* Requests and responses of the benchmark; see requests.h. */
#include "requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xquic/xqc_http3.h>

#define READ_SIZE 65536
#define VARIANTS 1024 /* where a response may begin in the pattern */

/* One end of a request. */
typedef struct exchange {
    unsigned number;
    size_t done; /* bytes of content sent or received */
    bool has_headers;
    bool has_ended;
    struct exchange *next_spare;
} exchange;

static requests_plan plan;
static pair_conn *connection;
static unsigned started;
static unsigned ended;
static exchange *spare;
static unsigned char *pattern;
static unsigned char read_bytes[READ_SIZE];

static void demand(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "bench: %s\n", what);
        exit(1);
    }
}

static exchange *exchange_take(void)
{
    exchange *taken = spare;
    if (taken == NULL) {
        taken = malloc(sizeof(*taken));
        demand(taken != NULL, "out of memory");
    } else {
        spare = taken->next_spare;
    }
    memset(taken, 0, sizeof(*taken));
    return taken;
}

static void exchange_return(exchange *returned)
{
    returned->next_spare = spare;
    spare = returned;
}

/* The content of a response. */
static unsigned char *content_of(unsigned number)
{
    return pattern + number % VARIANTS;
}

/* ---- header fields ---- */

static void field(xqc_http_header_t *header, const char *name, const char *value)
{
    memset(header, 0, sizeof(*header));
    header->name = (struct iovec){(void *)name, strlen(name)};
    header->value = (struct iovec){(void *)value, strlen(value)};
}

/* The value of a field; fails if there is none, or one too long. */
static const char *value_of(const xqc_http_headers_t *headers, const char *name)
{
    static char text[128];
    size_t length = strlen(name);
    for (size_t i = 0; i < headers->count; i++) {
        const struct iovec *found = &headers->headers[i].name;
        const struct iovec *value = &headers->headers[i].value;
        if (found->iov_len == length && memcmp(found->iov_base, name, length) == 0
            && value->iov_len < sizeof(text)) {
            memcpy(text, value->iov_base, value->iov_len);
            text[value->iov_len] = '\0';
            return text;
        }
    }
    demand(false, "a header field is missing");
    return NULL;
}

static xqc_http_headers_t *read_headers(xqc_h3_request_t *request, size_t count)
{
    uint8_t fin = 0;
    xqc_http_headers_t *headers = xqc_h3_request_recv_headers(request, &fin);
    demand(headers != NULL && headers->count == count, "wrong header fields");
    return headers;
}

#define REQUEST_FIELDS 10
#define RESPONSE_FIELDS 5

static void send_request(xqc_h3_request_t *request, unsigned number)
{
    char path[64];
    xqc_http_header_t fields[REQUEST_FIELDS];
    (void)snprintf(path, sizeof(path), "/catalogue/images/item-%u.webp", number);
    field(&fields[0], ":method", "GET");
    field(&fields[1], ":scheme", "https");
    field(&fields[2], ":authority", "www.example.com");
    field(&fields[3], ":path", path);
    field(&fields[4], "user-agent",
          "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
          "Chrome/126.0.0.0 Safari/537.36");
    field(&fields[5], "accept", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8");
    field(&fields[6], "accept-encoding", "gzip, deflate, br, zstd");
    field(&fields[7], "accept-language", "en-US,en;q=0.9");
    field(&fields[8], "referer", "https://www.example.com/catalogue/");
    field(&fields[9], "cookie", "session=5f2a9c1b7e604d38a1c0");
    xqc_http_headers_t headers = {fields, REQUEST_FIELDS, REQUEST_FIELDS, 0};
    demand(xqc_h3_request_send_headers(request, &headers, 1) > 0, "no request header");
}

static void send_response_headers(xqc_h3_request_t *request)
{
    char length[24];
    xqc_http_header_t fields[RESPONSE_FIELDS];
    (void)snprintf(length, sizeof(length), "%zu", plan.size);
    field(&fields[0], ":status", "200");
    field(&fields[1], "content-type", "image/webp");
    field(&fields[2], "content-length", length);
    field(&fields[3], "server", "bench/1.0");
    field(&fields[4], "date", "Tue, 14 Nov 2023 22:13:20 GMT");
    xqc_http_headers_t headers = {fields, RESPONSE_FIELDS, RESPONSE_FIELDS, 0};
    demand(xqc_h3_request_send_headers(request, &headers, 0) > 0, "no response header");
}

/* ---- server ---- */

static int on_serve(xqc_h3_request_t *request, void *user_data)
{
    (void)user_data;
    xqc_h3_request_set_user_data(request, exchange_take());
    return 0;
}

static int on_server_write(xqc_h3_request_t *request, void *user_data)
{
    exchange *served = user_data;
    while (served->has_headers && served->done < plan.size) {
        ssize_t sent = xqc_h3_request_send_body(request, content_of(served->number) + served->done,
                                                plan.size - served->done, 1);
        if (sent == -XQC_EAGAIN) {
            return 0;
        }
        demand(sent > 0, "content cannot be sent");
        served->done += (size_t)sent;
    }
    return 0;
}

static int on_server_read(xqc_h3_request_t *request, xqc_request_notify_flag_t flag,
                          void *user_data)
{
    exchange *served = user_data;
    if ((flag & XQC_REQ_NOTIFY_READ_HEADER) == 0) {
        return 0;
    }
    const char *path = value_of(read_headers(request, REQUEST_FIELDS), ":path");
    demand(sscanf(path, "/catalogue/images/item-%u.webp", &served->number) == 1, "wrong path");
    served->has_headers = true;
    send_response_headers(request);
    return on_server_write(request, served);
}

static int on_server_close(xqc_h3_request_t *request, void *user_data)
{
    (void)request;
    exchange_return(user_data);
    return 0;
}

/* ---- client ---- */

static int on_client_note(xqc_h3_request_t *request, void *user_data)
{
    (void)request;
    (void)user_data;
    return 0;
}

static bool start_one(void)
{
    exchange *asked = exchange_take();
    asked->number = started;
    xqc_h3_request_t *request =
        xqc_h3_request_create(connection->side->engine, &connection->cid, NULL, asked);
    if (request == NULL) {
        exchange_return(asked);
        return false;
    }
    started++;
    send_request(request, asked->number);
    return true;
}

static void start_more(void)
{
    while (started < plan.count && started - ended < plan.at_once && start_one()) {
    }
}

static void read_content(xqc_h3_request_t *request, exchange *asked)
{
    uint8_t fin = 0;
    while (!fin) {
        ssize_t got = xqc_h3_request_recv_body(request, read_bytes, sizeof(read_bytes), &fin);
        if (got == -XQC_EAGAIN) {
            return;
        }
        demand(got >= 0 && asked->done + (size_t)got <= plan.size, "too much content");
        demand(memcmp(content_of(asked->number) + asked->done, read_bytes, (size_t)got) == 0,
               "wrong content");
        asked->done += (size_t)got;
    }
    asked->has_ended = true;
}

static void read_response_headers(xqc_h3_request_t *request, exchange *asked)
{
    const xqc_http_headers_t *headers = read_headers(request, RESPONSE_FIELDS);
    demand(strcmp(value_of(headers, ":status"), "200") == 0, "wrong status");
    demand(strtoul(value_of(headers, "content-length"), NULL, 10) == plan.size, "wrong length");
    asked->has_headers = true;
}

static int on_client_read(xqc_h3_request_t *request, xqc_request_notify_flag_t flag,
                          void *user_data)
{
    exchange *asked = user_data;
    if (asked->has_ended) {
        return 0;
    }
    if (flag & XQC_REQ_NOTIFY_READ_HEADER) {
        read_response_headers(request, asked);
    }
    if (flag & XQC_REQ_NOTIFY_READ_BODY) {
        read_content(request, asked);
    }
    asked->has_ended |= (flag & XQC_REQ_NOTIFY_READ_EMPTY_FIN) != 0;
    if (asked->has_ended) {
        demand(asked->has_headers && asked->done == plan.size, "content is missing");
        ended++;
        start_more();
    }
    return 0;
}

static int on_client_close(xqc_h3_request_t *request, void *user_data)
{
    (void)request;
    exchange *asked = user_data;
    demand(asked->has_ended, "a request ended early");
    exchange_return(asked);
    return 0;
}

/* ---- connections ---- */

static int on_conn_create(xqc_h3_conn_t *handle, const xqc_cid_t *cid, void *user_data)
{
    xqc_h3_conn_set_user_data(handle, user_data);
    pair_created(user_data, cid);
    return 0;
}

static int on_conn_close(xqc_h3_conn_t *handle, const xqc_cid_t *cid, void *user_data)
{
    (void)handle;
    (void)cid;
    pair_closed(user_data);
    return 0;
}

static void on_handshake_finished(xqc_h3_conn_t *handle, void *user_data)
{
    (void)handle;
    ((pair_conn *)user_data)->side->finished++;
}

static xqc_int_t add_http3(pair_side *side)
{
    const xqc_h3_request_callbacks_t served = {
        on_serve, on_server_close, on_server_read, on_server_write, NULL,
    };
    const xqc_h3_request_callbacks_t asked = {
        on_client_note, on_client_close, on_client_read, on_client_note, NULL,
    };
    xqc_h3_callbacks_t callbacks = {
        .h3c_cbs = {on_conn_create, on_conn_close, on_handshake_finished, NULL, NULL},
        .h3r_cbs = side == &the_pair.server ? served : asked,
    };
    return xqc_h3_ctx_init(side->engine, &callbacks);
}

static const xqc_cid_t *connect_http3(pair_conn *conn, const xqc_conn_ssl_config_t *tls,
                                      const struct sockaddr_in *server)
{
    return xqc_h3_connect(conn->side->engine, &the_pair.settings, NULL, 0, "www.example.com", 0,
                          tls, (const struct sockaddr *)server, sizeof(*server), conn);
}

static unsigned char *pattern_new(size_t size)
{
    unsigned char *bytes = malloc(size);
    demand(bytes != NULL, "out of memory");
    uint32_t state = 1;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525 + 1013904223;
        bytes[i] = (unsigned char)(state >> 24);
    }
    return bytes;
}

void requests_plan_for(const requests_plan *wanted)
{
    static const pair_protocol http3 = {add_http3, connect_http3};
    plan = *wanted;
    pattern = pattern_new(plan.size + VARIANTS);
    the_pair.protocol = &http3;
}

void requests_start(pair_conn *conn)
{
    connection = conn;
    start_more();
}

bool requests_are_done(void)
{
    start_more();
    return ended == plan.count;
}

void requests_free(void)
{
    while (spare != NULL) {
        exchange *next = spare->next_spare;
        free(spare);
        spare = next;
    }
    free(pattern);
}
