/*
 * HTTP/3 clients in C++17 on libxquic: owners that clean up, std::function for what happens, and no
 * exception that crosses the C library. One header, nothing to build.
 *
 * An Engine, its Connections and their Requests belong to one thread. A Connection or Request that
 * goes out of scope is closed; it may do so inside a handler, its own included. What outlives its
 * engine does nothing any more. An exception thrown by a handler ends the connection or request it
 * is about, and comes out of the member function of Engine that was called by the program.
 */
#ifndef XQUIC_HPP
#define XQUIC_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unordered_set>
#include <utility>
#include <vector>

#include <xquic/xqc_http3.h>
#include <xquic/xquic.h>

namespace xquic {

/* Something that the library refused; `code` is the positive XQC_E... or 0. */
class Error : public std::runtime_error {
public:
    Error(const std::string &what, long result)
        : std::runtime_error(what), code_(result < 0 ? static_cast<int>(-result) : 0)
    {
    }

    int code() const noexcept { return code_; }

private:
    int code_;
};

/* Bytes that belong to somebody else. */
struct Bytes {
    const unsigned char *data = nullptr;
    std::size_t          size = 0;

    Bytes() = default;
    Bytes(const void *at, std::size_t length)
        : data(static_cast<const unsigned char *>(at)), size(length)
    {
    }
    Bytes(std::string_view text) : Bytes(text.data(), text.size()) {}

    std::string_view text() const { return { reinterpret_cast<const char *>(data), size }; }
};

struct Field {
    std::string name; /* in lower case where the peer sent it */
    std::string value;
};

using Fields = std::vector<Field>;

/* The value of the first field of that name. */
inline std::optional<std::string_view>
find(const Fields &fields, std::string_view name)
{
    for (const Field &field : fields) {
        if (field.name == name) {
            return field.value;
        }
    }
    return std::nullopt;
}

/* What happens to a request. All may be empty. */
struct RequestHandlers {
    std::function<void(const Fields &)> headers;  /* also of interim responses, before the final */
    std::function<void(Bytes)>          body;     /* a piece of content */
    std::function<void(const Fields &)> trailers;
    std::function<void()>               complete; /* the response has ended well */
    std::function<void(int code)>       failed;   /* it ended otherwise */
    std::function<void()>               writable; /* send_body() takes something again */
};

/* What happens to a connection, and what it needs. All but `send` may be empty. */
struct ConnectionHandlers {
    /* Sends datagrams; returns how many, XQC_SOCKET_EAGAIN or XQC_SOCKET_ERROR. */
    std::function<ssize_t(const iovec *, unsigned, const sockaddr *, socklen_t)> send;
    std::function<void()>               connected;
    std::function<void(int h3_error)>   closed; /* the last that is heard */
    /* Judges a certificate chain that leads to no known authority; without it none is accepted. */
    std::function<bool(const std::vector<Bytes> &)> verify;
};

struct ConnectOptions {
    std::string               server_name;
    const sockaddr           *peer = nullptr;
    socklen_t                 peer_length = 0;
    std::chrono::milliseconds idle_timeout{ 10000 };
    bool                      insecure = false; /* take any certificate */
};

class Engine;

namespace detail {

struct EngineState {
    xqc_engine_t                                   *engine = nullptr;
    std::function<void(std::chrono::microseconds)>  arm_timer;
    std::exception_ptr                              thrown;
    /* What the library points to stays until the library has said goodbye to it. */
    std::unordered_set<std::shared_ptr<void>>       kept;

    /* Calls what may throw; afterwards the C library goes on as if nothing had been. */
    template <typename Result, typename Function>
    Result guard(Result otherwise, Function &&function) noexcept
    {
        try {
            return function();
        } catch (...) {
            if (!thrown) {
                thrown = std::current_exception();
            }
            return otherwise;
        }
    }

    void rethrow()
    {
        if (thrown) {
            std::rethrow_exception(std::exchange(thrown, nullptr));
        }
    }
};

struct ConnectionState : std::enable_shared_from_this<ConnectionState> {
    std::shared_ptr<EngineState> engine;
    ConnectionHandlers           handlers;
    xqc_cid_t                    cid{};
    bool                         closed = false;

