// SPDX-License-Identifier: Apache-2.0
// Sessions as a function of the journal's records: random sequences of them against a toy model,
// live and as a restart finds them behind every single record, with checkpoints here and there.
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "delivery/dispatcher.h"
#include "delivery/session_recovery.h"
#include "delivery/session_saver.h"
#include "mqtt/topic.h"
#include "tests/journal/local/journal_fixture.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace foz::delivery {
namespace {

using mqtt::DeliveryStage;
using mqtt::RecordKind;
using session::Session;

struct ModelMessage {
    std::uint64_t number = 0;
    std::uint64_t position = 0;
    std::uint8_t qos = 0;
    bool retain = false;
    bool received = false;
    std::set<std::uint32_t> identifiers;

    auto operator<=>(const ModelMessage&) const = default;
};

struct ModelSession {
    std::map<std::string, mqtt::SubscriptionRecord, std::less<>> subscriptions;
    std::vector<ModelMessage> queue;
    std::uint64_t next_number = 0;
};

/// As slow and simple as can be.
struct Model {
    std::map<std::string, ModelSession> sessions;
    std::map<std::string, ModelMessage> retained;

    static void push(ModelSession& session, ModelMessage message) {
        message.number = session.next_number++;
        session.queue.push_back(std::move(message));
    }

    void subscribe(const mqtt::SubscriptionRecord& record) {
        const auto found = sessions.find(std::string(record.client_id));
        if (found == sessions.end()) {
            return;
        }
        ModelSession& session = found->second;
        const mqtt::Subscription& wanted = record.subscription;
        const bool is_new =
                session.subscriptions.insert_or_assign(std::string(wanted.filter), record).second;
        if (wanted.retain_handling == 2 || (wanted.retain_handling == 1 && !is_new)) {
            return;
        }
        for (const auto& [topic, message] : retained) {
            if (mqtt::topic_matches(wanted.filter, topic)) {
                ModelMessage copy = message;
                copy.qos = std::min(copy.qos, wanted.qos);
                copy.retain = true;
                if (record.identifier != 0) {
                    copy.identifiers.insert(record.identifier);
                }
                push(session, std::move(copy));
            }
        }
    }

    void publish(const mqtt::Message& message, std::uint64_t position) {
        if (message.retain && message.payload.empty()) {
            retained.erase(std::string(message.topic));
        } else if (message.retain) {
            retained[std::string(message.topic)] = {.position = position, .qos = message.qos};
        }
        for (auto& [client_id, session] : sessions) {
            ModelMessage copy{.position = position};
            for (const auto& [filter, record] : session.subscriptions) {
                const mqtt::Subscription& terms = record.subscription;
                if (!mqtt::topic_matches(filter, message.topic) ||
                        (terms.no_local && message.client_id == client_id)) {
                    continue;
                }
                copy.qos = std::max(copy.qos, std::min(terms.qos, message.qos));
                copy.retain = copy.retain || (terms.retain_as_published && message.retain);
                if (record.identifier != 0) {
                    copy.identifiers.insert(record.identifier);
                }
            }
            if (copy.qos > 0) {
                push(session, std::move(copy));
            }
        }
    }

    void deliver(const mqtt::DeliveryRecord& record) {
        auto& queue = sessions[std::string(record.client_id)].queue;
        for (auto message = queue.begin(); message != queue.end(); ++message) {
            if (message->number != record.number) {
                continue;
            }
            if (record.stage == DeliveryStage::received) {
                message->received = true;
            } else {
                queue.erase(message);
            }
            return;
        }
    }
};

std::vector<ModelMessage> without_qos_0(std::vector<ModelMessage> queue) {
    std::erase_if(queue, [](const ModelMessage& message) { return message.qos == 0; });
    return queue;
}

std::vector<ModelMessage> queue_of(const Session& session) {
    std::vector<ModelMessage> queue;
    const session::Deliveries deliveries = session.deliveries();
    for (const session::DeliveryQueue::Message& message : deliveries.queue.messages()) {
        const auto identifiers = deliveries.queue.identifiers_of(message);
        queue.push_back({
            .number = message.number,
            .position = message.position.number(),
            .qos = message.qos,
            .retain = message.retain,
            .received = message.state == session::DeliveryQueue::State::received,
            .identifiers = {identifiers.begin(), identifiers.end()},
        });
    }
    return queue;
}

class Nowhere final : public Outlet {
  public:
    void hand_out(std::shared_ptr<const Handout> /*handout*/) override {}
};

class Holder final : public session::SessionHolder {
  public:
    Holder(Dispatcher& dispatcher, std::span<const std::shared_ptr<Session>> sessions)
        : dispatcher_(dispatcher), sessions_(sessions.begin(), sessions.end()) {}

