// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/rights.h"

#include <algorithm>

#include <fmt/format.h>

#include "sink/mariadb/catalogue.h"
#include "sink/mariadb/dialect.h"

namespace foz::sink::mariadb {
namespace {

// "`db`", "`a``b`", "*": the name, and `text` goes on behind it.
std::string take_name(std::string_view& text) {
    std::string name;
    if (!text.starts_with('`')) {
        const std::size_t end = std::min(text.find_first_of(". "), text.size());
        name = text.substr(0, end);
        text.remove_prefix(end);
        return name;
    }
    text.remove_prefix(1);
    while (!text.empty()) {
        const char one = text.front();
        text.remove_prefix(1);
        if (one == '`' && !text.starts_with('`')) {
            break;
        }
        if (one == '`') {
            text.remove_prefix(1);
        }
        name += one;
    }
    return name;
}

// As LIKE compares: % is anything, _ one character, and a backslash makes them plain.
bool is_like(std::string_view text, std::string_view pattern) {
    if (pattern.empty()) {
        return text.empty();
    }
    if (pattern.front() == '%') {
        for (std::size_t i = 0; i <= text.size(); ++i) {
            if (is_like(text.substr(i), pattern.substr(1))) {
                return true;
            }
        }
        return false;
    }
    const bool any = pattern.front() == '_';
    if (pattern.front() == '\\' && pattern.size() > 1) {
        pattern.remove_prefix(1);
    }
    return !text.empty() && (any || text.front() == pattern.front()) &&
           is_like(text.substr(1), pattern.substr(1));
}

std::vector<std::string> rights_in(std::string_view list) {
    std::vector<std::string> rights;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        rights.emplace_back(list.substr(0, end));
        list.remove_prefix(end);
        while (list.starts_with(',') || list.starts_with(' ')) {
            list.remove_prefix(1);
        }
    }
    return rights;
}

}  // namespace

Grants::Grants(std::span<const std::string> lines) {
    constexpr std::string_view kStart = "GRANT ";
    constexpr std::string_view kOn = " ON ";
    for (const std::string& line : lines) {
        const std::size_t on = line.find(kOn);
        if (!line.starts_with(kStart) || on == std::string::npos) {
            continue;  // a role, whose own lines follow
        }
        std::string_view object = std::string_view(line).substr(on + kOn.size());
        if (object.starts_with("TABLE ")) {
            object.remove_prefix(std::string_view("TABLE ").size());
        }
        Grant& grant = grants_.emplace_back();
        grant.rights = rights_in(std::string_view(line).substr(kStart.size(), on - kStart.size()));
        grant.database = take_name(object);
        if (object.starts_with('.')) {
            object.remove_prefix(1);
            grant.table = take_name(object);
        }
    }
}

bool Grants::give(std::string_view right, std::string_view database, std::string_view table) const {
    return std::ranges::any_of(grants_, [&](const Grant& grant) {
        const bool here = (grant.database == "*" || is_like(database, grant.database)) &&
                          (grant.table == "*" || (!table.empty() && grant.table == table));
        return here && std::ranges::any_of(grant.rights, [&](const std::string& one) {
            return one == right || one == "ALL PRIVILEGES";
        });
    });
}

namespace {

class RightsCheck {
  public:
    RightsCheck(Connection& connection, const Grants& grants, std::string database,
            std::string user, std::vector<std::string>& missing)
        : connection_(connection),
          grants_(grants),
          database_(std::move(database)),
          user_(std::move(user)),
          missing_(missing) {}

    // `updates`: ON DUPLICATE KEY UPDATE, which a key needs to compare or to replace.
    SinkResult<void> check_table(const std::string& name, bool updates, bool grows) {
        const std::size_t dot = name.find('.');
        const std::string database = dot == std::string::npos ? database_ : name.substr(0, dot);
        const std::string table = dot == std::string::npos ? name : name.substr(dot + 1);
        const auto found = read_table(connection_, name);
        if (!found) {
            return std::unexpected(found.error());
        }
        std::string wanted;
        const auto want = [&](std::string_view right, bool needed) {
            if (needed && !grants_.give(right, database, table)) {
                wanted += fmt::format("{}{}", wanted.empty() ? "" : ", ", right);
            }
        };
        want("CREATE", !*found);
        want("SELECT", true);
        want("INSERT", true);
        want("UPDATE", updates);
        want("ALTER", grows && !*found);
        if (!wanted.empty()) {
            missing_.push_back(fmt::format(
                    "foz's user has no right to {} in table {}: GRANT {} ON {}.{} TO {}", wanted,
                    name, wanted, dialect().quoted(database), dialect().quoted(table), user_));
        }
        return {};
    }

