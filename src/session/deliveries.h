// SPDX-License-Identifier: Apache-2.0
// What a session knows of its client as a subscriber: its subscriptions, and the messages on their
// way to it. Both follow from the journal's records, applied in order; what records below `covered`
// have done to it is in it, so that applying them again changes nothing.
//
// One thread at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "journal/position.h"
#include "session/delivery_queue.h"

namespace foz::session {

/// Of a session that outlives its connection.
struct KeptSubscription {
    std::string filter;
    std::uint32_t identifier = 0;  // 0: none
    std::uint8_t qos = 0;
    bool no_local = false;
    bool retain_as_published = false;

    bool operator==(const KeptSubscription&) const = default;
};

struct Deliveries {
    DeliveryQueue queue;
    std::vector<KeptSubscription> subscriptions;  // sorted by filter
    journal::Position covered;

    void put(KeptSubscription subscription) {
        const auto place = std::ranges::lower_bound(
                subscriptions, subscription.filter, {}, &KeptSubscription::filter);
        if (place != subscriptions.end() && place->filter == subscription.filter) {
            *place = std::move(subscription);
        } else {
            subscriptions.insert(place, std::move(subscription));
        }
    }
    void remove(std::string_view filter) {
        const auto place =
                std::ranges::lower_bound(subscriptions, filter, {}, &KeptSubscription::filter);
        if (place != subscriptions.end() && place->filter == filter) {
            subscriptions.erase(place);
        }
    }

    bool operator==(const Deliveries&) const = default;
};

}  // namespace foz::session
