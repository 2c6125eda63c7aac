/* ECN marks between the simulated host and the library; see sim.h. Only this library has a way. */
#include "sim.h"

#ifdef CTESTS_EXT

#include <xquic/xqc_ext.h>

static sim_endpoint *mark(void *user_data, uint8_t ecn)
{
    CHECK(ecn <= 3);
    sim_endpoint *endpoint = sim_conn_of(user_data)->endpoint;
    endpoint->ecn = ecn;
    return endpoint;
}

static ssize_t on_write_socket(uint64_t path_id, const unsigned char *bytes, size_t length,
                               const struct sockaddr *to, socklen_t to_length, uint8_t ecn,
                               void *user_data)
{
    CHECK_EQ(path_id, 0);
    sim_endpoint *endpoint = mark(user_data, ecn);
    xqc_transport_callbacks_t plain = sim_transport_callbacks(&endpoint->world->options);
    ssize_t result = plain.write_socket(bytes, length, to, to_length, user_data);
    endpoint->ecn = 0;
    return result;
}

static ssize_t on_write_mmsg(uint64_t path_id, const struct iovec *vector, unsigned int count,
                             const struct sockaddr *to, socklen_t to_length, uint8_t ecn,
                             void *user_data)
{
    CHECK_EQ(path_id, 0);
    sim_endpoint *endpoint = mark(user_data, ecn);
    xqc_transport_callbacks_t plain = sim_transport_callbacks(&endpoint->world->options);
    ssize_t result = plain.write_mmsg(vector, count, to, to_length, user_data);
    endpoint->ecn = 0;
    return result;
}

void sim_use_ecn(sim_endpoint *endpoint)
{
    const xqc_ext_marking_writers_t writers = {on_write_socket, on_write_mmsg};
    CHECK_EQ(xqc_ext_set_marking_writers(endpoint->engine, &writers), XQC_OK);
}

xqc_int_t sim_inject_marked(sim_endpoint *endpoint, const void *bytes, size_t length, uint8_t ecn,
                            const struct sockaddr_in *from, const struct sockaddr_in *to)
{
    return xqc_ext_packet_process(endpoint->engine, bytes, length, (const struct sockaddr *)to,
                                  sizeof(*to), (const struct sockaddr *)from, sizeof(*from), ecn,
                                  sim_now(), &endpoint->listener);
}

#else

void sim_use_ecn(sim_endpoint *endpoint)
{
    (void)endpoint;
    CHECK(!"this library knows no marks");
}

xqc_int_t sim_inject_marked(sim_endpoint *endpoint, const void *bytes, size_t length, uint8_t ecn,
                            const struct sockaddr_in *from, const struct sockaddr_in *to)
{
    (void)ecn;
    return sim_inject(endpoint, bytes, length, from, to);
}

#endif
