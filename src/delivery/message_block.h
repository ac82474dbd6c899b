// SPDX-License-Identifier: Apache-2.0
// Messages of the journal that somebody takes, copied out of it once for all who do. Filled by one
// thread, then immutable and shared by any.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "base/bytes.h"
#include "journal/position.h"
#include "mqtt/message.h"

namespace foz::delivery {

class MessageBlock {
  public:
    struct Entry {
        journal::Position position;
        std::string record;     // its bytes in the journal
        mqtt::Message message;  // views into them
    };

    MessageBlock() = default;
    MessageBlock(const MessageBlock&) = delete;
    MessageBlock& operator=(const MessageBlock&) = delete;

    /// `message` is what `record` decodes to. In the order of the positions. Gives the index.
    std::uint32_t add(journal::Position position, ByteView record, const mqtt::Message& message);

    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(entries_.size()); }
    [[nodiscard]] bool empty() const { return entries_.empty(); }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    [[nodiscard]] const Entry& operator[](std::uint32_t index) const { return entries_[index]; }
    [[nodiscard]] journal::Position first() const { return entries_.front().position; }
    [[nodiscard]] journal::Position last() const { return entries_.back().position; }
    /// Null: it is not among them.
    [[nodiscard]] const mqtt::Message* find(journal::Position position) const;

  private:
    std::deque<Entry> entries_;  // a deque: the views stay good
    std::size_t bytes_ = 0;
};

}  // namespace foz::delivery
