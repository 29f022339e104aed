// SPDX-License-Identifier: BSL-1.0

#include "isat/election/lease_codec.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace isat::election;  // NOLINT(google-build-using-namespace)

lease_claim sample(lease_mode mode) { return {mode, node_named("alpha"), 0xfeed, 42, 0xe7a, 7, 3s}; }

struct edit {
  std::string name;
  record after;
};

/// `from` with each single thing changed that a hand or another program could change.
std::vector<edit> edits_of(const record& from) {
  std::vector<edit> result;
  const auto with = [&](const std::string& name, auto change) {
    record edited = from;
    change(edited);
    result.push_back({name, edited});
  };
  with("holder", [](record& r) { r.holder = r.holder.empty() ? "beta" : ""; });
  with("longer holder", [](record& r) { r.holder += "x"; });
  with("nonce", [](record& r) { r.nonce += "0"; });
  with("no nonce", [](record& r) { r.nonce.clear(); });
  with("longer", [](record& r) { r.duration += 1ms; });
  with("shorter", [](record& r) { r.duration -= 1ms; });
  with("no duration", [](record& r) { r.duration = 0ms; });
  with("term", [](record& r) { ++r.term; });
  for (const auto& [key, value] : from.notes) {
    with("no note " + key, [&, name = key](record& r) { r.notes.erase(name); });
    with("note " + key, [&, name = key](record& r) { r.notes[name] += "0"; });
    with("empty note " + key, [&, name = key](record& r) { r.notes[name].clear(); });
  }
  return result;
}

}  // namespace

TEST_CASE("a node's id comes from its name alone; no name is no node") {
  CHECK(node_named("") == node_id{});
  CHECK(node_named("alpha") == node_named("alpha"));
  CHECK(node_named("alpha") != node_named("beta"));
  CHECK(node_named("alpha") != node_id{});
}

TEST_CASE("every claim that a machine writes is read back as it was") {
  for (const auto mode : {lease_mode::held, lease_mode::waiting, lease_mode::released}) {
    for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
      lease_claim claim = sample(mode);
      CHECK(to_lease_claim(to_record(claim, "alpha")) == claim);
      claim.writer = claim.attempt = claim.era = claim.term = number;
      CHECK(to_lease_claim(to_record(claim, "alpha")) == claim);
    }
  }
}

TEST_CASE("people can read who holds a lease, and who let go") {
  const record held = to_record(sample(lease_mode::held), "alpha");
  CHECK(held.holder == "alpha");
  CHECK(held.nonce == "feed-42");
  CHECK(held.duration == 3000ms);
  CHECK(held.term == 7);
  const record released = to_record(sample(lease_mode::released), "alpha");
  CHECK(released.holder.empty());
  CHECK(released.notes.at("released-by") == "alpha");
}

TEST_CASE("a duration between two milliseconds is told as the longer one: nobody waits too short") {
  lease_claim claim = sample(lease_mode::held);
  claim.duration = 3s + 1ns;
  CHECK(to_lease_claim(to_record(claim, "alpha")).duration == 3001ms);
}

TEST_CASE("anybody may ask for a hand-over: the note names an heir, and breaks no seal") {
  for (const auto mode : {lease_mode::held, lease_mode::waiting, lease_mode::released}) {
    record touched = to_record(sample(mode), "alpha");
    touched.notes[heir_note] = "beta";
    lease_claim asked = sample(mode);
    asked.heir = node_named("beta");
    CHECK(to_lease_claim(touched) == asked);
    touched.notes[heir_note] = "";
    CHECK(to_lease_claim(touched) == sample(mode));
  }
}

TEST_CASE("a release names its heir, if there is one; a record that is held names none") {
  lease_claim claim = sample(lease_mode::released);
  claim.heir = node_named("beta");
  CHECK(to_record(claim, "alpha", "beta").notes.at(heir_note) == "beta");
  CHECK(to_lease_claim(to_record(claim, "alpha", "beta")) == claim);
  CHECK_FALSE(to_record(claim, "alpha").notes.contains(heir_note));
  claim.mode = lease_mode::held;
  CHECK_FALSE(to_record(claim, "alpha", "beta").notes.contains(heir_note));
}

