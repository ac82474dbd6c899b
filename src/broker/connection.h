// SPDX-License-Identifier: Apache-2.0
// One client's TCP connection on its reactor: the socket, the protocol's state, and the two buffers
// that are empty most of the time: an incomplete packet, and what the peer has not yet taken. An
// idle connection keeps no buffer memory at all; what is read goes through the reactor's one read
// buffer.
//
// A ConnectionTable owns it; one thread. TLS, if its listener has it, is between the socket and the
// protocol; both of them know nothing of it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "access/authenticator.h"
#include "base/clock.h"
#include "base/event_loop.h"
#include "broker/access_policy.h"
#include "broker/peer.h"
#include "broker/protocol.h"
#include "tls/server_stream.h"

namespace foz::broker {

struct Connection {
    /// How far its client was let in. Goes forward only.
    ///
    ///   admittance           protocol.state(), unless it is closed
    ///   unidentified         awaiting_connect; awaiting_session until the next decision
    ///   checking_password    awaiting_session
    ///   awaiting_client_id   awaiting_session: the registry knows of it from here on
    ///   identified           connected
    enum class Admittance : std::uint8_t {
        unidentified,
        checking_password,
        awaiting_client_id,
        identified,
    };
    /// How near its end it is. Goes forward only.
    enum class Phase : std::uint8_t {
        open,
        hung_up,   // the peer sends nothing more; what it has sent is taken first
        closing,   // takes nothing more; ends when the output is sent
        finished,  // retired: nothing may be done with it any more
    };

    Connection(Descriptor from_socket, const AccessPolicy& from_policy,
            const ProtocolSettings& settings, ConnectionHandle from_self, SteadyTime now)
        : socket(std::move(from_socket)),
          policy(from_policy),
          protocol(settings, from_self),
          self(from_self),
          peer(Peer::of(socket.number())),
          accepted(now),
          last_packet(now) {}

    const Descriptor socket;
    const AccessPolicy& policy;
    std::unique_ptr<tls::ServerStream> tls;  // null: plain TCP
    Protocol protocol;
    const ConnectionHandle self;
    const Peer peer;

    Admittance admittance = Admittance::unidentified;
    Phase phase = Phase::open;

    std::string input;               // an incomplete packet, or what came after one that must wait
    std::string output;              // not yet sent
    std::string sealed;              // the same, encrypted; only with TLS
    std::size_t password_bytes = 0;  // name and password that wait to be checked
    std::size_t memory_counted = 0;  // of all these and the protocol, in the MemoryBudget

    const SteadyTime accepted;
    // When a whole packet was last taken, or foz was behind with reading, or began to close it.
    SteadyTime last_packet;
    SteadyTime next_check;  // when its entry in the deadline wheel counts

    access::Authenticator::Ticket password_ticket = 0;  // 0: no answer is awaited
    std::uint64_t unidentified_number = 0;              // until it is identified

    // Reading is asked for while it may be read from; that it may not is noticed when something is
    // there. Writing is asked for while output waits for room in the socket.
    EventLoop::Interest interest = EventLoop::Interest::none;
    bool touched = false;  // is in the list of connections to write to
};

enum class IoOutcome : std::uint8_t { done, would_block, closed };

/// `size` bytes have been read, also when the connection is closed after them; none, and not
/// closed: only TLS itself had something to say.
struct ReadResult {
    IoOutcome outcome = IoOutcome::would_block;
    std::size_t size = 0;
};

/// Where a reactor reads to, for all its connections.
class ReadBuffers {
  public:
    static constexpr std::size_t kReadBytes = 64 << 10;

    /// The plaintext of one read, behind up to kReadBytes of an incomplete packet.
    [[nodiscard]] std::span<char> plain() { return plain_; }
    /// What came over TLS; only made when there is TLS.
    [[nodiscard]] std::span<char> sealed() {
        sealed_.resize(kReadBytes);
        return sealed_;
    }

  private:
    std::vector<char> plain_ = std::vector<char>(2 * kReadBytes + tls::ServerStream::kExtraRoom);
    std::vector<char> sealed_;
};

/// Reads once, to `offset` in the plain buffer.
[[nodiscard]] ReadResult read_some(
        Connection& connection, ReadBuffers& buffers, std::size_t offset);

[[nodiscard]] inline std::size_t output_bytes(const Connection& connection) {
    return connection.output.size() + connection.sealed.size();
}

/// Nothing is read from a peer that has so many answers to read itself.
inline constexpr std::size_t kAnswerBytesMax = 64 << 10;

/// Whether so much waits for the peer that nothing is read from it. A subscriber is read from while
/// its messages wait, or it and foz would wait for each other to read.
[[nodiscard]] bool is_output_full(const Connection& connection, std::size_t message_bytes_max);

[[nodiscard]] inline bool waits_to_write(const Connection& connection) {
    return contains(connection.interest, EventLoop::Interest::write);
}

/// Sends as much of the output as the socket takes, and removes it.
[[nodiscard]] IoOutcome write_some(Connection& connection);

/// Whether the peer has sent something that was not read yet.
[[nodiscard]] bool has_unread(const Connection& connection);

/// Whether the peer has closed its side, and all that it had sent was read.
[[nodiscard]] bool has_hung_up(const Connection& connection);

/// What a client is told whose password could not be checked in time.
inline constexpr std::string_view kPasswordLate =
        "its password could not be checked within limits.connect_timeout: too many wait; it may "
        "try again";

inline constexpr Protocol::Ending kTakenOver{
    .reason = mqtt::ReasonCode::session_taken_over,
    .cause = "another connection has taken over the client id",
};

/// Why a connection ends whose deadline has passed.
[[nodiscard]] Protocol::Ending why_overdue(const Connection& connection);

}  // namespace foz::broker
