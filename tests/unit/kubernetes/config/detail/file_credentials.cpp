// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/config/detail/file_credentials.hpp"
#include "temporary_directory.hpp"
#include "test_certificates.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

using namespace isat::kubernetes;
using namespace isat::kubernetes::detail;
using namespace std::chrono_literals;
using isat::test::write_file;

namespace {

/// Files, a user of them, and the time.
struct desk {
  isat::test::temporary_directory files;
  credentials who;
  token_cache::time_point now{1000s};
  std::vector<std::string> warnings;

  const file_credentials& read(file_credentials& from) {
    failure = from.read(now, [this](std::string_view warning) { warnings.emplace_back(warning); });
    return from;
  }

  std::string failure;
};

bool speaks_of(const std::string& sentence, std::string_view what) {
  return sentence.find(what) != std::string::npos && sentence.find("secret") == std::string::npos;
}

}  // namespace

TEST_CASE("nobody is somebody too") {
  desk here;
  file_credentials none{here.who};
  const file_credentials& who = here.read(none);
  CHECK(here.failure.empty());
  CHECK(who.token().empty());
  CHECK(who.certificate().empty());
}

TEST_CASE("a token's file is read again when it is due, and beats a token") {
  desk here;
  here.who.token = {"text", here.files / "token"};
  write_file(here.files / "token", "one\n");
  file_credentials user{here.who};
  CHECK(here.read(user).token() == "one");
  write_file(here.files / "token", "two\n");
  CHECK(here.read(user).token() == "one");
  here.now += 50s;
  CHECK(here.read(user).token() == "two");
  write_file(here.files / "token", "three");
  user.doubt();
  CHECK(here.read(user).token() == "three");
  CHECK(here.warnings.empty());
}

TEST_CASE("a token serves until its file is there") {
  desk here;
  here.who.token = {"text\n", here.files / "token"};
  file_credentials user{here.who};
  CHECK(here.read(user).token() == "text");
  REQUIRE(here.warnings.size() == 1);
  CHECK(speaks_of(here.warnings[0], here.files / "token"));
  write_file(here.files / "token", "one");
  CHECK(here.read(user).token() == "one");
}

TEST_CASE("each kind of trouble with a token's file is told once, and again after it was over") {
  desk here;
  const std::string path = here.files / "token";
  here.who.token.file = path;
  write_file(path, "secret-one");
  file_credentials user{here.who};
  here.read(user);
  const auto again = [&](const std::string& expected, std::size_t warnings) {
    here.now += 50s;
    CHECK(here.read(user).token() == expected);
    CHECK(here.failure.empty());
    CHECK(here.warnings.size() == warnings);
  };
  write_file(path, "");
  again("secret-one", 1);
  again("secret-one", 1);
  CHECK(speaks_of(here.warnings.back(), "is empty; what was read before is still used"));
  std::filesystem::remove(path);
  again("secret-one", 2);
  again("secret-one", 2);
  CHECK(speaks_of(here.warnings.back(), "cannot be read: No such file"));
  write_file(path, "secret\x01two");
  again("secret-one", 3);
  CHECK(speaks_of(here.warnings.back(), "has a character that no token may have"));
  write_file(path, "secret-three");
  again("secret-three", 3);
  write_file(path, "");
  again("secret-three", 4);
}

TEST_CASE("after trouble a token's file is read again at every question") {
  desk here;
  here.who.token.file = here.files / "token";
  write_file(here.files / "token", "one");
  file_credentials user{here.who};
  here.read(user);
  write_file(here.files / "token", "");
  here.now += 50s;
  CHECK(here.read(user).token() == "one");
  write_file(here.files / "token", "two");
  CHECK(here.read(user).token() == "two");
}

TEST_CASE("without any token before, trouble with its file is a failure, until it is over") {
  desk here;
  here.who.token.file = here.files / "token";
  file_credentials user{here.who};
  here.read(user);
  CHECK(speaks_of(here.failure, here.files / "token"));
  CHECK(here.warnings.empty());
  write_file(here.files / "token", "one");
  CHECK(here.read(user).token() == "one");
  CHECK(here.failure.empty());
}

TEST_CASE("a given token that cannot stand in a header is a failure, every time") {
  desk here;
  here.who.token.text = "secret\r\nX: y";
  file_credentials user{here.who};
  for (int i = 0; i < 2; ++i) {
    here.read(user);
    CHECK(speaks_of(here.failure, "the token has a character that none may have"));
  }
}

TEST_CASE("a certificate and a key are taken from texts or files, a text beats a file") {
  desk here;
  const auto client = isat::test::test_authority{}.sign_client("one");
  here.who.client_certificate = {client.certificate, here.files / "not there"};
  here.who.client_key.file = here.files / "key";
  write_file(here.files / "key", client.key);
  file_credentials user{here.who};
  const file_credentials& who = here.read(user);
  CHECK(here.failure.empty());
  CHECK(who.certificate() == client.certificate);
  CHECK(who.key() == client.key);
}

TEST_CASE("a new certificate counts once its key is there too") {
  desk here;
  const isat::test::test_authority authority;
  const auto one = authority.sign_client("one");
  const auto two = authority.sign_client("two");
  here.who.client_certificate.file = here.files / "crt";
  here.who.client_key.file = here.files / "key";
  write_file(here.files / "crt", one.certificate);
  write_file(here.files / "key", one.key);
  file_credentials user{here.who};
  CHECK(here.read(user).certificate() == one.certificate);

  write_file(here.files / "crt", two.certificate);
  for (int i = 0; i < 2; ++i) {
    const file_credentials& who = here.read(user);
    CHECK(who.certificate() == one.certificate);
    CHECK(who.key() == one.key);
  }
  REQUIRE(here.warnings.size() == 1);
  CHECK(speaks_of(here.warnings[0], "do not belong together (" + (here.files / "crt") + ", " + (here.files / "key")));

  write_file(here.files / "key", two.key);
  const file_credentials& who = here.read(user);
  CHECK(who.certificate() == two.certificate);
  CHECK(who.key() == two.key);
  CHECK(here.warnings.size() == 1);
}

TEST_CASE("a certificate without a key, and a key that is gone from the start, are failures") {
  desk here;
  const auto client = isat::test::test_authority{}.sign_client("one");
  here.who.client_certificate.text = client.certificate;
  file_credentials alone{here.who};
  here.read(alone);
  CHECK(here.failure == "there is no key for the client certificate");
  here.who.client_key.file = here.files / "key";
  file_credentials user{here.who};
  here.read(user);
  CHECK(speaks_of(here.failure, "the client key " + (here.files / "key") + " cannot be read: No such file"));
  write_file(here.files / "key", client.key);
  CHECK(here.read(user).key() == client.key);
  CHECK(here.failure.empty());
}
