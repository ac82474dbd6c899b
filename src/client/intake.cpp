// SPDX-License-Identifier: Apache-2.0
#include "client/intake.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

#include "base/check.h"
#include "base/printable.h"

namespace foz::client {
namespace {

constexpr std::chrono::milliseconds kDrainStep{5};

// Of records in an append. A larger message has one of its own.
constexpr std::size_t kPieceBytes = 256 << 10;

// In memory for a bridge while the journal has no room.
constexpr std::size_t kUnstoredBytesMax = 4 << 20;

// A pause that lasts longer may be one that reading on would end.
constexpr std::chrono::seconds kPauseTime{1};

std::size_t size_of(const mqtt::Publish& message) {
    return message.topic.size() + message.payload.size() + message.properties.bytes().size();
}

}  // namespace

IntakeTerms intake_terms(const config::Settings& settings) {
    return {.ack = settings.ack, .message_bytes_max = settings.journal.size_max / 4};
}

Intake::Intake(
    std::string called,
    journal::Journal& journal,
    const Clock& clock,
    IntakeTerms terms,
    std::shared_ptr<session::Session> session
)
    : called_(std::move(called)),
      journal_(journal),
      clock_(clock),
      terms_(terms),
      session_(std::move(session)) {}

void Intake::add_session_record(mqtt::RecordKind kind, const mqtt::SessionRecord& record) {
    journal::RecordBatch& records = open_piece(0).records;
    mqtt::encode_session_record(record, records.begin_record(static_cast<std::uint8_t>(kind)));
    records.end_record();
}

void Intake::on_session(bool present) {
    const std::string& client_id = session_->client_id();
    if (!present) {
        add_session_record(
            mqtt::RecordKind::session_ended,
            {.client_id = client_id, .packet_id = 0, .expiry_seconds = 0}
        );
    }
    add_session_record(
        mqtt::RecordKind::session_started,
        {.client_id = client_id, .packet_id = 0, .expiry_seconds = session_->expiry_seconds()}
    );
}

// Where a record of so many bytes goes.
Intake::Piece& Intake::open_piece(std::size_t bytes) {
    if (pieces_.empty() || pieces_.back().records.stored().size() + bytes > kPieceBytes) {
        return begin_piece();
    }
    return pieces_.back();
}

Intake::Piece& Intake::begin_piece() {
    return pieces_.emplace_back(std::exchange(spare_, {}));
}

std::size_t Intake::unstored_bytes() const {
    std::size_t bytes = 0;
    for (const Piece& piece : pieces_) {
        bytes += piece.records.stored().size();
    }
    return bytes;
}

bool Intake::takes(const mqtt::Publish& message) {
    if (size_of(message) > terms_.message_bytes_max) {
        note_too_large(message);
        return false;
    }
    if (passing_over_ && message.qos == 0) {
        note_dropped(message);
    }
    passed_over_ = passed_over_ || (passing_over_ && message.qos > 0);
    return !passing_over_;
}

void Intake::note_dropped(const mqtt::Publish& message) {
    counters_.dropped.fetch_add(1, std::memory_order_relaxed);
    if (const auto held_back = dropped_throttle_.pass(clock_.steady_now())) {
        spdlog::warn(
            "{}: the journal has no room: a message of QoS 0 on \"{}\" is dropped{}; the broker "
            "keeps messages of QoS 1 and 2 till there is room",
            called_,
            printable(message.topic),
            *held_back > 0 ? fmt::format(" ({} before it)", *held_back) : ""
        );
    }
}

void Intake::note_too_large(const mqtt::Publish& message) {
    if (too_large_throttle_.pass(clock_.steady_now())) {
        spdlog::error(
            "{}: a message of {} bytes on \"{}\" is more than a quarter of [journal] size_max and "
            "is {}; raise size_max to {} or more and restart foz",
            called_,
            size_of(message),
            printable(message.topic),
            message.qos == 0 ? "lost" : "not acknowledged, so the broker keeps it",
            4 * size_of(message)
        );
    }
}

void Intake::on_message(const mqtt::Publish& message, std::string_view topic) {
    Piece& piece = open_piece(size_of(message));
    if (piece.messages == 0) {
        receipt_times_.set_now(clock_.system_now());
    }
    properties_.clear();
    if (!message.properties.empty()) {
        message.properties.append_message_properties(properties_);
    }
    mqtt::encode_message(
        {
            .topic = topic,
            .payload = message.payload,
            .client_id = session_->client_id(),
            .received = receipt_times_.next(),
            .qos = message.qos,
            .retain = message.retain,
            .packet_id = message.qos == 2 ? message.packet_id : std::uint16_t{0},
            .properties = properties_,
        },
        piece.records.begin_record(static_cast<std::uint8_t>(mqtt::RecordKind::message))
    );
    piece.records.end_record();
    ++piece.messages;
}

void Intake::on_release(std::uint16_t packet_id) {
    add_session_record(
        mqtt::RecordKind::release,
        {.client_id = session_->client_id(), .packet_id = packet_id, .expiry_seconds = 0}
    );
}

void Intake::on_answer_due(Answer answer) {
    Piece& piece = pieces_.empty() ? begin_piece() : pieces_.back();
    piece.answers.push_back(answer);
}

void Intake::on_read_end() {
    // Before the look at durable_end(): what becomes durable after it finds this set.
    wants_progress_ = true;
    if (passing_over_) {
        return;
    }
    if (!append()) {
        wait_for_room();
        return;
    }
    give_answers();
    if (journal_.durable_end() < appended_end_) {
        pause();
    }
    note_idle();
    tell_appended();
}

// The journal's progress is what is waited for; what the other broker acknowledges meanwhile comes
// in between, hence the short steps.
void Intake::drain(
    Loop& loop,
    SteadyTime deadline,
    const std::function<bool()>& done,
    const std::function<void()>& last_words
) {
    loop.run([this] { stop_reading(); });
    for (bool over = false; !over && clock_.steady_now() < deadline;) {
        const auto step = clock_.steady_now() + kDrainStep;
        (void)journal_.wait_for(journal_.durable_end(), std::min(deadline, step));
        loop.run([&] {
            on_progress();
            over = done() && !wants_progress_;
        });
    }
    std::promise<void> stopped;
    loop.post([&] {
        last_words();
        link_->stop([&stopped] { stopped.set_value(); });
    });
    stopped.get_future().wait();
    loop.stop();
}

void Intake::stop_reading() {
    stopping_ = true;
    pause();
    note_idle();
}

void Intake::note_idle() {
    wants_progress_ = ((paused_ || passing_over_) && !stopping_) || !pieces_.empty() ||
                      !waiting_.empty() || !releases_.empty();
}

void Intake::pause() {
    paused_ = true;
    link_->pause_reading();
    watch();
}

// Not all could be appended. A queue that is full for a moment is no reason to drop anything.
void Intake::wait_for_room() {
    if (loop_ == nullptr || unstored_bytes() >= kUnstoredBytesMax) {
        pause();
    }
}

// The journal can stall at any time, also after it has taken an append; nobody is told.
void Intake::watch() {
    if (loop_ == nullptr || std::exchange(watching_, true)) {
        return;
    }
    loop_->post_after(kPauseTime, [this] {
        watching_ = false;
        if (!paused_ || stopping_) {
            return;
        }
        const auto stalled = journal_.status().stalled;
        if (stalled && stalled->code == ErrorCode::no_space) {
            read_on();
        } else {
            watch();
        }
    });
}

void Intake::read_on() {
    passing_over_ = unstored_bytes() >= kUnstoredBytesMax;
    paused_ = false;
    link_->resume_reading();
}

// Everything taken is durable.
void Intake::go_on() {
    passing_over_ = false;
    if (std::exchange(paused_, false)) {
        link_->resume_reading();
    }
    if (std::exchange(passed_over_, false)) {
        link_->reconnect(
            {Cause::no_room,
             "the journal had no room for some of its messages; on a new connection it sends them "
             "again"}
        );
    }
}

// False: the journal has no room, and the rest is kept.
bool Intake::append() {
    while (!pieces_.empty()) {
        if (!append(pieces_.front())) {
            return false;
        }
        spare_ = std::move(pieces_.front());
        spare_.clear();
        pieces_.pop_front();
    }
    return true;
}

bool Intake::append(const Piece& piece) {
    if (piece.records.empty()) {
        // Answers only, to what was sent again: its records are in the journal, perhaps not yet
        // durable.
        queue_answers(piece, journal_.status().end);
        return true;
    }
    const auto appended = journal_.append(piece.records);
    if (!appended) {
        if (stalled_throttle_.pass(clock_.steady_now())) {
            spdlog::warn(
                "{}: what arrives waits, the journal does not take it: {}",
                called_,
                appended.error().message
            );
        }
        return false;
    }
    appended_end_ = *appended;
    counters_.messages.fetch_add(piece.messages, std::memory_order_relaxed);
    queue_answers(piece, appended_end_);
    return true;
}

// PUBCOMP waits for the journal whatever the policy: were its release forgotten in a crash, the
// broker's next message with this packet id would be taken for the old one and lost.
void Intake::queue_answers(const Piece& piece, journal::Position end) {
    for (const Answer& answer : piece.answers) {
        auto& queue = answer.type == mqtt::PacketType::pubcomp ? releases_ : waiting_;
        if (queue.empty() || queue.back().end != end) {
            queue.push_back({.end = end, .answers = {}});
        }
        queue.back().answers.push_back(answer);
    }
}

void Intake::give_answers() {
    const journal::Position durable = journal_.durable_end();
    const auto give = [this](std::deque<Waiting>& queue, journal::Position reached) {
        for (; !queue.empty() && queue.front().end <= reached; queue.pop_front()) {
            for (const Answer& answer : queue.front().answers) {
                link_->acknowledge(answer);
            }
        }
    };
    switch (terms_.ack) {
        case config::Ack::journal: give(waiting_, durable); break;
        case config::Ack::commit: give(waiting_, std::min(durable, committed_.load())); break;
        case config::Ack::memory: give(waiting_, ~journal::Position{0}); break;
    }
    give(releases_, durable);
}

void Intake::on_progress() {
    (void)append();
    give_answers();
    link_->flush();
    if (!stopping_ && pieces_.empty() && journal_.durable_end() >= appended_end_) {
        go_on();
    }
    note_idle();
    tell_appended();
}

void Intake::wake(Loop& loop) {
    if (wants_progress_ && !wake_posted_.exchange(true)) {
        loop.post([this] {
            wake_posted_ = false;
            on_progress();
        });
    }
}

void Intake::when_appended(std::function<void()> appended) {
    when_appended_.push_back(std::move(appended));
    tell_appended();
}

void Intake::tell_appended() {
    if (pieces_.empty()) {
        for (const auto& appended : std::exchange(when_appended_, {})) {
            appended();
        }
    }
}

void Intake::on_lost() {
    // The messages stay: they are foz's, and what the broker sends again is recognised at QoS 2.
    for (Piece& piece : pieces_) {
        piece.answers.clear();
    }
    waiting_.clear();
    releases_.clear();
    passed_over_ = false;
}

}  // namespace foz::client
