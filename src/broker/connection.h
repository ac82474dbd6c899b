// SPDX-License-Identifier: Apache-2.0
// One client's TCP connection on its reactor: the socket, the protocol's state, and the two buffers
// that are empty most of the time: an incomplete packet, and what the peer has not yet taken. An
// idle connection keeps no buffer memory at all; what is read goes through the reactor's one read
// buffer.
//
// The reactor owns it and calls it on its thread.
#pragma once

#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "base/clock.h"
#include "broker/protocol.h"

namespace foz::broker {

struct Connection {
    Connection(
        boost::asio::ip::tcp::socket from_socket,
        const ProtocolSettings& settings,
        ConnectionHandle from_self,
        SteadyTime now
    )
        : socket(std::move(from_socket)),
          protocol(settings, from_self),
          self(from_self),
          accepted(now),
          last_packet(now) {}

    boost::asio::ip::tcp::socket socket;
    Protocol protocol;
    const ConnectionHandle self;

    std::string input;               // an incomplete packet, or what came after one that must wait
    std::string output;              // not yet sent
    std::size_t memory_counted = 0;  // of input and output, in the broker's total

    const SteadyTime accepted;
    SteadyTime last_packet;  // when a whole packet was last taken
    SteadyTime next_check;   // when its entry in the deadline wheel counts

    bool claimed = false;  // its client id was claimed in the registry
    bool touched = false;  // is in the reactor's list of connections to write to
    bool reading = false;  // a wait for readable bytes is under way
    bool writing = false;  // a wait for room in the socket is under way
    bool closing = false;  // ends as soon as the output is sent
};

enum class IoOutcome : std::uint8_t { done, would_block, closed };

/// Reads once, behind the bytes that `into` already has, up to its size.
struct ReadResult {
    IoOutcome outcome = IoOutcome::would_block;
    std::size_t size = 0;
};
[[nodiscard]] ReadResult read_some(Connection& connection, std::span<char> into);

/// Sends as much of connection.output as the socket takes, and removes it.
[[nodiscard]] IoOutcome write_some(Connection& connection);

}  // namespace foz::broker
