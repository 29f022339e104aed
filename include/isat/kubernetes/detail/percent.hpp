// SPDX-License-Identifier: BSL-1.0

// Texts as parts of a query: everything but RFC 3986's unreserved characters is percent-encoded. It refuses to know
// where in a URL that is too much.
#pragma once

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <string>
#include <string_view>

namespace isat::inline v0::kubernetes::detail {

/// @see RFC 3986, section 2.1
inline std::string percent_encoded(std::string_view text) {
  return boost::urls::encode(text, boost::urls::unreserved_chars);
}

}  // namespace isat::inline v0::kubernetes::detail
