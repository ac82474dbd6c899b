// SPDX-License-Identifier: Apache-2.0
#include "session/delivery_queue.h"

#include <algorithm>

namespace foz::session {

void DeliveryQueue::push(Message message, std::span<const std::uint32_t> identifiers) {
    message.number = next_++;
    message.identifier = identifiers.empty() ? 0 : identifiers.front();
    if (identifiers.size() > 1) {
        further_.push_back(
                {.number = message.number, .all = {identifiers.begin(), identifiers.end()}});
    }
    messages_.push_back(message);
}

const DeliveryQueue::Message* DeliveryQueue::find(std::uint16_t packet_id) const {
    if (packet_id == 0 || empty()) {
        return nullptr;
    }
    const std::uint64_t first = messages()[0].number;
    const std::uint64_t ahead = (packet_id - 1U + kPacketIds - first % kPacketIds) % kPacketIds;
    const Message* const message = from(first + ahead);
    const bool found = message != nullptr && message->number == first + ahead && message->qos > 0 &&
                       message->state != State::waiting;
    return found ? message : nullptr;
}

std::size_t DeliveryQueue::index_from(std::uint64_t number) const {
    const auto begin = messages_.begin() + static_cast<std::ptrdiff_t>(begin_);
    const auto place =
            std::ranges::lower_bound(begin, messages_.end(), number, {}, &Message::number);
    return static_cast<std::size_t>(place - messages_.begin());
}

const DeliveryQueue::Message* DeliveryQueue::from(std::uint64_t number) const {
    const std::size_t index = index_from(number);
    return index == messages_.size() ? nullptr : &messages_[index];
}

DeliveryQueue::Message* DeliveryQueue::slot(std::uint64_t number) {
    const std::size_t index = index_from(number);
    const bool found = index < messages_.size() && messages_[index].number == number;
    return found ? &messages_[index] : nullptr;
}

std::span<const std::uint32_t> DeliveryQueue::identifiers_of(const Message& message) const {
    const auto found = std::ranges::lower_bound(further_, message.number, {}, &Identifiers::number);
    if (found != further_.end() && found->number == message.number) {
        return found->all;
    }
    return {&message.identifier, message.identifier == 0 ? std::size_t{0} : 1};
}

void DeliveryQueue::note_sent(std::uint64_t number) {
    Message* const message = slot(number);
    if (message != nullptr && message->state == State::waiting) {
        message->state = State::sent;
    }
}

bool DeliveryQueue::note_received(std::uint64_t number) {
    Message* const message = slot(number);
    if (message == nullptr || message->state == State::received) {
        return false;
    }
    message->state = State::received;
    return true;
}

bool DeliveryQueue::finish(std::uint64_t number) {
    const std::size_t index = index_from(number);
    if (index == messages_.size() || messages_[index].number != number) {
        return false;
    }
    erase(index);
    return true;
}

const DeliveryQueue::Message* DeliveryQueue::oldest_waiting() const {
    const auto found = std::ranges::find(messages(), State::waiting, &Message::state);
    return found == messages().end() ? nullptr : &*found;
}

void DeliveryQueue::drop_qos_0() {
    const auto begin = messages_.begin() + static_cast<std::ptrdiff_t>(begin_);
    messages_.erase(std::remove_if(begin, messages_.end(),
                            [](const Message& message) { return message.qos == 0; }),
            messages_.end());
}

void DeliveryQueue::note_all_sent() {
    for (std::size_t index = begin_; index < messages_.size(); ++index) {
        if (messages_[index].state == State::waiting) {
            messages_[index].state = State::sent;
        }
    }
}

// What goes is among the oldest: those before it move up, not those behind it down.
void DeliveryQueue::erase(std::size_t index) {
    const std::uint64_t number = messages_[index].number;
    const auto begin = messages_.begin() + static_cast<std::ptrdiff_t>(begin_);
    std::move_backward(begin, messages_.begin() + static_cast<std::ptrdiff_t>(index),
            messages_.begin() + static_cast<std::ptrdiff_t>(index) + 1);
    ++begin_;
    std::erase_if(further_, [&](const Identifiers& some) { return some.number == number; });
    if (empty()) {
        constexpr std::size_t kKept = 64;
        if (messages_.capacity() > kKept) {
            std::vector<Message>().swap(messages_);
        }
        messages_.clear();
        begin_ = 0;
    } else if (begin_ > messages_.size() / 2) {
        messages_.erase(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(begin_));
        begin_ = 0;
    }
}

}  // namespace foz::session