TEST_CASE("any single edit makes a lease a stranger's, and no mark of it counts") {
  for (const auto mode : {lease_mode::held, lease_mode::waiting, lease_mode::released}) {
    for (const edit& each : edits_of(to_record(sample(mode), "alpha"))) {
      CAPTURE(each.name);
      CAPTURE(static_cast<int>(mode));
      const lease_claim read = to_lease_claim(each.after);
      CHECK(read.writer == 0);
      CHECK(read.attempt == 0);
      CHECK(read.mode == (each.after.holder.empty() ? lease_mode::vacant : lease_mode::held));
    }
  }
}

TEST_CASE("marks and seals that were kept from an older version count for nothing in a newer one") {
  lease_claim next = sample(lease_mode::held);
  ++next.attempt;
  record renewed = to_record(next, "alpha");
  renewed.holder.clear();
  for (const auto& [key, value] : to_record(sample(lease_mode::released), "alpha").notes) renewed.notes[key] = value;
  CHECK(to_lease_claim(renewed).mode == lease_mode::vacant);
  CHECK(to_lease_claim(renewed).writer == 0);
}

TEST_CASE("an emptied holder, as other programs leave one, bears no mark, whatever notes were kept") {
  record emptied = to_record(sample(lease_mode::held), "alpha");
  emptied.holder.clear();
  emptied.duration = 1s;
  CHECK(to_lease_claim(emptied).mode == lease_mode::vacant);
  emptied.notes["released"] = "yes";
  CHECK(to_lease_claim(emptied).mode == lease_mode::vacant);
}

TEST_CASE("notes of others change nothing") {
  record noted = to_record(sample(lease_mode::released), "alpha");
  noted.notes["kubectl.kubernetes.io/last-applied-configuration"] = "{}";
  CHECK(to_lease_claim(noted) == sample(lease_mode::released));
}

TEST_CASE("whatever else lies in the store is read as something that is safe to believe") {
  CHECK(to_lease_claim({}).mode == lease_mode::vacant);
  CHECK(to_lease_claim({}).duration == 0s);
  record foreign{"somebody", "2026-01-01", 15s, 3, {}};
  CHECK(to_lease_claim(foreign).mode == lease_mode::held);
  CHECK(to_lease_claim(foreign).writer == 0);
  CHECK(to_lease_claim(foreign).node == node_named("somebody"));
  CHECK(to_lease_claim(foreign).duration == 15s);
  for (const auto absurd : {std::chrono::milliseconds::max(), std::chrono::milliseconds::min(), -1ms}) {
    foreign.duration = absurd;
    const auto read = to_lease_claim(foreign).duration;
    CHECK(read >= 0s);
    CHECK(read <= 1h + 1s);
  }
  for (const char* nonce : {"", "-", "-1", "1-", "x-1", "1-x", "1-1-1", "99999999999999999999-1", " 1-1"}) {
    CAPTURE(nonce);
    foreign.nonce = nonce;
    foreign.notes["seal"] = codec::seal(foreign);
    CHECK(to_lease_claim(foreign).writer == 0);
  }
}

TEST_CASE("a layout is read back as it was; any single edit makes it none, also of its phase") {
  for (const auto phase : {layout_phase::opening, layout_phase::open}) {
    for (const layout& shape : {layout{}, layout{grouping::shards, 1, 1200ms}, layout{grouping::shards, 256, 15s},
                                layout{grouping::service, 0, 3s}}) {
      const layout_claim claim{phase, shape, 0xabc};
      const record written = to_record(claim, 3s);
      CHECK(to_layout_claim(written, 3s) == claim);
      for (const edit& each : edits_of(written)) {
        CAPTURE(each.name);
        const layout_claim read = to_layout_claim(each.after, 3s);
        CHECK((read == layout_claim{} || read == layout_claim{layout_phase::foreign, {}, 0}));
      }
      record opposite = written;
      opposite.notes["phase"] = phase == layout_phase::open ? "opening" : "open";
      CHECK(to_layout_claim(opposite, 3s) == layout_claim{});
    }
  }
  CHECK(to_layout_claim({}, 3s) == layout_claim{});
}

