// SPDX-License-Identifier: Apache-2.0
// What the dispatcher tells a reactor in one go: what there is for which of its connections, in the
// order in which the connections are to hear of it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "delivery/message_block.h"
#include "mqtt/reason_code.h"

namespace foz::delivery {

/// A connection, and the reactor that it lives on.
struct Recipient {
    std::uint32_t reactor = 0;
    std::uint64_t connection = 0;  // the reactor's name for it

    bool operator==(const Recipient&) const = default;
};

struct Handout {
    enum class Kind : std::uint8_t {
        message,   // of QoS 0, to be sent now or never
        queued,    // there is more in the session's DeliveryQueue
        result,    // of the next filter of a SUBSCRIBE or UNSUBSCRIBE that waits for its answer
        retained,  // and so is this, which it may have no other place to read
        fetched,   // `messages` has the first `end` that the connection has asked for, as far as
                   // they are still there
    };
    struct Item {
        std::uint64_t connection = 0;
        Kind kind = Kind::queued;
        mqtt::ReasonCode reason = mqtt::ReasonCode::success;  // of a result
        bool retain = false;                                  // of a message, as are those below
        std::uint32_t message = 0;                            // its index in `messages`
        std::uint32_t begin = 0;  // of its identifiers in `identifiers`; of `retained`: in that
        std::uint32_t end = 0;
    };

    std::shared_ptr<const MessageBlock> messages;  // null: none
    /// They are the journal's next: what waits for one of them finds it there a little later, too.
    bool is_recent = true;
    std::vector<Item> items;
    std::vector<std::uint32_t> identifiers;  // of subscriptions, of all items
    std::vector<std::shared_ptr<const StoredMessage>> retained;

    [[nodiscard]] std::span<const std::uint32_t> identifiers_of(const Item& item) const {
        return std::span(identifiers).subspan(item.begin, item.end - item.begin);
    }
    [[nodiscard]] std::span<const std::shared_ptr<const StoredMessage>> retained_of(
            const Item& item) const {
        return std::span(retained).subspan(item.begin, item.end - item.begin);
    }
};

/// A reactor, as those see it who have something for its connections.
class Outlet {
  public:
    virtual ~Outlet() = default;

    /// Any thread; takes note and returns. The pointer is kept until the reactor is through with
    /// it.
    virtual void hand_out(std::shared_ptr<const Handout> handout) = 0;
};

}  // namespace foz::delivery
