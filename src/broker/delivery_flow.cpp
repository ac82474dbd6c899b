// SPDX-License-Identifier: Apache-2.0
#include "broker/delivery_flow.h"

#include <algorithm>
#include <chrono>

#include "mqtt/encoder.h"

namespace foz::broker {

using mqtt::DeliveryStage;
using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::ProtocolVersion;
using State = session::DeliveryQueue::State;

namespace {

// Fetched at once: a client that comes back to a long queue gets it in pieces.
constexpr std::size_t kFetchMax = 256;

/// Seconds that the message has been here.
std::uint64_t age_of(const mqtt::Message& message, SystemTime now) {
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - message.received);
    return age.count() > 0 ? static_cast<std::uint64_t>(age.count()) : 0;
}

/// The properties as they were published, but for how long the message is still good
/// [MQTT-3.3.2-6].
void append_with_expiry(const mqtt::Properties& properties, std::uint32_t expiry, std::string& to) {
    mqtt::PropertyWriter writer;
    properties.for_each([&](const mqtt::Property& property) {
        if (property.id == PropertyId::message_expiry_interval) {
            writer.add(property.id, expiry);
        } else if (property.id == PropertyId::user_property) {
            writer.add_user(property.text, property.value);
        } else if (property.id == PropertyId::payload_format_indicator) {
            writer.add(property.id, property.number);
        } else {
            writer.add(property.id, property.text);
        }
    });
    to.append(writer.properties().bytes());
}

}  // namespace

DeliveryFlow::DeliveryFlow(AttachedSession& session, const Terms& terms)
    : session_(session), terms_(terms) {
    session_.session().with_deliveries(
            [](session::Deliveries& deliveries) { deliveries.queue.drop_qos_0(); });
}

DeliveryFlow::Fate DeliveryFlow::append(
        const mqtt::Message& message, const Form& form, SystemTime now, std::string& out) {
    properties_.clear();
    if (!message.properties.empty()) {
        const auto properties = mqtt::Properties::from_validated(message.properties);
        const auto expiry = properties.number(PropertyId::message_expiry_interval);
        const std::uint64_t age = expiry ? age_of(message, now) : 0;
        if (expiry && age >= *expiry) {
            return Fate::expired;  // [MQTT-3.3.2-5]
        }
        if (terms_.version == ProtocolVersion::v5 && expiry) {
            append_with_expiry(properties, static_cast<std::uint32_t>(*expiry - age), properties_);
        } else {
            properties_ = message.properties;
        }
    }
    if (terms_.version == ProtocolVersion::v5) {
        mqtt::PropertyWriter identifiers;
        for (const std::uint32_t identifier : form.identifiers) {
            identifiers.add(PropertyId::subscription_identifier, identifier);
        }
        properties_.append(identifiers.properties().bytes());
    }
    const std::size_t aliases = aliases_.size();
    const std::string_view topic = take_alias(message.topic);
    const std::size_t begin = out.size();
    mqtt::append_publish(out,
            {
                .topic = topic,
                .payload = message.payload,
                .packet_id = form.packet_id,
                .qos = form.qos,
                .retain = form.retain,
                .dup = form.again,
                .properties = mqtt::Properties::from_validated(properties_),
            },
            terms_.version);
    if (out.size() - begin > terms_.packet_bytes_max) {
        out.resize(begin);  // [MQTT-3.1.2-25]
        if (aliases_.size() > aliases) {
            aliases_.erase(std::string(message.topic));  // the client has not heard of it
        }
        return Fate::too_large;
    }
    return Fate::sent;
}

std::string_view DeliveryFlow::take_alias(std::string_view topic) {
    if (terms_.topic_aliases == 0) {
        return topic;
    }
    auto known = aliases_.find(topic);
    const bool is_new = known == aliases_.end();
    if (is_new) {
        if (aliases_.size() >= terms_.topic_aliases) {
            return topic;
        }
        const auto alias = static_cast<std::uint16_t>(aliases_.size() + 1);
        known = aliases_.emplace(std::string(topic), alias).first;
    }
    mqtt::PropertyWriter alias;
    alias.add(PropertyId::topic_alias, known->second);
    properties_.append(alias.properties().bytes());
    return is_new ? topic : std::string_view();
}

void DeliveryFlow::send_now(const mqtt::Message& message, bool retain,
        std::span<const std::uint32_t> identifiers, const DeliveryContext& context,
        std::string& out) {
    if (out.size() >= context.output_max) {
        ++losses_.dropped;
        return;
    }
    const Form form{.retain = retain, .identifiers = identifiers};
    switch (append(message, form, context.now, out)) {
        case Fate::sent: break;
        case Fate::expired: ++losses_.expired; break;
        case Fate::too_large: ++losses_.too_large; break;
    }
}

void DeliveryFlow::note_retained(
        std::span<const std::shared_ptr<const delivery::StoredMessage>> messages) {
    retained_.insert(retained_.end(), messages.begin(), messages.end());
    std::ranges::sort(retained_, {}, [](const auto& some) { return some->position(); });
    note_queued();
}

void DeliveryFlow::note_fetched(
        std::shared_ptr<const delivery::MessageBlock> messages, std::size_t count) {
    asked_.resize(std::min(count, asked_.size()));
    fetched_ = std::move(messages);
    fetching_ = false;
}

