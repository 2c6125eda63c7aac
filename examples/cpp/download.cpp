/*
 * Downloads a file over HTTP/3 with xquic.hpp, as an example of a C++ host of libxquic:
 *
 *   download HOST PORT PATH FILE CERTIFICATE
 *
 * The server is accepted if its certificate is the one in the file CERTIFICATE (DER).
 */
#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <iterator>
#include <netdb.h>
#include <poll.h>
#include <unistd.h>

#include "xquic.hpp"

namespace {

using Clock = std::chrono::steady_clock;

/* A UDP socket that is connected to the server. */
class Socket {
public:
    Socket(const char *host, const char *port)
    {
        addrinfo hints{}, *found = nullptr;

        hints.ai_socktype = SOCK_DGRAM;
        if (int code = getaddrinfo(host, port, &hints, &found)) {
            throw std::runtime_error(gai_strerror(code));
        }
        std::copy_n(reinterpret_cast<char *>(found->ai_addr), found->ai_addrlen,
                    reinterpret_cast<char *>(&peer));
        peer_length = found->ai_addrlen;
        fd = socket(found->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        freeaddrinfo(found);
        if (fd < 0 || ::connect(fd, address(peer), peer_length) != 0
            || getsockname(fd, address(local), &local_length) != 0)
        {
            close(fd);
            throw std::runtime_error("no socket");
        }
    }
    Socket(const Socket &) = delete;
    ~Socket() { close(fd); }

    /* What the library wants of a send callback. */
    ssize_t send(const iovec *datagrams, unsigned count)
    {
        for (unsigned i = 0; i < count; i++) {
            if (::send(fd, datagrams[i].iov_base, datagrams[i].iov_len, 0) < 0
                && (errno == EAGAIN || errno == EWOULDBLOCK))
            {
                blocked = true;
                return i > 0 ? static_cast<ssize_t>(i) : XQC_SOCKET_EAGAIN;
            }
        }
        return count;
    }

    void receive_into(xquic::Engine &engine)
    {
        unsigned char datagram[1500];
        ssize_t       size;

        for (int i = 0; i < 256 && (size = recv(fd, datagram, sizeof(datagram), 0)) >= 0; i++) {
            engine.receive(xquic::Bytes(datagram, static_cast<std::size_t>(size)), address(local),
                           local_length, address(peer), peer_length);
        }
        engine.finish_receiving();
    }

    static sockaddr *address(sockaddr_storage &storage)
    {
        return reinterpret_cast<sockaddr *>(&storage);
    }

    int              fd = -1;
    bool             blocked = false;
    sockaddr_storage peer{}, local{};
    socklen_t        peer_length = 0, local_length = sizeof(local);
};

/* One download, from the first datagram to the last. */
class Download {
public:
    Download(const char *host, const char *port, std::string path, std::string certificate,
             std::ostream &file)
        : path_(std::move(path)), authority_(std::string(host) + ":" + port), file_(file),
          socket_(host, port),
          engine_([this](std::chrono::microseconds after) { due_ = Clock::now() + after; }),
          connection_(engine_.connect(options(), handlers(std::move(certificate))))
    {
    }

    /* Returns the status of the response. */
    int run()
    {
        while (!done_) {
            turn();
        }
        if (!failure_.empty()) {
            throw std::runtime_error(failure_);
        }
        return status_;
    }

private:
    xquic::ConnectOptions options()
    {
        xquic::ConnectOptions options;

        options.server_name = "localhost";
        options.peer = Socket::address(socket_.peer);
        options.peer_length = socket_.peer_length;
        return options;
    }

    xquic::ConnectionHandlers handlers(std::string certificate)
    {
        xquic::ConnectionHandlers handlers;

        handlers.send = [this](const iovec *datagrams, unsigned count, const sockaddr *,
                               socklen_t) {
            return socket_.send(datagrams, count);
        };
        handlers.verify = [certificate](const std::vector<xquic::Bytes> &chain) {
            return !chain.empty() && chain[0].text() == certificate;
        };
        handlers.connected = [this] { ask(); };
        handlers.closed = [this](int error) {
            fail("the connection ended with error " + std::to_string(error));
        };
        return handlers;
    }

    void ask()
    {
        xquic::RequestHandlers handlers;

        handlers.headers = [this](const xquic::Fields &fields) {
            status_ = std::stoi(std::string(xquic::find(fields, ":status").value_or("0")));
        };
        handlers.body = [this](xquic::Bytes data) {
            if (!file_.write(data.text().data(), static_cast<std::streamsize>(data.size))) {
                throw std::runtime_error("the file cannot be written");
            }
        };
        handlers.complete = [this] { done_ = true; };
        handlers.failed = [this](int code) {
            fail("the response broke off with error " + std::to_string(code));
        };
        request_ = connection_.request(std::move(handlers));
        if (!request_) {
            throw std::runtime_error("the server takes no request");
        }
        request_->send_headers({ { ":method", "GET" },
                                 { ":scheme", "https" },
                                 { ":authority", authority_ },
                                 { ":path", path_ } },
                               true);
    }

    void fail(const std::string &why)
    {
        if (!done_) {
            failure_ = why;
            done_ = true;
        }
    }

    /* Waits for the socket or the timer, and serves both. */
    void turn()
    {
        int    events = socket_.blocked ? POLLIN | POLLOUT : POLLIN;
        pollfd watched = { socket_.fd, static_cast<short>(events), 0 };
        auto   wait = std::chrono::ceil<std::chrono::milliseconds>(due_ - Clock::now()).count();

        poll(&watched, 1, static_cast<int>(std::max<long>(0, std::min<long>(wait, 1000))));
        if (watched.revents & POLLOUT) {
            socket_.blocked = false;
            connection_.continue_sending();
        }
        socket_.receive_into(engine_);
        if (Clock::now() >= due_) {
            due_ = Clock::now() + std::chrono::seconds(1);
            engine_.run();
        }
    }

    /* What the handlers of the engine's end still touch stands before the engine. */
    std::string                   path_, authority_, failure_;
    std::ostream                 &file_;
    int                           status_ = 0;
    bool                          done_ = false;
    Clock::time_point             due_ = Clock::now() + std::chrono::seconds(1);
    Socket                        socket_;
    xquic::Engine                 engine_;
    std::optional<xquic::Request> request_;
    xquic::Connection             connection_;
};

} // namespace

int
main(int argc, char **argv)
{
    if (argc != 6) {
        std::cerr << "usage: download HOST PORT PATH FILE CERTIFICATE\n";
        return 2;
    }
    try {
        std::ifstream certificate(argv[5], std::ios::binary);
        std::ofstream file(argv[4], std::ios::binary);
        std::string   der{ std::istreambuf_iterator<char>(certificate), {} };
        Download      download(argv[1], argv[2], argv[3], der, file);
        int           status = download.run();

        std::cout << "status " << status << "\n";
        return status == 200 ? 0 : 1;
    } catch (const std::exception &error) {
        std::cerr << "download: " << error.what() << "\n";
        return 1;
    }
}