    void close() noexcept
    {
        if (!closed && engine->engine != nullptr) {
            xqc_h3_conn_close(engine->engine, &cid);
        }
    }
};

struct RequestState : std::enable_shared_from_this<RequestState> {
    std::shared_ptr<EngineState> engine;
    RequestHandlers              handlers;
    xqc_h3_request_t            *handle = nullptr; /* null once it is closed */
    bool                         told = false;     /* how it ended */

    void close() noexcept
    {
        if (xqc_h3_request_t *request = std::exchange(handle, nullptr)) {
            told = true;
            xqc_h3_request_close(request);
        }
    }

    void complete()
    {
        if (!std::exchange(told, true) && handlers.complete) {
            handlers.complete();
        }
    }
};

template <typename State>
std::shared_ptr<State>
from(void *user_data)
{
    return static_cast<State *>(user_data)->shared_from_this();
}

inline Fields
copy(const xqc_http_headers_t &section)
{
    Fields fields;

    fields.reserve(section.count);
    for (std::size_t i = 0; i < section.count; i++) {
        const iovec &name = section.headers[i].name, &value = section.headers[i].value;

        fields.push_back({ std::string(static_cast<const char *>(name.iov_base), name.iov_len),
                           std::string(static_cast<const char *>(value.iov_base), value.iov_len) });
    }
    return fields;
}

/* ---- what the library calls ------------------------------------------------------------- */

inline void
on_set_timer(xqc_usec_t after, void *user_data)
{
    auto *engine = static_cast<EngineState *>(user_data);

    engine->guard(0, [&] {
        engine->arm_timer(std::chrono::microseconds(after));
        return 0;
    });
}

inline void
on_log(xqc_log_level_t, const void *, size_t, void *)
{
}

inline ssize_t
on_write_mmsg(const iovec *datagrams, unsigned count, const sockaddr *peer, socklen_t length,
              void *user_data)
{
    auto state = from<ConnectionState>(user_data);

    return state->engine->guard<ssize_t>(XQC_SOCKET_ERROR, [&] {
        return state->handlers.send(datagrams, count, peer, length);
    });
}

inline ssize_t
on_write_socket(const unsigned char *data, size_t size, const sockaddr *peer, socklen_t length,
                void *user_data)
{
    iovec   datagram = { const_cast<unsigned char *>(data), size };
    ssize_t sent = on_write_mmsg(&datagram, 1, peer, length, user_data);

    return sent < 0 ? sent : static_cast<ssize_t>(size);
}

inline void
on_cid_changed(xqc_connection_t *, const xqc_cid_t *, const xqc_cid_t *current, void *user_data)
{
    from<ConnectionState>(user_data)->cid = *current;
}

/* Keeping something for the next visit is not done here; the library insists on being asked. */
inline void
on_token(const unsigned char *, uint32_t, void *)
{
}

inline void
on_text(const char *, size_t, void *)
{
}

inline int
on_verify(const unsigned char *chain[], const size_t lengths[], size_t count, void *user_data)
{
    auto state = from<ConnectionState>(user_data);

    return state->engine->guard(-1, [&] {
        std::vector<Bytes> certificates;

        for (size_t i = 0; i < count; i++) {
            certificates.emplace_back(chain[i], lengths[i]);
        }
        return state->handlers.verify && state->handlers.verify(certificates) ? 0 : -1;
    });
}

inline int
on_connection_created(xqc_h3_conn_t *connection, const xqc_cid_t *, void *user_data)
{
    xqc_h3_conn_set_user_data(connection, user_data);
    return 0;
}

inline void
on_connected(xqc_h3_conn_t *, void *user_data)
{
    auto state = from<ConnectionState>(user_data);
    bool good = state->engine->guard(false, [&] {
        if (state->handlers.connected) {
            state->handlers.connected();
        }
        return true;
    });

    if (!good) {
        state->close();
    }
}

inline int
on_connection_closed(xqc_h3_conn_t *connection, const xqc_cid_t *, void *user_data)
{
    auto state = from<ConnectionState>(user_data);
    int  error = xqc_h3_conn_get_errno(connection);

    state->closed = true;
    state->engine->kept.erase(state);
    state->engine->guard(0, [&] {
        if (state->handlers.closed) {
            state->handlers.closed(error);
        }
        return 0;
    });
    return 0;
}

/* Hands over all there is of a response's content. True when its end has come. */
inline bool
read_body(RequestState &state)
{
    unsigned char piece[16384];
    uint8_t       fin = 0;

    while (!fin && state.handle != nullptr) {
        ssize_t size = xqc_h3_request_recv_body(state.handle, piece, sizeof(piece), &fin);

        if (size < 0) {
            return false;
        }
        if (size > 0 && state.handlers.body) {
            state.handlers.body(Bytes(piece, static_cast<std::size_t>(size)));
        }
    }
    return fin != 0;
}

inline bool
read_section(RequestState &state, const std::function<void(const Fields &)> &handler)
{
    uint8_t             fin = 0;
    xqc_http_headers_t *section = xqc_h3_request_recv_headers(state.handle, &fin);

    if (section != nullptr && handler) {
        handler(copy(*section));
    }
    return fin != 0;
}

inline int
on_readable(xqc_h3_request_t *, xqc_request_notify_flag_t flag, void *user_data)
{
    auto state = from<RequestState>(user_data);
    bool good = state->engine->guard(false, [&] {
        bool end = flag == XQC_REQ_NOTIFY_READ_EMPTY_FIN;

        /* Each handler may close the request. */
        if ((flag & XQC_REQ_NOTIFY_READ_HEADER) && state->handle) {
            end = read_section(*state, state->handlers.headers) || end;
        }
        if ((flag & XQC_REQ_NOTIFY_READ_BODY) && state->handle) {
            end = read_body(*state) || end;
        }
        if ((flag & XQC_REQ_NOTIFY_READ_TRAILER) && state->handle) {
            end = read_section(*state, state->handlers.trailers) || end;
        }
        if (end && state->handle) {
            state->complete();
        }
        return true;
    });

    if (!good) {
        state->close();
    }
    return 0;
}

inline int
on_writable(xqc_h3_request_t *, void *user_data)
{
    auto state = from<RequestState>(user_data);
    bool good = state->engine->guard(false, [&] {
        if (state->handle && state->handlers.writable) {
            state->handlers.writable();
        }
        return true;
    });

    if (!good) {
        state->close();
    }
    return 0;
}

inline int
on_request_closed(xqc_h3_request_t *request, void *user_data)
{
    auto state = from<RequestState>(user_data);
    int  code = xqc_h3_request_get_stats(request).stream_err;

    state->handle = nullptr;
    state->engine->kept.erase(state);
    state->engine->guard(0, [&] {
        if (!std::exchange(state->told, true) && state->handlers.failed) {
            state->handlers.failed(code);
        }
        return 0;
    });
    return 0;
}

inline xqc_engine_callback_t
engine_callbacks()
{
    xqc_engine_callback_t callbacks{};

    callbacks.set_event_timer = on_set_timer;
    callbacks.log_callbacks.xqc_log_write_err = on_log;
    callbacks.log_callbacks.xqc_log_write_stat = on_log;
    return callbacks;
}

inline xqc_transport_callbacks_t
transport_callbacks()
{
    xqc_transport_callbacks_t callbacks{};

    callbacks.write_socket = on_write_socket;
    callbacks.write_mmsg = on_write_mmsg;
    callbacks.conn_update_cid_notify = on_cid_changed;
    callbacks.save_token = on_token;
    callbacks.save_session_cb = on_text;
    callbacks.save_tp_cb = on_text;
    callbacks.cert_verify_cb = on_verify;
    return callbacks;
}

inline xqc_h3_callbacks_t
h3_callbacks()
{
    xqc_h3_callbacks_t callbacks{};

    callbacks.h3c_cbs.h3_conn_create_notify = on_connection_created;
    callbacks.h3c_cbs.h3_conn_close_notify = on_connection_closed;
    callbacks.h3c_cbs.h3_conn_handshake_finished = on_connected;
    callbacks.h3r_cbs.h3_request_close_notify = on_request_closed;
    callbacks.h3r_cbs.h3_request_read_notify = on_readable;
    callbacks.h3r_cbs.h3_request_write_notify = on_writable;
    return callbacks;
}

} // namespace detail

/* A request and its response. */
class Request {
public:
    Request(Request &&) = default;
    Request &operator=(Request &&other) noexcept
    {
        close();
        state_ = std::move(other.state_);
        return *this;
    }
    ~Request() { close(); }

