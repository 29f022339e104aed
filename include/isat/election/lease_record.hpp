// SPDX-License-Identifier: BSL-1.0

// What lies in a lease store: records by name, each at a version. A record is a claim that its writer made; what may
// be concluded from it is said by lease_rules.hpp, and how the machines' facts are written into it by lease_codec.hpp.
// It refuses to know what stores are made of: a version is opaque, but for which of two is newer.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace isat::inline v0::election {

/// Which state of a record. Never repeats, not even after the record was removed and made again.
struct version {
  std::uint64_t incarnation{};  ///< changes when a record is made again; two incarnations have no order
  std::uint64_t number{};       ///< rises with every write of one incarnation

  friend constexpr bool operator==(const version&, const version&) noexcept = default;

  /// True if this is a later state of the same incarnation. Of two incarnations neither is newer: ask the store.
  constexpr bool newer_than(const version& other) const noexcept {
    return incarnation == other.incarnation && number > other.number;
  }
};

/// A record as stores keep it. A lease uses all members, a layout or a presence mostly the notes.
struct record {
  std::string holder;                        ///< name of the node that leads; empty: nobody
  std::string nonce;                         ///< of the attempt that wrote this very version
  std::chrono::milliseconds duration{};      ///< how long others must wait after they first saw this version
  std::uint64_t term{};                      ///< of the holder's leadership
  std::map<std::string, std::string> notes;  ///< what else the writer tells: mode and era, a release mark

  friend bool operator==(const record&, const record&) = default;
};

/// A name, its version in the store, and what is there; no value: there is nothing under this name.
struct entry {
  std::string name;
  version at;
  std::optional<record> value;
  bool orphaned{};  ///< told by stores that can prove it: the process that wrote this version has ended

  friend bool operator==(const entry&, const entry&) = default;
};

}  // namespace isat::inline v0::election
