// SPDX-License-Identifier: Apache-2.0
#include "server/journal_options.h"

namespace foz::server {

journal::local::LocalJournalOptions journal_options(const config::Settings& settings) {
    const config::Journal& journal = settings.journal;
    return {
        .directory = settings.data / "journal",
        .segment_bytes = journal.segment_bytes,
        .size_max = journal.size_max,
        .free_space_min = journal.free_space_min,
        .queue_bytes_max = journal.queue_bytes_max,
        .tail_bytes = journal.tail_bytes,
        .retain_bytes = journal.retain_bytes,
        .retain_age = journal.retain_age,
    };
}

}  // namespace foz::server
