// SPDX-License-Identifier: Apache-2.0
#include "delivery/message_block.h"

#include <algorithm>

namespace foz::delivery {

std::uint32_t MessageBlock::add(
        journal::Position position, ByteView record, const mqtt::Message& message) {
    Entry& entry = entries_.emplace_back();
    entry.position = position;
    entry.record = as_text(record);
    const auto moved = [&](std::string_view view) {
        return view.empty() ? std::string_view{}
                            : std::string_view(entry.record)
                                      .substr(static_cast<std::size_t>(
                                                      view.data() - as_text(record).data()),
                                              view.size());
    };
    entry.message = message;
    entry.message.topic = moved(message.topic);
    entry.message.payload = moved(message.payload);
    entry.message.client_id = moved(message.client_id);
    entry.message.properties = moved(message.properties);
    entry.message.user = moved(message.user);
    bytes_ += sizeof(Entry) + entry.record.capacity();
    return static_cast<std::uint32_t>(entries_.size() - 1);
}

const mqtt::Message* MessageBlock::find(journal::Position position) const {
    const auto found = std::ranges::lower_bound(entries_, position, {}, &Entry::position);
    return found != entries_.end() && found->position == position ? &found->message : nullptr;
}

}  // namespace foz::delivery
