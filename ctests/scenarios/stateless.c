/* What a server does for packets that belong to no connection. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* Remembers the last datagram that went down. */
typedef struct eavesdrop {
    unsigned count;
    size_t bytes;
    size_t length;
    uint8_t last[SIM_DATAGRAM_MAX];
} eavesdrop;

static bool listen_in(void *argument, const uint8_t *bytes, size_t length)
{
    eavesdrop *heard = argument;
    heard->count++;
    heard->bytes += length;
    heard->length = length;
    memcpy(heard->last, bytes, length);
    return true;
}

static const struct sockaddr_in *stranger(unsigned number)
{
    static struct sockaddr_in address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(0xc0000200u + number % 250);
    address.sin_port = htons((uint16_t)(20000 + number / 250));
    return &address;
}

static sim_world *quiet_world(eavesdrop *heard)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    memset(heard, 0, sizeof(*heard));
    world->down.filter = listen_in;
    world->down.filter_argument = heard;
    world->client.ignore_arrivals = true;
    return world;
}

static void an_unknown_short_packet_draws_a_reset(void)
{
    eavesdrop heard;
    sim_world *world = quiet_world(&heard);
    uint8_t packet[100];
    sim_random_fill(&world->random, packet, sizeof(packet));
    packet[0] = 0x40;
    CHECK(sim_inject(&world->server, packet, sizeof(packet), stranger(0), &world->server.address)
          != XQC_OK);
    CHECK_EQ(world->server.calls[SIM_STATELESS_RESET], 1);
    CHECK_EQ(heard.count, 1);
    /* RFC 9000 section 10.3: looks like a short header and is smaller than what caused it. */
    CHECK_EQ(heard.last[0] & 0xc0, 0x40);
    CHECK(heard.length >= 21 && heard.length < sizeof(packet));
    CHECK_EQ(world->server.calls[SIM_SERVER_ACCEPT], 0);
    sim_world_free(world);
}

static void resets_are_limited_in_rate_and_size(void)
{
    eavesdrop heard;
    sim_world *world = quiet_world(&heard);
    uint8_t packet[200];
    for (unsigned i = 0; i < 500; i++) {
        sim_random_fill(&world->random, packet, sizeof(packet));
        packet[0] = 0x40 | (packet[0] & 0x3f);
        size_t length = i % sizeof(packet);
        unsigned before = heard.count;
        (void)sim_inject(&world->server, packet, length, stranger(i % 3), &world->server.address);
        if (heard.count > before) {
            CHECK(heard.length < length);
        }
    }
    check_note("%u resets for 500 packets of 3 peers", heard.count);
    CHECK(heard.count <= 30);
    sim_world_free(world);
}

/* RFC 8999: an Initial of a version nobody knows. */
static size_t strange_initial(uint8_t *packet, uint32_t version, size_t length)
{
    memset(packet, 0x77, length);
    packet[0] = 0xc3;
    packet[1] = (uint8_t)(version >> 24);
    packet[2] = (uint8_t)(version >> 16);
    packet[3] = (uint8_t)(version >> 8);
    packet[4] = (uint8_t)version;
    packet[5] = 8;
    memset(packet + 6, 0xd1, 8);
    packet[14] = 5;
    memset(packet + 15, 0x5c, 5);
    return length;
}

/* RFC 9000 section 6: told of the versions, with the connection IDs swapped. */
static void an_unknown_version_draws_a_negotiation(void)
{
    eavesdrop heard;
    sim_world *world = quiet_world(&heard);
    uint8_t packet[1200];
    size_t length = strange_initial(packet, 0x0a1a2a3a, sizeof(packet));
    (void)sim_inject(&world->server, packet, length, stranger(1), &world->server.address);
    xqc_engine_finish_recv(world->server.engine);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    CHECK_EQ(heard.count, 1);
    CHECK(heard.last[0] & 0x80);
    CHECK(memcmp(heard.last + 1, "\0\0\0\0", 4) == 0);
    CHECK_EQ(heard.last[5], 5);
    CHECK_EQ(heard.last[6], 0x5c);
    CHECK_EQ(heard.last[11], 8);
    CHECK_EQ(heard.last[12], 0xd1);
    bool knows_v1 = false;
    for (size_t i = 20; i + 4 <= heard.length; i += 4) {
        knows_v1 = knows_v1 || memcmp(heard.last + i, "\0\0\0\1", 4) == 0;
    }
    CHECK(knows_v1);
    sim_world_free(world);
}

