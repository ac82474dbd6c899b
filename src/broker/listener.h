// SPDX-License-Identifier: Apache-2.0
// A TCP address that foz listens on. Accepts connections on a thread of its own and hands each to a
// reactor, in turn. When there are no file descriptors left it waits and says so; it never ends
// by itself.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "broker/access_policy.h"
#include "broker/reactor_context.h"
#include "config/settings.h"

namespace foz::broker {

class Listener {
  public:
    /// Binds `settings.address` and listens; who connects stands before `policy`. Errors name the
    /// address and say what to do: in use, not permitted, not an address of this machine.
    [[nodiscard]] static Result<std::unique_ptr<Listener>> open(
            const config::Listener& settings, const AccessPolicy& policy, ReactorContext& context);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    /// Stops accepting.
    ~Listener();

    [[nodiscard]] const std::string& name() const;
    /// host:port as bound: the real port where port 0 was asked for.
    [[nodiscard]] const std::string& address() const;
    [[nodiscard]] std::uint16_t port() const;

  private:
    struct State;
    explicit Listener(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace foz::broker
