// SPDX-License-Identifier: Apache-2.0
// Drives a Protocol without sockets, as a script: say what the client sends, see what the server
// answers.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "broker/protocol.h"
#include "mqtt/encoder.h"

namespace foz::broker {

/// Settings and sessions that several scripted clients share.
struct ScriptedServer {
    explicit ScriptedServer(const config::Limits& limits = {}) : settings(limits) {}

    ProtocolSettings settings;
    SessionRegistry registry{1'000};
    intake::Inbox inbox;
    std::uint32_t next_slot = 0;
};

class ScriptedClient {
  public:
    explicit ScriptedClient(ScriptedServer& server)
        : server_(server),
          self_{.reactor = 0, .slot = server.next_slot++, .generation = 0},
          protocol_(server.settings, self_) {}

    /// Sends bytes and returns what the server answers. A CONNECT's claim is granted at once, once
    /// the owner of the client id has gone.
    std::string send(std::string_view bytes) {
        input_ += bytes;
        std::string out;
        take(out);
        if (protocol_.state() == Protocol::State::awaiting_session && !claimed_) {
            claimed_ = true;
            if (server_.registry.claim(protocol_.client_id(), self_).granted) {
                protocol_.start_session(server_.registry, server_.inbox, out);
                take(out);
            }
        }
        return out;
    }

    std::string connect(const mqtt::Connect& connect) {
        version_ = connect.version;
        std::string bytes;
        mqtt::append_connect(bytes, connect);
        return send(bytes);
    }

    std::string publish(const mqtt::Publish& publish) {
        std::string bytes;
        mqtt::append_publish(bytes, publish, version_);
        return send(bytes);
    }

    std::string release(std::uint16_t packet_id) {
        std::string bytes;
        mqtt::append_acknowledgement(bytes, mqtt::PacketType::pubrel, packet_id);
        return send(bytes);
    }

    std::string disconnect(const mqtt::Disconnect& disconnect = {}) {
        std::string bytes;
        mqtt::append_disconnect(bytes, disconnect, version_);
        return send(bytes);
    }

    /// The journal reports everything durable: what this client is sent.
    std::string acknowledgements() {
        std::string out;
        for (const intake::PendingAck& ack : server_.inbox.acks()) {
            if (ack.connection == self_.token()) {
                protocol_.acknowledge(ack, out);
            }
        }
        std::erase_if(server_.inbox.acks(),
                [this](const intake::PendingAck& ack) { return ack.connection == self_.token(); });
        return out;
    }

    /// The connection is lost.
    std::optional<Will> lose(SteadyTime now = {}) {
        auto will = protocol_.take_will();
        (void)server_.registry.release(protocol_.client_id(), self_, std::nullopt, now);
        return will;
    }

    [[nodiscard]] Protocol& protocol() { return protocol_; }

  private:
    void take(std::string& out) { input_.erase(0, protocol_.consume(input_, server_.inbox, out)); }

    ScriptedServer& server_;
    ConnectionHandle self_;
    Protocol protocol_;
    std::string input_;
    bool claimed_ = false;
    mqtt::ProtocolVersion version_ = mqtt::ProtocolVersion::v5;
};

}  // namespace foz::broker
