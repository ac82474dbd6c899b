// SPDX-License-Identifier: Apache-2.0
// Messages of the journal that somebody takes, copied out of it once for all who do. Filled by one
// thread, then immutable and shared by any.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "delivery/stored_message.h"

namespace foz::delivery {

class MessageBlock {
  public:
    MessageBlock() = default;
    MessageBlock(const MessageBlock&) = delete;
    MessageBlock& operator=(const MessageBlock&) = delete;

    /// In the order of the positions.
    void add(std::shared_ptr<const StoredMessage> message) {
        bytes_ += message->bytes();
        messages_.push_back(std::move(message));
    }

    [[nodiscard]] bool empty() const { return messages_.empty(); }
    [[nodiscard]] std::uint32_t size() const {
        return static_cast<std::uint32_t>(messages_.size());
    }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    [[nodiscard]] const mqtt::Message& operator[](std::uint32_t index) const {
        return messages_[index]->message();
    }
    [[nodiscard]] journal::Position last() const { return messages_.back()->position(); }
    /// Null: it is not among them.
    [[nodiscard]] const mqtt::Message* find(journal::Position position) const {
        const auto found = std::ranges::lower_bound(
                messages_, position, {}, [](const auto& some) { return some->position(); });
        return found != messages_.end() && (*found)->position() == position ? &(*found)->message()
                                                                            : nullptr;
    }

  private:
    std::vector<std::shared_ptr<const StoredMessage>> messages_;
    std::size_t bytes_ = 0;
};

}  // namespace foz::delivery