  private:
    Connection& connection_;
    const Grants& grants_;
    const std::string database_;
    const std::string user_;
    std::vector<std::string>& missing_;
};

// "foz@localhost" as 'foz'@'localhost'.
std::string quoted_user(std::string_view user) {
    const std::size_t at = user.rfind('@');
    return at == std::string_view::npos
                   ? quoted_text(user)
                   : quoted_text(user.substr(0, at)) + "@" + quoted_text(user.substr(at + 1));
}

}  // namespace

SinkResult<std::vector<std::string>> missing_rights(
        Connection& connection, const mapping::Mapping& mapping) {
    auto answers = connection.run("SELECT CURRENT_USER(), IFNULL(DATABASE(), ''); SHOW GRANTS");
    if (!answers) {
        return pass_on(answers);
    }
    std::vector<std::string> lines;
    for (const auto& row : (*answers)[1].rows) {
        lines.push_back(row.at(0).value_or(""));
    }
    const Grants grants(lines);
    const auto& who = (*answers)[0].rows.at(0);
    std::vector<std::string> missing;
    RightsCheck check(connection, grants, who.at(1).value_or(""),
            quoted_user(who.at(0).value_or("")), missing);
    for (const std::string own : {"foz_cursor", "foz_ledger"}) {
        if (auto checked = check.check_table(own, true, false); !checked) {
            return pass_on(checked);
        }
    }
    for (const auto& table : mapping.tables()) {
        if (auto checked = check.check_table(table->name, !table->key.empty(), table->inferred);
                !checked) {
            return pass_on(checked);
        }
    }
    return missing;
}

std::string grant_for(unsigned number, std::string_view message) {
    constexpr std::string_view kSeeCheck =
            "; a person has to give foz's user that right: foz check --connect prints the GRANTs";
    const auto between = [&](std::string_view start, std::string_view end) {
        const std::size_t from = message.find(start);
        if (from == std::string_view::npos) {
            return std::string_view();
        }
        const std::string_view rest = message.substr(from + start.size());
        return rest.substr(0, rest.find(end));
    };
    const std::string_view right = message.substr(0, message.find(" command denied"));
    std::string_view user = between("to user ", " for ");
    switch (number) {
        case 1142: {  // "INSERT command denied to user 'foz'@'localhost' for table `db`.`t`"
            const std::string_view table = between(" for table ", "\n");
            if (right.size() == message.size() || user.empty() || table.empty()) {
                return std::string(kSeeCheck);
            }
            return fmt::format(
                    "; a person has to give foz's user that right: GRANT {} ON {} TO {}; (foz "
                    "check --connect prints all that are missing)",
                    right, table, user);
        }
        case 1044: {  // "Access denied for user 'foz'@'localhost' to database 'db'"
            user = between("for user ", " to database");
            const std::string_view database = between(" to database '", "'");
            if (user.empty() || database.empty()) {
                return std::string(kSeeCheck);
            }
            return fmt::format(
                    "; a person has to give foz's user that right: GRANT CREATE, ALTER, SELECT, "
                    "INSERT, UPDATE ON {}.* TO {}",
                    dialect().quoted(database), user);
        }
        case 1370: {  // "execute command denied to user 'foz'@'localhost' for routine 'db.f'"
            const std::string_view routine = between(" for routine '", "'");
            return routine.empty() || user.empty()
                           ? std::string(kSeeCheck)
                           : fmt::format(
                                     "; a person has to give foz's user that right: GRANT EXECUTE "
                                     "ON FUNCTION {} TO {} (or ON PROCEDURE)",
                                     routine, user);
        }
        case 1143: return std::string(kSeeCheck);
        case 3159:
            return "; the server has require_secure_transport = ON: it takes connections over TLS "
                   "or its socket only";
        default: return "";
    }
}

}  // namespace foz::sink::mariadb
