// SPDX-License-Identifier: Apache-2.0
#include "delivery/dispatcher.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/printable.h"
#include "base/thread.h"
#include "mqtt/topic.h"

namespace foz::delivery {
namespace {

constexpr auto kRetryDelay = std::chrono::milliseconds(500);

}  // namespace

Dispatcher::Dispatcher(journal::Journal& journal, const Clock& clock, RecoveredSessions&& recovered,
        DispatcherLimits limits)
    : journal_(journal),
      clock_(clock),
      limits_(limits),
      durable_(journal.durable()),
      reading_(!recovered.subscribers.empty()),
      next_position_(recovered.end),
      position_(recovered.unassigned.empty() ? recovered.end : journal::Position()),
      subscribers_(std::move(recovered.subscribers)),
      retained_(recovered.retained ? std::move(recovered.retained)
                                   : std::make_shared<RetainedMessages>(~std::uint64_t{0})),
      next_(recovered.end),
      unassigned_(std::move(recovered.unassigned)),
      own_records_(journal) {
    journal_.add_listener(*this);
}

void Dispatcher::start(std::vector<Outlet*> outlets) {
    handouts_.start(std::move(outlets));
    thread_ = std::thread([this] { run(); });
}

Dispatcher::~Dispatcher() {
    stop();
    journal_.remove_listener(*this);
}

void Dispatcher::stop() {
    {
        const MutexLock lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    handouts_.close();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Dispatcher::attach(std::shared_ptr<session::Session> session, Recipient recipient) {
    request({.kind = Request::Kind::attach, .session = std::move(session), .recipient = recipient});
}

void Dispatcher::detach(std::shared_ptr<session::Session> session, Recipient recipient) {
    request({.kind = Request::Kind::detach, .session = std::move(session), .recipient = recipient});
}

void Dispatcher::begin_retained() {
    request({.kind = Request::Kind::begin_retained});
}

void Dispatcher::end_retained() {
    request({.kind = Request::Kind::end_retained});
}

// Their messages are in no journal, and so at no position.
void Dispatcher::set_status(const std::vector<StatusTopic>& topics) {
    auto status = std::make_shared<MessageBlock>();
    std::string record;
    for (const StatusTopic& topic : topics) {
        const mqtt::Message message{
            .topic = topic.topic,
            .payload = topic.value,
            .client_id = {},
            .received = clock_.system_now(),
            .retain = true,
            .properties = {},
        };
        record.clear();
        mqtt::encode_message(message, record);
        const ByteView bytes = as_bytes(record);
        if (const auto decoded = mqtt::decode_message(bytes)) {
            status->add(std::make_shared<const StoredMessage>(
                    journal::Position::beyond_all(), bytes, *decoded));
        }
    }
    request({.kind = Request::Kind::status, .status = std::move(status)});
}

Dispatcher::Figures Dispatcher::figures() const {
    return {
        .deliveries = deliveries_,
        .given_up = given_up_,
        .subscriptions = subscriptions_,
        .retained = retained_->count(),
    };
}

void Dispatcher::request(Request request) {
    {
        const MutexLock lock(mutex_);
        request.after = journal_.last_ticket();
        requests_.push_back(std::move(request));
    }
    changed_.notify_one();
}

// Where nobody subscribes there is nothing to do. Whoever is about to is among the requests before
// its first record is appended.
journal::Position Dispatcher::applied() {
    const MutexLock lock(mutex_);
    return reading_ || !requests_.empty() ? position_ : durable_.end;
}

void Dispatcher::on_durable(const journal::Durable& durable) {
    {
        const MutexLock lock(mutex_);
        durable_ = durable;
        if (!has_work()) {
            return;
        }
    }
    changed_.notify_one();
}

void Dispatcher::on_space() {
    {
        const MutexLock lock(mutex_);
        retry_ = !has_space_;
    }
    changed_.notify_one();
}

void Dispatcher::on_failed(const Error& error) {
    spdlog::error("subscribers get nothing any more: {}", error.message);
}

bool Dispatcher::has_work() const {
    return (reading_ && next_position_ < durable_.end) || retry_ ||
           (!requests_.empty() && requests_.front().after <= durable_.ticket);
}

void Dispatcher::run() {
    set_thread_name("dispatcher");
    for (const RecoveredSessions::Unassigned& some : std::exchange(unassigned_, {})) {
        if (const auto group = subscribers_.group_called(some.filter)) {
            // From before the last checkpoint, perhaps.
            reassign(*group, some.position, some.qos, journal::Position());
        }
    }
    append_own_records();
    handouts_.hand_out();
    while (true) {
        wait();
        {
            const MutexLock lock(mutex_);
            if (stop_) {
                return;
            }
        }
        take_requests();
        go_on();
        append_own_records();
        handouts_.hand_out();
    }
}

void Dispatcher::wait() {
    const MutexLock lock(mutex_);
    own_records_.note_read(next_, durable_now_);
    reading_ = !is_idle() || !due_.empty() || !own_records_.empty();
    next_position_ = next_;
    position_ = std::min(next_, own_records_.from());
    if (!due_.empty()) {
        return;
    }
    if (stands_still_) {
        (void)changed_.wait_for(
                mutex_, kRetryDelay, [this]() FOZ_REQUIRES(mutex_) { return stop_; });
        return;
    }
    changed_.wait(mutex_, [this]() FOZ_REQUIRES(mutex_) { return stop_ || has_work(); });
}

void Dispatcher::take_requests() {
    const MutexLock lock(mutex_);
    durable_now_ = durable_;
    while (!requests_.empty() && requests_.front().after <= durable_now_.ticket) {
        due_.push_back(std::move(requests_.front()));
        requests_.pop_front();
        reading_ = true;
    }
}

// A group: requests and records in the journal's order, as far as it is durable.
void Dispatcher::go_on() {
    while (!handouts_.full()) {
        const journal::Position end =
                due_.empty() ? durable_now_.end : journal_.end_of(due_.front().after);
        if (next_ < end) {
            read_to(end);
        }
        if (next_ < end || due_.empty()) {
            return;  // the group is full, the journal cannot be read, or there is no more
        }
        apply(due_.front());
        due_.pop_front();
        reassign_orphans();
    }
}

void Dispatcher::read_to(journal::Position end) {
    stands_still_ = false;
    while (next_ < end && !handouts_.full()) {
        if (is_idle()) {
            next_ = end;  // nobody would get any of it
            reader_.reset();
            return;
        }
        if (!reader_ && !open_reader()) {
            return;
        }
        auto record = reader_->next();
        if (!record) {
            note_read_error(record.error());
            return;
        }
        const auto& found = *record;
        if (!found) {
            return;
        }
        apply(*found);
        reassign_orphans();
        next_ = found->position.next();
    }
}

bool Dispatcher::open_reader() {
    auto reader = journal_.read_from(next_);
    if (reader) {
        reader_ = *std::move(reader);
        return true;
    }
    note_read_error(reader.error());
    if (reader.error().code == ErrorCode::not_found) {
        // The journal was so full that it had to give them up.
        const journal::Position first = journal_.status().first;
        spdlog::error(
                "subscribers do not get the {} records before position {}: the journal has "
                "them no longer",
                journal::records_between(next_, first), first);
        next_ = std::max(next_, first);
    }
    return false;
}

void Dispatcher::note_read_error(const Error& error) {
    stands_still_ = true;
    reader_.reset();
    if (error_throttle_.pass(clock_.steady_now())) {
        spdlog::error("subscribers wait at position {}: the journal cannot be read: {}", next_,
                error.message);
    }
}

void Dispatcher::apply(const Request& request) {
    switch (request.kind) {
        case Request::Kind::begin_retained: ++retained_to_come_; return;
        case Request::Kind::end_retained: --retained_to_come_; return;
        case Request::Kind::status: apply_status(request.status); return;
        case Request::Kind::detach:
            subscribers_.detach(*request.session, request.recipient);
            subscriptions_ = subscribers_.subscription_count();
            return;
        case Request::Kind::attach: break;
    }
    Subscriber& subscriber = subscribers_.attach(request.session, request.recipient);
    // What came before it was attached, and after it had looked for itself.
    if (!subscriber.session->with_deliveries(
                [](const session::Deliveries& deliveries) { return deliveries.queue.empty(); })) {
        note_queued(subscriber);
    }
}

void Dispatcher::apply_status(std::shared_ptr<const MessageBlock> status) {
    status_ = std::move(status);
    handouts_.hand_out();
    for (std::uint32_t i = 0; i < status_->size(); ++i) {
        for (const Subscribers::Match& match : subscribers_.match((*status_)[i])) {
            if (const auto& recipient = match.subscriber->recipient) {
                handouts_.add_other(*recipient, i, false);
            }
        }
    }
    handouts_.hand_out_with(status_);
}

// As if they were retained messages, but past the queue: they are worth nothing a moment later.
void Dispatcher::give_status(const Subscriber& subscriber, std::string_view filter) {
    for (std::uint32_t i = 0; i < status_->size() && subscriber.recipient; ++i) {
        if (mqtt::topic_matches(filter, (*status_)[i].topic)) {
            handouts_.add_other(*subscriber.recipient, i, true);
        }
    }
    handouts_.hand_out_with(status_);
}

void Dispatcher::apply(const journal::Record& record) {
    switch (static_cast<mqtt::RecordKind>(record.kind)) {
        case mqtt::RecordKind::message: apply_message(record); return;
        case mqtt::RecordKind::subscribed:
        case mqtt::RecordKind::unsubscribed: apply_subscription(record); return;
        case mqtt::RecordKind::session_ended:
            if (const auto ended = mqtt::decode_session_record(record.bytes)) {
                subscribers_.end_session(ended->client_id);
            }
            return;
        case mqtt::RecordKind::assigned: apply_assignment(record); return;
        case mqtt::RecordKind::release:
        case mqtt::RecordKind::session_started:
        case mqtt::RecordKind::delivered: return;
    }
}

void Dispatcher::apply_subscription(const journal::Record& record) {
    const auto change = mqtt::decode_subscription_record(record.bytes);
    Subscriber* const subscriber = change ? subscribers_.find(change->client_id) : nullptr;
    if (subscriber == nullptr) {
        return;
    }
    if (static_cast<mqtt::RecordKind>(record.kind) == mqtt::RecordKind::unsubscribed) {
        add_result(*subscriber, subscribers_.unsubscribe(
                                        *subscriber, change->subscription.filter, record.position));
        return;
    }
    const auto subscribed =
            subscribers_.subscribe(*subscriber, *change, record.position, *retained_);
    subscriptions_ = subscribers_.subscription_count();
    const bool wants_status = change->subscription.filter.starts_with("$SYS/") &&
                              change->subscription.retain_handling != 2;
    if (wants_status) {
        handouts_.hand_out();  // what follows goes with the answer, and with messages of its own
    }
    add_result(*subscriber, subscribed.reason);
    if (wants_status) {
        give_status(*subscriber, change->subscription.filter);
    }
    if (subscribed.retained.empty() || !subscriber->recipient) {
        return;
    }
    handouts_.add_retained(*subscriber->recipient, subscribed.retained);
}

void Dispatcher::apply_message(const journal::Record& record) {
    const auto message = mqtt::decode_message(record.bytes);
    if (!message) {
        return;  // the lanes say so
    }
    if (message->retain && !retained_->apply(std::make_shared<const StoredMessage>(
                                   record.position, record.bytes, *message))) {
        note_not_retained(*message);
    }
    for (const Subscribers::Match& match : subscribers_.match(*message)) {
        give(match, record.position, *message, record.bytes);
    }
    for (const GroupId group : subscribers_.matched_groups()) {
        give_to_group(group, record.position, *message, record.bytes);
    }
}

void Dispatcher::give(const Subscribers::Match& match, journal::Position position,
        const mqtt::Message& message, ByteView record) {
    const auto recipient = match.subscriber->recipient;
    if (recipient) {
        handouts_.add_message(position, message, record);
    }
    if (match.qos > 0) {
        push(match, {.position = position, .at = position});
    } else if (recipient) {
        send_now(match, *recipient);
    }
}

void Dispatcher::give_to_group(
        GroupId group, journal::Position position, const mqtt::Message& message, ByteView record) {
    handouts_.add_message(position, message, record);
    const auto match = subscribers_.choose(group, message.qos);
    if (!match) {
        return;
    }
    const auto recipient = match->subscriber->recipient;
    if (match->qos > 0) {
        assign(*match, group, position, message.qos, next_);
    } else if (recipient) {
        send_now(*match, *recipient);
    }
}

// To a member whose session is kept by a record, and pushed when that is read back: so recovery
// knows who has it. Another's session ends with foz, and recovery assigns anew.
void Dispatcher::assign(const Subscribers::Match& match, GroupId group, journal::Position position,
        std::uint8_t qos, journal::Position from) {
    const session::Session& session = *match.subscriber->session;
    if (session.expiry_seconds() != 0) {
        own_records_.add(mqtt::AssignmentRecord{.client_id = session.client_id(),
                             .filter = subscribers_.name_of(group),
                             .position = position.number(),
                             .qos = qos},
                from);
        return;
    }
    push(match, {.position = position, .at = std::nullopt, .group = group});
}

// One that the next member takes with QoS 0 only is over: it had its chance.
void Dispatcher::reassign(
        GroupId group, journal::Position position, std::uint8_t qos, journal::Position from) {
    const auto match = subscribers_.choose(group, qos);
    if (match && match->qos > 0) {
        assign(*match, group, position, qos, from);
    }
}

void Dispatcher::apply_assignment(const journal::Record& record) {
    const auto assignment = mqtt::decode_assignment_record(record.bytes);
    const auto group = assignment ? subscribers_.group_called(assignment->filter) : std::nullopt;
    if (!group) {
        return;
    }
    const auto position = journal::Position::from_number(assignment->position);
    Subscriber* const member = subscribers_.find(assignment->client_id);
    const auto match = member != nullptr ? subscribers_.match_of_member(
                                                   assignment->filter, *member, assignment->qos)
                                         : std::nullopt;
    if (match) {
        push(*match, {.position = position, .at = record.position, .group = group});
    } else {
        reassign(*group, position, assignment->qos, next_);  // it has left meanwhile
    }
}

void Dispatcher::reassign_orphans() {
    for (const Subscribers::Orphan& orphan : subscribers_.take_orphans()) {
        reassign(orphan.group, orphan.position, orphan.qos, next_);
    }
}

// The message that was added last.
void Dispatcher::send_now(const Subscribers::Match& match, Recipient recipient) {
    deliveries_.fetch_add(1, std::memory_order_relaxed);
    handouts_.add_last_message(recipient, match.retain, match.identifiers);
}

void Dispatcher::push(const Subscribers::Match& match, const Push& push) {
    deliveries_.fetch_add(1, std::memory_order_relaxed);
    Subscriber& subscriber = *match.subscriber;
    Push limited = push;
    limited.most = limits_.session_messages;
    if (const auto given_up = delivery::push(match, limited).given_up) {
        note_given_up(subscriber, *given_up);
    }
    if (subscriber.recipient) {
        note_queued(subscriber);
    }
}

// Once in a group is enough.
void Dispatcher::note_queued(Subscriber& subscriber) {
    if (std::exchange(subscriber.noted, handouts_.group()) != handouts_.group()) {
        handouts_.add_queued(*subscriber.recipient);
    }
}

void Dispatcher::note_given_up(const Subscriber& subscriber, std::uint64_t number) {
    if (subscriber.session->expiry_seconds() != 0) {
        own_records_.add(mqtt::DeliveryRecord{.client_id = subscriber.session->client_id(),
                             .number = number,
                             .stage = mqtt::DeliveryStage::given_up},
                next_);
    }
    given_up_.fetch_add(1, std::memory_order_relaxed);
    if (const auto held_back = given_up_throttle_.pass(clock_.steady_now())) {
        spdlog::warn(
                "client \"{}\" takes its messages too slowly: limits.session_messages = {} are on "
                "their way to it, and for each new one the oldest that was not sent is given up "
                "({} more were given up since the last such line, of any client)",
                printable(subscriber.session->client_id()), limits_.session_messages, *held_back);
    }
}

void Dispatcher::note_not_retained(const mqtt::Message& message) {
    if (const auto held_back = retained_throttle_.pass(clock_.steady_now())) {
        spdlog::warn(
                "limits.retained_bytes is reached: the message for topic \"{}\" is not retained, "
                "and the topic has none now ({} more since the last such line); raise the limit, "
                "or look who publishes with the retain flag",
                printable(message.topic), *held_back);
    }
}

// While the journal has no room, they wait, and so do those who were assigned something.
void Dispatcher::append_own_records() {
    const auto appended = own_records_.append();
    {
        const MutexLock lock(mutex_);
        has_space_ = appended.has_value();
        retry_ = false;
    }
    if (!appended && error_throttle_.pass(clock_.steady_now())) {
        spdlog::warn(
                "subscribers of shared subscriptions wait: the journal does not take who gets "
                "what: {}",
                appended.error().message);
    }
}

void Dispatcher::add_result(const Subscriber& subscriber, mqtt::ReasonCode reason) {
    if (subscriber.recipient) {
        handouts_.add_result(*subscriber.recipient, reason);
    }
}

}  // namespace foz::delivery
