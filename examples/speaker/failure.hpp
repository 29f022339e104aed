// SPDX-License-Identifier: BSL-1.0

// How the daemon ends: the exit codes of sysexits(3) that it uses, and the one exception by which any part of the start
// gives up with a code and a sentence for people. Nothing that a peer sends ever becomes a failure.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace speakerd {

/// Exit codes: scripts and service managers rely on the numbers.
enum class exit_code : std::uint8_t {
  ok = 0,              ///< done, or handed over after SIGTERM or SIGINT
  usage = 64,          ///< the command line is wrong
  no_input = 66,       ///< the configuration file is not there or cannot be read
  unavailable = 69,    ///< the elector's store cannot be reached at start
  software = 70,       ///< a bug of ours
  os = 71,             ///< the operating system refused something that should work
  no_permission = 77,  ///< a capability is missing
  configuration = 78,  ///< the configuration, or what it names, is wrong
};

/// Ends the program with `code`, after `what()` was printed as one line.
class failure : public std::runtime_error {
 public:
  failure(exit_code code, const std::string& sentence) : std::runtime_error{sentence}, code_{code} {}

  exit_code code() const noexcept { return code_; }

 private:
  exit_code code_;
};

}  // namespace speakerd
