// SPDX-License-Identifier: Apache-2.0
// The lowest layer of a connection: a TCP socket.
#pragma once

#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "client/byte_stream.h"
#include "client/name_lookups.h"

namespace foz::client {

class TcpStream final : public ByteStream {
  public:
    using Connected = std::move_only_function<void(
            const boost::system::error_code&, const boost::asio::ip::tcp::endpoint&)>;

    explicit TcpStream(boost::asio::io_context& io) : socket_(io) {}

    /// Tries one endpoint after the other. Says which one it was, or the last error.
    void connect(const NameLookups::Endpoints& endpoints, Connected done);

    void read(std::span<char> into, Done done) override;
    void write(std::string_view bytes, Done done) override;

    /// What is under way calls back with an error.
    void close();

    [[nodiscard]] boost::asio::ip::tcp::socket& socket() { return socket_; }

  private:
    boost::asio::ip::tcp::socket socket_;
};

}  // namespace foz::client
