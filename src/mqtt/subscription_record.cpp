// SPDX-License-Identifier: Apache-2.0
#include "mqtt/subscription_record.h"

#include "base/check.h"
#include "mqtt/topic.h"
#include "mqtt/utf8.h"
#include "mqtt/wire_writer.h"

namespace foz::mqtt {
namespace {

// docs/journal_format.md, "Subscription records" and "Delivery records".
constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kSubscriptionHeaderBytes = 8;
constexpr std::size_t kDeliveryHeaderBytes = 10;
constexpr std::size_t kAssignmentHeaderBytes = 12;
constexpr unsigned kQosMask = 3;
constexpr unsigned kNoLocalFlag = 4;
constexpr unsigned kRetainAsPublishedFlag = 8;
constexpr unsigned kRetainHandlingShift = 4;
constexpr unsigned kRetainHandlingMask = 3U << kRetainHandlingShift;

unsigned options_of(const Subscription& subscription) {
    return subscription.qos | (subscription.no_local ? kNoLocalFlag : 0U) |
           (subscription.retain_as_published ? kRetainAsPublishedFlag : 0U) |
           (static_cast<unsigned>(subscription.retain_handling) << kRetainHandlingShift);
}

Subscription subscription_from(unsigned options) {
    return {
        .filter = {},
        .qos = static_cast<std::uint8_t>(options & kQosMask),
        .no_local = (options & kNoLocalFlag) != 0,
        .retain_as_published = (options & kRetainAsPublishedFlag) != 0,
        .retain_handling =
                static_cast<std::uint8_t>((options & kRetainHandlingMask) >> kRetainHandlingShift),
    };
}

}  // namespace

void encode_subscription_record(const SubscriptionRecord& record, std::string& to) {
    FOZ_CHECK(record.client_id.size() <= 0xFFFF);
    FOZ_CHECK(record.identifier <= kVariableMax);
    char header[kSubscriptionHeaderBytes];
    header[0] = kFormat;
    header[1] = static_cast<char>(options_of(record.subscription));
    store_little(header + 2, static_cast<std::uint16_t>(record.client_id.size()));
    store_little(header + 4, record.identifier);
    to.append(header, sizeof header);
    to.append(record.client_id);
    to.append(record.subscription.filter);
}

Result<SubscriptionRecord> decode_subscription_record(ByteView bytes) {
    const std::string_view text = as_text(bytes);
    if (text.size() < kSubscriptionHeaderBytes || text[0] != kFormat) {
        return fail(ErrorCode::corrupt, "{} bytes are not a subscription record", text.size());
    }
    const std::size_t client_id_bytes = load_little<std::uint16_t>(text.data() + 2);
    const std::string_view rest = text.substr(kSubscriptionHeaderBytes);
    if (client_id_bytes > rest.size()) {
        return fail(ErrorCode::corrupt,
                "a subscription record's client identifier is longer than the record");
    }
    const unsigned options = static_cast<std::uint8_t>(text[1]);
    SubscriptionRecord record{
        .client_id = rest.substr(0, client_id_bytes),
        .subscription = subscription_from(options),
        .identifier = load_little<std::uint32_t>(text.data() + 4),
    };
    record.subscription.filter = rest.substr(client_id_bytes);
    const bool fits =
            options <= (kRetainHandlingMask | kRetainAsPublishedFlag | kNoLocalFlag | kQosMask) &&
            record.subscription.qos <= 2 && record.subscription.retain_handling <= 2 &&
            record.identifier <= kVariableMax;
    if (!fits || !is_valid_text(record.client_id) || !is_valid_text(record.subscription.filter) ||
            !is_valid_topic_filter(record.subscription.filter)) {
        return fail(ErrorCode::corrupt,
                "a subscription record's fields are not those of a subscription");
    }
    return record;
}

void encode_delivery_record(const DeliveryRecord& record, std::string& to) {
    FOZ_CHECK(record.client_id.size() <= 0xFFFF);
    char header[kDeliveryHeaderBytes];
    header[0] = kFormat;
    header[1] = static_cast<char>(record.stage);
    store_little(header + 2, record.number);
    to.append(header, sizeof header);
    to.append(record.client_id);
}

Result<DeliveryRecord> decode_delivery_record(ByteView bytes) {
    const std::string_view text = as_text(bytes);
    if (text.size() < kDeliveryHeaderBytes || text.size() > kDeliveryHeaderBytes + 0xFFFF ||
            text[0] != kFormat ||
            static_cast<std::uint8_t>(text[1]) >
                    static_cast<std::uint8_t>(DeliveryStage::given_up)) {
        return fail(ErrorCode::corrupt, "{} bytes are not a delivery record", text.size());
    }
    const DeliveryRecord record{
        .client_id = text.substr(kDeliveryHeaderBytes),
        .number = load_little<std::uint64_t>(text.data() + 2),
        .stage = static_cast<DeliveryStage>(text[1]),
    };
    if (!is_valid_text(record.client_id)) {
        return fail(ErrorCode::corrupt, "a delivery record's client identifier is not UTF-8");
    }
    return record;
}

void encode_assignment_record(const AssignmentRecord& record, std::string& to) {
    FOZ_CHECK(record.client_id.size() <= 0xFFFF);
    char header[kAssignmentHeaderBytes];
    header[0] = kFormat;
    header[1] = static_cast<char>(record.qos);
    store_little(header + 2, static_cast<std::uint16_t>(record.client_id.size()));
    store_little(header + 4, record.position);
    to.append(header, sizeof header);
    to.append(record.client_id);
    to.append(record.filter);
}

Result<AssignmentRecord> decode_assignment_record(ByteView bytes) {
    const std::string_view text = as_text(bytes);
    if (text.size() < kAssignmentHeaderBytes || text[0] != kFormat) {
        return fail(ErrorCode::corrupt, "{} bytes are not an assignment record", text.size());
    }
    const std::size_t client_id_bytes = load_little<std::uint16_t>(text.data() + 2);
    const std::string_view rest = text.substr(kAssignmentHeaderBytes);
    if (client_id_bytes > rest.size()) {
        return fail(ErrorCode::corrupt,
                "an assignment record's client identifier is longer than the record");
    }
    const AssignmentRecord record{
        .client_id = rest.substr(0, client_id_bytes),
        .filter = rest.substr(client_id_bytes),
        .position = load_little<std::uint64_t>(text.data() + 4),
        .qos = static_cast<std::uint8_t>(text[1]),
    };
    if (record.qos < 1 || record.qos > 2 || !is_valid_text(record.client_id) ||
            !is_valid_text(record.filter) || !parse_shared_filter(record.filter)) {
        return fail(ErrorCode::corrupt,
                "an assignment record's fields are not those of a shared subscription");
    }
    return record;
}

}  // namespace foz::mqtt
