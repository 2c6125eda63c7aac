/* Addresses of endpoints that come and go. */
#include "sim.h"

static bool is_same(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
    return a->sin_addr.s_addr == b->sin_addr.s_addr && a->sin_port == b->sin_port;
}

struct sockaddr_in sim_address(const char *ip, unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    CHECK_EQ(inet_pton(AF_INET, ip, &address.sin_addr), 1);
    return address;
}

void sim_add_address(sim_endpoint *endpoint, const struct sockaddr_in *address)
{
    CHECK(endpoint->added_count < CHECK_COUNT(endpoint->added));
    endpoint->added[endpoint->added_count++] = *address;
}

void sim_drop_address(sim_endpoint *endpoint, const struct sockaddr_in *address)
{
    CHECK(endpoint->dropped_count < CHECK_COUNT(endpoint->dropped));
    endpoint->dropped[endpoint->dropped_count++] = *address;
}

void sim_rebind(sim_conn *conn, const struct sockaddr_in *address)
{
    sim_drop_address(conn->endpoint, &conn->local);
    sim_add_address(conn->endpoint, address);
    conn->local = *address;
}

bool sim_reaches(const sim_endpoint *endpoint, const struct sockaddr_in *to)
{
    for (unsigned i = 0; i < endpoint->dropped_count; i++) {
        if (is_same(&endpoint->dropped[i], to)) {
            return false;
        }
    }
    for (unsigned i = 0; i < endpoint->added_count; i++) {
        if (is_same(&endpoint->added[i], to)) {
            return true;
        }
    }
    return to->sin_addr.s_addr == endpoint->address.sin_addr.s_addr;
}

struct sockaddr_in sim_leave_from(const sim_conn *conn)
{
    struct sockaddr_in address;
    socklen_t length = 0;
    const sim_endpoint *endpoint = conn->endpoint;
    if (endpoint->local_of_write == NULL
        || endpoint->local_of_write(endpoint->engine, (struct sockaddr *)&address,
                                    sizeof(address), &length) != XQC_OK
        || length == 0) {
        return conn->local;
    }
    CHECK_EQ(length, sizeof(address));
    return address;
}
