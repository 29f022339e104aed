// SPDX-License-Identifier: BSL-1.0

#include "series_stream.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <utility>

namespace speakerd {

std::string metrics_text(const std::vector<prometheus::MetricFamily>& families) {
  return prometheus::TextSerializer{}.Serialize(families);
}

series_stream::series_stream(prometheus::MetricFamily head, std::size_t count, make_function make)
    : head_{std::move(head)}, count_{count}, make_{std::move(make)} {
  head_.metric.clear();
}

std::string series_stream::next() {
  if (at_ == count_) return {};
  const bool is_first = at_ == 0;
  const std::size_t end = std::min(count_, at_ + piece_size);
  prometheus::MetricFamily piece = head_;
  piece.metric.reserve(end - at_);
  for (; at_ < end; ++at_) piece.metric.push_back(make_(at_));
  std::string text = metrics_text({std::move(piece)});
  // The format has one line with the help of a metric and one with its type, before the first series.
  std::size_t begin = 0;
  while (!is_first && text.compare(begin, 2, "# ") == 0) begin = text.find('\n', begin) + 1;
  return text.substr(begin);
}

}  // namespace speakerd
