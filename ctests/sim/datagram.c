/* The callbacks for unreliable datagrams; see sim.h. */
#include <string.h>

#include "sim.h"

static sim_conn *conn_of(const xqc_connection_t *handle, void *user_data, const char *callback)
{
    sim_conn *conn = sim_check_conn(user_data, callback);
    CHECK(handle != NULL && handle == conn->handle);
    return conn;
}

static void on_read(xqc_connection_t *handle, void *user_data, const void *data, size_t length,
                    uint64_t time)
{
    sim_conn *conn = conn_of(handle, user_data, __func__);
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

static void on_write(xqc_connection_t *handle, void *user_data)
{
    sim_conn *conn = conn_of(handle, user_data, __func__);
    conn->datagrams.writable++;
    sim_note(SIM_DATAGRAM_WRITE, conn->endpoint, conn, NULL);
}

static void on_acked(xqc_connection_t *handle, uint64_t number, void *user_data)
{
    sim_conn *conn = conn_of(handle, user_data, __func__);
    conn->datagrams.acked++;
    conn->datagrams.last_acked = number;
    sim_note(SIM_DATAGRAM_ACKED, conn->endpoint, conn, NULL);
}

static xqc_int_t on_lost(xqc_connection_t *handle, uint64_t number, void *user_data)
{
    sim_conn *conn = conn_of(handle, user_data, __func__);
    conn->datagrams.lost++;
    conn->datagrams.last_lost = number;
    sim_note(SIM_DATAGRAM_LOST, conn->endpoint, conn, NULL);
    return conn->datagrams.lost_answer;
}

static void on_mss(xqc_connection_t *handle, size_t mss, void *user_data)
{
    sim_conn *conn = conn_of(handle, user_data, __func__);
    conn->datagrams.mss = mss;
    conn->datagrams.mss_updates++;
    sim_note(SIM_DATAGRAM_MSS, conn->endpoint, conn, NULL);
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