    /* Sends a header section, the first time; later a trailer section. */
    void send_headers(const Fields &fields, bool fin)
    {
        std::vector<xqc_http_header_t> list(fields.size());
        xqc_http_headers_t             section{};
        ssize_t                        result;

        for (std::size_t i = 0; i < fields.size(); i++) {
            list[i].name = { const_cast<char *>(fields[i].name.data()), fields[i].name.size() };
            list[i].value = { const_cast<char *>(fields[i].value.data()), fields[i].value.size() };
        }
        section.headers = list.data();
        section.count = section.capacity = list.size();
        result = xqc_h3_request_send_headers(handle(), &section, fin);
        if (result < 0) {
            throw Error("the header section cannot be sent", result);
        }
    }

    /* Sends content; returns how much was taken. For the rest the handler `writable` comes. */
    std::size_t send_body(Bytes data, bool fin)
    {
        ssize_t result = xqc_h3_request_send_body(
            handle(), const_cast<unsigned char *>(data.data), data.size, fin);

        if (result == -XQC_EAGAIN) {
            return 0;
        }
        if (result < 0) {
            throw Error("the content cannot be sent", result);
        }
        return static_cast<std::size_t>(result);
    }

    /* Gives the request up; no handler is called any more. */
    void close() noexcept
    {
        if (state_) {
            state_->close();
        }
    }

private:
    friend class Connection;

