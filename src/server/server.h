// SPDX-License-Identifier: Apache-2.0
// foz put together from a configuration: journal, state database, a lane of runner, mapping and
// sink for every database, and the broker, the sources and the bridges around it. Starts them in
// the order in which they need each other, and ends them in the other one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_system.h"
#include "bridge/bridge.h"
#include "broker/broker.h"
#include "config/settings.h"
#include "journal/journal.h"
#include "pipeline/runner.h"
#include "source/source.h"
#include "state/state_database.h"

namespace foz::server {

struct ServerStatus {
    broker::BrokerStatus broker;
    journal::Status journal;
    std::vector<pipeline::RunnerStatus> lanes;
    std::vector<source::SourceStatus> sources;
    std::vector<bridge::BridgeStatus> bridges;
};

class Server {
  public:
    /// Errors say what to do: a data directory that cannot be used, a journal of another version or
    /// damaged, a port in use, a route that does not compile. Databases and other brokers that
    /// cannot be reached are no error: lanes and sources try for ever.
    [[nodiscard]] static Result<std::unique_ptr<Server>> start(
            const config::Settings& settings, FileSystem& files, const Clock& clock);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    /// As a crash would, but for what is queued in the journal; drain() first for a clean end.
    ~Server();

    /// Acknowledges what was received, stores what it can, and stops; at `deadline` it stops in any
    /// case, and what is not stored yet stays in the journal for the next start. True: everything
    /// received is stored.
    [[nodiscard]] bool drain(SteadyTime deadline);

    /// Reads certificates and password files again (SIGHUP); what cannot be used leaves the old
    /// ones in force, and the log says so.
    void reload();

    /// What the log says of each listener: where it is as bound, and what it asks for.
    [[nodiscard]] std::vector<std::string> describe_listeners() const;
    /// Any thread.
    [[nodiscard]] ServerStatus status() const;

  private:
    struct Parts;
    explicit Server(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace foz::server
