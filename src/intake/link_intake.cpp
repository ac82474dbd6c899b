// SPDX-License-Identifier: Apache-2.0
#include "intake/link_intake.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

#include "base/printable.h"

namespace foz::intake {
namespace {

constexpr std::chrono::milliseconds kDrainStep{5};

// A pause that lasts longer may be one that reading on would end.
constexpr std::chrono::seconds kPauseTime{1};

std::size_t size_of(const mqtt::Publish& message) {
    return message.topic.size() + message.payload.size() + message.properties.bytes().size();
}

}  // namespace

LinkIntakeTerms link_intake_terms(const config::Settings& settings) {
    return {.ack = settings.ack, .message_bytes_max = settings.journal.size_max / 4};
}

LinkIntake::LinkIntake(Setup setup, journal::Journal& journal, const Clock& clock)
    : log_name_(setup.link.log_name),
      journal_(journal),
      clock_(clock),
      terms_(setup.terms),
      session_(std::move(setup.session)),
      loop_(log_name_),
      intake_(journal,
              {.log_name = log_name_,
                  .ack = terms_.ack,
                  .waits_for_disk = true,
                  .retained_watcher = terms_.retained_watcher},
              counters_.messages),
      flow_(setup.reads_on),
      link_(loop_, std::move(setup.link), session_, *this, clock) {}

LinkIntake::~LinkIntake() {
    stop();
}

void LinkIntake::start() {
    journal_.add_listener(*this);
    loop_.post([this] { link_.start(); });
}

void LinkIntake::stop() {
    journal_.remove_listener(*this);
    loop_.stop();
}

// The journal's progress is what is waited for; what the other broker acknowledges meanwhile comes
// in between, hence the short steps.
void LinkIntake::drain(SteadyTime deadline, const std::function<bool()>& done,
        const std::function<void()>& last_words) {
    loop_.run([this] { act(flow_.stop()); });
    for (bool over = false; !over && clock_.steady_now() < deadline;) {
        const auto step = clock_.steady_now() + kDrainStep;
        (void)journal_.wait_for(journal_.durable_end(), std::min(deadline, step));
        loop_.run([&] {
            on_progress();
            over = done() && !intake_.wants_progress();
        });
    }
    std::promise<void> stopped;
    loop_.post([&] {
        last_words();
        link_.stop([&stopped] { stopped.set_value(); });
    });
    stopped.get_future().wait();
    loop_.stop();
}

void LinkIntake::set_committed(journal::Position position) {
    committed_ = position;
    wake();
}

std::vector<std::shared_ptr<session::Session>> LinkIntake::persistent_sessions() {
    return {session_};
}

bool LinkIntake::wait_until_appended(SteadyTime deadline) {
    const auto appended = std::make_shared<std::promise<void>>();
    loop_.post([this, appended] {
        intake_.add_barrier([appended] { appended->set_value(); });
        intake_.run_barriers();
    });
    return appended->get_future().wait_until(deadline) == std::future_status::ready;
}

void LinkIntake::on_durable(const journal::Durable&) {
    wake();
}

void LinkIntake::on_space() {
    wake();
}

void LinkIntake::on_failed(const Error& error) {
    spdlog::error("{}: nothing is read any longer: {}", log_name_, error.message);
}

void LinkIntake::on_session(bool present) {
    if (!present) {
        add_session_record(mqtt::RecordKind::session_ended, 0, 0);
    }
    add_session_record(mqtt::RecordKind::session_started, 0, session_->expiry_seconds());
}

void LinkIntake::add_session_record(
        mqtt::RecordKind kind, std::uint16_t packet_id, std::uint32_t expiry_seconds) {
    intake_.inbox().add_session_record(kind, {.client_id = session_->client_id(),
                                                 .packet_id = packet_id,
                                                 .expiry_seconds = expiry_seconds});
}

bool LinkIntake::takes(const mqtt::Publish& message) {
    if (size_of(message) > terms_.message_bytes_max) {
        note_too_large(message);
        return false;
    }
    const bool taken = flow_.takes(message.qos);
    if (!taken && message.qos == 0) {
        note_dropped(message);
    }
    return taken;
}

void LinkIntake::note_dropped(const mqtt::Publish& message) {
    counters_.dropped.fetch_add(1, std::memory_order_relaxed);
    if (const auto held_back = dropped_throttle_.pass(clock_.steady_now())) {
        spdlog::warn(
                "{}: the journal has no room: a message of QoS 0 on \"{}\" is dropped{}; the "
                "broker keeps messages of QoS 1 and 2 until there is room",
                log_name_, printable(message.topic),
                *held_back > 0 ? fmt::format(" ({} before it)", *held_back) : "");
    }
}

void LinkIntake::note_too_large(const mqtt::Publish& message) {
    if (too_large_throttle_.pass(clock_.steady_now())) {
        spdlog::error(
                "{}: a message of {} bytes on \"{}\" is more than a quarter of [journal] size_max "
                "and is {}; raise size_max to {} or more and restart foz",
                log_name_, size_of(message), printable(message.topic),
                message.qos == 0 ? "lost" : "not acknowledged, so the broker keeps it",
                4 * size_of(message));
    }
}

void LinkIntake::on_message(const mqtt::Publish& message) {
    const auto topic = topic_of(message);
    if (!topic) {
        return;
    }
    Inbox& inbox = intake_.inbox();
    if (std::exchange(first_of_read_, false)) {
        inbox.set_now(clock_.system_now());
    }
    properties_.clear();
    if (!message.properties.empty()) {
        message.properties.append_message_properties(properties_);
    }
    inbox.add_message({
        .topic = *topic,
        .payload = message.payload,
        .client_id = session_->client_id(),
        .received = inbox.next_receipt_time(),
        .qos = message.qos,
        .retain = message.retain,
        .packet_id = message.qos == 2 ? message.packet_id : std::uint16_t{0},
        .properties = properties_,
    });
}

void LinkIntake::on_release(std::uint16_t packet_id) {
    add_session_record(mqtt::RecordKind::release, packet_id, 0);
}

void LinkIntake::on_answer_due(client::Answer answer) {
    intake_.inbox().add_ack({.connection = 0, .packet_id = answer.packet_id, .type = answer.type});
}

void LinkIntake::on_read_end() {
    first_of_read_ = true;
    if (flow_.state() == ReadFlow::State::skipping) {
        return;
    }
    const bool appended = intake_.append(clock_.steady_now());
    if (appended) {
        give_answers();
    }
    act(flow_.after_read(appended, intake_.durable(), intake_.inbox().bytes()));
    intake_.run_barriers();
}

void LinkIntake::give_answers() {
    intake_.deliver(committed_, [this](const PendingAck& ack) {
        link_.acknowledge({.type = ack.type, .packet_id = ack.packet_id});
    });
}

void LinkIntake::act(ReadFlow::Action action) {
    switch (action) {
        case ReadFlow::Action::none: return;
        case ReadFlow::Action::pause:
            link_.pause_reading();
            watch_for_full_journal();
            return;
        case ReadFlow::Action::resume: link_.resume_reading(); return;
        case ReadFlow::Action::reconnect:
            link_.resume_reading();
            link_.reconnect({client::Cause::no_room,
                "the journal had no room for some of its messages; on a new connection it sends "
                "them again"});
            return;
    }
}

// The journal can stall at any time, also after it has taken an append; nobody is told.
void LinkIntake::watch_for_full_journal() {
    if (!flow_.reads_on() || std::exchange(watching_, true)) {
        return;
    }
    loop_.post_after(kPauseTime, [this] {
        watching_ = false;
        if (flow_.state() != ReadFlow::State::paused) {
            return;
        }
        const auto stalled = journal_.status().stalled;
        if (stalled && stalled->code == ErrorCode::no_space) {
            act(flow_.at_full_journal(intake_.inbox().bytes()));
        } else {
            watch_for_full_journal();
        }
    });
}

void LinkIntake::on_progress() {
    (void)intake_.append(clock_.steady_now());
    give_answers();
    link_.flush();
    if (intake_.durable()) {
        act(flow_.when_durable());
    }
    intake_.run_barriers();
}

// At most one on_progress() waits to be run, and none while it would do nothing.
void LinkIntake::wake() {
    if (intake_.wants_progress() && !wake_posted_.exchange(true)) {
        loop_.post([this] {
            wake_posted_ = false;
            on_progress();
        });
    }
}

void LinkIntake::on_lost(const client::LinkFailure&) {
    intake_.forget_acks();
    flow_.on_lost();
}

}  // namespace foz::intake
