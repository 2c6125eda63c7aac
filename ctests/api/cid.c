/* Connection IDs: found in packets, compared, printed. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* Parses a copy of exactly that size, so that a tool sees a read past the end. */
static xqc_int_t parse(xqc_cid_t *dcid, xqc_cid_t *scid, uint8_t length, const void *bytes,
                       size_t size)
{
    unsigned char *exact = malloc(size == 0 ? 1 : size);
    CHECK(exact != NULL);
    memcpy(exact, bytes, size);
    memset(dcid, 0, sizeof(*dcid));
    memset(scid, 0, sizeof(*scid));
    xqc_int_t result = xqc_packet_parse_cid(dcid, scid, length, exact, size);
    free(exact);
    return result;
}

static void a_short_header_has_the_configured_length(void)
{
    static const unsigned char packet[24] = {0x40, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    xqc_cid_t dcid;
    xqc_cid_t scid;
    for (uint8_t length = 0; length <= 20; length++) {
        check_context("length %u", length);
        CHECK_EQ(parse(&dcid, &scid, length, packet, sizeof(packet)), XQC_OK);
        CHECK_EQ(dcid.cid_len, length);
        CHECK_EQ(memcmp(dcid.cid_buf, packet + 1, length), 0);
        CHECK_EQ(scid.cid_len, 0);
        CHECK_EQ(parse(&dcid, &scid, length, packet, (size_t)length + 1), XQC_OK);
        CHECK(parse(&dcid, &scid, length, packet, length) != XQC_OK);
    }
}

static void a_long_header_says_its_lengths(void)
{
    unsigned char packet[64];
    xqc_cid_t dcid;
    xqc_cid_t scid;
    for (unsigned dcid_length = 0; dcid_length <= 20; dcid_length++) {
        for (unsigned scid_length = 0; scid_length <= 20; scid_length += 4) {
            check_context("lengths %u and %u", dcid_length, scid_length);
            memset(packet, 0x33, sizeof(packet));
            packet[0] = 0xc0;
            packet[5] = (unsigned char)dcid_length;
            memset(packet + 6, 0xdd, dcid_length);
            packet[6 + dcid_length] = (unsigned char)scid_length;
            memset(packet + 7 + dcid_length, 0x55, scid_length);
            size_t whole = 7 + dcid_length + scid_length;
            CHECK_EQ(parse(&dcid, &scid, 8, packet, whole), XQC_OK);
            CHECK_EQ(dcid.cid_len, dcid_length);
            CHECK_EQ(scid.cid_len, scid_length);
            CHECK(dcid_length == 0 || dcid.cid_buf[dcid_length - 1] == 0xdd);
            CHECK(scid_length == 0 || scid.cid_buf[scid_length - 1] == 0x55);
            for (size_t size = 0; size < whole; size++) {
                CHECK(parse(&dcid, &scid, 8, packet, size) != XQC_OK);
            }
        }
    }
}

static void bad_packets_have_none(void)
{
    unsigned char packet[64];
    xqc_cid_t dcid;
    xqc_cid_t scid;
    memset(packet, 0x22, sizeof(packet));
    CHECK(parse(&dcid, &scid, 8, packet, 0) != XQC_OK);
    /* RFC 9000 section 17: the fixed bit. */
    packet[0] = 0x00;
    CHECK(parse(&dcid, &scid, 8, packet, sizeof(packet)) != XQC_OK);
    packet[0] = 0xc0;
    packet[5] = 21;
    CHECK(parse(&dcid, &scid, 8, packet, sizeof(packet)) != XQC_OK);
    packet[5] = 0;
    packet[6] = 21;
    CHECK(parse(&dcid, &scid, 8, packet, sizeof(packet)) != XQC_OK);
}

/* The host goes on with what it finds: nothing of a bad packet may remain in the output. */
static void a_failure_leaves_empty_cids(void)
{
    unsigned char packet[64];
    xqc_cid_t dcid;
    xqc_cid_t scid;
    memset(packet, 0xee, sizeof(packet));
    packet[0] = 0xc0;
    CHECK(parse(&dcid, &scid, 8, packet, sizeof(packet)) != XQC_OK);
    CHECK_EQ(dcid.cid_len, 0);
    CHECK_EQ(scid.cid_len, 0);
    packet[5] = 4;
    CHECK(parse(&dcid, &scid, 8, packet, sizeof(packet)) != XQC_OK);
    CHECK_EQ(dcid.cid_len, 0);
    CHECK_EQ(scid.cid_len, 0);
}

static void any_bytes_may_be_parsed(void)
{
    sim_random random;
    sim_random_seed(&random, check_seed());
    unsigned char packet[80];
    xqc_cid_t dcid;
    xqc_cid_t scid;
    for (unsigned i = 0; i < check_rounds(200000, 5000); i++) {
        size_t size = (size_t)sim_random_below(&random, sizeof(packet) + 1);
        sim_random_fill(&random, packet, size);
        if (size > 5 && i % 2 == 0) {
            packet[5] %= 22;
        }
        uint8_t length = (uint8_t)sim_random_below(&random, 21);
        if (parse(&dcid, &scid, length, packet, size) == XQC_OK) {
            CHECK(dcid.cid_len <= XQC_MAX_CID_LEN && scid.cid_len <= XQC_MAX_CID_LEN);
        }
    }
}

static void cids_are_compared_by_length_and_bytes(void)
{
    xqc_cid_t a = {.cid_len = 4, .cid_buf = {1, 2, 3, 4, 5}, .cid_seq_num = 1};
    xqc_cid_t b = {.cid_len = 4, .cid_buf = {1, 2, 3, 4, 6}, .cid_seq_num = 2};
    CHECK_EQ(xqc_cid_is_equal(&a, &b), XQC_OK);
    b.cid_buf[3] = 9;
    CHECK(xqc_cid_is_equal(&a, &b) != XQC_OK);
    b.cid_buf[3] = 4;
    b.cid_len = 5;
    CHECK(xqc_cid_is_equal(&a, &b) != XQC_OK);
    a.cid_len = 0;
    b.cid_len = 0;
    CHECK_EQ(xqc_cid_is_equal(&a, &b), XQC_OK);
    CHECK(xqc_cid_is_equal(NULL, &b) != XQC_OK);
    CHECK(xqc_cid_is_equal(&a, NULL) != XQC_OK);
}

static void cids_are_printed_in_hex(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    xqc_engine_t *engine = world->client.engine;
    xqc_cid_t a = {.cid_len = 4, .cid_buf = {0x01, 0xab, 0xcd, 0xef}};
    xqc_cid_t b = {.cid_len = 2, .cid_buf = {0xff, 0x00}};
    /* Both are used in one line of a log. */
    const char *first = (const char *)xqc_dcid_str(engine, &a);
    const char *second = (const char *)xqc_scid_str(engine, &b);
    CHECK(first != NULL && second != NULL && first != second);
    CHECK(strcmp(first, "01abcdef") == 0);
    CHECK(strcmp(second, "ff00") == 0);
    a.cid_len = 0;
    CHECK(strcmp((const char *)xqc_scid_str(engine, &a), "") == 0);
    sim_conn *conn = sim_established(world);
    sim_conn *server = sim_server_conn(world, conn);
    const char *theirs = (const char *)xqc_dcid_str_by_scid(engine, &conn->cid);
    CHECK(theirs != NULL);
    CHECK(strcmp(theirs, (const char *)xqc_scid_str(world->server.engine, &server->cid)) == 0);
    sim_world_free(world);
}

/* A host may have forged a length; no more than 20 bytes are ever there. */
static void a_bad_length_is_clamped(void)
{
    sim_options options;
    sim_options_init(&options);
    sim_world *world = sim_world_new(&options);
    xqc_cid_t bad;
    memset(&bad, 0x11, sizeof(bad));
    bad.cid_len = 255;
    const char *text = (const char *)xqc_scid_str(world->client.engine, &bad);
    CHECK(text != NULL && strlen(text) <= 2 * XQC_MAX_CID_LEN);
    text = (const char *)xqc_dcid_str(world->client.engine, &bad);
    CHECK(text != NULL && strlen(text) <= 2 * XQC_MAX_CID_LEN);
    sim_world_free(world);
}

/* The key of the test vectors of draft-ietf-quic-load-balancers-13. */
static uint8_t lb_key[] = {0x8f, 0x95, 0xf0, 0x92, 0x45, 0x76, 0x5f, 0x80,
                           0x25, 0x69, 0x34, 0xe5, 0x0c, 0x66, 0x20, 0x7f};

static sim_world *plain_world(void)
{
    sim_options options;
    sim_options_init(&options);
    return sim_world_new(&options);
}

static void expect_encryption(sim_world *world, const char *plain, const char *cipher, size_t size)
{
    xqc_engine_t *engine = world->client.engine;
    uint8_t cid[XQC_MAX_CID_LEN] = {0x2a};
    uint8_t out[XQC_MAX_CID_LEN + 1];
    memcpy(cid + 1, plain, size);
    memset(out, 0xee, sizeof(out));
    CHECK_EQ(xqc_lb_cid_encryption(cid, size, out, XQC_MAX_CID_LEN, lb_key, 16, engine), XQC_OK);
    CHECK_EQ(memcmp(out + 1, cipher, size), 0);
    /* The first octet is the host's, and so is what lies behind. */
    CHECK_EQ(out[0], 0xee);
    CHECK_EQ(out[size + 1], 0xee);
    /* In place. */
    CHECK_EQ(xqc_lb_cid_encryption(cid, size, cid, XQC_MAX_CID_LEN, lb_key, 16, engine), XQC_OK);
    CHECK_EQ(memcmp(cid + 1, cipher, size), 0);
    CHECK_EQ(cid[0], 0x2a);
}

static void sixteen_bytes_are_encrypted_in_a_single_pass(void)
{
    sim_world *world = plain_world();
    expect_encryption(world, "\xed\x79\x3a\x51\xd4\x9b\x8f\x5f\xee\x08\x0d\xbf\x48\xc0\xd1\xe5",
                      "\x4d\xd2\xd0\x5a\x7b\x0d\xe9\xb2\xb9\x90\x7a\xfb\x5e\xcf\x8c\xc3", 16);
    sim_world_free(world);
}

/* Upstream leaves the nonce in the clear, and writes one byte more than it may. */
static void other_lengths_are_encrypted_in_four_passes(void)
{
    sim_world *world = plain_world();
    expect_encryption(world, "\xed\x79\x3a\xee\x08\x0d\xbf",
                      "\xfb\xfe\x05\xf7\x31\xb4\x25", 7);
    expect_encryption(world, "\xed\x79\x3a\x51\xd4\x9b\x8f\x5f\xab\x65\xee\x08\x0d\xbf\x48",
                      "\x01\x09\x56\xfb\x5c\x1d\x4d\x86\xe0\x10\x18\x3e\x0b\x7d\x1e", 15);
    expect_encryption(
        world, "\xed\x79\x3a\x51\xd4\x9b\x8f\x5f\xab\xee\x08\x0d\xbf\x48\xc0\xd1\xe5\x5d",
        "\x7a\x28\x5a\x09\xf8\x52\x80\xf4\xfd\x6a\xbb\x43\x4a\x71\x59\xe4\xd3\xeb", 18);
    sim_world_free(world);
}

static void wrong_lengths_are_not_encrypted(void)
{
    sim_world *world = plain_world();
    xqc_engine_t *engine = world->client.engine;
    uint8_t cid[32] = {0};
    uint8_t out[32];
    CHECK_EQ(xqc_lb_cid_encryption(cid, 20, out, 32, lb_key, 16, engine), -XQC_EPARAM);
    CHECK_EQ(xqc_lb_cid_encryption(cid, 8, out, 8, lb_key, 16, engine), -XQC_EPARAM);
    CHECK_EQ(xqc_lb_cid_encryption(cid, 8, out, 9, lb_key, 15, engine), -XQC_EPARAM);
    CHECK_EQ(xqc_lb_cid_encryption(cid, 19, out, 20, lb_key, 16, engine), XQC_OK);
    sim_world_free(world);
}

static const check_case CASES[] = {
    {"a_short_header_has_the_configured_length", a_short_header_has_the_configured_length, 0},
    {"a_long_header_says_its_lengths", a_long_header_says_its_lengths, 0},
    {"bad_packets_have_none", bad_packets_have_none, 0},
    {"a_failure_leaves_empty_cids", a_failure_leaves_empty_cids, CHECK_UPSTREAM_FAILS},
    {"any_bytes_may_be_parsed", any_bytes_may_be_parsed, 0},
    {"cids_are_compared_by_length_and_bytes", cids_are_compared_by_length_and_bytes, 0},
    {"cids_are_printed_in_hex", cids_are_printed_in_hex, 0},
    {"a_bad_length_is_clamped", a_bad_length_is_clamped, CHECK_OURS_ONLY},
    {"sixteen_bytes_are_encrypted_in_a_single_pass", sixteen_bytes_are_encrypted_in_a_single_pass,
     0},
    {"other_lengths_are_encrypted_in_four_passes", other_lengths_are_encrypted_in_four_passes,
     CHECK_UPSTREAM_FAILS},
    {"wrong_lengths_are_not_encrypted", wrong_lengths_are_not_encrypted, 0},
};

int main(int argc, char **argv)
{
    return check_main(argc, argv, CASES, CHECK_COUNT(CASES));
}
