// SPDX-License-Identifier: Apache-2.0
#include "broker/memory_budget.h"

namespace foz::broker {

void MemoryBudget::set(Connection& connection, std::size_t bytes) {
    if (bytes == connection.memory_counted) {
        return;
    }
    total_.fetch_add(bytes - connection.memory_counted);
    counted_ += bytes - connection.memory_counted;
    connection.memory_counted = bytes;
}

void MemoryBudget::count(Connection& connection) {
    // What fits into std::string itself is part of the connection.
    const auto bytes_of = [](const std::string& text) {
        return text.capacity() > std::string().capacity() ? text.capacity() : 0;
    };
    std::size_t bytes =
            bytes_of(connection.input) + bytes_of(connection.output) + bytes_of(connection.sealed);
    if (connection.phase < Connection::Phase::closing) {
        bytes += connection.protocol.kept_bytes() + connection.password_bytes;
    }  // else that goes in a moment, with the connection
    set(connection, bytes);
}

Connection* MemoryBudget::excess(ConnectionTable& table, std::size_t reactors) const {
    if (total_ <= bytes_max_ || counted_ <= bytes_max_ / reactors) {
        return nullptr;
    }
    Connection* largest = nullptr;
    table.for_each([&](Connection& connection) {
        if (connection.phase < Connection::Phase::closing &&
                (largest == nullptr || connection.memory_counted > largest->memory_counted)) {
            largest = &connection;
        }
    });
    return largest;
}

}  // namespace foz::broker
