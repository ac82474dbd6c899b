// SPDX-License-Identifier: Apache-2.0
#include "delivery/stored_message.h"

namespace foz::delivery {

StoredMessage::StoredMessage(
        journal::Position position, ByteView record, const mqtt::Message& message)
    : position_(position), record_(as_text(record)), message_(message) {
    const auto moved = [&](std::string_view view) {
        return view.empty()
                       ? std::string_view{}
                       : std::string_view(record_).substr(
                                 static_cast<std::size_t>(view.data() - as_text(record).data()),
                                 view.size());
    };
    message_.topic = moved(message.topic);
    message_.payload = moved(message.payload);
    message_.client_id = moved(message.client_id);
    message_.properties = moved(message.properties);
    message_.user = moved(message.user);
}

}  // namespace foz::delivery
