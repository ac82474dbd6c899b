// SPDX-License-Identifier: Apache-2.0
// Gives every message to those who have subscribed to it, in the journal's order: reads what is
// durable, a group of records at a time, and tells each reactor once for each group what there is
// for its connections. A message of QoS 1 or 2 goes into its session's DeliveryQueue, whether the
// client is connected or not; one of QoS 0 only to those who are.
//
// A connection is attached before its first SUBSCRIBE is appended, and who appends a message to be
// retained says so before and after. While nobody is attached, nobody has a subscription, and
// nothing is to be retained, nothing is read.
//
// It waits for no socket: a reactor that has much left to do gets its next handout later, and the
// journal keeps the rest.
//
// Public functions: any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "delivery/handouts.h"
#include "delivery/own_records.h"
#include "delivery/retained_watcher.h"
#include "delivery/session_recovery.h"
#include "delivery/status_topic.h"
#include "delivery/subscribers.h"
#include "journal/journal.h"

namespace foz::delivery {

struct DispatcherLimits {
    /// Messages of QoS 1 and 2 on their way to one session; beyond, the oldest that was not sent is
    /// given up.
    std::uint32_t session_messages = 100'000;
};

class Dispatcher final : public RetainedWatcher, private journal::Listener {
  public:
    /// Both must outlive it. It goes on where `recovered` is, of which it takes all but the
    /// sessions.
    Dispatcher(journal::Journal& journal, const Clock& clock, RecoveredSessions&& recovered,
            DispatcherLimits limits);
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;
    ~Dispatcher() override;

    /// Begins to hand out. `outlets`: the reactors, by their number; they must outlive stop().
    void start(std::vector<Outlet*> outlets);

    /// The client of `session` is connected, and about to subscribe: what it appends from now on
    /// finds it attached.
    void attach(std::shared_ptr<session::Session> session, Recipient recipient);
    /// It has gone, and all that it sent is appended.
    void detach(std::shared_ptr<session::Session> session, Recipient recipient);

    void begin_retained() override;
    void end_retained() override;

    /// What the topics under $SYS say from now on. Those who have subscribed to them get it.
    void set_status(const std::vector<StatusTopic>& topics);

    struct Figures {
        std::uint64_t deliveries = 0;  // of a message to a session or connection
        std::uint64_t given_up = 0;    // because a session had too many
        std::uint64_t subscriptions = 0;
        std::uint64_t retained = 0;
    };
    [[nodiscard]] Figures figures() const;

    /// What records below this do to subscribers and sessions is done.
    [[nodiscard]] journal::Position applied();

    /// Ends the thread; nothing is handed out afterwards.
    void stop();

  private:
    /// Counts from where the journal was when it was made.
    struct Request {
        enum class Kind : std::uint8_t { attach, detach, begin_retained, end_retained, status };

        Kind kind = Kind::attach;
        journal::Ticket after{};
        // Initialized, because GCC warns of an aggregate that leaves them out otherwise.
        // NOLINTBEGIN(readability-redundant-member-init)
        std::shared_ptr<session::Session> session{};  // of the first two
        Recipient recipient{};
        std::shared_ptr<const MessageBlock> status{};  // of the last
        // NOLINTEND(readability-redundant-member-init)
    };

    void on_durable(const journal::Durable& durable) override;
    void on_space() override;
    void on_failed(const Error& error) override;

    void request(Request request);

    void run();
    void wait();
    /// Nothing that is read would be of use to anybody.
    [[nodiscard]] bool is_idle() const { return subscribers_.empty() && retained_to_come_ == 0; }
    [[nodiscard]] bool has_work() const FOZ_REQUIRES(mutex_);
    void take_requests();
    void go_on();
    /// Up to `end`, or until the group is full.
    void read_to(journal::Position end);
    [[nodiscard]] bool open_reader();
    void note_read_error(const Error& error);
    void apply(const Request& request);
    void apply(const journal::Record& record);
    void apply_subscription(const journal::Record& record);
    void apply_message(const journal::Record& record);
    void give(const Subscribers::Match& match, journal::Position position,
            const mqtt::Message& message, ByteView record);
    void push(const Subscribers::Match& match, const Push& push);
    /// Gives a message of a shared subscription, which was published with `qos`, to a member.
    /// `from`: what brings it.
    void assign(const Subscribers::Match& match, GroupId group, journal::Position position,
            std::uint8_t qos, journal::Position from);
    /// The same with one whose member has left.
    void reassign(
            GroupId group, journal::Position position, std::uint8_t qos, journal::Position from);
    void give_to_group(GroupId group, journal::Position position, const mqtt::Message& message,
            ByteView record);
    void apply_assignment(const journal::Record& record);
    void reassign_orphans();
    void send_now(const Subscribers::Match& match, Recipient recipient);
    void note_queued(Subscriber& subscriber);
    void note_given_up(const Subscriber& subscriber, std::uint64_t number);
    void append_own_records();
    void note_not_retained(const mqtt::Message& message);
    void add_result(const Subscriber& subscriber, mqtt::ReasonCode reason);
    void apply_status(std::shared_ptr<const MessageBlock> status);
    void give_status(const Subscriber& subscriber, std::string_view filter);

    journal::Journal& journal_;
    const Clock& clock_;
    const DispatcherLimits limits_;
    std::atomic<std::uint64_t> deliveries_ = 0;
    std::atomic<std::uint64_t> given_up_ = 0;
    std::atomic<std::uint64_t> subscriptions_ = 0;

    Mutex mutex_;
    ConditionVariable changed_;
    bool stop_ FOZ_GUARDED_BY(mutex_) = false;
    journal::Durable durable_ FOZ_GUARDED_BY(mutex_);
    std::deque<Request> requests_ FOZ_GUARDED_BY(mutex_);  // in the order of their tickets
    // Written by the thread, and read by those who may have to wake it.
    bool reading_ FOZ_GUARDED_BY(mutex_) = false;
    bool retry_ FOZ_GUARDED_BY(mutex_) = false;
    journal::Position next_position_ FOZ_GUARDED_BY(mutex_);  // as next_ was when it began to wait
    bool has_space_ FOZ_GUARDED_BY(mutex_) = true;            // else own_records_ wait
    journal::Position position_ FOZ_GUARDED_BY(mutex_);

    // The thread's:
    Subscribers subscribers_;
    const std::shared_ptr<RetainedMessages> retained_;
    std::uint32_t retained_to_come_ = 0;  // appends with retained messages, under way
    std::unique_ptr<journal::Reader> reader_;
    journal::Position next_;        // of the record that is applied next
    journal::Durable durable_now_;  // as of this round
    std::deque<Request> due_;       // requests that count below durable_now_
    Handouts handouts_;
    std::shared_ptr<const MessageBlock> status_ = std::make_shared<MessageBlock>();
    std::vector<RecoveredSessions::Unassigned> unassigned_;  // at the start
    OwnRecords own_records_;
    bool stands_still_ = false;  // the journal cannot be read
    LogThrottle error_throttle_;
    LogThrottle given_up_throttle_;
    LogThrottle retained_throttle_;

    std::thread thread_;  // last: it uses all of the above
};

}  // namespace foz::delivery
