// SPDX-License-Identifier: Apache-2.0
#include "client/session_terms.h"

#include <algorithm>

#include "base/file_system.h"
#include "config/aws_iot_limits.h"

namespace foz::client {
namespace {

/// The first line.
Result<std::string> read_password(const std::string& file) {
    constexpr std::uint64_t kPasswordFileBytesMax = 65'535;  // what CONNECT has room for
    auto content = read_file(real_file_system(), file, kPasswordFileBytesMax);
    if (!content) {
        return pass_on(content);
    }
    content->resize(std::min(content->find_first_of("\r\n"), content->size()));
    return content;
}

}  // namespace

Result<SessionTerms> session_terms(const config::Remote& remote) {
    const config::RemoteLimits& limits = config::limits_of(remote.profile);
    SessionTerms terms;
    terms.version =
            remote.version == "3.1.1" ? mqtt::ProtocolVersion::v3_1_1 : mqtt::ProtocolVersion::v5;
    terms.client_id = remote.client_id;
    terms.keep_alive = std::clamp(remote.keep_alive, limits.keep_alive_min, limits.keep_alive_max);
    terms.session_expiry = std::min(remote.session_expiry, limits.session_expiry_max);
    terms.receive_maximum = std::min(remote.receive_maximum, limits.in_flight_in);
    terms.in_flight = std::min(terms.in_flight, limits.in_flight_out);
    terms.filters_per_packet = limits.subscriptions_per_packet;
    terms.user_name = remote.username;
    if (remote.password_file) {
        auto password = read_password(*remote.password_file);
        if (!password) {
            return pass_on(password);
        }
        terms.password = std::move(*password);
    }
    return terms;
}

}  // namespace foz::client
