// SPDX-License-Identifier: Apache-2.0
// The journal's records about what clients have subscribed to, and about what they have got of it.
// docs/journal_format.md specifies the bytes. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "mqtt/packet.h"

namespace foz::mqtt {

/// Of RecordKind::subscribed, and of RecordKind::unsubscribed, where of the subscription only the
/// filter counts. A record of a client that has no session which outlives its connection is without
/// meaning after a restart. Views into the buffer it was decoded from.
struct SubscriptionRecord {
    std::string_view client_id;
    Subscription subscription;
    std::uint32_t identifier = 0;  // [MQTT-3.8.2.1.2]; 0: none
};

/// How far a message has come on its way to a client.
enum class DeliveryStage : std::uint8_t {
    done = 0,      // PUBACK, or PUBCOMP
    received = 1,  // PUBREC of a QoS 2 message: it must not be sent again
    given_up = 2,  // a limit was reached, it has expired, or the client takes no packet so large
};

/// Of RecordKind::delivered.
struct DeliveryRecord {
    std::string_view client_id;
    std::uint64_t number = 0;  // of the message in its session: session::DeliveryQueue
    DeliveryStage stage = DeliveryStage::done;
};

/// Of RecordKind::assigned: which member of a shared subscription gets a message. Only of one whose
/// session outlives its connection.
struct AssignmentRecord {
    std::string_view client_id;
    std::string_view filter;     // "$share/NAME/FILTER"
    std::uint64_t position = 0;  // of the message in the journal
    std::uint8_t qos = 0;        // as it was published: 1 or 2
};

void encode_subscription_record(const SubscriptionRecord& record, std::string& to);
/// ErrorCode::corrupt when the bytes are not what encode_subscription_record writes.
[[nodiscard]] Result<SubscriptionRecord> decode_subscription_record(ByteView bytes);

void encode_delivery_record(const DeliveryRecord& record, std::string& to);
[[nodiscard]] Result<DeliveryRecord> decode_delivery_record(ByteView bytes);

void encode_assignment_record(const AssignmentRecord& record, std::string& to);
[[nodiscard]] Result<AssignmentRecord> decode_assignment_record(ByteView bytes);

}  // namespace foz::mqtt
