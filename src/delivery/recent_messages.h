// SPDX-License-Identifier: Apache-2.0
// The messages that were handed out last, for those clients that take them a little later. One
// thread, a reactor's; the blocks themselves are shared with the other reactors.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>

#include "delivery/message_block.h"

namespace foz::delivery {

class RecentMessages {
  public:
    /// Keeps so many bytes of them, and the last block whatever its size.
    explicit RecentMessages(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    /// `block` is not empty, and behind those before it.
    void add(std::shared_ptr<const MessageBlock> block) {
        bytes_ += block->bytes();
        blocks_.push_back(std::move(block));
        while (bytes_ > bytes_max_ && blocks_.size() > 1) {
            bytes_ -= blocks_.front()->bytes();
            blocks_.pop_front();
        }
    }

    /// Null: it is not there (any more).
    [[nodiscard]] const mqtt::Message* find(journal::Position position) const {
        const auto block = std::ranges::lower_bound(
                blocks_, position, {}, [](const auto& some) { return some->last(); });
        return block == blocks_.end() ? nullptr : (*block)->find(position);
    }

  private:
    const std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::deque<std::shared_ptr<const MessageBlock>> blocks_;
};

}  // namespace foz::delivery
