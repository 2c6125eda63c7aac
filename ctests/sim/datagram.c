/* The callbacks for unreliable datagrams; see sim.h. */
#include <string.h>

#include "sim.h"

static sim_conn *conn_of(const xqc_connection_t *handle, void *user_data, const char *callback)
{
    sim_conn *conn = sim_check_conn(user_data, callback);
    CHECK(handle != NULL && handle == conn->handle);
    return conn;
}

static sim_conn *conn_of_h3(const xqc_h3_conn_t *h3, void *user_data, const char *callback)
{
    sim_conn *conn = sim_check_conn(user_data, callback);
    CHECK(h3 != NULL && h3 == conn->h3);
    return conn;
}

/* ---- what happened ---- */

static void note_read(sim_conn *conn, const void *data, size_t length, uint64_t time)
{
    sim_datagrams *datagrams = &conn->datagrams;
    CHECK(data != NULL && length > 0);
    size_t kept = length < sizeof(datagrams->last) ? length : sizeof(datagrams->last);
    memcpy(datagrams->last, data, kept);
    datagrams->last_length = length;
    datagrams->last_time = time;
    datagrams->received_bytes += length;
    datagrams->received++;
    sim_note(SIM_DATAGRAM_READ, conn->endpoint, conn, NULL);
}

static void note_write(sim_conn *conn)
{
    conn->datagrams.writable++;
    sim_note(SIM_DATAGRAM_WRITE, conn->endpoint, conn, NULL);
}

static void note_acked(sim_conn *conn, uint64_t number)
{
    conn->datagrams.acked++;
    conn->datagrams.last_acked = number;
    sim_note(SIM_DATAGRAM_ACKED, conn->endpoint, conn, NULL);
}

static xqc_int_t note_lost(sim_conn *conn, uint64_t number)
{
    conn->datagrams.lost++;
    conn->datagrams.last_lost = number;
    sim_note(SIM_DATAGRAM_LOST, conn->endpoint, conn, NULL);
    return conn->datagrams.lost_answer;
}

static void note_mss(sim_conn *conn, size_t mss)
{
    conn->datagrams.mss = mss;
    conn->datagrams.mss_updates++;
    sim_note(SIM_DATAGRAM_MSS, conn->endpoint, conn, NULL);
}

/* ---- protocols of the host's own ---- */

static void on_read(xqc_connection_t *handle, void *user_data, const void *data, size_t length,
                    uint64_t time)
{
    note_read(conn_of(handle, user_data, __func__), data, length, time);
}

static void on_write(xqc_connection_t *handle, void *user_data)
{
    note_write(conn_of(handle, user_data, __func__));
}

static void on_acked(xqc_connection_t *handle, uint64_t number, void *user_data)
{
    note_acked(conn_of(handle, user_data, __func__), number);
}

static xqc_int_t on_lost(xqc_connection_t *handle, uint64_t number, void *user_data)
{
    return note_lost(conn_of(handle, user_data, __func__), number);
}

static void on_mss(xqc_connection_t *handle, size_t mss, void *user_data)
{
    note_mss(conn_of(handle, user_data, __func__), mss);
}

xqc_datagram_callbacks_t sim_datagram_callbacks(void)
{
    const xqc_datagram_callbacks_t callbacks = {
        .datagram_read_notify = on_read,
        .datagram_write_notify = on_write,
        .datagram_acked_notify = on_acked,
        .datagram_lost_notify = on_lost,
        .datagram_mss_updated_notify = on_mss,
    };
    return callbacks;
}

/* ---- extended HTTP/3 ---- */

static void on_h3_read(xqc_h3_conn_t *h3, const void *data, size_t length, void *user_data,
                       uint64_t time)
{
    note_read(conn_of_h3(h3, user_data, __func__), data, length, time);
}

static void on_h3_write(xqc_h3_conn_t *h3, void *user_data)
{
    note_write(conn_of_h3(h3, user_data, __func__));
}

static void on_h3_acked(xqc_h3_conn_t *h3, uint64_t number, void *user_data)
{
    note_acked(conn_of_h3(h3, user_data, __func__), number);
}

static int on_h3_lost(xqc_h3_conn_t *h3, uint64_t number, void *user_data)
{
    return note_lost(conn_of_h3(h3, user_data, __func__), number);
}

static void on_h3_mss(xqc_h3_conn_t *h3, size_t mss, void *user_data)
{
    note_mss(conn_of_h3(h3, user_data, __func__), mss);
}

xqc_h3_ext_dgram_callbacks_t sim_h3_datagram_callbacks(void)
{
    const xqc_h3_ext_dgram_callbacks_t callbacks = {
        .dgram_read_notify = on_h3_read,
        .dgram_write_notify = on_h3_write,
        .dgram_acked_notify = on_h3_acked,
        .dgram_lost_notify = on_h3_lost,
        .dgram_mss_updated_notify = on_h3_mss,
    };
    return callbacks;
}
