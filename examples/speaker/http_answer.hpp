// SPDX-License-Identifier: BSL-1.0

// What an HTTP request is answered with. A page that may be long comes in pieces, each made when the one before has
// left, so that neither its making nor its memory grows into something that others have to wait for. It knows no
// protocol: http_connection puts it on the wire.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace speakerd {

struct http_answer {
  unsigned status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";  ///< of static storage
  std::string body = {};                                        ///< the whole, or the first piece
  /// Puts the next piece into an empty string; one that stays empty is the end. Null: `body` is the whole.
  std::function<void(std::string&)> next_piece = {};
};

/// Answers a GET of `path`, which is what a client sent, without its query.
using page_function = std::function<http_answer(std::string_view path)>;

}  // namespace speakerd
