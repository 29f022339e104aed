// SPDX-License-Identifier: BSL-1.0

// A variable of the environment that a test sets, or takes away, and that is as before when the test case ends.
#pragma once

#include <optional>
#include <stdlib.h>
#include <string>
#include <utility>

namespace isat::test {

/// Sets the variable; nothing takes it away.
class scoped_variable {
 public:
  explicit scoped_variable(std::string name, const std::optional<std::string>& value = std::nullopt)
      : name_{std::move(name)} {
    if (const char* before = ::getenv(name_.c_str())) before_ = before;
    set(value);
  }
  scoped_variable(const scoped_variable&) = delete;
  scoped_variable& operator=(const scoped_variable&) = delete;
  ~scoped_variable() { set(before_); }

  void set(const std::optional<std::string>& value) {
    if (value)
      ::setenv(name_.c_str(), value->c_str(), 1);
    else
      ::unsetenv(name_.c_str());
  }

 private:
  std::string name_;
  std::optional<std::string> before_;
};

}  // namespace isat::test
