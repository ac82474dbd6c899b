// SPDX-License-Identifier: Apache-2.0
// Reads [source.NAME] and [bridge.NAME]: what both have of a broker that foz connects to, what a
// source subscribes to, and the topic lines of a bridge.
#pragma once

#include <span>
#include <vector>

#include "config/section_reader.h"
#include "config/settings.h"

namespace foz::config {

/// Of both, but for `tls`.
[[nodiscard]] std::span<const Key<Remote>> remote_keys();
/// Only of a [bridge.NAME], but for `topics`.
[[nodiscard]] std::span<const Key<Source>> source_keys();
[[nodiscard]] std::span<const Key<Bridge>> bridge_keys();

/// Each reads all sections of its kind, checks them, and reports what is wrong.
[[nodiscard]] std::vector<Source> read_sources(
        const NodeTable& document, SectionReader& reader, ErrorList& errors);
[[nodiscard]] std::vector<Bridge> read_bridges(
        const NodeTable& document, SectionReader& reader, ErrorList& errors);

/// `PATTERN [out|in|both [QOS [LOCAL_PREFIX [REMOTE_PREFIX]]]]`, as in mosquitto.conf: "" is an
/// empty prefix. The error says what is wrong with the line.
[[nodiscard]] Result<BridgeTopic> parse_bridge_topic(std::string_view line);

}  // namespace foz::config
