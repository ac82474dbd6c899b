// SPDX-License-Identifier: Apache-2.0
// What a broker means that does not let foz in, or sends it away, in words for a person. Pure.
#pragma once

#include <string_view>

#include "client/link_failure.h"
#include "client/session_terms.h"
#include "mqtt/packet.h"

namespace foz::client {

/// `connack` refuses the connection.
[[nodiscard]] LinkFailure failure_of(const mqtt::Connack& connack, const SessionTerms& terms);
[[nodiscard]] LinkFailure failure_of(const mqtt::Disconnect& disconnect, const SessionTerms& terms);
/// What came first was no CONNACK; `why`, if it is not of something else that is known.
[[nodiscard]] LinkFailure failure_of_first_bytes(std::string_view input, std::string_view why);

}  // namespace foz::client
