// SPDX-License-Identifier: BSL-1.0

// A private directory for one test case, removed with all it holds when the test case ends, also by a failed REQUIRE.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdlib.h>
#include <string>
#include <system_error>
#include <unistd.h>

namespace isat::test {

/// Made below the system's directory for temporary files.
class temporary_directory {
 public:
  temporary_directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "isat-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::system_error{errno, std::generic_category(), pattern};
    path_ = pattern;
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  // A child made by fork inherits this object but not the directory.
  ~temporary_directory() {
    std::error_code ignored;
    if (::getpid() == owner_) std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const noexcept { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  ::pid_t owner_ = ::getpid();
  std::filesystem::path path_;
};

/// Replaces what the file holds.
inline void write_file(const std::string& path, const std::string& text) { std::ofstream{path} << text; }

/// What the file holds; empty if it cannot be read.
inline std::string read_file(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace isat::test
