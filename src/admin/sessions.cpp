// SPDX-License-Identifier: Apache-2.0
#include "admin/sessions.h"

#include <algorithm>
#include <utility>

#include "base/printable.h"
#include "mqtt/message.h"

namespace foz::admin {

Result<session::SessionCheckpoint> saved_sessions(const DataFolder& folder) {
    auto checkpoint = session::load_sessions(folder.state(), folder.journal_id());
    if (!checkpoint) {
        return pass_on(checkpoint);
    }
    return std::move(*checkpoint).value_or(session::SessionCheckpoint{});
}

Result<void> request_session_end(const DataFolder& folder, const session::SessionCheckpoint& saved,
        const std::string& client_id) {
    if (mqtt::is_reserved_client_id(client_id)) {
        return fail(ErrorCode::invalid,
                "\"{}\" is foz's own session towards another broker; it ends with its [[source]] "
                "or [[bridge]]",
                printable(client_id));
    }
    const bool is_known = std::ranges::any_of(saved.sessions,
            [&](const session::SessionSnapshot& at) { return at.client_id == client_id; });
    if (!is_known) {
        return fail(ErrorCode::not_found,
                "there is no session of \"{}\"; foz sessions lists those that there are (one that "
                "has just begun is saved within five seconds)",
                printable(client_id));
    }
    return session::request_session_end(folder.state(), folder.journal_id(), client_id);
}

Result<bool> requested_sessions_ended(const DataFolder& folder) {
    auto left = session::load_session_ends(folder.state(), folder.journal_id());
    if (!left) {
        return pass_on(left);
    }
    return left->empty();
}

}  // namespace foz::admin
