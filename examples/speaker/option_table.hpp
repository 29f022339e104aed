// SPDX-License-Identifier: BSL-1.0

// Every option of the daemon, once: the command line, the keys of the configuration file and the suggestions for
// misspelt words are made from this table. The name of an option and of its key in the file are the same word.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace speakerd {

/// How an option takes its values.
enum class option_kind : std::uint8_t {
  value = 1,   ///< one value
  list = 2,    ///< repeatable; in a file a scalar or a list
  flag = 3,    ///< no value on the command line, true or false in a file
  action = 4,  ///< what to do instead of running; not for a file
  file = 5,    ///< one value, but not for a file
};

struct option {
  std::string_view name;
  std::string_view letter;  ///< the short form without its dash, may be empty
  option_kind kind;

  constexpr bool takes_value() const noexcept { return kind != option_kind::flag && kind != option_kind::action; }
  constexpr bool in_file() const noexcept { return kind != option_kind::action && kind != option_kind::file; }
};

inline constexpr std::array<option, 31> option_table{{
    // The file, and what to announce.
    {"config", "c", option_kind::file},
    {"interface", "i", option_kind::list},
    {"vip", "a", option_kind::list},
    {"source", "", option_kind::value},
    {"lb-class", "", option_kind::value},
    {"assign-pool", "", option_kind::list},
    {"announce-without-endpoints", "", option_kind::flag},
    {"withdraw-when-cordoned", "", option_kind::flag},
    {"mac", "", option_kind::value},
    // Who leads.
    {"elector", "e", option_kind::value},
    {"kubeconfig", "", option_kind::value},
    {"api-server", "", option_kind::list},
    {"lease-name", "", option_kind::value},
    {"groups", "", option_kind::value},
    {"rebalance", "", option_kind::flag},
    {"profile", "", option_kind::value},
    {"lease-duration", "", option_kind::value},
    {"renew-period", "", option_kind::value},
    {"attempt-timeout", "", option_kind::value},
    {"node-name", "", option_kind::value},
    // How to run.
    {"strict", "", option_kind::flag},
    {"wait", "", option_kind::value},
    {"http", "", option_kind::value},
    {"metrics", "", option_kind::value},
    {"log-level", "", option_kind::value},
    {"log-format", "", option_kind::value},
    // Instead of running.
    {"check-config", "", option_kind::action},
    {"print-config", "", option_kind::action},
    {"dry-run", "", option_kind::action},
    {"version", "", option_kind::action},
    {"help", "", option_kind::action},
}};

/// The option called `name`, or nullptr.
constexpr const option* find_option(std::string_view name) noexcept {
  for (const option& known : option_table) {
    if (known.name == name) return &known;
  }
  return nullptr;
}

/// The names of all options, or of those that a file may set.
inline std::vector<std::string_view> option_names(bool only_in_file) {
  std::vector<std::string_view> names;
  for (const option& known : option_table) {
    if (!only_in_file || known.in_file()) names.push_back(known.name);
  }
  return names;
}

}  // namespace speakerd
