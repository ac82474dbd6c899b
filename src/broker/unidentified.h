// SPDX-License-Identifier: Apache-2.0
// The connections that have not said who they are yet, by the address that they come from. When
// there are too many, the oldest of the address that has the most goes: one that opens thousands
// pushes out its own, and a slow client from elsewhere keeps its place. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

#include "broker/connection_handle.h"

namespace foz::broker {

class Unidentified {
  public:
    /// What add() gives and remove() takes; 0 is none.
    using Number = std::uint64_t;

    [[nodiscard]] Number add(const std::string& network, ConnectionHandle connection) {
        ++size_;
        networks_[network].emplace(++last_, connection);
        return last_;
    }
    void remove(const std::string& network, Number number) {
        const auto place = networks_.find(network);
        if (place == networks_.end() || place->second.erase(number) == 0) {
            return;
        }
        --size_;
        if (place->second.empty()) {
            networks_.erase(place);
        }
    }

    [[nodiscard]] std::size_t size() const { return size_; }

    struct Candidate {
        ConnectionHandle connection;
        std::size_t of_network = 0;  // how many its address has
    };
    /// Of the addresses that have the most, the oldest connection. size() is not 0.
    [[nodiscard]] Candidate next_to_go() const {
        const auto most =
                std::ranges::max_element(networks_, [](const auto& one, const auto& other) {
                    const Line& a = one.second;
                    const Line& b = other.second;
                    return a.size() != b.size() ? a.size() < b.size()
                                                : a.begin()->first > b.begin()->first;
                });
        return {.connection = most->second.begin()->second, .of_network = most->second.size()};
    }

  private:
    using Line = std::map<Number, ConnectionHandle>;  // oldest first; never empty

    std::unordered_map<std::string, Line> networks_;
    std::size_t size_ = 0;
    Number last_ = 0;
};

}  // namespace foz::broker
