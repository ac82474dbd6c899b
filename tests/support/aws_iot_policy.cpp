// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <regex>
#include <stdexcept>

#include "tests/support/aws_iot_broker.h"
#include "tests/support/child_process.h"

namespace foz::support {
namespace {

/// Whether `pattern`, with "*" and "?", covers all of `text`.
bool covers(std::string_view pattern, std::string_view text) {
    std::size_t at = 0;  // in the pattern
    std::size_t star = std::string_view::npos;
    std::size_t after_star = 0;  // in the text: where what follows the star is tried
    std::size_t i = 0;
    while (i < text.size()) {
        const char wanted = at < pattern.size() ? pattern[at] : '\0';
        if (wanted == '*') {
            star = at++;
            after_star = i;
        } else if (at < pattern.size() && (wanted == '?' || wanted == text[i])) {
            ++at;
            ++i;
        } else if (star != std::string_view::npos) {
            at = star + 1;
            i = ++after_star;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

}  // namespace

bool aws_iot_permits(const std::vector<std::string>& resources, std::string_view client_id,
        std::string_view text) {
    constexpr std::string_view kVariable = "${iot:ClientId}";
    return std::ranges::any_of(resources, [&](std::string resource) {
        const std::size_t at = resource.find(kVariable);
        if (at != std::string::npos) {
            resource.replace(at, kVariable.size(), client_id);
        }
        return covers(resource, text);
    });
}

AwsIotPolicy aws_iot_policy_from(const std::filesystem::path& json, std::string certificate) {
    AwsIotPolicy policy{.certificate = std::move(certificate)};
    const std::map<std::string, std::vector<std::string>*> actions = {
        {"Connect", &policy.connect},
        {"Publish", &policy.publish},
        {"RetainPublish", &policy.retain_publish},
        {"Subscribe", &policy.subscribe},
        {"Receive", &policy.receive},
    };
    const std::string text = content_of(json);
    static const std::regex statement(
            R"re("Action": "iot:(\w+)",\s*"Resource": "arn:aws:iot:[^:]*:\d*:(?:client|topic|topicfilter)/([^"]*)")re");
    for (std::sregex_iterator found(text.begin(), text.end(), statement), end; found != end;
            ++found) {
        actions.at((*found)[1])->push_back((*found)[2]);
    }
    if (policy.connect.empty()) {
        throw std::runtime_error(json.string() + " lets nobody connect");
    }
    return policy;
}

}  // namespace foz::support
