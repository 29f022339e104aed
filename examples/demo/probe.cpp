// SPDX-License-Identifier: BSL-1.0
// isat-demo-probe: the instruments of the demo and of the network tests, in one program. `serve` is the service behind
// the VIP on a node, `client` uses it once per millisecond and notes which node answered, `watch` asks who has the VIP
// once per millisecond and notes which MAC answered. All times are CLOCK_MONOTONIC nanoseconds.
#include "instrument.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

constexpr const char* usage = R"(usage: isat-demo-probe serve  --name NODE --address VIP [--port 7007]
       isat-demo-probe client --target VIP [--port 7007] --out FILE
       isat-demo-probe watch  --interface IF --vip VIP --out FILE

serve   a TCP service that sends its NODE name, and a UDP echo that adds it
client  a UDP probe every millisecond and a TCP connection every 10 ms
          FILE: udp,<number>,<sent>,<answered or empty>,<node>
                tcp,<number>,<started>,<served or empty>,<node or what went wrong>
watch   an RFC 5227 probe for VIP every millisecond, from a packet socket
          FILE: ask,<number>,<sent>
                answer,<number of the ask>,<received>,<MAC>
                announce,<received>,<MAC>,<request or reply>
All end on SIGTERM; client and watch write FILE then. Its last line counts the
ticks that were missed because the process was not scheduled in time.
)";

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "--help") {
    std::fputs(usage, stdout);
    return 0;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (command != "serve" && command != "client" && command != "watch") {
    std::fputs(usage, stderr);
    return 64;
  }
  const demo::arguments options(argc - 2, argv + 2);
  if (command == "serve") return demo::serve(options);
  if (command == "client") return demo::client(options);
  return demo::watch(options);
}
