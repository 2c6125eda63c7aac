/* Bytestreams of the simulated world; see bytestream.h. */
#include "bytestream.h"

#include <stdlib.h>
#include <string.h>

static sim_bytestream *bytestream_new(sim_conn *conn, bool is_opener)
{
    sim_bytestream *one = calloc(1, sizeof(*one));
    CHECK(one != NULL);
    one->tag = SIM_TAG_BYTESTREAM;
    one->conn = conn;
    one->is_opener = is_opener;
    one->next = conn->bytestreams;
    conn->bytestreams = one;
    conn->open_bytestreams++;
    return one;
}

void sim_bytestreams_free(sim_conn *conn)
{
    while (conn->bytestreams != NULL) {
        sim_bytestream *one = conn->bytestreams;
        conn->bytestreams = one->next;
        one->tag = 0;
        free(one);
    }
}

static uint64_t seed_of(const sim_bytestream *one, bool from_opener, unsigned number)
{
    return one->id * 1000003 + number * 2 + from_opener;
}

sim_bytestream *sim_open_bytestream(sim_conn *conn)
{
    sim_bytestream *one = bytestream_new(conn, true);
    xqc_h3_ext_bytestream_t *handle =
        xqc_h3_ext_bytestream_create(conn->endpoint->engine, &conn->cid, one);
    if (handle == NULL && one->closed) {
        /* In its first callback already. */
        return NULL;
    }
    if (handle == NULL) {
        CHECK(conn->bytestreams == one && one->calls[SIM_BYTESTREAM_CREATE] == 0);
        conn->bytestreams = one->next;
        conn->open_bytestreams--;
        free(one);
        return NULL;
    }
    CHECK(one->handle == handle && one->calls[SIM_BYTESTREAM_CREATE] == 1);
    return one;
}

ssize_t sim_say(sim_bytestream *one, size_t length, bool fin)
{
    uint8_t *bytes = malloc(length + 1);
    CHECK(bytes != NULL);
    sim_pattern(seed_of(one, one->is_opener, one->said), 0, bytes, length);
    /* Before the call: the next one may be said inside it. */
    one->said++;
    ssize_t result = xqc_h3_ext_bytestream_send(one->handle, length == 0 ? NULL : bytes, length,
                                                fin, XQC_DATA_QOS_HIGHEST);
    /* It was copied. */
    memset(bytes, 0, length);
    free(bytes);
    if (result < 0) {
        one->said--;
        return result;
    }
    CHECK_EQ(result, length);
    one->fin_said |= fin;
    return result;
}

sim_bytestream *sim_bytestream_peer(sim_world *world, const sim_bytestream *one)
{
    sim_conn *conn = one->conn;
    conn = conn->endpoint->is_server ? conn->peer : sim_server_conn(world, conn);
    for (sim_bytestream *peer = conn == NULL ? NULL : conn->bytestreams; peer != NULL;
         peer = peer->next) {
        if (peer->id == one->id) {
            return peer;
        }
    }
    return NULL;
}

bool sim_is_heard_out(void *bytestream)
{
    return ((sim_bytestream *)bytestream)->fin_heard;
}

bool sim_is_closed_down(void *bytestream)
{
    return ((sim_bytestream *)bytestream)->closed;
}

/* ---- callbacks ---- */

static int note(sim_event event, sim_bytestream *one)
{
    sim_conn *conn = one->conn;
    const sim_call call = {
        .event = event, .endpoint = conn->endpoint, .conn = conn, .bytestream = one};
    one->calls[event]++;
    return sim_note_call(&call, one->id);
}

static sim_bytestream *bytestream_of(void *user_data, xqc_h3_ext_bytestream_t *handle)
{
    CHECK(user_data != NULL && *(uint32_t *)user_data == SIM_TAG_BYTESTREAM);
    sim_bytestream *one = user_data;
    CHECK(!one->closed && !one->conn->closed);
    CHECK(one->handle == handle);
    CHECK_EQ(xqc_h3_ext_bytestream_id(handle), one->id);
    CHECK(xqc_h3_ext_bytestream_get_h3_conn(handle) == one->conn->h3);
    return one;
}

static int on_create(xqc_h3_ext_bytestream_t *handle, void *user_data)
{
    CHECK(handle != NULL);
    sim_bytestream *one = user_data;
    if (one == NULL) {
        xqc_h3_conn_t *h3 = xqc_h3_ext_bytestream_get_h3_conn(handle);
        CHECK(h3 != NULL);
        sim_conn *conn = sim_check_conn(xqc_h3_conn_get_user_data(h3), __func__);
        CHECK(conn->h3 == h3);
        one = bytestream_new(conn, false);
        xqc_h3_ext_bytestream_set_user_data(handle, one);
    }
    CHECK(one->tag == SIM_TAG_BYTESTREAM && one->handle == NULL);
    CHECK(xqc_h3_ext_bytestream_get_user_data(handle) == one);
    one->handle = handle;
    one->id = xqc_h3_ext_bytestream_id(handle);
    return note(SIM_BYTESTREAM_CREATE, one);
}

static void compare(const sim_bytestream *one, const uint8_t *bytes, size_t length)
{
    uint64_t seed = seed_of(one, !one->is_opener, one->heard);
    CHECK_EQ(sim_pattern_right(seed, 0, bytes, length), length);
}

static int on_read(xqc_h3_ext_bytestream_t *handle, const void *data, size_t length, uint8_t fin,
                   void *user_data, uint64_t took)
{
    sim_bytestream *one = bytestream_of(user_data, handle);
    CHECK(!one->fin_heard);
    CHECK(fin <= 1);
    if (data == NULL) {
        CHECK(length == 0 && fin == 1);
        one->fin_came_alone = true;
    } else {
        compare(one, data, length);
        if (one->heard < SIM_LENGTHS) {
            one->lengths[one->heard] = length;
        }
        one->heard++;
        one->bytes_heard += length;
        one->last_took = took;
    }
    one->fin_heard = fin == 1;
    return note(SIM_BYTESTREAM_READ, one);
}

static int on_write(xqc_h3_ext_bytestream_t *handle, void *user_data)
{
    return note(SIM_BYTESTREAM_WRITE, bytestream_of(user_data, handle));
}

static int on_close(xqc_h3_ext_bytestream_t *handle, void *user_data)
{
    sim_bytestream *one = bytestream_of(user_data, handle);
    one->stats = xqc_h3_ext_bytestream_get_stats(handle);
    CHECK(one->stats.stream_close_msg != NULL);
    one->conn->open_bytestreams--;
    int result = note(SIM_BYTESTREAM_CLOSE, one);
    one->closed = true;
    one->handle = NULL;
    return result;
}

xqc_h3_ext_bytestream_callbacks_t sim_bytestream_callbacks(void)
{
    const xqc_h3_ext_bytestream_callbacks_t callbacks = {
        .bs_create_notify = on_create,
        .bs_close_notify = on_close,
        .bs_read_notify = on_read,
        .bs_write_notify = on_write,
    };
    return callbacks;
}
