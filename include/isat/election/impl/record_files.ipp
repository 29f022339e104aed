// SPDX-License-Identifier: BSL-1.0

// The bodies of record_files.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/election/record_files.hpp"
#include "isat/election/shared_file_system.hpp"

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>
#include <utility>

namespace isat::inline v0::election {

ISAT_INLINE record_files::record_files(std::string directory)
    : root_{std::move(directory)},
      alive_{root_ + '/' + alive_name},
      workshop_{root_ + "/.tmp"},
      lock_{alive_, workshop_} {}

ISAT_INLINE error_code record_files::prepare() {
  error_code error = make(root_);
  if (!error) error = check_file_system();
  if (!error) error = make(alive_);
  if (!error) error = make(workshop_);
  if (error) return error;
  error = lock_.hold();
  return error ? fail("write", alive_, error) : error;
}

ISAT_INLINE error_code record_files::names(std::vector<std::string>& found) {
  const error_code error = names_in(root_, [&found](std::string_view file) {
    if (auto name = record_text::from_file_name(file)) found.push_back(std::move(*name));
  });
  std::sort(found.begin(), found.end());
  return error;
}

ISAT_INLINE bool record_files::has_died(const std::string& file) const {
  struct ::stat status{};
  return ::lstat((alive_ + '/' + file).c_str(), &status) == 0 && liveness_lock::has_died(alive_, {file, status.st_ino});
}

ISAT_INLINE error_code record_files::fail(std::string_view action, std::string path, error_code error) {
  failure_ = {action, std::move(path), error};
  return error;
}

ISAT_INLINE error_code record_files::make(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return fail("make the directory", path, detail::last_error());
}

ISAT_INLINE error_code record_files::check_file_system() {
  struct ::statfs found{};
  if (::statfs(root_.c_str(), &found) != 0) return fail("read", root_, detail::last_error());
  if (!is_shared_file_system(static_cast<std::uint32_t>(found.f_type))) return {};
  return fail("keep leases in", root_, error::shared_file_system);
}

ISAT_INLINE error_code record_files::load(const std::string& name, found_record& found) {
  found = {{name, {}, {}, false}, {}};
  record_directory directory = directory_of(name);
  std::optional<std::string> text;
  error_code error = directory.open();
  if (!error) error = directory.read(found.what.at, text);
  // Nothing, or nothing of ours: writing it will fail, reading all others must not.
  if (error.value() == ENOENT || error.value() == ENOTDIR || error.value() == ELOOP) {
    found.what.at = {};
    return {};
  }
  if (error) return fail("read", directory.path(), error);
  auto stored = text ? record_text::read(*text) : std::nullopt;
  if (!stored) return {};
  found.what.value = std::move(stored->value);
  found.writer = std::move(stored->writer);
  found.what.orphaned = found.what.value && liveness_lock::has_died(alive_, found.writer);
  return {};
}

ISAT_INLINE error_code record_files::cas(entry& next) {
  error_code error;
  for (int attempt = 0; attempt < 3; ++attempt) {
    // A directory that is missing was removed under our hands: nothing was written, and it is made again.
    error = prepare();
    if (error.value() == ENOENT) continue;
    if (error) return error;
    record_directory directory = directory_of(next.name);
    const std::string text = record_text::write({next.value, lock_.mark()});
    version written;
    error = directory.compare_and_swap(next.at, text, written);
    if (!error) {
      next.at = written;
      next.orphaned = false;
      return {};
    }
    if (error.category() != boost::system::system_category()) return error;
    fail("write", directory.path(), error);
    if (error.value() != ENOENT) return error;
  }
  return error;
}

ISAT_INLINE void record_files::sweep() {
  const std::vector<writer_mark> dead = liveness_lock::dead_in(alive_);
  std::vector<std::string> list;
  if (!names_in(workshop_, [&list](std::string_view file) { list.emplace_back(file); })) {
    for (const std::string& file : list) {
      const std::string owner = file.substr(0, file.find('-'));
      struct ::stat status{};
      const bool signed_off = ::lstat((alive_ + '/' + owner).c_str(), &status) != 0 && errno == ENOENT;
      const bool has_died = std::any_of(dead.begin(), dead.end(), [&](const auto& mark) { return mark.file == owner; });
      if (signed_off || has_died) ::unlink((workshop_ + '/' + file).c_str());
    }
  }
  if (dead.empty()) return;
  list.clear();
  if (names(list)) return;
  std::set<std::string> named;
  for (const std::string& name : list) {
    found_record found;
    if (load(name, found)) return;
    named.insert(found.writer.file);
  }
  // The dead write no more, so that what no record names now is never named again.
  for (const writer_mark& mark : dead) {
    if (named.count(mark.file) == 0) ::unlink((alive_ + '/' + mark.file).c_str());
  }
}

}  // namespace isat::inline v0::election
