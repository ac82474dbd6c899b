// SPDX-License-Identifier: Apache-2.0
// A message of the journal with its bytes. Immutable, and shared by all who send it. Any thread.
#pragma once

#include <string>

#include "base/bytes.h"
#include "journal/position.h"
#include "mqtt/message.h"

namespace foz::delivery {

class StoredMessage {
  public:
    /// `message` is what `record`, its bytes in the journal, decodes to.
    StoredMessage(journal::Position position, ByteView record, const mqtt::Message& message);
    StoredMessage(const StoredMessage&) = delete;
    StoredMessage& operator=(const StoredMessage&) = delete;

    [[nodiscard]] journal::Position position() const { return position_; }
    [[nodiscard]] const mqtt::Message& message() const { return message_; }
    /// Of memory.
    [[nodiscard]] std::size_t bytes() const { return sizeof(StoredMessage) + record_.capacity(); }

  private:
    const journal::Position position_;
    const std::string record_;
    mqtt::Message message_;  // views into record_
};

}  // namespace foz::delivery