TEST_CASE("a layout of another format or of another validity is foreign, and neither followed nor missing") {
  record later = to_record(layout_claim{layout_phase::open, {}, 0xabc}, 3s);
  CHECK(to_layout_claim(later, 15s).phase == layout_phase::foreign);
  later.notes["format"] = "2";
  CHECK(to_layout_claim(later, 3s).phase == layout_phase::foreign);
  record other = to_record(layout_claim{layout_phase::open, {}, 0xabc}, 3s);
  other.notes["mode"] = "other";
  CHECK(to_layout_claim(other, 3s).phase == layout_phase::none);  // not as it was written
  other.notes["seal"] = codec::seal(other);
  CHECK(to_layout_claim(other, 3s).phase == layout_phase::foreign);
  other.notes["groups"] = "many";
  other.notes["seal"] = codec::seal(other);
  CHECK(to_layout_claim(other, 3s).phase == layout_phase::foreign);
}

TEST_CASE("a layout whose duration is no whole number of milliseconds is read as what was written") {
  const layout uneven{grouping::shards, 8, 100'500us};
  const layout_claim read = to_layout_claim(to_record(layout_claim{layout_phase::opening, uneven, 0xabc}, 3s), 3s);
  CHECK(read.phase == layout_phase::opening);
  CHECK(read.shape.duration == 101ms);
  CHECK(to_presence_claim(to_record(presence_claim{{}, 1, 1, uneven}, "alpha")).wish == read.shape);
}

TEST_CASE("a sealed lease with an absurd duration counts as one of about the longest") {
  record absurd = to_record(sample(lease_mode::held), "alpha");
  absurd.duration = std::chrono::milliseconds::max();
  absurd.notes["seal"] = codec::seal(absurd);
  CHECK(to_lease_claim(absurd).writer == sample(lease_mode::held).writer);
  CHECK(to_lease_claim(absurd).duration >= lease_timing::duration_max);
}

TEST_CASE("a layout that cannot be is none, also when it bears a seal") {
  const auto sealed = [](auto change) {
    record made = to_record(layout_claim{layout_phase::open, {grouping::shards, 8, 3s}, 0xabc}, 3s);
    change(made);
    made.notes["seal"] = codec::seal(made);
    return to_layout_claim(made, 3s).phase;
  };
  CHECK(sealed([](record&) {}) == layout_phase::open);
  CHECK(sealed([](record& r) { r.notes["groups"] = "0"; }) == layout_phase::none);
  CHECK(sealed([](record& r) { r.notes["groups"] = "257"; }) == layout_phase::none);
  CHECK(sealed([](record& r) { r.notes["groups"] = "8 "; }) == layout_phase::none);
  CHECK(sealed([](record& r) { r.notes["mode"] = "single"; }) == layout_phase::none);
  CHECK(sealed([](record& r) { r.notes["mode"] = ""; }) == layout_phase::none);
  CHECK(sealed([](record& r) { r.notes["mode"] = "service"; }) == layout_phase::none);
  CHECK(sealed([](record& r) { r.notes["phase"] = "ajar"; }) == layout_phase::none);
  CHECK(sealed([](record& r) { r.nonce = "0"; }) == layout_phase::none);
  CHECK(sealed([](record& r) { r.nonce = ""; }) == layout_phase::none);
  CHECK(sealed([](record& r) { r.duration = 99ms; }) == layout_phase::none);
  CHECK(sealed([](record& r) { r.duration = 1h + 1ms; }) == layout_phase::none);
  CHECK(sealed([](record& r) { r.duration = std::chrono::milliseconds::max(); }) == layout_phase::none);
}

TEST_CASE("a presence is read back as it was, and anything else as one without a process") {
  for (const bool candidate : {true, false}) {
    const presence_claim claim{node_named("beta"), 0xbeef, 9, {grouping::shards, 16, 1200ms}, candidate};
    CHECK(to_presence_claim(to_record(claim, "beta")) == claim);
  }
  CHECK(to_presence_claim({}) == presence_claim{});
}

TEST_CASE("a presence that wishes what is not known here consents to nothing") {
  record later = to_record(presence_claim{node_named("beta"), 1, 1, {}}, "beta");
  CHECK(to_presence_claim(later).wish == layout{});
  later.notes["mode"] = "other";
  CHECK_FALSE(to_presence_claim(later).wish.is_sound());
  later = to_record(presence_claim{node_named("beta"), 1, 1, {grouping::service, 0, 3s}}, "beta");
  CHECK(to_presence_claim(later).wish == layout{grouping::service, 0, 3s});
}
