/* Anybody can send anything to a UDP port. None of it may harm a live connection. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define CAPTURED 256

/* The latest genuine datagrams of one direction. */
typedef struct capture {
    size_t count;
    size_t lengths[CAPTURED];
    uint8_t bytes[CAPTURED][SIM_DATAGRAM_MAX];
} capture;

typedef struct attack {
    sim_world *world;
    sim_endpoint *target;
    struct sockaddr_in target_address; /* changes with the client's connections */
    struct sockaddr_in peer_address;
    sim_random random;
    capture *toward;  /* genuine datagrams to the target */
    capture *backward; /* and those it sent itself */
    uint64_t sent;
} attack;

static bool record(void *argument, const uint8_t *bytes, size_t length)
{
    capture *seen = argument;
    size_t place = seen->count++ % CAPTURED;
    seen->lengths[place] = length;
    memcpy(seen->bytes[place], bytes, length);
    return true;
}

/* A genuine datagram, copied; empty if none was seen yet. */
static size_t pick(attack *attack, const capture *seen, uint8_t *bytes)
{
    size_t known = seen->count < CAPTURED ? seen->count : CAPTURED;
    if (known == 0) {
        return 0;
    }
    size_t place = (size_t)sim_random_below(&attack->random, known);
    memcpy(bytes, seen->bytes[place], seen->lengths[place]);
    return seen->lengths[place];
}

static size_t random_bytes(attack *attack, uint8_t *bytes)
{
    size_t length = (size_t)sim_random_below(&attack->random, 1500);
    sim_random_fill(&attack->random, bytes, length);
    return length;
}

