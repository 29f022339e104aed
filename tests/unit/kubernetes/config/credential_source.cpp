// SPDX-License-Identifier: BSL-1.0

// Real files and real plugins: /bin/sh with a line of script each. What is read or run when is tested in detail/.
#include "isat/kubernetes/config/credential_source.hpp"
#include "isat/kubernetes/error.hpp"
#include "store_contract.hpp"
#include "temporary_directory.hpp"
#include "test_certificates.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/wait.h>
#include <utility>
#include <vector>

using namespace isat::kubernetes;
using namespace std::chrono_literals;
namespace asio = isat::asio;
using isat::error_code;
using isat::test::run_until;
using isat::test::write_file;

namespace {

struct answer {
  bool done = false;
  error_code error;
  identity who;

  auto handler() {
    return [this](error_code e, identity i) {
      done = true;
      error = e;
      who = std::move(i);
    };
  }
};

/// A source and what it has told.
struct desk {
  isat::test::temporary_directory files;
  asio::io_context context;
  std::vector<std::string> warnings;
  std::unique_ptr<credential_source> source;

  void open(const credentials& who) {
    source = std::make_unique<credential_source>(context.get_executor(), who,
                                                 [this](std::string_view warning) { warnings.emplace_back(warning); });
  }

  answer ask() {
    answer got;
    source->async_identity(got.handler());
    CHECK_FALSE(got.done);
    REQUIRE(run_until(context, [&] { return got.done; }));
    return got;
  }

  /// A plugin that counts its runs and then does what `script` says.
  credentials plugin(const std::string& script) const {
    credentials who;
    who.exec = exec_plugin{};
    who.exec->command = "/bin/sh";
    who.exec->arguments = {"-c", "echo >>'" + (files / "runs") + "'; " + script};
    who.exec->api_version = "client.authentication.k8s.io/v1";
    return who;
  }
  std::size_t runs() const { return isat::test::read_file(files / "runs").size(); }
};

/// A line of shell that answers with a status (JSON).
std::string give(const std::string& status) {
  return "echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":" + status +
         "}'";
}

/// RFC 3339, in whole seconds: up to one second earlier.
std::string date_after(std::chrono::seconds span) {
  const auto then = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + span);
  std::array<char, 32> text{};
  std::tm date{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", ::gmtime_r(&then, &date));
  return text.data();
}

bool is_over(const std::string& date) { return date_after(0s) >= date; }

bool has_no_child() { return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD; }

}  // namespace

TEST_CASE("the same identity has the same generation, another one another") {
  desk here;
  write_file(here.files / "token", "one");
  credentials who;
  who.token.file = here.files / "token";
  here.open(who);
  const answer first = here.ask();
  CHECK_FALSE(first.error);
  CHECK(first.who.token == "one");
  CHECK(first.who.generation != 0);
  CHECK(here.ask().who.generation == first.who.generation);
  here.source->refused(first.who.generation);
  CHECK(here.ask().who.generation == first.who.generation);
  write_file(here.files / "token", "two");
  here.source->refused(first.who.generation);
  const answer second = here.ask();
  CHECK(second.who.token == "two");
  CHECK(second.who.generation != first.who.generation);
}

TEST_CASE("nobody has a generation too") {
  desk here;
  here.open({});
  const answer got = here.ask();
  CHECK_FALSE(got.error);
  CHECK(got.who.token.empty());
  CHECK(got.who.generation != 0);
}

TEST_CASE("the refusal of an identity that has been replaced already has no effect") {
  desk here;
  write_file(here.files / "token", "one");
  credentials who;
  who.token.file = here.files / "token";
  here.open(who);
  const std::uint64_t old = here.ask().who.generation;
  write_file(here.files / "token", "two");
  here.source->refused(old);
  CHECK(here.ask().who.token == "two");
  write_file(here.files / "token", "three");
  here.source->refused(old);
  CHECK(here.ask().who.token == "two");
}

TEST_CASE("what cannot be read is an error with a sentence, and a warning if there was something before") {
  desk here;
  credentials who;
  who.token.file = here.files / "token";
  here.open(who);
  const answer failed = here.ask();
  CHECK(failed.error == error::no_credentials);
  CHECK(here.source->failure().find(here.files / "token") != std::string::npos);
  CHECK(here.warnings.empty());
  write_file(here.files / "token", "one");
  const answer good = here.ask();
  CHECK_FALSE(good.error);
  write_file(here.files / "token", "");
  here.source->refused(good.who.generation);
  CHECK(here.ask().who.token == "one");
  CHECK(here.warnings.size() == 1);
}

