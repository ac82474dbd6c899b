// SPDX-License-Identifier: Apache-2.0
// The MQTT sessions that outlive their connections, as they were last saved, and the request to end
// one: the foz that runs carries it out when it saves its sessions next (every five seconds), or
// the one that runs next. One thread.
#pragma once

#include <string>

#include "admin/data_folder.h"
#include "session/session_checkpoint.h"

namespace foz::admin {

/// An empty one when none was ever saved.
[[nodiscard]] Result<session::SessionCheckpoint> saved_sessions(const DataFolder& folder);

/// `saved`: what saved_sessions() gave. Errors: invalid when it is foz's own session towards
/// another broker; not_found when there is no such session.
[[nodiscard]] Result<void> request_session_end(const DataFolder& folder,
        const session::SessionCheckpoint& saved, const std::string& client_id);

/// Whether all requests have been carried out.
[[nodiscard]] Result<bool> requested_sessions_ended(const DataFolder& folder);

}  // namespace foz::admin
