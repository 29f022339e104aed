// SPDX-License-Identifier: BSL-1.0

// A name or a shell glob that selects network interfaces: what `--interface` takes. Patterns are matched against
// names as they appear and disappear, so a pattern says nothing of which interfaces exist. It refuses regular
// expressions and text that no interface can ever match.
#pragma once

#include <fnmatch.h>
#include <net/if.h>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace isat::inline v0::transport {

/// A glob with `*`, `?` and `[...]`, or a plain name.
class interface_pattern {
 public:
  /// Reads a pattern; none if it is empty, holds what the kernel refuses in a name (a slash, a colon, white space), or
  /// is a plain name that is too long (over 15 octets) or reserved (`.` and `..`).
  static std::optional<interface_pattern> parse(std::string_view text) {
    constexpr std::string_view refused{"/: \t\n\v\f\r\0", 9};
    if (text.empty() || text.find_first_of(refused) != std::string_view::npos) return std::nullopt;
    interface_pattern pattern{std::string{text}};
    if (!pattern.is_glob() && (text.size() >= IFNAMSIZ || text == "." || text == "..")) return std::nullopt;
    return pattern;
  }

  /// True if one pattern may match several interfaces; a plain name names one that is expected to exist.
  bool is_glob() const noexcept { return text_.find_first_of("*?[") != std::string::npos; }

  /// True if a bracket has no end: it stands for itself then, which is in hardly any interface's name.
  bool has_open_bracket() const noexcept {
    const std::string_view glob = text_;
    for (auto at = glob.find('['); at != std::string_view::npos; at = glob.find('[', at)) {
      ++at;
      if (glob.substr(at).starts_with('!') || glob.substr(at).starts_with('^')) ++at;
      at = glob.find(']', at + 1);  // the first of the set may be a bracket
      if (at == std::string_view::npos) return true;
    }
    return false;
  }

  /// True if the interface called `name` is selected.
  bool matches(const std::string& name) const noexcept {
    return is_glob() ? ::fnmatch(text_.c_str(), name.c_str(), FNM_NOESCAPE) == 0 : name == text_;
  }

  const std::string& text() const noexcept { return text_; }

 private:
  explicit interface_pattern(std::string text) : text_{std::move(text)} {}

  std::string text_;
};

}  // namespace isat::inline v0::transport
