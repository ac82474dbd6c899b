// SPDX-License-Identifier: Apache-2.0
// What a group of records brings to the connections: gathered in a Handout for each reactor, and
// handed out in one go. One thread, the dispatcher's; close() any.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "delivery/backlog.h"
#include "delivery/handout.h"
#include "delivery/retained_messages.h"

namespace foz::delivery {

class Handouts {
  public:
    /// `outlets`: the reactors, by their number; they must outlive close().
    void start(std::vector<Outlet*> outlets);
    /// hand_out() waits for no reactor any more.
    void close();

    /// Which group this is; grows.
    [[nodiscard]] std::uint64_t group() const { return group_; }
    /// What a reactor is told in one go keeps it from its sockets: no more now.
    [[nodiscard]] bool full() const;

    /// The message at `position` has somebody who takes it: its bytes go along. Once is enough.
    void add_message(journal::Position position, const mqtt::Message& message, ByteView record);

    // For a connection:

    /// The message that was added last, with QoS 0.
    void add_last_message(
            Recipient recipient, bool retain, std::span<const std::uint32_t> identifiers);
    void add_queued(Recipient recipient);
    void add_result(Recipient recipient, mqtt::ReasonCode reason);
    void add_retained(Recipient recipient, std::span<const RetainedMessages::Pointer> messages);
    /// A message of those that hand_out_with() is going to be called with.
    void add_other(Recipient recipient, std::uint32_t message, bool retain);

    /// Waits for a reactor that has much left to deal with.
    void hand_out();
    /// The same with messages that are not of the group, of which nothing was added.
    void hand_out_with(const std::shared_ptr<const MessageBlock>& messages);

  private:
    /// What is gathered for a reactor, and how much it has not yet dealt with.
    struct Reactor {
        std::unique_ptr<Handout> handout;
        std::shared_ptr<Backlog> backlog = std::make_shared<Backlog>();
    };

    [[nodiscard]] Handout& of(Recipient recipient);
    void hand_out(const std::shared_ptr<const MessageBlock>& messages, bool are_recent);

    std::vector<Outlet*> outlets_;
    std::vector<Reactor> reactors_;
    std::shared_ptr<MessageBlock> block_ = std::make_shared<MessageBlock>();
    std::uint64_t group_ = 1;
    std::size_t items_ = 0;
};

}  // namespace foz::delivery