    [[nodiscard]] std::vector<std::shared_ptr<Session>> persistent_sessions() override {
        return sessions_;
    }
    [[nodiscard]] bool wait_until_appended(SteadyTime /*deadline*/) override { return true; }
    [[nodiscard]] journal::Position applied() override { return dispatcher_.applied(); }

  private:
    Dispatcher& dispatcher_;
    std::vector<std::shared_ptr<Session>> sessions_;
};

class DeliveryModel : public testing::TestWithParam<unsigned> {
  protected:
    static constexpr std::string_view kClients[] = {"one", "two", "three"};

    [[nodiscard]] unsigned any(unsigned below) {
        return std::uniform_int_distribution<unsigned>(0, below - 1)(random_);
    }
    template <class Choices>
    [[nodiscard]] auto one_of(const Choices& choices) {
        return choices[any(static_cast<unsigned>(std::size(choices)))];
    }

    void append_one(RecordKind kind, const auto& encode) {
        journal::RecordBatch batch;
        encode(batch.begin_record(static_cast<std::uint8_t>(kind)));
        batch.end_record();
        const auto ticket = journal_->append(batch);
        ASSERT_TRUE(ticket);
        ASSERT_TRUE(support::wait_until([&] { return journal_->durable().ticket >= *ticket; }));
    }

    void append_publish() {
        constexpr std::string_view kTopics[] = {"a", "a/b", "a/c", "b", "$s/a"};
        const mqtt::Message message{
            .topic = one_of(kTopics),
            .payload = any(4) == 0 ? "" : "payload",
            .client_id = one_of(kClients),
            .received = {},
            .qos = static_cast<std::uint8_t>(any(3)),
            .retain = any(3) == 0,
            .packet_id = 0,
            .properties = {},
        };
        model_.publish(message, journal_->durable_end().number());
        append_one(
                RecordKind::message, [&](std::string& to) { mqtt::encode_message(message, to); });
    }

    void append_subscription(RecordKind kind) {
        constexpr std::string_view kFilters[] = {"a", "a/#", "+", "+/b", "#", "$s/#"};
        const mqtt::SubscriptionRecord record{
            .client_id = one_of(kClients),
            .subscription = {.filter = one_of(kFilters),
                .qos = static_cast<std::uint8_t>(any(3)),
                .no_local = any(3) == 0,
                .retain_as_published = any(2) == 0,
                .retain_handling = static_cast<std::uint8_t>(any(3))},
            .identifier = any(2) * (1 + any(300)),
        };
        if (kind == RecordKind::subscribed) {
            model_.subscribe(record);
        } else {
            auto& session = model_.sessions[std::string(record.client_id)];
            session.subscriptions.erase(std::string(record.subscription.filter));
        }
        append_one(kind, [&](std::string& to) { mqtt::encode_subscription_record(record, to); });
    }

    /// The client answers: its session knows at once, the journal a moment later.
    void append_delivery(std::span<const std::shared_ptr<Session>> live) {
        const std::string client_id(one_of(kClients));
        const auto& queue = model_.sessions[client_id].queue;
        if (queue.empty()) {
            return;
        }
        const mqtt::DeliveryRecord record{
            .client_id = client_id,
            .number = one_of(queue).number,
            .stage = static_cast<DeliveryStage>(any(3)),
        };
        for (const auto& session : live) {
            if (session->client_id() == client_id) {
                session->with_deliveries([&](session::Deliveries& deliveries) {
                    if (record.stage == DeliveryStage::received) {
                        (void)deliveries.queue.note_received(record.number);
                    } else {
                        (void)deliveries.queue.finish(record.number);
                    }
                });
            }
        }
        model_.deliver(record);
        append_one(RecordKind::delivered,
                [&](std::string& to) { mqtt::encode_delivery_record(record, to); });
    }