TEST_CASE("a plugin runs once for all who ask meanwhile, and not again while what it gave is good") {
  desk here;
  here.open(here.plugin(give(R"({"token":"one"})")));
  std::array<answer, 3> together;
  for (answer& each : together) here.source->async_identity(each.handler());
  REQUIRE(run_until(here.context, [&] {
    return std::all_of(together.begin(), together.end(), [](const answer& each) { return each.done; });
  }));
  for (const answer& each : together) {
    CHECK_FALSE(each.error);
    CHECK(each.who.token == "one");
    CHECK(each.who.generation == together[0].who.generation);
  }
  CHECK(here.ask().who.token == "one");
  CHECK(here.runs() == 1);
  CHECK(has_no_child());
  here.context.run_for(1s);
  CHECK(here.context.stopped());  // nothing is pending
}

TEST_CASE("a plugin runs again when what it gave is refused, and not at once when that helped nothing") {
  desk here;
  here.open(here.plugin(give(R"({"token":"one","expirationTimestamp":"2200-01-01T00:00:00Z"})")));
  const answer first = here.ask();
  here.ask();
  CHECK(here.runs() == 1);
  for (int i = 0; i < 5; ++i) {
    here.source->refused(first.who.generation);
    const answer again = here.ask();
    CHECK_FALSE(again.error);
    CHECK(again.who.token == "one");
    CHECK(again.who.generation == first.who.generation);
  }
  CHECK(here.runs() == 2);
}

TEST_CASE("what is over already is used until the plugin may be asked again") {
  desk here;
  here.open(here.plugin(give(R"({"token":"one","expirationTimestamp":"2001-01-01T00:00:00Z"})")));
  for (int i = 0; i < 5; ++i) CHECK(here.ask().who.token == "one");
  CHECK(here.runs() == 1);
}

TEST_CASE("what still works serves while the plugin renews it, however long that takes") {
  desk here;
  REQUIRE(::mkfifo((here.files / "go").c_str(), 0600) == 0);
  const std::string end = date_after(2s);
  here.open(here.plugin("if [ -e '" + (here.files / "again") + "' ]; then cat '" + (here.files / "go") +
                        "' >/dev/null; " + give(R"({"token":"two"})") + "; else touch '" + (here.files / "again") +
                        "'; " + give(R"({"token":"one","expirationTimestamp":")" + end + "\"}") + "; fi"));
  const auto first_end = std::chrono::steady_clock::now() + 900ms;  // at the earliest: dates are whole seconds
  const answer first = here.ask();
  REQUIRE(here.runs() == 1);
  bool was_served = false;
  while (here.runs() < 2) {
    REQUIRE(std::chrono::steady_clock::now() < first_end + 4s);
    here.context.run_for(5ms);
    was_served = here.ask().who.token == "one";
  }
  CHECK(was_served);  // by the question that began it
  CHECK_FALSE(has_no_child());
  if (!is_over(end)) {
    CHECK(here.ask().who.generation == first.who.generation);
    CHECK_FALSE(has_no_child());
  }
  // Who waits for it at last and is cancelled does not end it.
  here.source->refused(first.who.generation);
  answer waits;
  asio::cancellation_signal stop;
  here.source->async_identity(asio::bind_cancellation_slot(stop.slot(), waits.handler()));
  stop.emit(asio::cancellation_type::terminal);
  REQUIRE(run_until(here.context, [&] { return waits.done; }));
  CHECK(waits.error == asio::error::operation_aborted);
  CHECK_FALSE(has_no_child());
  write_file(here.files / "go", "");
  CHECK(here.ask().who.token == "two");
  CHECK(here.runs() == 2);
}

TEST_CASE("a plugin is told how to answer, and beats what else is configured") {
  desk here;
  credentials who = here.plugin("printf %s \"$KUBERNETES_EXEC_INFO$MORE\" >'" + (here.files / "info") + "'; " +
                                give(R"({"token":"one"})"));
  who.exec->environment = {{"MORE", "more"}};
  who.token.file = here.files / "not there";
  here.open(who);
  CHECK(here.ask().who.token == "one");
  CHECK(isat::test::read_file(here.files / "info") ==
        R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false}}more)");
}

