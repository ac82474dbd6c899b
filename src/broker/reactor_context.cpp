// SPDX-License-Identifier: Apache-2.0
#include "broker/reactor_context.h"

#include "broker/reactor.h"

namespace foz::broker {

ReactorContext::ReactorContext(const config::Limits& limits, std::uint32_t from_reactor_count,
        config::Ack from_ack, journal::Journal& from_journal, const Clock& from_clock)
    : settings(limits),
      ack(from_ack),
      journal(from_journal),
      clock(from_clock),
      registry(limits.sessions, limits.delayed_will_bytes),
      reactor_count(from_reactor_count),
      authenticator(from_clock) {}

ReactorContext::~ReactorContext() = default;

}  // namespace foz::broker
