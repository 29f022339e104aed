// SPDX-License-Identifier: BSL-1.0

// Makes more events than the kernel keeps for one inotify instance, quickly.
#pragma once

#include <fcntl.h>
#include <fstream>
#include <string>
#include <unistd.h>

namespace isat::test {

/// How many events the kernel keeps; 0 if it does not say.
inline int watch_events_max() {
  int events = 0;
  std::ifstream{"/proc/sys/fs/inotify/max_queued_events"} >> events;
  return events;
}

/// Closes a writable file `count` times: two in turn, or the kernel would fold the events into one.
inline void make_watch_events(const std::string& first, const std::string& second, int count) {
  for (int i = 0; i < count; ++i) {
    const int descriptor = ::open((i % 2 == 0 ? first : second).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor >= 0) ::close(descriptor);
  }
}

}  // namespace isat::test
