// SPDX-License-Identifier: Apache-2.0
#include "client/subscriptions.h"

#include <algorithm>

#include <fmt/format.h>

#include "mqtt/encoder.h"
#include "mqtt/topic.h"
#include "session/outbox.h"

namespace foz::client {

using mqtt::ReasonCode;

namespace {

constexpr std::uint16_t kFirstSubscribeId = session::Outbox::kCapacityMax + 1;
constexpr std::chrono::seconds kAskAgainAfter{60};

std::uint8_t retain_handling_of(const Filter& filter) {
    constexpr std::uint8_t kAlways = 0;   // [MQTT-3.8.3.1]; all that a shared subscription may have
    constexpr std::uint8_t kWhenNew = 1;  // if the session was kept, they were taken then
    constexpr std::uint8_t kNever = 2;
    if (mqtt::parse_shared_filter(filter.filter)) {
        return kAlways;
    }
    return filter.skip_retained ? kNever : kWhenNew;
}

/// "" when the broker has granted what was asked.
std::string trouble_with(const Filter& filter, ReasonCode answer) {
    if (answer == ReasonCode::not_authorized) {
        return fmt::format("not authorised to subscribe to \"{}\"", filter.filter);
    }
    if (answer == ReasonCode::unspecified_error) {
        return fmt::format(
                "the broker refused the subscription to \"{}\"; most likely foz is not authorised "
                "to subscribe to it",
                filter.filter);
    }
    if (mqtt::is_failure(answer)) {
        return fmt::format("the broker refused the subscription to \"{}\": {}", filter.filter,
                mqtt::reason_text(answer));
    }
    if (static_cast<std::uint8_t>(answer) < filter.qos) {
        return fmt::format("the broker gives \"{}\" at QoS {} only, not {}", filter.filter,
                static_cast<unsigned>(answer), filter.qos);
    }
    return "";
}

}  // namespace

bool Subscriptions::ask(std::string& out) {
    ask_again_ = SteadyTime::max();
    asked_.clear();
    for (std::size_t i = 0; i < filters_.size(); ++i) {
        if (!filters_[i].granted) {
            asked_.push_back(i);
        }
    }
    const std::size_t per_packet = terms_.filters_per_packet;
    subacks_pending_ = (asked_.size() + per_packet - 1) / per_packet;
    for (std::size_t packet = 0; packet < subacks_pending_; ++packet) {
        append_subscribe(packet, out);
    }
    return !asked_.empty();
}

void Subscriptions::append_subscribe(std::size_t packet, std::string& out) const {
    const std::size_t begin = packet * terms_.filters_per_packet;
    const std::size_t end = std::min<std::size_t>(begin + terms_.filters_per_packet, asked_.size());
    mqtt::Subscribe subscribe;
    subscribe.packet_id = static_cast<std::uint16_t>(kFirstSubscribeId + packet);
    for (std::size_t i = begin; i < end; ++i) {
        const Filter& filter = terms_.filters[asked_[i]];
        subscribe.subscriptions.push_back({
            .filter = filter.filter,
            .qos = filter.qos,
            .no_local = filter.no_local,
            .retain_as_published = filter.retain_as_published,
            .retain_handling = retain_handling_of(filter),
        });
    }
    mqtt::append_subscribe(out, subscribe, terms_.version);
}

Subscriptions::Answer Subscriptions::take(const mqtt::Suback& suback, SteadyTime now) {
    const std::size_t packet = suback.packet_id - std::size_t{kFirstSubscribeId};
    const std::size_t begin = packet * terms_.filters_per_packet;
    const bool known = suback.packet_id >= kFirstSubscribeId && begin < asked_.size();
    const std::size_t expected =
            known ? std::min<std::size_t>(terms_.filters_per_packet, asked_.size() - begin) : 0;
    if (suback.reasons.size() != expected || subacks_pending_ == 0) {
        return Answer::unexpected;
    }
    for (std::size_t i = 0; i < expected; ++i) {
        const ReasonCode answer = suback.reasons[i];
        filters_[asked_[begin + i]] = {.granted = !mqtt::is_failure(answer), .answer = answer};
    }
    if (--subacks_pending_ > 0) {
        return Answer::partial;
    }
    describe_trouble();
    if (std::ranges::any_of(filters_, [](const FilterState& filter) { return !filter.granted; })) {
        ask_again_ = now + kAskAgainAfter;
    }
    return Answer::complete;
}

void Subscriptions::describe_trouble() {
    trouble_.clear();
    for (std::size_t i = 0; i < filters_.size(); ++i) {
        const std::string trouble = trouble_with(terms_.filters[i], filters_[i].answer);
        if (!trouble.empty()) {
            trouble_ += (trouble_.empty() ? "" : "; ") + trouble;
        }
    }
}

}  // namespace foz::client
