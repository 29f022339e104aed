// SPDX-License-Identifier: BSL-1.0

// What a failed answer says in words: the Status object in its body, or that there is none and the beginning of
// whatever else is there, as a proxy sends it. The texts come from a peer and go to logs: they are bounded and hold no
// control characters. It refuses to judge the status. @see Kubernetes API conventions, "Response Status Kind"
#pragma once

#include "isat/detail/build.hpp"
#include "isat/kubernetes/api/api_request.hpp"

#include <cstddef>

namespace isat::inline v0::kubernetes::detail {

inline constexpr std::size_t reason_max = 128;
inline constexpr std::size_t message_max = 1024;
inline constexpr std::size_t foreign_message_max = 200;  // of a body that is no Status

/// Sets reason, message and, if the header had none, retry_after from response.body.
ISAT_INLINE void read_status_object(api_response& response);

}  // namespace isat::inline v0::kubernetes::detail

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/impl/status_object.ipp"
#endif
