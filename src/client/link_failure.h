// SPDX-License-Identifier: Apache-2.0
// Why foz is not connected to another broker, told apart as far as a person has to do something
// else about it.
#pragma once

#include <cstdint>
#include <string>

namespace foz::client {

enum class Cause : std::uint8_t {
    name_not_resolved,
    refused,          // nobody listens there
    unreachable,      // no route, or no answer in time
    tls,              // certificates, names, versions: the message says which
    websocket,        // the upgrade was answered with something else
    not_mqtt,         // what came back is no MQTT
    bad_credentials,  // CONNACK: user name or password
    not_authorized,   // CONNACK, or a SUBSCRIBE that the broker hung up on
    identifier,       // CONNACK: the client id was rejected
    server_unavailable,
    taken_over,     // another client uses this client id
    protocol,       // the broker broke the protocol, or says that foz did
    silent,         // it stopped answering
    no_room,        // foz had none for some messages: it wants them sent again
    lost,           // the connection ended, without more to say
    configuration,  // foz's own side: a file that cannot be read
};

/// `message` is a whole sentence for a person, without the name of the source or bridge.
struct LinkFailure {
    Cause cause = Cause::lost;
    std::string message;
};

}  // namespace foz::client
