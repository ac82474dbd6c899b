// SPDX-License-Identifier: Apache-2.0
// What `foz check` says about a listener's certificates and passwords.
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"

namespace foz::cli {

struct ListenerReport {
    std::vector<std::string> good;
    std::vector<std::string> doubtful;  // foz runs with it, as with a certificate that expires soon
    std::vector<std::string> bad;       // `foz.toml:3: [listener.devices]: what is wrong`
};

/// Reads the files as `foz run` does. Empty for a listener without any.
[[nodiscard]] ListenerReport report_listener(const config::Listener& listener);

}  // namespace foz::cli
