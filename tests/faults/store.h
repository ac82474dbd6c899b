// SPDX-License-Identifier: Apache-2.0
// A real database that a fault test can kill, behind one small face for all kinds.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace foz::faults {

enum class StoreKind : std::uint8_t { sqlite, postgres, mariadb };

[[nodiscard]] std::string name_of(StoreKind kind);

/// One thread. Running after construction, empty. Throws std::runtime_error when the database does
/// not work.
class Store {
  public:
    virtual ~Store() = default;

    /// For foz's configuration.
    [[nodiscard]] virtual std::string url() const = 0;
    [[nodiscard]] virtual std::uint16_t port() const = 0;  // 0: not a server
    /// The rows of a query: columns joined by '|', rows by '\n'.
    [[nodiscard]] virtual std::string query(const std::string& sql) = 0;
    virtual void kill_9() = 0;
    virtual void stop() = 0;
    virtual void start() = 0;
    /// Stops all its processes where they are, and lets them go on.
    virtual void freeze() = 0;
    virtual void thaw() = 0;
};

[[nodiscard]] std::unique_ptr<Store> make_store(StoreKind kind);

}  // namespace foz::faults
