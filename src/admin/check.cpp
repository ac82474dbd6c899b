// SPDX-License-Identifier: Apache-2.0
#include "admin/check.h"

#include <string>

#include <fmt/format.h>

#include "admin/data_folder_check.h"
#include "admin/database_check.h"
#include "admin/listener_check.h"
#include "config/named_files.h"
#include "pipeline/standstill_record.h"

namespace foz::admin {
namespace {

// What the lanes have noted in state.db, the one of a foz that runs or ran last.
void check_standstills(const config::Settings& settings, Findings& findings) {
    const auto notes = pipeline::standstills_of(settings);
    if (!notes) {
        findings.doubtful(notes.error().message);
        return;
    }
    for (const state::StandstillNote& note : *notes) {
        findings.failed(fmt::format("database {}: {}", note.database, pipeline::describe(note)));
    }
}

}  // namespace

void check(const config::Settings& settings, const RemoteCheck& how, Findings& findings) {
    check_data_folder(settings, findings);
    for (std::string& line : config::exposed_files(settings)) {
        findings.doubtful(std::move(line));
    }
    for (const config::Source& source : settings.sources) {
        check_source(source, how, findings);
    }
    for (const config::Bridge& bridge : settings.bridges) {
        check_bridge(bridge, how, findings);
    }
    for (const config::Listener& listener : settings.listeners) {
        check_listener(listener, findings);
    }
    for (const config::Database& database : settings.databases) {
        check_database(settings, database, how.connect, findings);
    }
    check_standstills(settings, findings);
}

}  // namespace foz::admin
