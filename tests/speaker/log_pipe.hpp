// SPDX-License-Identifier: BSL-1.0

// Where the logger of a test writes, so that the test can read it.
#pragma once

#include "isat/detail/file_descriptor.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace speakerd {

/// A pipe that takes what is logged.
struct log_pipe {
  log_pipe() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) == 0);
    out = isat::detail::file_descriptor{ends[0]};
    in = isat::detail::file_descriptor{ends[1]};
  }
  std::string text() {
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = ::read(out.get(), buffer.data(), buffer.size())) > 0;) {
      all.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return all;
  }

  isat::detail::file_descriptor out;
  isat::detail::file_descriptor in;
  std::string all;
};

}  // namespace speakerd