static size_t flip_bits(attack *attack, uint8_t *bytes, size_t length)
{
    uint64_t flips = 1 + sim_random_below(&attack->random, 16);
    /* Half of the time only the header is hit, where the parsers are. */
    size_t reach = sim_random_below(&attack->random, 2) == 0 && length > 40 ? 40 : length;
    for (uint64_t i = 0; i < flips && reach > 0; i++) {
        uint64_t bit = sim_random_below(&attack->random, reach * 8);
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    return length;
}

static size_t truncate(attack *attack, uint8_t *bytes, size_t length)
{
    (void)bytes;
    return length == 0 ? 0 : (size_t)sim_random_below(&attack->random, length);
}

static size_t extend(attack *attack, uint8_t *bytes, size_t length)
{
    size_t more = (size_t)sim_random_below(&attack->random, 1500);
    if (length + more > SIM_DATAGRAM_MAX) {
        more = SIM_DATAGRAM_MAX - length;
    }
    sim_random_fill(&attack->random, bytes + length, more);
    return length + more;
}

/* A genuine header, then noise. */
static size_t keep_header(attack *attack, uint8_t *bytes, size_t length)
{
    size_t kept = 1 + (size_t)sim_random_below(&attack->random, 60);
    if (kept < length) {
        sim_random_fill(&attack->random, bytes + kept, length - kept);
    }
    return length;
}

static size_t overwrite(attack *attack, uint8_t *bytes, size_t length)
{
    static const uint8_t values[] = {0x00, 0xff, 0x40, 0x80, 0xc0, 0x7f};
    uint64_t count = 1 + sim_random_below(&attack->random, 8);
    for (uint64_t i = 0; i < count && length > 0; i++) {
        bytes[sim_random_below(&attack->random, length)] =
            values[sim_random_below(&attack->random, sizeof(values))];
    }
    return length;
}

static size_t change_type(attack *attack, uint8_t *bytes, size_t length)
{
    if (length > 0) {
        bytes[0] = (uint8_t)sim_random_next(&attack->random);
    }
    return length;
}

static size_t change_version(attack *attack, uint8_t *bytes, size_t length)
{
    static const uint32_t versions[] = {0, 1, 2, 0xff00001d, 0x6b3343cf, 0x0a0a0a0a, 0xffffffff};
    uint32_t version = versions[sim_random_below(&attack->random, 7)];
    if (length >= 5) {
        bytes[0] |= 0x80;
        memcpy(bytes + 1, &version, sizeof(version));
    }
    return length;
}

/* One datagram after another in one: what coalescing must tell apart. */
static size_t join(attack *attack, uint8_t *bytes, size_t length)
{
    uint8_t other[SIM_DATAGRAM_MAX];
    size_t more = pick(attack, attack->toward, other);
    if (length + more > SIM_DATAGRAM_MAX) {
        more = SIM_DATAGRAM_MAX - length;
    }
    memcpy(bytes + length, other, more);
    return length + more;
}

static size_t replay(attack *attack, uint8_t *bytes, size_t length)
{
    (void)attack;
    (void)bytes;
    return length;
}

typedef size_t (*mutation)(attack *attack, uint8_t *bytes, size_t length);

static const mutation MUTATIONS[] = {flip_bits, truncate,    extend,         keep_header, overwrite,
                                     replay,    change_type, change_version, join};

static size_t forge(attack *attack, uint8_t *bytes)
{
    uint64_t kind = sim_random_below(&attack->random, 10);
    size_t length = 0;
    if (kind >= 2) {
        length = pick(attack, kind == 2 ? attack->backward : attack->toward, bytes);
    }
    if (length == 0) {
        return random_bytes(attack, bytes);
    }
    uint64_t rounds = 1 + sim_random_below(&attack->random, 2);
    for (uint64_t i = 0; i < rounds; i++) {
        length = MUTATIONS[sim_random_below(&attack->random, CHECK_COUNT(MUTATIONS))](
            attack, bytes, length);
    }
    return length;
}

static void strike(attack *attack)
{
    uint8_t bytes[SIM_DATAGRAM_MAX];
    struct sockaddr_in from = attack->peer_address;
    size_t length = forge(attack, bytes);
    if (sim_random_below(&attack->random, 4) == 0) {
        from.sin_addr.s_addr = (in_addr_t)sim_random_next(&attack->random);
        from.sin_port = (in_port_t)sim_random_next(&attack->random);
    }
    /* A block of just the right size lets valgrind and ASAN see a step past the end. */
    uint8_t *exact = malloc(length == 0 ? 1 : length);
    CHECK(exact != NULL);
    memcpy(exact, bytes, length);
    (void)sim_inject(attack->target, exact, length, &from, &attack->target_address);
    free(exact);
    attack->sent++;
}

static attack attack_new(sim_world *world, sim_endpoint *target, sim_conn *client)
{
    capture *up = calloc(1, sizeof(*up));
    capture *down = calloc(1, sizeof(*down));
    CHECK(up != NULL && down != NULL);
    world->up.filter = record;
    world->up.filter_argument = up;
    world->down.filter = record;
    world->down.filter_argument = down;
    attack attack = {
        .world = world,
        .target = target,
        .target_address = target->is_server ? world->server.address : client->local,
        .peer_address = target->is_server ? client->local : world->server.address,
        .toward = target->is_server ? up : down,
        .backward = target->is_server ? down : up,
    };
    sim_random_seed(&attack.random, check_seed() ^ 0x61747461636b);
    return attack;
}

static void attack_free(attack *attack)
{
    attack->world->up.filter = NULL;
    attack->world->down.filter = NULL;
    free(attack->toward);
    free(attack->backward);
}

/* Data flows in both directions while forged datagrams pour in between the genuine ones. */
static void survive(bool at_server, uint64_t strikes)
{
    sim_options options;
    sim_options_init(&options);
    options.up.rate = 2000000;
    options.down.rate = 2000000;
    options.up.queue_bytes = 60000;
    options.down.queue_bytes = 60000;
    /* Two ends with one key would give away each other's reset tokens. */
    memcpy(options.client_config.reset_token_key, "client", 6);
    options.client_config.reset_token_keylen = 6;
    memcpy(options.server_config.reset_token_key, "server", 6);
    options.server_config.reset_token_keylen = 6;
    sim_world *world = sim_world_new(&options);
    sim_conn *conn = sim_connect(world);
    CHECK(conn != NULL);
    attack attack = attack_new(world, at_server ? &world->server : &world->client, conn);
    CHECK(sim_run(world, sim_is_confirmed, conn, 10 * SIM_SECOND));
    sim_conn *server = sim_server_conn(world, conn);
    uint64_t size = 1000000;
    while (attack.sent < strikes) {
        if (sim_is_drained(conn)) {
            CHECK(sim_request(conn, size, size) != NULL);
        }
        CHECK(sim_step(world));
        for (unsigned i = 0; i < 20; i++) {
            strike(&attack);
        }
        xqc_engine_finish_recv(attack.target->engine);
        CHECK(!conn->closed && !server->closed);
    }
    CHECK(sim_run(world, sim_is_drained, conn, 600 * SIM_SECOND));
    CHECK_EQ(xqc_conn_get_errno(conn->handle), 0);
    CHECK_EQ(xqc_conn_get_errno(server->handle), 0);
    check_note("%llu strikes, %u accepted, %u resets sent", (unsigned long long)attack.sent,
               world->server.calls[SIM_SERVER_ACCEPT], world->server.calls[SIM_STATELESS_RESET]);
    attack_free(&attack);
    CHECK_EQ(xqc_conn_close(world->client.engine, &conn->cid), XQC_OK);
    sim_run_for(world, 300 * SIM_SECOND);
    /* All that the forgeries brought to life has died of its own. */
    for (sim_conn *each = world->server.conns; each != NULL; each = each->next) {
        CHECK(each->closed || each->refused);
    }
    sim_world_free(world);
}

static void a_server_survives_100000_forged_datagrams(void)
{
    survive(true, check_rounds(100000, 2000));
}

static void a_client_survives_forged_datagrams(void)
{
    survive(false, check_rounds(50000, 2000));
}

/* The same while the handshake is under way, over and over, when the parsers are most open. */
static void handshakes_survive_forged_datagrams(void)
{
    for (unsigned round = 0; round < check_rounds(200, 5); round++) {
        check_context("round %u", round);
        sim_options options;
        sim_options_init(&options);
        options.seed += round;
        sim_world *world = sim_world_new(&options);
        sim_conn *conn = sim_connect(world);
        CHECK(conn != NULL);
        attack attack = attack_new(world, &world->server, conn);
        sim_random_seed(&attack.random, options.seed);
        CHECK(sim_request(conn, 10000, 10000) != NULL);
        for (unsigned step = 0; step < 60 && !conn->closed; step++) {
            if (!sim_step(world)) {
                break;
            }
            for (unsigned i = 0; i < 5; i++) {
                strike(&attack);
            }
            xqc_engine_finish_recv(world->server.engine);
        }
        attack_free(&attack);
        sim_run_for(world, 5 * SIM_SECOND);
        sim_world_free(world);
    }
}

static const check_case CASES[] = {
    /* Upstream closes a connection for a malformed long header that anybody can forge. */
    {"a_server_survives_100000_forged_datagrams", a_server_survives_100000_forged_datagrams,
     CHECK_UPSTREAM_FAILS},
    {"a_client_survives_forged_datagrams", a_client_survives_forged_datagrams,
     CHECK_UPSTREAM_FAILS},
    {"handshakes_survive_forged_datagrams", handshakes_survive_forged_datagrams, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
