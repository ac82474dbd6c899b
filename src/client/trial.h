// SPDX-License-Identifier: Apache-2.0
// One try to connect to a broker and to subscribe there, for `foz check --connect`. It leaves
// nothing behind: a session of its own that ends with it, under a client id of its own, so that the
// session that `foz run` has there, and its connection, are not touched; messages that come
// meanwhile are not acknowledged. Of a shared subscription it asks for the filter alone: as a
// member of the group it would take messages from the others.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "client/link_failure.h"
#include "client/session_terms.h"
#include "client/step.h"
#include "config/settings.h"

namespace foz::client {

struct Trial {
    std::string client_id;        // that was used
    std::vector<StepDone> steps;  // those that were done, in order; suback: its text is the trouble
    std::optional<LinkFailure> failure;
};

/// Blocks until it is ready or has failed: twice connect_timeout at most. `client_id` unless told:
/// the remote's, and "-check". Errors: as session_terms.
[[nodiscard]] Result<Trial> try_remote(const config::Remote& remote, std::vector<Filter> filters,
        const std::optional<std::string>& client_id, const Clock& clock);

}  // namespace foz::client
