// SPDX-License-Identifier: Apache-2.0
// The TLS side of AwsIotStandIn: one client's connection, which feeds an AwsIotBroker. Lives on the
// stand-in's thread, as long as an operation of it is pending.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>

#include "tests/support/aws_iot_broker.h"

namespace foz::support {

/// Makes a context refuse what AWS refuses in the handshake: another SNI than `endpoint`, and on
/// the port with ALPN what is neither of AWS's two protocols. `endpoint` must outlive it.
void refuse_as_aws_iot(
        boost::asio::ssl::context& context, const std::string& endpoint, bool with_alpn);

class AwsIotConnection final : public AwsIotLink,
                               public std::enable_shared_from_this<AwsIotConnection> {
  public:
    using Socket = boost::asio::ip::tcp::socket;

    AwsIotConnection(Socket socket, boost::asio::ssl::context& context, AwsIotBroker& broker,
            std::function<AwsIotTime()> clock)
        : stream_(std::move(socket), context),
          linger_(stream_.get_executor()),
          broker_(broker),
          clock_(std::move(clock)) {}

    void start();
    /// Ends it at once, without a word, as an outage does.
    void abort();

    void send(std::string_view bytes) override;
    void close() override;

  private:
    void greet();
    void read();
    void write();
    /// Says farewell in TLS and waits for the other side to close, but not for long.
    void shut_down();
    void discard();
    [[nodiscard]] AwsIotPeer peer();

    boost::asio::ssl::stream<Socket> stream_;
    boost::asio::steady_timer linger_;
    AwsIotBroker& broker_;
    std::function<AwsIotTime()> clock_;
    std::array<char, 16 << 10> piece_{};
    std::string in_;
    std::string out_;      // to be written next
    std::string writing_;  // is being written
    bool closing_ = false;
};

}  // namespace foz::support
