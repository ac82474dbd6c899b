// SPDX-License-Identifier: Apache-2.0
// What the buffers of one reactor's connections take of limits.connection_memory_bytes, which all
// reactors share. Over the limit the largest go, not those who happen to ask next: nobody can keep
// others out by filling the memory up. Each reactor that is over its share looks for its own.
// One thread; the total is everybody's.
#pragma once

#include <atomic>
#include <cstdint>

#include "broker/connection.h"
#include "broker/connection_table.h"

namespace foz::broker {

class MemoryBudget {
  public:
    /// `total`: of all reactors, in bytes; must outlive it.
    MemoryBudget(std::atomic<std::uint64_t>& total, std::uint64_t bytes_max)
        : total_(total), bytes_max_(bytes_max) {}

    /// Counts what it holds now instead of what was counted of it before.
    void count(Connection& connection);
    /// It holds nothing any more.
    void release(Connection& connection) { set(connection, 0); }

    /// A connection that is to go, now that the limit is passed; null: none, or all that could go
    /// does already.
    [[nodiscard]] Connection* excess(ConnectionTable& table, std::size_t reactors) const;

  private:
    void set(Connection& connection, std::size_t bytes);

    std::atomic<std::uint64_t>& total_;
    const std::uint64_t bytes_max_;
    std::uint64_t counted_ = 0;  // of this reactor's connections
};

}  // namespace foz::broker
