// SPDX-License-Identifier: BSL-1.0

// The versions of one record in a directory of its own, for a file_store. A version is a file that is never changed;
// its name is its number, the highest is what counts. A write links the next number, which one of all contenders can:
// so nobody ever holds a lock, and who is stopped in the middle hinders nobody. Only what lies below a highest that was
// seen is deleted, so that the highest never falls and a write proves its step at the instant of its link. The random
// incarnation tells two directories of one name apart. It refuses to know what the files say.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/directory_listing.hpp"
#include "isat/detail/file_descriptor.hpp"
#include "isat/election/lease_record.hpp"
#include "isat/error.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace isat::inline v0::election {

/// An open directory of one record; made for one operation. Errors are the system's, ENOENT if the directory is missing
/// or goes; all are safe to be taken for "nothing was learnt, a write may have happened".
class ISAT_API record_directory {
 public:
  static constexpr std::size_t size_max = 65536;  ///< octets of one version; longer ones cannot be written

  /// @param workshop directory for files on their way, on the same file system  @param owner begins their names
  record_directory(std::string path, std::string workshop, std::string owner);

  const std::string& path() const noexcept { return path_; }

  /// Opens the directory and reads its incarnation: 0 if it has none that can be read.
  error_code open();

  /// Makes the directory and its incarnation where they are missing, and opens it.
  error_code make();

  /// The version that counts now; number 0 if there is none, {0, 0} without an incarnation. @pre open
  error_code latest(version& at);

  /// Reads the version that counts now: its text, or none if there is none or it cannot be read. @pre open
  error_code read(version& at, std::optional<std::string>& text);

  /// Makes `text` the version `number`; EEXIST if there is one already. @pre open
  error_code link(std::uint64_t number, std::string_view text);

  /// What a link() of `written` is worth: success if it counts now, else unknown: it may have counted before. @pre open
  error_code confirm(version written);

  /// Deletes the versions below `highest`, which somebody has seen. @pre open
  void clean(std::uint64_t highest);

  /// Replaces `expected` by its successor: success with `written`, version_conflict, or unknown (anything else).
  error_code compare_and_swap(version expected, std::string_view text, version& written);

 private:
  static constexpr const char* incarnation_name = "incarnation";

  static std::optional<std::uint64_t> parsed(std::string_view digits);

  std::uint64_t read_incarnation() const;

  error_code read_file(const std::string& name, std::string& text) const;
  error_code make_incarnation();
  bool still_named() const;

  std::string path_;
  std::string workshop_;
  std::string owner_;
  detail::file_descriptor directory_;
  detail::directory_listing listing_;
  std::uint64_t incarnation_ = 0;
};

}  // namespace isat::inline v0::election

#if ISAT_HEADER_ONLY
#include "isat/election/impl/record_directory.ipp"
#endif
