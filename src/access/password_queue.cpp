// SPDX-License-Identifier: Apache-2.0
#include "access/password_queue.h"

#include <algorithm>
#include <utility>

namespace foz::access {
namespace {

bool has_waiter_from(const PasswordQueue::Check& check, const std::string& address) {
    const auto& waiters = check.waiters;
    return std::ranges::find(waiters, address, &PasswordQueue::Waiter::address) != waiters.end();
}

}  // namespace

std::expected<PasswordQueue::Ticket, PasswordQueue::Refusal> PasswordQueue::add(
        Pair pair, Waiter waiter, SteadyTime now, std::vector<Waiter>& dropped) {
    auto found = by_key_.find(pair.key);
    if (found == by_key_.end()) {
        if (length(waiter.address) >= limits_.per_address) {
            return std::unexpected(Refusal::address_full);
        }
        if (now + time_until_done(waiter.address) > waiter.deadline) {
            return std::unexpected(Refusal::too_late);
        }
        if (waiting_ >= limits_.checks) {
            dropped = evict_one(waiter.address);
            if (dropped.empty()) {
                return std::unexpected(Refusal::full);
            }
        }
        auto check = std::make_shared<Check>(Check{std::move(pair), {}});
        found = by_key_.emplace(check->pair.key, check).first;
        ++waiting_;
    }
    const CheckPointer check = found->second;
    const bool here_already = has_waiter_from(*check, waiter.address);
    if (!is_taken(*check) && !here_already) {
        enlist(waiter.address, check);
    }
    waiter.ticket = ++last_ticket_;
    by_ticket_.emplace(waiter.ticket, check);
    check->waiters.push_back(std::move(waiter));
    return last_ticket_;
}

void PasswordQueue::cancel(Ticket ticket) {
    const auto found = by_ticket_.find(ticket);
    if (found == by_ticket_.end()) {
        return;
    }
    const CheckPointer check = found->second;
    by_ticket_.erase(found);
    const auto waiter = std::ranges::find(check->waiters, ticket, &Waiter::ticket);
    const std::string address = waiter->address;
    check->waiters.erase(waiter);
    if (is_taken(*check)) {
        return;
    }
    if (!has_waiter_from(*check, address)) {
        remove_from(address, *check);
    }
    if (check->waiters.empty()) {
        by_key_.erase(check->pair.key);
        --waiting_;
    }
}

std::shared_ptr<PasswordQueue::Check> PasswordQueue::take(
        SteadyTime now, std::vector<Waiter>& late) {
    while (!turns_.empty()) {
        const CheckPointer check = lines_.at(turns_.front()).checks.front();
        turns_.splice(turns_.end(), turns_, turns_.begin());
        remove(*check);
        --waiting_;
        const auto overdue = std::ranges::stable_partition(
                check->waiters, [&](const Waiter& one) { return now + usual_ <= one.deadline; });
        for (Waiter& one : overdue) {
            by_ticket_.erase(one.ticket);
            late.push_back(std::move(one));
        }
        check->waiters.erase(overdue.begin(), overdue.end());
        if (!check->waiters.empty()) {
            taken_.push_back(check.get());
            return check;
        }
        by_key_.erase(check->pair.key);
    }
    return nullptr;
}

std::vector<PasswordQueue::Waiter> PasswordQueue::finish(Check& check, SteadyTime::duration took) {
    constexpr int kWeight = 8;
    usual_ = usual_ == SteadyTime::duration() ? took : usual_ + (took - usual_) / kWeight;
    std::erase(taken_, &check);
    by_key_.erase(check.pair.key);
    for (const Waiter& waiter : check.waiters) {
        by_ticket_.erase(waiter.ticket);
    }
    return std::exchange(check.waiters, {});
}

std::size_t PasswordQueue::length(const std::string& address) const {
    const auto line = lines_.find(address);
    return line == lines_.end() ? 0 : line->second.checks.size();
}

// Of one more check for `address`: before it come all of its own line, and as many of each other.
SteadyTime::duration PasswordQueue::time_until_done(const std::string& address) const {
    const std::size_t own = length(address);
    std::size_t before = own + taken_.size();
    for (const auto& [other, line] : lines_) {
        before += other == address ? 0 : std::min(line.checks.size(), own + 1);
    }
    return usual_ + usual_ * static_cast<SteadyTime::rep>(before) / threads_;
}

// Nothing when no address has more waiting than this one would have.
std::vector<PasswordQueue::Waiter> PasswordQueue::evict_one(const std::string& address) {
    const auto longest = std::ranges::max_element(
            lines_, {}, [](const auto& line) { return line.second.checks.size(); });
    if (longest == lines_.end() || longest->second.checks.size() <= length(address) + 1) {
        return {};
    }
    const CheckPointer check = longest->second.checks.back();
    remove(*check);
    by_key_.erase(check->pair.key);
    --waiting_;
    for (const Waiter& waiter : check->waiters) {
        by_ticket_.erase(waiter.ticket);
    }
    return std::move(check->waiters);
}

bool PasswordQueue::is_taken(const Check& check) const {
    return std::ranges::find(taken_, &check) != taken_.end();
}

void PasswordQueue::enlist(const std::string& address, const CheckPointer& check) {
    auto [line, is_new] = lines_.try_emplace(address);
    if (is_new) {
        line->second.turn = turns_.insert(turns_.end(), address);
    }
    line->second.checks.push_back(check);
}

void PasswordQueue::remove_from(const std::string& address, const Check& check) {
    const auto line = lines_.find(address);
    if (line == lines_.end()) {
        return;
    }
    std::erase_if(
            line->second.checks, [&](const CheckPointer& one) { return one.get() == &check; });
    if (line->second.checks.empty()) {
        turns_.erase(line->second.turn);
        lines_.erase(line);
    }
}

void PasswordQueue::remove(const Check& check) {
    for (const Waiter& waiter : check.waiters) {
        remove_from(waiter.address, check);
    }
}

}  // namespace foz::access
