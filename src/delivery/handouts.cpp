// SPDX-License-Identifier: Apache-2.0
#include "delivery/handouts.h"

#include <utility>

namespace foz::delivery {
namespace {

// About a millisecond of a reactor's time.
constexpr std::size_t kGroupItemsMax = 8'192;
constexpr std::size_t kGroupBytesMax = 1 << 20;
// What a reactor has not dealt with: beyond, it gets nothing more.
constexpr std::size_t kBacklogItemsMax = 4 * kGroupItemsMax;

}  // namespace

void Handouts::start(std::vector<Outlet*> outlets) {
    outlets_ = std::move(outlets);
    reactors_.resize(outlets_.size());
}

void Handouts::close() {
    for (const Reactor& reactor : reactors_) {
        reactor.backlog->close();
    }
}

bool Handouts::full() const {
    return items_ >= kGroupItemsMax || block_->bytes() >= kGroupBytesMax;
}

void Handouts::add_message(
        journal::Position position, const mqtt::Message& message, ByteView record) {
    if (block_->empty() || block_->last() != position) {
        block_->add(std::make_shared<const StoredMessage>(position, record, message));
    }
}

void Handouts::add_last_message(
        Recipient recipient, bool retain, std::span<const std::uint32_t> identifiers) {
    Handout& handout = of(recipient);
    const auto begin = static_cast<std::uint32_t>(handout.identifiers.size());
    handout.identifiers.insert(handout.identifiers.end(), identifiers.begin(), identifiers.end());
    handout.items.push_back({
        .connection = recipient.connection,
        .kind = Handout::Kind::message,
        .retain = retain,
        .message = block_->size() - 1,
        .begin = begin,
        .end = static_cast<std::uint32_t>(handout.identifiers.size()),
    });
}

void Handouts::add_queued(Recipient recipient) {
    of(recipient).items.push_back(
            {.connection = recipient.connection, .kind = Handout::Kind::queued});
}

void Handouts::add_result(Recipient recipient, mqtt::ReasonCode reason) {
    of(recipient).items.push_back({
        .connection = recipient.connection,
        .kind = Handout::Kind::result,
        .reason = reason,
    });
}

void Handouts::add_retained(
        Recipient recipient, std::span<const RetainedMessages::Pointer> messages) {
    Handout& handout = of(recipient);
    const auto begin = static_cast<std::uint32_t>(handout.retained.size());
    handout.retained.insert(handout.retained.end(), messages.begin(), messages.end());
    handout.items.push_back({
        .connection = recipient.connection,
        .kind = Handout::Kind::retained,
        .begin = begin,
        .end = static_cast<std::uint32_t>(handout.retained.size()),
    });
}

void Handouts::add_other(Recipient recipient, std::uint32_t message, bool retain) {
    of(recipient).items.push_back({
        .connection = recipient.connection,
        .kind = Handout::Kind::message,
        .retain = retain,
        .message = message,
    });
}

Handout& Handouts::of(Recipient recipient) {
    ++items_;
    auto& handout = reactors_[recipient.reactor].handout;
    if (!handout) {
        handout = std::make_unique<Handout>();
    }
    return *handout;
}

void Handouts::hand_out() {
    std::shared_ptr<const MessageBlock> messages;
    if (!block_->empty()) {
        messages = std::exchange(block_, std::make_shared<MessageBlock>());
    }
    hand_out(messages, true);
}

void Handouts::hand_out_with(const std::shared_ptr<const MessageBlock>& messages) {
    hand_out(messages, false);
}

void Handouts::hand_out(const std::shared_ptr<const MessageBlock>& messages, bool are_recent) {
    for (std::size_t i = 0; i < reactors_.size(); ++i) {
        if (!reactors_[i].handout) {
            continue;
        }
        const auto backlog = reactors_[i].backlog;
        backlog->wait_below(kBacklogItemsMax);
        const std::size_t items = reactors_[i].handout->items.size();
        backlog->add(items);
        reactors_[i].handout->messages = messages;
        reactors_[i].handout->is_recent = are_recent;
        outlets_[i]->hand_out(
                {reactors_[i].handout.release(), [backlog, items](const Handout* handout) {
                     std::default_delete<const Handout>()(handout);
                     backlog->remove(items);
                 }});
    }
    ++group_;
    items_ = 0;
}

}  // namespace foz::delivery
