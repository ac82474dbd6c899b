// SPDX-License-Identifier: Apache-2.0
// What a check has found, as it goes: one line each, for whoever listens. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace foz::admin {

struct Finding {
    enum class Kind : std::uint8_t {
        ok,
        seen,      // goes with an error, and is no verdict of its own
        doubtful,  // foz runs with it, but a person should look
        failed,    // the configuration may be right, but not here and now
        unusable,  // the configuration cannot be used, whatever the world does
    };
    Kind kind = Kind::ok;
    std::string text;  // brokers and databases have a say in it
};

class Findings {
  public:
    explicit Findings(std::function<void(const Finding&)> listener)
        : listener_(std::move(listener)) {}

    void ok(std::string text) { add(Finding::Kind::ok, std::move(text)); }
    void seen(std::string text) { add(Finding::Kind::seen, std::move(text)); }
    void doubtful(std::string text) { add(Finding::Kind::doubtful, std::move(text)); }
    void failed(std::string text) { add(Finding::Kind::failed, std::move(text)); }
    void unusable(std::string text) { add(Finding::Kind::unusable, std::move(text)); }

    [[nodiscard]] Finding::Kind worst() const { return worst_; }

  private:
    void add(Finding::Kind kind, std::string text) {
        worst_ = std::max(worst_, kind);
        listener_({kind, std::move(text)});
    }

    std::function<void(const Finding&)> listener_;
    Finding::Kind worst_ = Finding::Kind::ok;
};

}  // namespace foz::admin
