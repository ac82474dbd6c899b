// SPDX-License-Identifier: Apache-2.0
#include "client/tcp_stream.h"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>

namespace foz::client {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

void TcpStream::connect(const NameLookups::Endpoints& endpoints, Connected done) {
    asio::async_connect(socket_, endpoints,
            [this, done = std::move(done)](
                    const error_code& error, const tcp::endpoint& endpoint) mutable {
                if (!error) {
                    error_code ignored;
                    socket_.set_option(tcp::no_delay(true), ignored);
                }
                done(error, endpoint);
            });
}

void TcpStream::read(std::span<char> into, Done done) {
    socket_.async_read_some(asio::buffer(into.data(), into.size()), std::move(done));
}

void TcpStream::write(std::string_view bytes, Done done) {
    asio::async_write(socket_, asio::const_buffer(bytes.data(), bytes.size()), std::move(done));
}

void TcpStream::close() {
    error_code ignored;
    socket_.close(ignored);
}

}  // namespace foz::client
