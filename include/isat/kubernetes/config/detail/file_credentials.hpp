// SPDX-License-Identifier: BSL-1.0

// A user's token, certificate and key as they stand in a configuration or in files, which are read again when they may
// have changed. What is unusable does not replace what was good: that is used further, with one warning for each kind
// of trouble. It refuses to wait: reading is done within the call.
#pragma once

#include "isat/kubernetes/config/cluster_config.hpp"
#include "isat/kubernetes/config/detail/key_pair.hpp"
#include "isat/kubernetes/config/detail/token_cache.hpp"
#include "isat/kubernetes/config/detail/watched_file.hpp"
#include "isat/kubernetes/detail/printable.hpp"
#include "isat/kubernetes/detail/warning.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace isat::inline v0::kubernetes::detail {

inline constexpr std::size_t shown_path_max = 1024;

/// Tells a trouble once, until it is over or another one.
class told_once {
 public:
  /// @param trouble empty: it is over
  void tell(const warning_function& warn, const std::string& trouble) {
    if (trouble == told_) return;
    told_ = trouble;
    if (warn && !trouble.empty()) warn(trouble);
  }

 private:
  std::string told_;
};

/// What was given of one user.
class file_credentials {
 public:
  using time_point = token_cache::time_point;

  explicit file_credentials(const credentials& who)
      : token_file_{who.token.file},
        token_{std::string{trimmed_token(who.token.text)}},
        certificate_text_{who.client_certificate.text},
        key_text_{who.client_key.text},
        certificate_file_{who.client_certificate.text.empty() ? who.client_certificate.file : std::string{}},
        key_file_{who.client_key.text.empty() ? who.client_key.file : std::string{}} {}

  /// Reads what may have changed. The sentence says why there is nothing to ask with; empty: what follows is good.
  std::string read(time_point now, const warning_function& warn) {
    std::string token_trouble = read_token(now);
    if (!token_trouble.empty() && token_.token().empty()) return token_trouble;
    std::string pair_trouble = read_pair();
    if (!pair_trouble.empty() && certificate_.empty()) return pair_trouble;
    token_told_.tell(warn, still_used(token_trouble));
    pair_told_.tell(warn, still_used(pair_trouble));
    return {};
  }

  const std::string& token() const noexcept { return token_.token(); }
  const std::string& certificate() const noexcept { return certificate_; }
  const std::string& key() const noexcept { return key_; }

  /// A server does not accept what was read: everything is read again.
  void doubt() noexcept {
    token_.doubt();
    certificate_file_.doubt();
    key_file_.doubt();
  }

 private:
  static std::string still_used(const std::string& trouble) {
    return trouble.empty() ? trouble : trouble + "; what was read before is still used";
  }

  static std::string about(std::string_view what, const std::string& path, std::string_view trouble) {
    return std::string{what} + ' ' + printable(path, shown_path_max) + ' ' + std::string{trouble};
  }

  static std::string read_file(watched_file& file, std::string_view what) {
    const error_code error = file.refresh();
    return error ? about(what, file.path(), "cannot be read: " + error.message()) : std::string{};
  }

  std::string read_token(time_point now) {
    if (token_file_.empty()) {
      const bool is_bad = fault_of_token(token_.token()) == token_fault::character;
      if (is_bad) token_ = token_cache{};
      is_bad_text_ = is_bad_text_ || is_bad;
      return is_bad_text_ ? "the token has a character that none may have" : "";
    }
    if (!token_.is_due(now)) return {};
    std::string text;
    if (const error_code error = read_whole_file(token_file_, text)) {
      token_.doubt();
      return about("the token file", token_file_, "cannot be read: " + error.message());
    }
    switch (token_.take(text, now)) {
      case token_fault::none:
        break;
      case token_fault::empty:
        return about("the token file", token_file_, "is empty");
      case token_fault::character:
        return about("the token file", token_file_, "has a character that no token may have");
    }
    return {};
  }

  /// Reads both files and takes them over if they are a pair.
  std::string read_pair() {
    std::string trouble = read_file(certificate_file_, "the client certificate");
    if (trouble.empty()) trouble = read_file(key_file_, "the client key");
    if (!trouble.empty()) return trouble;
    const std::string& certificate = certificate_text_.empty() ? certificate_file_.text() : certificate_text_;
    const std::string& key = key_text_.empty() ? key_file_.text() : key_text_;
    if (certificate == certificate_ && key == key_) return {};
    if (const char* fault = fault_of_key_pair(certificate, key)) {
      certificate_file_.doubt();  // one of them may be about to be replaced
      key_file_.doubt();
      return std::string{fault} + files_of_pair();
    }
    certificate_ = certificate;
    key_ = key;
    return {};
  }

  std::string files_of_pair() const {
    std::string files;
    for (const watched_file* file : {&certificate_file_, &key_file_}) {
      if (file->path().empty()) continue;
      files += (files.empty() ? " (" : ", ") + printable(file->path(), shown_path_max);
    }
    return files.empty() ? files : files + ')';
  }

  std::string token_file_;
  token_cache token_;
  bool is_bad_text_ = false;
  std::string certificate_text_;
  std::string key_text_;
  watched_file certificate_file_;
  watched_file key_file_;
  std::string certificate_;  // the pair that was good last
  std::string key_;
  told_once token_told_;
  told_once pair_told_;
};

}  // namespace isat::inline v0::kubernetes::detail
