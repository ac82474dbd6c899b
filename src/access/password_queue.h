// SPDX-License-Identifier: Apache-2.0
// The passwords that wait to be checked, and which is next: addresses take turns, so that one that
// sends many holds back only itself; equal ones are checked once; one that nobody waits for any
// more, or that cannot be done in time, is not checked. Pure; one thread, or under a lock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "access/password_file.h"
#include "base/clock.h"

namespace foz::access {

enum class PasswordVerdict : std::uint8_t {
    right,
    wrong,
    late,  // not checked: it could not be done in time
};

class PasswordQueue {
  public:
    struct Limits {
        std::size_t checks = 4'000;       // that wait, together
        std::size_t per_address = 2'000;  // that wait for one address
    };
    using Ticket = std::uint64_t;  // never 0

    struct Waiter {
        Ticket ticket = 0;
        std::string address;
        SteadyTime deadline;
        std::function<void(PasswordVerdict)> answer;
    };
    /// What is checked. `key` is equal for equal name, password and line of the password file.
    struct Pair {
        std::string key;
        std::shared_ptr<const access::PasswordFile> passwords;
        std::string user_name;
        std::string password;
    };
    struct Check {
        Pair pair;
        std::vector<Waiter> waiters;
    };
    enum class Refusal : std::uint8_t { too_late, full, address_full };

    /// `threads` check at once.
    PasswordQueue(unsigned threads, Limits limits) : threads_(threads), limits_(limits) {}

    /// Joins a check of the same pair that waits or is under way. `dropped` get the waiters of a
    /// check that makes room: the last of the address that has the most.
    [[nodiscard]] std::expected<Ticket, Refusal> add(
            Pair pair, Waiter waiter, SteadyTime now, std::vector<Waiter>& dropped);
    /// Nobody waits for it any more. One that was answered is ignored.
    void cancel(Ticket ticket);

    /// The next to be checked, null without any. `late` get those whose time is over.
    [[nodiscard]] std::shared_ptr<Check> take(SteadyTime now, std::vector<Waiter>& late);
    /// A check that was taken is done; gives those who wait for its answer.
    [[nodiscard]] std::vector<Waiter> finish(Check& check, SteadyTime::duration took);

    /// How many checks wait.
    [[nodiscard]] std::size_t size() const { return waiting_; }
    /// What a check takes, as far as is known; 0 before the first.
    [[nodiscard]] SteadyTime::duration usual() const { return usual_; }

  private:
    using CheckPointer = std::shared_ptr<Check>;
    struct Line {
        std::deque<CheckPointer> checks;
        std::list<std::string>::iterator turn;
    };

    [[nodiscard]] std::size_t length(const std::string& address) const;
    [[nodiscard]] SteadyTime::duration time_until_done(const std::string& address) const;
    [[nodiscard]] std::vector<Waiter> evict_one(const std::string& address);
    [[nodiscard]] bool is_taken(const Check& check) const;
    void enlist(const std::string& address, const CheckPointer& check);
    void remove_from(const std::string& address, const Check& check);
    void remove(const Check& check);

    const unsigned threads_;
    const Limits limits_;
    std::unordered_map<std::string, CheckPointer> by_key_;  // that wait or are under way
    std::unordered_map<Ticket, CheckPointer> by_ticket_;
    std::unordered_map<std::string, Line> lines_;  // by address; none is empty
    std::list<std::string> turns_;                 // the addresses of lines_, the next first
    std::vector<const Check*> taken_;
    std::size_t waiting_ = 0;
    SteadyTime::duration usual_{};
    Ticket last_ticket_ = 0;
};

}  // namespace foz::access
