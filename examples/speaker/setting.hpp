// SPDX-License-Identifier: BSL-1.0

// A value as it was written, with the place where it was written: the common form into which the command line and the
// configuration file are read, so that one set of rules judges both. What a value means is decided in options.cpp.
#pragma once

#include "failure.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace speakerd {

/// Where a value was written: `--vip` or `FILE:LINE:COLUMN`, and the exit code of a wrong value there.
struct origin {
  exit_code code{exit_code::usage};
  std::string place;

  /// Gives up with `PLACE: sentence`.
  [[noreturn]] void refuse(std::string_view sentence) const {
    throw failure{code, place + ": " + std::string{sentence}};
  }
};

/// One value as it was written.
struct setting {
  std::string text;
  origin from;
};

/// Option name -> values in the order in which they were written; absent when none was.
using settings = std::map<std::string, std::vector<setting>, std::less<>>;

}  // namespace speakerd
