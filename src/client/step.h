// SPDX-License-Identifier: Apache-2.0
// The steps of connecting to a broker, for a person who wants to see how far foz gets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tls/certificate_facts.h"

namespace foz::client {

enum class Step : std::uint8_t { name, tcp, tls, websocket, connack, suback };

/// A step that was done.
struct StepDone {
    Step step = Step::name;
    std::string text;                          // "192.0.2.1, 192.0.2.2"
    std::vector<tls::CertificateFacts> chain;  // of Step::tls: the broker's
};

}  // namespace foz::client