    explicit Request(std::shared_ptr<detail::RequestState> state) : state_(std::move(state)) {}

    xqc_h3_request_t *handle() const
    {
        if (!state_ || !state_->handle) {
            throw Error("the request has ended", 0);
        }
        return state_->handle;
    }

    std::shared_ptr<detail::RequestState> state_;
};

/* A connection to a server. */
class Connection {
public:
    Connection(Connection &&) = default;
    Connection &operator=(Connection &&other) noexcept
    {
        close();
        state_ = std::move(other.state_);
        return *this;
    }
    ~Connection() { close(); }

    /* Begins a request. Nothing when the server allows no more of them just now. */
    std::optional<Request> request(RequestHandlers handlers)
    {
        auto state = std::make_shared<detail::RequestState>();

        state->engine = state_->engine;
        state->handlers = std::move(handlers);
        if (state_->closed || !state_->engine->engine) {
            throw Error("the connection has ended", 0);
        }
        /* Before the call: nothing may fail once the library points to it. */
        state_->engine->kept.insert(state);
        state->handle = xqc_h3_request_create(state_->engine->engine, &state_->cid, nullptr,
                                              state.get());
        if (!state->handle) {
            state_->engine->kept.erase(state);
            return std::nullopt;
        }
        return Request(std::move(state));
    }

    /* To be called when the socket has room again after XQC_SOCKET_EAGAIN. */
    void continue_sending()
    {
        if (!state_->closed && state_->engine->engine) {
            xqc_conn_continue_send(state_->engine->engine, &state_->cid);
            state_->engine->rethrow();
        }
    }

    /* Says goodbye. The handler `closed` follows when that is done. */
    void close() noexcept
    {
        if (state_) {
            state_->close();
        }
    }

private:
    friend class Engine;

    explicit Connection(std::shared_ptr<detail::ConnectionState> state) : state_(std::move(state))
    {
    }

