// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/config/in_cluster.hpp"
#include "scoped_variable.hpp"
#include "temporary_directory.hpp"

#include <boost/system/errc.hpp>
#include <doctest/doctest.h>

#include <filesystem>
#include <optional>
#include <string>

using namespace isat::kubernetes;
using isat::test::scoped_variable;
using isat::test::write_file;

namespace {

/// The environment and the files that a pod sees.
struct pod {
  scoped_variable host{"KUBERNETES_SERVICE_HOST", "10.0.0.1"};
  scoped_variable port{"KUBERNETES_SERVICE_PORT", "443"};
  isat::test::temporary_directory files;

  pod() {
    write_file(files / "token", "secret-token\n");
    write_file(files / "ca.crt", "the CA");
    write_file(files / "namespace", "speakers");
  }

  auto load() const { return load_in_cluster(files.path().string()); }
  std::string failure() const {
    const auto loaded = load();
    return loaded ? std::string{} : loaded.error().message;
  }
};

}  // namespace

TEST_CASE("a pod finds its API server, its account and its namespace") {
  const pod here;
  CHECK(is_in_cluster());
  const cluster_config config = here.load().value();
  cluster_config expected;
  expected.servers = {"https://10.0.0.1:443"};
  expected.certificate_authority.file = here.files / "ca.crt";
  expected.user.token.file = here.files / "token";
  expected.name_space = "speakers";
  CHECK(config == expected);
}

TEST_CASE("the address of an API server is put into brackets if it is of IPv6") {
  pod here;
  here.host.set("fd00::1");
  CHECK(here.load().value().servers.front() == "https://[fd00::1]:443");
  here.host.set("[fd00::1]");
  CHECK(here.load().value().servers.front() == "https://[fd00::1]:443");
  here.host.set("api.example");
  CHECK(here.load().value().servers.front() == "https://api.example:443");
}

TEST_CASE("outside of a pod there is no configuration, and the variable that is missing is named") {
  pod here;
  here.host.set(std::nullopt);
  CHECK_FALSE(is_in_cluster());
  CHECK(here.failure().find("KUBERNETES_SERVICE_HOST is not set") != std::string::npos);
  here.host.set("");
  CHECK_FALSE(is_in_cluster());
  CHECK(here.failure().find("KUBERNETES_SERVICE_HOST is not set") != std::string::npos);
  here.host.set("10.0.0.1");
  here.port.set(std::nullopt);
  CHECK(here.failure().find("KUBERNETES_SERVICE_PORT is not set") != std::string::npos);
}

TEST_CASE("a host or a port that is none is refused") {
  pod here;
  for (const char* port : {"0", "65536", "-1", "443x", "https", "99999999999999999999", " 443"}) {
    CAPTURE(port);
    here.port.set(port);
    CHECK(here.failure() == "KUBERNETES_SERVICE_PORT is no port");
  }
  here.port.set("65535");
  CHECK(here.failure().empty());
  for (const char* host : {"a/b", "user@host", "a b", "a\nb"}) {
    CAPTURE(host);
    here.host.set(host);
    CHECK(here.failure() == "KUBERNETES_SERVICE_HOST is no host");
  }
}

TEST_CASE("each file of the account that is missing or empty is named, and none is quoted") {
  for (const char* name : {"token", "ca.crt", "namespace"}) {
    CAPTURE(name);
    const pod here;
    write_file(here.files / name, " \n");
    const std::string empty = here.failure();
    CHECK(empty == here.files / name + ": is empty");
    std::filesystem::remove(here.files / name);
    const auto loaded = here.load();
    REQUIRE(loaded.has_error());
    CHECK(loaded.error().error == boost::system::errc::no_such_file_or_directory);
    CHECK(loaded.error().message.starts_with(here.files / name + ": cannot be read"));
    CHECK(loaded.error().message.find("secret") == std::string::npos);
  }
}

TEST_CASE("files of the account are named by absolute paths") {
  const pod here;
  const auto relative = std::filesystem::relative(here.files.path()).string();
  REQUIRE_FALSE(relative.starts_with('/'));
  const cluster_config config = load_in_cluster(relative).value();
  CHECK(config.user.token.file.starts_with('/'));
  CHECK(config.certificate_authority.file.starts_with('/'));
}
