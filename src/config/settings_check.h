// SPDX-License-Identifier: Apache-2.0
// What is wrong with a configuration whose keys are all well-formed: references to nowhere, values
// that cannot be together, a listener that would let strangers in.
#pragma once

#include "config/error_list.h"
#include "config/settings.h"

namespace foz::config {

/// The sections as they were read, in the order of the vectors in Settings.
struct SectionPlaces {
    Where limits;
    Where journal;
    std::vector<Where> listeners;
    std::vector<Where> listeners_tls;  // one for each listener, also where it has none
    std::vector<Where> databases;
    std::vector<Where> routes;
};

/// Adds to `errors`. `settings` has only what stands in the file.
void check_settings(const Settings& settings, const SectionPlaces& places, ErrorList& errors);

/// A listener's address and who may come in there.
void check_listener(
        const Listener& listener, const Where& where, const Where& tls, ErrorList& errors);
/// `tls` of a [source.NAME] or [bridge.NAME]; `where` is what SectionReader::read_table returned.
void check_client_tls(const ClientTls& tls, const Where& where, ErrorList& errors);

/// One column of a route, whose keys are all well-formed.
void check_column(const Column& column, const Where& where, ErrorList& errors);

}  // namespace foz::config
