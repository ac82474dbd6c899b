// SPDX-License-Identifier: Apache-2.0
#include "session/stored_deliveries.h"

#include <optional>

namespace foz::session {
namespace {

// LEB128: seven bits a byte, the lowest first; the highest bit says that there are more.
void append_number(std::string& to, std::uint64_t number) {
    while (number >= 0x80) {
        to.push_back(static_cast<char>(number | 0x80U));
        number >>= 7U;
    }
    to.push_back(static_cast<char>(number));
}

class NumberReader {
  public:
    explicit NumberReader(ByteView bytes) : rest_(as_text(bytes)) {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    [[nodiscard]] std::optional<std::uint64_t> number() {
        std::uint64_t number = 0;
        for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
            const auto byte = static_cast<std::uint8_t>(rest_.front());
            rest_.remove_prefix(1);
            number |= std::uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80) {
                return number;
            }
        }
        return std::nullopt;
    }
    [[nodiscard]] std::optional<std::string_view> text() {
        const auto size = number();
        if (!size || *size > rest_.size()) {
            return std::nullopt;
        }
        const std::string_view text = rest_.substr(0, *size);
        rest_.remove_prefix(*size);
        return text;
    }

  private:
    std::string_view rest_;
};

// Of a subscription and of a message.
constexpr unsigned kQosMask = 3;
constexpr unsigned kNoLocalFlag = 4;
constexpr unsigned kRetainAsPublishedFlag = 8;
constexpr unsigned kRetainFlag = 4;
constexpr unsigned kStateShift = 3;
constexpr unsigned kStateMask = 3;

}  // namespace

std::string stored(const std::vector<KeptSubscription>& subscriptions) {
    std::string bytes;
    for (const KeptSubscription& kept : subscriptions) {
        append_number(bytes, kept.filter.size());
        bytes.append(kept.filter);
        append_number(bytes, kept.qos | (kept.no_local ? kNoLocalFlag : 0U) |
                                     (kept.retain_as_published ? kRetainAsPublishedFlag : 0U));
        append_number(bytes, kept.identifier);
    }
    return bytes;
}

std::vector<KeptSubscription> subscriptions_from(ByteView bytes) {
    std::vector<KeptSubscription> subscriptions;
    NumberReader reader(bytes);
    while (!reader.at_end()) {
        const auto filter = reader.text();
        const auto options = reader.number();
        const auto identifier = reader.number();
        if (!filter || !options || !identifier) {
            break;
        }
        subscriptions.push_back({
            .filter = std::string(*filter),
            .identifier = static_cast<std::uint32_t>(*identifier),
            .qos = static_cast<std::uint8_t>(*options & kQosMask),
            .no_local = (*options & kNoLocalFlag) != 0,
            .retain_as_published = (*options & kRetainAsPublishedFlag) != 0,
        });
    }
    return subscriptions;
}

std::string stored(const DeliveryQueue& queue) {
    std::string bytes;
    append_number(bytes, queue.next_number());
    std::uint64_t number = 0;
    std::uint64_t position = 0;
    for (const DeliveryQueue::Message& message : queue.messages()) {
        append_number(bytes, message.number - number);
        // A retained message is older than what was published before it was asked for.
        const auto step = static_cast<std::int64_t>(message.position.number() - position);
        append_number(bytes,
                (static_cast<std::uint64_t>(step) << 1U) ^ static_cast<std::uint64_t>(step >> 63));
        append_number(bytes, message.qos | (message.retain ? kRetainFlag : 0U) |
                                     (static_cast<unsigned>(message.state) << kStateShift));
        const auto identifiers = queue.identifiers_of(message);
        append_number(bytes, identifiers.size());
        for (const std::uint32_t identifier : identifiers) {
            append_number(bytes, identifier);
        }
        number = message.number;
        position = message.position.number();
    }
    return bytes;
}

DeliveryQueue queue_from(ByteView bytes) {
    NumberReader reader(bytes);
    const std::uint64_t next_number = reader.number().value_or(0);
    std::vector<DeliveryQueue::Message> messages;
    std::vector<DeliveryQueue::Identifiers> further;
    std::uint64_t number = 0;
    std::uint64_t position = 0;
    while (!reader.at_end()) {
        const auto ahead = reader.number();
        const auto step = reader.number();
        const auto options = reader.number();
        const auto count = reader.number();
        if (!ahead || !step || !options || !count || number + *ahead >= next_number) {
            break;
        }
        number += *ahead;
        position += (*step >> 1U) ^ (~(*step & 1U) + 1);
        std::vector<std::uint32_t> identifiers;
        for (std::uint64_t i = 0; i < *count && !reader.at_end(); ++i) {
            identifiers.push_back(static_cast<std::uint32_t>(reader.number().value_or(0)));
        }
        messages.push_back({
            .number = number,
            .position = journal::Position::from_number(position),
            .identifier = identifiers.empty() ? 0 : identifiers.front(),
            .qos = static_cast<std::uint8_t>(*options & kQosMask),
            .retain = (*options & kRetainFlag) != 0,
            .state = static_cast<DeliveryQueue::State>((*options >> kStateShift) & kStateMask),
        });
        if (identifiers.size() > 1) {
            further.push_back({.number = number, .all = std::move(identifiers)});
        }
    }
    return {next_number, std::move(messages), std::move(further)};
}

}  // namespace foz::session