    void append_anything(std::span<const std::shared_ptr<Session>> live) {
        switch (any(8)) {
            case 0:
            case 1: append_subscription(RecordKind::subscribed); break;
            case 2: append_subscription(RecordKind::unsubscribed); break;
            case 3:
            case 4: append_delivery(live); break;
            default: append_publish(); break;
        }
    }

    void start_sessions() {
        for (const std::string_view client_id : kClients) {
            model_.sessions[std::string(client_id)];
            append_one(RecordKind::session_started, [&](std::string& to) {
                mqtt::encode_session_record(
                        {.client_id = client_id, .expiry_seconds = session::kNeverExpires}, to);
            });
        }
    }

    void expect_as_modelled(std::span<const std::shared_ptr<Session>> sessions, bool live) {
        ASSERT_EQ(sessions.size(), model_.sessions.size());
        for (const auto& session : sessions) {
            SCOPED_TRACE(session->client_id());
            const ModelSession& expected = model_.sessions.at(session->client_id());
            EXPECT_EQ(queue_of(*session), live ? expected.queue : without_qos_0(expected.queue));
            EXPECT_EQ(session->deliveries().queue.next_number(), expected.next_number);
            EXPECT_EQ(session->deliveries().subscriptions.size(), expected.subscriptions.size());
        }
    }

    void expect_retained_as_modelled(const RetainedMessages& retained) {
        std::map<std::string, std::uint64_t> places;
        for (const RetainedMessages::Place& place : retained.places()) {
            places[place.topic] = place.position.number();
        }
        std::map<std::string, std::uint64_t> expected;
        for (const auto& [topic, message] : model_.retained) {
            expected[topic] = message.position;
        }
        EXPECT_EQ(places, expected);
    }

    void SetUp() override {
        RecordProperty("seed", static_cast<int>(GetParam()));
        journal_ = journal::local::open_or_fail(
                real_file_system(), {.directory = directory_ / "journal",
                                        .segment_bytes = 1 << 20,
                                        .free_space_min = 0});
        state_ = state::StateDatabase::open(directory_ / "state.db").value();
    }

    std::mt19937 random_{GetParam()};
    support::TemporaryDirectory directory_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<state::StateDatabase> state_;
    Model model_;
};

TEST_P(DeliveryModel, live_and_recovered_behind_every_record) {
    SCOPED_TRACE(testing::Message() << "seed " << GetParam());
    start_sessions();
    auto recovered = recover_sessions(*journal_, *state_).value();
    const auto sessions = recovered.sessions;
    const auto retained = recovered.retained;
    Nowhere nowhere;
    Dispatcher dispatcher(*journal_, real_clock(), std::move(recovered), {});
    dispatcher.start({&nowhere});
    dispatcher.begin_retained();  // so that it reads whatever comes
    Holder holder(dispatcher, sessions);
    SetAside set_aside(*state_, journal_->status().id);
    SessionSaver saver(*journal_, *state_, set_aside, real_clock(), retained);
    session::SessionHolder* const holders[] = {&holder};
    // Subscribing is for those who are attached.
    for (std::uint32_t i = 0; i < sessions.size(); ++i) {
        dispatcher.attach(sessions[i], {.reactor = 0, .connection = i});
    }
    for (int i = 0; i < 120 && !HasFailure(); ++i) {
        SCOPED_TRACE(testing::Message() << "record " << i);
        append_anything(sessions);
        ASSERT_TRUE(support::wait_until(
                [&] { return dispatcher.applied() == journal_->durable_end(); }));
        expect_as_modelled(sessions, true);
        expect_retained_as_modelled(*retained);
        if (any(6) == 0) {
            saver.save(holders);
        }
        auto state_of_restart = recover_sessions(*journal_, *state_);
        ASSERT_TRUE(state_of_restart) << state_of_restart.error().message;
        expect_as_modelled(state_of_restart->sessions, false);
        expect_retained_as_modelled(*state_of_restart->retained);
    }
    dispatcher.stop();
}

INSTANTIATE_TEST_SUITE_P(Seeds, DeliveryModel, testing::Range(1U, 9U));

}  // namespace
}  // namespace foz::delivery
