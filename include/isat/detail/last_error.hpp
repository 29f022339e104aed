// SPDX-License-Identifier: BSL-1.0

// Why the system call before has failed, as an error_code: one place, so that none of them is told with a wrong
// category. It refuses to judge the number; what helps against an error is known where the call was made.
#pragma once

#include "isat/error.hpp"

#include <boost/system/error_code.hpp>

#include <cerrno>

namespace isat::inline v0::detail {

/// The error of the system call that has just failed in this thread. @pre none was made since
inline error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

}  // namespace isat::inline v0::detail
