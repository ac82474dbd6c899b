// SPDX-License-Identifier: Apache-2.0
// The link to another broker: a ClientProtocol on a connection that is made again, for ever, when
// it is lost: TCP, TLS or WebSocket over either, by the URL.
//
// Everything that is parsed from one read is told to the LinkUser, then on_read_end() once; what is
// to be sent leaves in one write. A lost connection is tried again with exponential backoff and
// jitter up to retry_delay_max; only a connection that was ready for a minute starts that afresh,
// so that a broker that accepts and drops makes no busy loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "client/client_protocol.h"
#include "client/link_failure.h"
#include "client/loop.h"
#include "client/receiver.h"
#include "client/step.h"
#include "config/settings.h"

namespace foz::client {

/// Called on the loop's thread.
class LinkUser : public Receiver {
  public:
    /// Connected and subscribed as asked; publish() is possible.
    virtual void on_ready() = 0;
    /// All packets of one read were passed on: append them to the journal.
    virtual void on_read_end() = 0;
    /// publish() may be called again, after has_capacity() was false.
    virtual void on_writable() = 0;
    /// The connection is gone, or could not be made: Answers not given are void (the broker sends
    /// their messages again); messages that were published and not delivered go out again by
    /// themselves.
    virtual void on_lost(const LinkFailure& failure) = 0;
};

enum class LinkState : std::uint8_t {
    stopped,
    connecting,
    ready,
    waiting,  // until the next attempt
};

/// A snapshot for people.
struct LinkStatus {
    LinkState state = LinkState::stopped;
    SystemTime since;                  // that state
    std::optional<LinkFailure> error;  // the last one, also when it is over
    SystemTime error_at;
    std::string trouble;            // of subscriptions: ClientProtocol::subscription_trouble
    std::uint64_t connections = 0;  // that became ready
    std::uint64_t attempts = 0;
};

/// Any thread may call status(), all else is the loop's thread.
class Link {
  public:
    struct Options {
        std::string log_name;  // "source aws": in the log
        config::Remote remote;
        SessionTerms terms;
        /// Called after each step of connecting; for `foz check --connect`.
        std::function<void(const StepDone&)> on_step = nullptr;
    };
    /// All references outlive it. Construct and destroy on any thread while the loop does not run
    /// it: before start(), and after stop() or the loop's end.
    Link(Loop& loop, Options options, std::shared_ptr<session::Session> session, LinkUser& user,
            const Clock& clock);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link();

    void start();
    /// Sends what waits, then DISCONNECT, and closes; calls nothing of its user any more. `done` is
    /// called when that is over, after a second at most.
    void stop(std::function<void()> done);

    /// Gives an Answer. It leaves with the next flush().
    void acknowledge(Answer answer);
    /// True when publish() may be called: ready, the broker's window has room, and the connection
    /// takes what is sent.
    [[nodiscard]] bool has_capacity();
    void publish(const ClientProtocol::Outgoing& outgoing);
    /// Takes a place in the outbox for a message that is not sent: Outbox::skip.
    void skip(std::uint64_t tag, bool release);
    /// Sends the PUBRELs that were held back.
    void release();
    /// Sends what acknowledge() and publish() have collected, with one write. Not needed in calls
    /// from the link: it sends by itself after them.
    void flush();

    /// Ends the connection for this reason and makes a new one. Not in a call from the link.
    void reconnect(LinkFailure why);

    /// Back-pressure: nothing is read, and no new connection made, until resume_reading().
    void pause_reading();
    void resume_reading();

    [[nodiscard]] ClientProtocol& protocol();
    [[nodiscard]] LinkStatus status() const;

  private:
    struct Parts;
    std::shared_ptr<Parts> parts_;
};

}  // namespace foz::client
