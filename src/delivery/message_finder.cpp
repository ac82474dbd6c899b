// SPDX-License-Identifier: Apache-2.0
#include "delivery/message_finder.h"

namespace foz::delivery {
namespace {

std::shared_ptr<const StoredMessage> message_from(journal::Position position, ByteView record) {
    const auto message = mqtt::decode_message(record);
    return message ? std::make_shared<const StoredMessage>(position, record, *message) : nullptr;
}

}  // namespace

Result<std::shared_ptr<const StoredMessage>> MessageFinder::at(journal::Position position) {
    auto record = records_.at(position);
    if (!record) {
        return pass_on(record);
    }
    if (const auto& found = *record) {
        return message_from(position, found->bytes);
    }
    if (set_aside_ == nullptr) {
        return nullptr;
    }
    auto aside = set_aside_->find(position);
    if (!aside) {
        return pass_on(aside);
    }
    const auto& bytes = *aside;
    return bytes ? message_from(position, as_bytes(*bytes)) : nullptr;
}

}  // namespace foz::delivery
