// SPDX-License-Identifier: Apache-2.0
// Subscriptions and deliveries of a session as they stand in state.db (docs/state_database.md).
// Pure.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "session/deliveries.h"

namespace foz::session {

[[nodiscard]] std::string stored(const std::vector<KeptSubscription>& subscriptions);
/// What is damaged is left out.
[[nodiscard]] std::vector<KeptSubscription> subscriptions_from(ByteView bytes);

/// Positions and numbers as differences to the message before.
[[nodiscard]] std::string stored(const DeliveryQueue& queue);
[[nodiscard]] DeliveryQueue queue_from(ByteView bytes);

}  // namespace foz::session