TEST_CASE("a plugin gives a certificate") {
  desk here;
  const auto client = isat::test::test_authority{}.sign_client("one");
  const auto quoted = [](std::string text) {
    for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at)) text.replace(at, 1, "\\\\n");
    return '"' + text + '"';
  };
  here.open(here.plugin(give("{\"clientCertificateData\":" + quoted(client.certificate) +
                             ",\"clientKeyData\":" + quoted(client.key) + "}")));
  const answer got = here.ask();
  CHECK(here.source->failure() == "");
  CHECK(got.who.certificate == client.certificate);
  CHECK(got.who.key == client.key);
  CHECK(got.who.token.empty());
}

TEST_CASE("what is wrong with a plugin is told with its name, and not tried again at once") {
  desk here;
  const auto failure_of = [&](const std::string& script) {
    here.open(here.plugin(script));
    for (int i = 0; i < 2; ++i) {
      const answer got = here.ask();
      CHECK(got.error == error::no_credentials);
      CHECK(got.who.generation == 0);
    }
    return here.source->failure();
  };
  CHECK(failure_of("exit 7") == "the credential plugin /bin/sh failed with exit code 7");
  CHECK(failure_of("kill -9 $$") == "the credential plugin /bin/sh was killed by signal 9");
  CHECK(failure_of("echo secret") == "the credential plugin /bin/sh wrote something else than one JSON object");
  CHECK(failure_of("cat /dev/zero") == "the credential plugin /bin/sh wrote too much");
  CHECK(failure_of(give("{}") + "; exit 1") == "the credential plugin /bin/sh failed with exit code 1");
  CHECK(here.runs() == 5);
  CHECK(here.warnings.empty());
}

TEST_CASE("a plugin that is not there is told with the hint how to get it") {
  desk here;
  credentials who = here.plugin("");
  who.exec->command = "isat-there-is-no-such-plugin";
  who.exec->install_hint = "Get it\nthere.";
  here.open(who);
  CHECK(here.ask().error == error::no_credentials);
  CHECK(here.source->failure() ==
        "the credential plugin isat-there-is-no-such-plugin cannot be run: No such file or directory; Get it there.");
}

TEST_CASE("what a plugin gave before does not serve once it was refused and the plugin fails") {
  desk here;
  here.open(here.plugin("if [ -e '" + (here.files / "bad") + "' ]; then exit 1; fi; " + give(R"({"token":"one"})")));
  const answer good = here.ask();
  write_file(here.files / "bad", "");
  here.source->refused(good.who.generation);
  for (int i = 0; i < 2; ++i) CHECK(here.ask().error == error::no_credentials);
  CHECK(here.source->failure() == "the credential plugin /bin/sh failed with exit code 1");
  CHECK(here.warnings.empty());
  CHECK(here.runs() == 2);
}

TEST_CASE("a cancelled question does not disturb the others, and the last one ends the plugin") {
  desk here;
  REQUIRE(::mkfifo((here.files / "go").c_str(), 0600) == 0);
  here.open(here.plugin("cat '" + (here.files / "go") + "' >/dev/null; " + give(R"({"token":"one"})")));
  std::array<answer, 2> asked;
  std::array<asio::cancellation_signal, 2> stop;
  for (std::size_t i = 0; i < 2; ++i) {
    here.source->async_identity(asio::bind_cancellation_slot(stop[i].slot(), asked[i].handler()));
  }
  stop[0].emit(asio::cancellation_type::terminal);
  CHECK_FALSE(asked[0].done);
  REQUIRE(run_until(here.context, [&] { return asked[0].done; }));
  CHECK(asked[0].error == asio::error::operation_aborted);
  CHECK_FALSE(asked[1].done);
  CHECK_FALSE(has_no_child());

  SUBCASE("the last one is answered") {
    write_file(here.files / "go", "");  // waits for the reader
    REQUIRE(run_until(here.context, [&] { return asked[1].done; }));
    CHECK_FALSE(asked[1].error);
    CHECK(asked[1].who.token == "one");
    CHECK(here.runs() == 1);
  }
  SUBCASE("the last one is cancelled") {
    stop[1].emit(asio::cancellation_type::total);
    CHECK(has_no_child());
    REQUIRE(run_until(here.context, [&] { return asked[1].done; }));
    CHECK(asked[1].error == asio::error::operation_aborted);
    here.context.run_for(1s);
    CHECK(here.context.stopped());
  }
  SUBCASE("the source goes") {
    here.source.reset();
    CHECK(has_no_child());
    REQUIRE(run_until(here.context, [&] { return asked[1].done; }));
    CHECK(asked[1].error == asio::error::operation_aborted);
  }
}
