// SPDX-License-Identifier: Apache-2.0
#include "client/link.h"

#include <utility>

#include "base/check.h"
#include "client/link_parts.h"

namespace foz::client {
namespace {

constexpr std::chrono::seconds kStopTime{1};

}  // namespace

Link::Link(Loop& loop, Options options, std::shared_ptr<session::Session> session, LinkUser& user,
        const Clock& clock)
    : parts_(std::make_shared<Parts>(loop, std::move(options), std::move(session), user, clock)) {}

Link::~Link() {
    ++parts_->round;  // callbacks that the loop still holds do nothing any more
    parts_->close_transport();
}

void Link::start() {
    parts_->stopped = parts_->stopping = false;
    parts_->attempt();
}

void Link::stop(std::function<void()> done) {
    Parts& parts = *parts_;
    parts.on_stopped = std::move(done);
    if (parts.stopped || parts.wire == nullptr) {
        parts.finish_stop();
        return;
    }
    parts.stopping = true;
    parts.protocol.disconnect(mqtt::ReasonCode::success, parts.out);
    parts.set_timer(kStopTime, &Parts::finish_stop);
    if (parts.out.empty() && parts.wire->writing.empty()) {
        parts.finish_stop();
        return;
    }
    parts.flush();
}

void Link::acknowledge(Answer answer) {
    parts_->protocol.acknowledge(answer, parts_->out);
}

bool Link::has_capacity() {
    const bool room = parts_->protocol.has_capacity() && parts_->out.size() < kBacklogBytesMax &&
                      !parts_->stopping;
    parts_->was_full = parts_->was_full || !room;
    return room;
}

void Link::publish(const ClientProtocol::Outgoing& outgoing) {
    FOZ_CHECK(
            outgoing.message.qos == 0 ? parts_->protocol.ready() : parts_->protocol.has_capacity());
    parts_->protocol.publish(outgoing, parts_->user, parts_->out);
}

void Link::skip(std::uint64_t tag, bool release) {
    parts_->protocol.outbox().skip(tag, release, parts_->out);
}

void Link::release() {
    parts_->protocol.release(parts_->out);
}

void Link::reconnect(LinkFailure why) {
    if (parts_->wire != nullptr) {
        parts_->lose(std::move(why));
    }
}

void Link::flush() {
    parts_->flush();
}

void Link::pause_reading() {
    parts_->paused = true;
}

void Link::resume_reading() {
    Parts& parts = *parts_;
    if (!std::exchange(parts.paused, false) || parts.stopping) {
        return;
    }
    if (std::exchange(parts.attempt_due, false)) {
        parts.attempt();
    } else if (parts.wire != nullptr && !parts.reading) {
        parts.go_on_reading();
    }
}

ClientProtocol& Link::protocol() {
    return parts_->protocol;
}

LinkStatus Link::status() const {
    return parts_->reporter.status();
}

}  // namespace foz::client
