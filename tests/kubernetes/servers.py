# SPDX-License-Identifier: BSL-1.0
"""Two API servers on one etcd, both known to two speakers: each server in turn is killed, started again and paused, and
the leader keeps its lease without a gap: every question is answered, by the same node. Prints the longest silences."""
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from kube_lab import testing  # noqa: E402
from kube_lab.speaker_pair import SpeakerPair  # noqa: E402
from netns_lab import testing as netns  # noqa: E402

PAUSE = 6.0


class Servers(SpeakerPair):
    server_options = ({}, {})

    def connections(self):
        """How many connections of the leader each server has now."""
        with open(f"/proc/{self.running[self.leader].pid}/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table.readlines()[1:]]
        peers = [row[2] for row in rows if row[3] == "01"]
        return [peers.count("%02X%02X%02X%02X:%04X" % (*map(int, reversed(server.address.split("."))), server.port))
                for server in self.cluster.servers]

    def bears(self, what, trouble):
        """Makes trouble, and the leader goes on through it and after it."""
        marks, used, began = self.marks(), self.connections(), time.time()
        trouble()
        self.goes_on(what, began, marks)
        print(f"    its connections before {used}, after {self.connections()}", flush=True)

    def test_the_leader_goes_on_when_one_of_two_servers_is_killed_or_paused(self):
        def pause(server):
            server.pause()
            time.sleep(PAUSE)  # sleep: a pause of this length is the trouble

        self.start("--api-server", self.cluster.servers[1].url)
        for server in self.cluster.servers:
            self.bears(f"{server.name} is killed", server.kill)
            self.bears(f"{server.name} is started again", server.start)
        for server in self.cluster.servers:
            self.bears(f"{server.name} is paused", lambda server=server: pause(server))
            self.bears(f"{server.name} goes on", server.resume)
        self.assertEqual(self.leader, "node-1")
        self.check_frames()


if __name__ == "__main__":
    testing.main([netns.SPEAKER])