    std::shared_ptr<detail::ConnectionState> state_;
};

/* The library for clients of HTTP/3. */
class Engine {
public:
    /* `arm_timer` makes run() be called after so long, in place of what was said before. */
    explicit Engine(std::function<void(std::chrono::microseconds)> arm_timer)
        : state_(std::make_shared<detail::EngineState>())
    {
        xqc_engine_callback_t     callbacks = detail::engine_callbacks();
        xqc_transport_callbacks_t transport = detail::transport_callbacks();
        xqc_h3_callbacks_t        h3 = detail::h3_callbacks();
        xqc_engine_ssl_config_t   tls{};
        xqc_config_t              config{};

        state_->arm_timer = std::move(arm_timer);
        tls.ciphers = const_cast<char *>(XQC_TLS_CIPHERS);
        tls.groups = const_cast<char *>(XQC_TLS_GROUPS);
        if (xqc_engine_get_default_config(&config, XQC_ENGINE_CLIENT) != XQC_OK) {
            throw Error("no default configuration", 0);
        }
        config.cfg_log_level = XQC_LOG_FATAL;
        config.sendmmsg_on = 1;
        state_->engine = xqc_engine_create(XQC_ENGINE_CLIENT, &config, &tls, &callbacks, &transport,
                                           state_.get());
        if (!state_->engine) {
            throw Error("no engine", 0);
        }
        if (xqc_int_t result = xqc_h3_ctx_init(state_->engine, &h3)) {
            xqc_engine_destroy(state_->engine);
            throw Error("no HTTP/3", result);
        }
    }

    Engine(const Engine &) = delete;
    Engine &operator=(const Engine &) = delete;

    /* Connections and requests that are still there hear of their end now. */
    ~Engine()
    {
        xqc_engine_t *engine = state_->engine;

        xqc_h3_ctx_destroy(engine);
        xqc_engine_destroy(engine);
        state_->engine = nullptr;
        state_->kept.clear();
    }

    /* Begins a connection; the first datagram goes out before this returns. */
    Connection connect(const ConnectOptions &options, ConnectionHandlers handlers)
    {
        auto                  state = std::make_shared<detail::ConnectionState>();
        xqc_conn_settings_t   settings =
            xqc_conn_get_conn_settings_template(XQC_CONN_SETTINGS_DEFAULT);
        xqc_conn_ssl_config_t tls{};
        const xqc_cid_t      *cid;

        state->engine = state_;
        state->handlers = std::move(handlers);
        settings.proto_version = XQC_VERSION_V1;
        settings.idle_time_out = settings.init_idle_time_out =
            static_cast<xqc_msec_t>(options.idle_timeout.count());
        if (!options.insecure) {
            tls.cert_verify_flag =
                XQC_TLS_CERT_FLAG_NEED_VERIFY | XQC_TLS_CERT_FLAG_ALLOW_SELF_SIGNED;
        }
        /* Before the call: nothing may fail once the library points to it. */
        state_->kept.insert(state);
        cid = xqc_h3_connect(state_->engine, &settings, nullptr, 0, options.server_name.c_str(), 0,
                             &tls, options.peer, options.peer_length, state.get());
        if (!cid) {
            state_->kept.erase(state);
            throw Error("no connection", 0);
        }
        state->cid = *cid;
        Connection connection(std::move(state));

        /* What it throws closes the connection, which goes out of scope. */
        state_->rethrow();
        return connection;
    }

    /* Takes a datagram that a socket has received. Call finish_receiving() after the last one. */
    void receive(Bytes datagram, const sockaddr *local, socklen_t local_length,
                 const sockaddr *peer, socklen_t peer_length)
    {
        using namespace std::chrono;
        auto now = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();

        xqc_engine_packet_process(state_->engine, datagram.data, datagram.size, local, local_length,
                                  peer, peer_length, static_cast<xqc_usec_t>(now), nullptr);
        state_->rethrow();
    }

    void finish_receiving()
    {
        xqc_engine_finish_recv(state_->engine);
        state_->rethrow();
    }

    /* Does what is due. */
    void run()
    {
        xqc_engine_main_logic(state_->engine);
        state_->rethrow();
    }

private:
    std::shared_ptr<detail::EngineState> state_;
};

} // namespace xquic

#endif
