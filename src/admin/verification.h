// SPDX-License-Identifier: Apache-2.0
// Whether it adds up for all databases of a data folder (pipeline/verification.h has what is
// compared). Changes nothing but what accept_gaps() says. One thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/data_folder.h"
#include "pipeline/verification.h"
#include "state/standstills.h"

namespace foz::admin {

struct DatabaseVerification {
    std::string database;
    /// Error: the database, the journal or state.db could not be read; it names the database.
    Result<pipeline::Verification> found;
};

enum class Verdict : std::uint8_t {
    adds_up,
    stands_still,  // it adds up, but readings wait for a lane that stands still
    not_checked,   // not everything could be read
    differs,
};
/// "it adds up"
[[nodiscard]] std::string_view text_of(Verdict verdict);

struct VerificationReport {
    std::vector<DatabaseVerification> databases;
    std::vector<state::StandstillNote> standstills;  // of lanes of these databases

    [[nodiscard]] Verdict verdict() const;
};

/// The databases follow one another; `each` hears of one as soon as it is verified, since a large
/// one takes minutes. `count_rows` false: others change the tables too. Error: the standstills
/// could not be read.
[[nodiscard]] Result<VerificationReport> verify(const DataFolder& folder, bool count_rows,
        const std::function<void(const DatabaseVerification&)>& each);

/// From now on the records that were gone when a database needed them are no difference.
[[nodiscard]] Result<void> accept_gaps(const DataFolder& folder);

}  // namespace foz::admin