static void a_negotiation_needs_no_connection(void)
{
    eavesdrop heard;
    sim_world *world = quiet_world(&heard);
    uint8_t packet[1200];
    size_t length = strange_initial(packet, 0x0a1a2a3a, sizeof(packet));
    (void)sim_inject(&world->server, packet, length, stranger(1), &world->server.address);
    xqc_engine_finish_recv(world->server.engine);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    CHECK_EQ(heard.count, 1);
    CHECK_EQ(world->server.calls[SIM_SERVER_ACCEPT], 0);
    CHECK_EQ(world->server.calls[SIM_WRITE_SOCKET], 0);
    /* RFC 9000 section 6.1: not for datagrams too small to be a client's first. */
    length = strange_initial(packet, 0x0a1a2a3a, 600);
    (void)sim_inject(&world->server, packet, length, stranger(2), &world->server.address);
    xqc_engine_finish_recv(world->server.engine);
    sim_run_for(world, 100 * SIM_MILLISECOND);
    CHECK_EQ(heard.count, 1);
    sim_world_free(world);
}

static void garbage_draws_nothing(void)
{
    static const char *const texts[] = {"", "\x01", "GET / HTTP/1.1\r\n\r\n",
                                        "\xff\xff\xff\xff\xff", "\xc0", "\xc0\x00\x00\x00\x01", "\xc3\x00\x00\x00\x01\xff"};
    eavesdrop heard;
    sim_world *world = quiet_world(&heard);
    for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
        check_context("text %zu", i);
        CHECK(sim_inject(&world->server, texts[i], strlen(texts[i]), stranger(3),
                         &world->server.address)
              != XQC_OK);
    }
    sim_run_for(world, SIM_SECOND);
    CHECK_EQ(heard.count, 0);
    CHECK_EQ(world->server.calls[SIM_SERVER_ACCEPT], 0);
    sim_world_free(world);
}

/* RFC 9000 section 14.1: a server ignores an Initial in a datagram below 1200 bytes. */
static bool cut_short(void *argument, const uint8_t *bytes, size_t length)
{
    sim_world *world = argument;
    world->up.filter = NULL;
    (void)sim_inject(&world->server, bytes, length - 300, stranger(4), &world->server.address);
    return false;
}

static void a_short_initial_draws_nothing(void)
{
    eavesdrop heard;
    sim_world *world = quiet_world(&heard);
    world->up.filter = cut_short;
    world->up.filter_argument = world;
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    sim_run_for(world, 50 * SIM_MILLISECOND);
    CHECK_EQ(heard.count, 0);
    CHECK_EQ(world->server.calls[SIM_CONN_CREATE], 0);
    sim_world_free(world);
}

/* The server process was started anew: the client learns that its connection is gone. */
static void a_restarted_server_resets_the_client(void)
{
    sim_options options;
    sim_options_init(&options);
    memcpy(options.server_config.reset_token_key, "0123456789abcdef", 16);
    options.server_config.reset_token_keylen = 16;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_established(world);
    sim_run_for(world, SIM_SECOND);
    sim_restart(&world->server);
    (void)sim_request(conn, 10000, 10);
    CHECK(sim_run(world, sim_is_closed, conn, 10 * SIM_SECOND));
    check_note("client errno %d", conn->close_errno);
    CHECK(world->server.calls[SIM_STATELESS_RESET] > 0);
    CHECK_EQ(conn->close_errno, XQC_ESTATELESS_RESET);
    sim_world_free(world);
}

/* RFC 9000 section 8.1: three times what came in, until the address is proven. */
static void an_unproven_address_gets_little(void)
{
    eavesdrop heard;
    sim_world *world = quiet_world(&heard);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    sim_run_for(world, 11 * SIM_MILLISECOND);
    world->up.config.blackhole = true;
    uint64_t received = world->up.stats.sent_bytes - world->up.stats.dropped * 1200;
    sim_run_for(world, 60 * SIM_SECOND);
    check_note("%zu bytes for %llu", heard.bytes, (unsigned long long)received);
    CHECK(heard.bytes <= 3 * received);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"an_unknown_short_packet_draws_a_reset", an_unknown_short_packet_draws_a_reset, 0},
    {"resets_are_limited_in_rate_and_size", resets_are_limited_in_rate_and_size, 0},
    {"an_unknown_version_draws_a_negotiation", an_unknown_version_draws_a_negotiation, 0},
    /* Upstream answers however small the datagram. */
    {"a_negotiation_needs_no_connection", a_negotiation_needs_no_connection, CHECK_UPSTREAM_FAILS},
    {"garbage_draws_nothing", garbage_draws_nothing, 0},
    {"a_short_initial_draws_nothing", a_short_initial_draws_nothing, 0},
    {"a_restarted_server_resets_the_client", a_restarted_server_resets_the_client, 0},
    /* Upstream goes beyond by a part of a datagram. */
    {"an_unproven_address_gets_little", an_unproven_address_gets_little, CHECK_UPSTREAM_FAILS},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
