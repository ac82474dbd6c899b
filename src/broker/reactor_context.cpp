// SPDX-License-Identifier: Apache-2.0
#include "broker/reactor_context.h"

#include <utility>

#include "broker/reactor.h"

namespace foz::broker {

ReactorContext::ReactorContext(const config::Settings& from_settings,
        std::uint32_t from_reactor_count, journal::Journal& from_journal,
        delivery::RecoveredSessions&& recovered, const Clock& from_clock)
    : settings(from_settings.limits),
      ack(from_settings.ack),
      journal(from_journal),
      clock(from_clock),
      registry(from_settings.limits.sessions, from_settings.limits.delayed_will_bytes),
      reactor_count(from_reactor_count),
      dispatcher(from_journal, from_clock, std::move(recovered),
              {.session_messages = from_settings.limits.session_messages}),
      authenticator(from_clock),
      started(from_clock.steady_now()) {}

ReactorContext::~ReactorContext() = default;

}  // namespace foz::broker
