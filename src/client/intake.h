// SPDX-License-Identifier: Apache-2.0
// Carries what a Link receives into the journal: the messages of one read are appended in pieces
// that any journal takes, and the broker gets its acknowledgements when the journal says that they
// are durable (with ack = "commit" when every database has them, with "memory" at once).
//
// While an append is not durable yet nothing more is read: what arrives meanwhile gathers in the
// socket and becomes one larger append. A journal without room is the same wait, only longer: what
// was read is kept, and reading goes on by itself once there is room. Nothing is dropped.
//
// A bridge must not wait so: the acknowledgements of what it has sent come between the messages,
// and the journal may wait for nothing else (docs/decisions/0008). It reads on, keeps what arrives
// up to a limit, and passes the messages beyond that over: those of QoS 1 and 2 stay the broker's,
// which is made to send them again by a new connection once there is room; those of QoS 0 are lost,
// counted and logged.
//
// A message that is larger than the journal can ever take is passed over too, and logged as an
// error: it is not acknowledged, and its broker keeps it until foz has a larger journal.
//
// One thread, the loop's, but for what says otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/receipt_times.h"
#include "client/link.h"
#include "client/loop.h"
#include "config/settings.h"
#include "journal/journal.h"
#include "mqtt/message.h"
#include "session/session.h"

namespace foz::client {

/// Counters for people; any thread.
struct IntakeCounters {
    std::atomic<std::uint64_t> messages{0};  // appended to the journal
    std::atomic<std::uint64_t> dropped{0};   // of QoS 0, while a bridge had no room for them
};

struct IntakeTerms {
    config::Ack ack = config::Ack::journal;
    std::uint64_t message_bytes_max = ~std::uint64_t{0};  // topic, payload and properties
};

/// A quarter of the journal's cap: less than the largest append that it takes.
[[nodiscard]] IntakeTerms intake_terms(const config::Settings& settings);

class Intake {
  public:
    /// `called` ("source aws") is for the log. `session` is that of the link, its client id is what
    /// the records say the publisher is. Call attach() before anything else.
    Intake(
        std::string called,
        journal::Journal& journal,
        const Clock& clock,
        IntakeTerms terms,
        std::shared_ptr<session::Session> session
    );
    void attach(Link& link) { link_ = &link; }
    /// For a bridge, which lives on `loop`: without room in the journal it reads on.
    void read_on_without_room(Loop& loop) { loop_ = &loop; }

    // What a LinkUser is told goes on to these:

    void on_session(bool present);
    [[nodiscard]] bool takes(const mqtt::Publish& message);
    /// `topic`: under which name it enters the journal (a bridge may change prefixes).
    void on_message(const mqtt::Publish& message, std::string_view topic);
    void on_release(std::uint16_t packet_id);
    void on_answer_due(Answer answer);
    void on_read_end();
    void on_lost();

    /// A clean end, of all that lives on `loop`: takes nothing more, gives the acknowledgements
    /// that become due until `deadline`, disconnects, and ends the loop. `done` and `last_words`
    /// are those of one who sends by the same link, on the loop's thread: whether all is sent, and
    /// what to send before it stops. Any thread but the loop's.
    void drain(
        Loop& loop,
        SteadyTime deadline,
        const std::function<bool()>& done = [] { return true; },
        const std::function<void()>& last_words = [] {}
    );

    /// The journal has become durable further, has room again, or more is committed.
    void on_progress();
    /// With ack = "commit": everything below is in every database. Any thread; then wake().
    void set_committed(journal::Position position) { committed_ = position; }
    /// Posts on_progress() to `loop`, unless it is posted already or would do nothing. Any thread:
    /// for the journal's Listener.
    void wake(Loop& loop);
    /// `appended` is called once everything taken so far is appended to the journal; at once if it
    /// is.
    void when_appended(std::function<void()> appended);
    [[nodiscard]] const IntakeCounters& counters() const { return counters_; }

  private:
    /// One append, and the answers that are due with it.
    struct Piece {
        journal::RecordBatch records;
        std::uint64_t messages = 0;
        std::vector<Answer> answers;

        void clear() {
            records.clear();
            messages = 0;
            answers.clear();
        }
    };
    struct Waiting {
        journal::Position end = 0;
        std::vector<Answer> answers;
    };

    Piece& begin_piece();
    [[nodiscard]] Piece& open_piece(std::size_t bytes);
    [[nodiscard]] std::size_t unstored_bytes() const;
    [[nodiscard]] bool append();
    [[nodiscard]] bool append(const Piece& piece);
    void queue_answers(const Piece& piece, journal::Position end);
    void give_answers();
    void pause();
    void watch();
    void wait_for_room();
    void read_on();
    void go_on();
    void note_dropped(const mqtt::Publish& message);
    void note_too_large(const mqtt::Publish& message);
    void note_idle();
    void tell_appended();
    void stop_reading();
    void add_session_record(mqtt::RecordKind kind, const mqtt::SessionRecord& record);

    const std::string called_;
    journal::Journal& journal_;
    const Clock& clock_;
    const IntakeTerms terms_;
    const std::shared_ptr<session::Session> session_;
    Link* link_ = nullptr;
    Loop* loop_ = nullptr;  // of one that reads on without room

    std::deque<Piece> pieces_;      // not appended yet
    Piece spare_;                   // the memory of one that was
    std::deque<Waiting> waiting_;   // PUBACK and PUBREC, by end
    std::deque<Waiting> releases_;  // PUBCOMP, by end
    journal::Position appended_end_ = 0;
    ReceiptTimes receipt_times_;  // from when the first message of the last piece came
    bool paused_ = false;
    bool watching_ = false;      // whether a pause is one for want of room
    bool passing_over_ = false;  // takes() says no
    bool passed_over_ = false;   // and did so, on this connection, to what the broker still has
    bool stopping_ = false;
    std::string properties_;  // reused
    std::vector<std::function<void()>> when_appended_;
    std::atomic<bool> wake_posted_{false};
    // Whether on_progress() would do anything; false only when everything taken is durable and
    // acknowledged.
    std::atomic<bool> wants_progress_{false};
    std::atomic<journal::Position> committed_{0};
    IntakeCounters counters_;
    LogThrottle stalled_throttle_;
    LogThrottle dropped_throttle_;
    LogThrottle too_large_throttle_;
};

}  // namespace foz::client