std::vector<journal::Position> DeliveryFlow::send(
        const DeliveryContext& context, std::string& out) {
    return session_.session().with_deliveries(
            [&](session::Deliveries& deliveries) -> std::vector<journal::Position> {
                Queue& queue = deliveries.queue;
                while (may_send() && out.size() < context.output_max) {
                    const Queue::Message* const next = queue.from(next_);
                    if (next == nullptr) {
                        caught_up_ = true;
                        retained_.clear();
                        break;
                    }
                    if (!queue.has_packet_id_for(next->number)) {
                        break;
                    }
                    const bool known = next->state == State::received ||
                                       find(next->position, context) != nullptr ||
                                       std::ranges::binary_search(asked_, next->position);
                    if (!known) {
                        return missing_from(queue, context);
                    }
                    send_next(queue, *next, context, out);
                }
                return {};
            });
}

void DeliveryFlow::send_next(Queue& queue, const Queue::Message& next,
        const DeliveryContext& context, std::string& out) {
    const std::uint64_t number = next.number;
    const std::uint8_t qos = next.qos;
    next_ = number + 1;
    if (next.state == State::received) {
        ++in_flight_;
        send_release(Queue::packet_id_of(number), context.inbox, out);
        return;
    }
    const mqtt::Message* const message = find(next.position, context);
    if (message == nullptr) {
        ++losses_.gone;
        give_up(queue, number, context.inbox);
        return;
    }
    const Form form{
        .qos = qos,
        .retain = next.retain,
        .again = next.state == State::sent,
        .packet_id = qos == 0 ? std::uint16_t{0} : Queue::packet_id_of(number),
        .identifiers = queue.identifiers_of(next),
    };
    const Fate fate = append(*message, form, context.now, out);
    if (fate != Fate::sent) {
        ++(fate == Fate::expired ? losses_.expired : losses_.too_large);
        give_up(queue, number, context.inbox);
    } else if (qos == 0) {
        (void)queue.finish(number);
    } else {
        queue.note_sent(number);
        ++in_flight_;
    }
}

void DeliveryFlow::give_up(Queue& queue, std::uint64_t number, intake::Inbox& inbox) {
    (void)queue.finish(number);
    session_.journal_delivery(number, DeliveryStage::given_up, inbox);
}

const mqtt::Message* DeliveryFlow::find(
        journal::Position position, const DeliveryContext& context) const {
    if (const mqtt::Message* const recent = context.recent.find(position)) {
        return recent;
    }
    const auto place = std::ranges::lower_bound(
            retained_, position, {}, [](const auto& some) { return some->position(); });
    if (place != retained_.end() && (*place)->position() == position) {
        return &(*place)->message();
    }
    return fetched_ ? fetched_->find(position) : nullptr;
}

std::vector<journal::Position> DeliveryFlow::missing_from(
        const Queue& queue, const DeliveryContext& context) {
    asked_.clear();
    fetched_.reset();

    for (const Queue::Message* next = queue.from(next_); next != nullptr;
            next = queue.from(next->number + 1)) {
        if (asked_.size() == kFetchMax || find(next->position, context) != nullptr) {
            break;
        }
        if (next->state != State::received) {
            asked_.push_back(next->position);
        }
    }
    std::ranges::sort(asked_);
    const auto repeated = std::ranges::unique(asked_);
    asked_.erase(repeated.begin(), repeated.end());
    fetching_ = true;
    return asked_;
}

// After a crash the client must not get the message again: PUBREL waits until it is on disk that
// the client has it.
void DeliveryFlow::send_release(std::uint16_t packet_id, intake::Inbox& inbox, std::string& out) {
    if (session_.is_journaled()) {
        inbox.add_ack({
            .connection = terms_.connection,
            .packet_id = packet_id,
            .type = PacketType::pubrel,
        });
    } else {
        mqtt::append_acknowledgement(out, PacketType::pubrel, packet_id);
    }
}

void DeliveryFlow::refuse_release(
        std::uint16_t packet_id, ProtocolVersion version, std::string& out) {
    mqtt::append_acknowledgement(out, PacketType::pubrel,
            {
                .packet_id = packet_id,
                .reason = mqtt::ReasonCode::packet_identifier_not_found,
                .properties = {},
            },
            version);
}

void DeliveryFlow::finish(Queue& queue, std::uint64_t number, intake::Inbox& inbox) {
    (void)queue.finish(number);
    in_flight_ -= number < next_ ? 1 : 0;
    session_.journal_delivery(number, DeliveryStage::done, inbox);
}

// An answer to nothing is none of the errors that end a connection: after a reconnect a client may
// send one.
void DeliveryFlow::take_answer(PacketType type, const mqtt::Acknowledgement& answer,
        intake::Inbox& inbox, std::string& out) {
    session_.session().with_deliveries([&](session::Deliveries& deliveries) {
        Queue& queue = deliveries.queue;
        const Queue::Message* const found = queue.find(answer.packet_id);
        const std::uint8_t awaited = type == PacketType::puback ? 1 : 2;
        if (found == nullptr || found->qos != awaited) {
            if (type == PacketType::pubrec) {
                refuse_release(answer.packet_id, terms_.version, out);
            }
            return;
        }
        const std::uint64_t number = found->number;
        const State state = found->state;
        if (type == PacketType::pubrec && !mqtt::is_failure(answer.reason)) {
            if (queue.note_received(number)) {
                session_.journal_delivery(number, DeliveryStage::received, inbox);
            }
            send_release(answer.packet_id, inbox, out);
        } else if (type != PacketType::pubcomp || state == State::received) {
            finish(queue, number, inbox);
        }
    });
}

}  // namespace foz::broker
