// SPDX-License-Identifier: Apache-2.0
// One connection to a broker, as bytes: TCP, TLS, WebSocket, or WebSocket in TLS. Made, used, and
// thrown away; Link makes a new one for each attempt. Everything happens on the loop's thread, and
// no callback comes from inside the call that was given it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "client/link_failure.h"
#include "client/loop.h"
#include "client/step.h"
#include "config/remote_url.h"
#include "tls/client_context.h"

namespace foz::client {

class Transport : public std::enable_shared_from_this<Transport> {
  public:
    /// Nothing: it went well.
    using Outcome = std::optional<LinkFailure>;

    virtual ~Transport() = default;

    /// Resolves the name, connects, and shakes hands. `on_step` is called after each step.
    virtual void connect(
            std::function<void(StepDone)> on_step, std::function<void(Outcome)> done) = 0;

    /// Reads at least one byte into `into`; one at a time.
    virtual void read(std::span<char> into, std::function<void(Outcome, std::size_t)> done) = 0;

    /// Writes all of `bytes`, which stay where they are until `done`; one at a time.
    virtual void write(std::string_view bytes, std::function<void(Outcome)> done) = 0;

    /// Ends it at once. What is under way calls back with a failure, or not at all.
    virtual void close() = 0;

    /// What connect() is doing, for when it takes too long: "connecting to 192.0.2.1:8883".
    [[nodiscard]] virtual std::string doing() const = 0;
};

/// Where to, and how.
struct TransportTarget {
    config::RemoteUrl url;
    std::shared_ptr<const tls::ClientContext> tls;  // for url.tls
};

[[nodiscard]] std::shared_ptr<Transport> make_transport(Loop& loop, TransportTarget target);

}  // namespace foz::client
