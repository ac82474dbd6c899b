// SPDX-License-Identifier: Apache-2.0
// A Mosquitto of its own for a test, on a free port of 127.0.0.1. Throws std::runtime_error when it
// does not start.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"

namespace foz::support {

struct MosquittoOptions {
    bool persistence = false;  // keeps sessions and messages in its folder, over stop() and start()
    std::string configuration;  // further lines of mosquitto.conf
};

/// One thread. Not started by the constructor; ended by the destructor. Clients need no password.
class MosquittoBroker {
  public:
    explicit MosquittoBroker(MosquittoOptions options = {});
    ~MosquittoBroker();

    /// Starts it, on the same port each time, and waits until it accepts connections.
    void start();
    void stop();
    void kill_9();
    [[nodiscard]] bool running() const { return process_ != nullptr; }

    /// With persistence it writes its state at stop() and every autosave_interval (30 minutes
    /// unless the configuration says otherwise). This makes it write now, and waits until it has.
    void save();
    /// Before start(): begins with what `other` had saved last, as if it were that one.
    void take_state_of(const MosquittoBroker& other) const;
    /// Whether it has read all that its clients have sent so far; for clients that stand still.
    [[nodiscard]] bool has_read_all() const;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string log() const;

  private:
    [[nodiscard]] std::filesystem::path state_file() const { return directory_ / "mosquitto.db"; }

    MosquittoOptions options_;
    TemporaryDirectory directory_;
    std::uint16_t port_;
    std::unique_ptr<ChildProcess> process_;
};

}  // namespace foz::support
