// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/config/detail/exec_credential.hpp"
#include "test_certificates.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

using namespace isat::kubernetes;
using namespace isat::kubernetes::detail;
using namespace std::chrono_literals;
using std::chrono::sys_days;

namespace {

constexpr std::string_view v1 = "client.authentication.k8s.io/v1";

boost::json::value answer(const boost::json::object& status) {
  return {{"apiVersion", v1}, {"kind", "ExecCredential"}, {"status", status}};
}

std::string fault_of(const boost::json::value& written, std::string_view version = v1) {
  exec_credential ignored;
  return read_exec_credential(boost::json::serialize(written), version, ignored);
}

}  // namespace

TEST_CASE("a plugin is told its version of the protocol and that nobody can be asked") {
  exec_plugin plugin;
  plugin.api_version = v1;
  CHECK(boost::json::parse(exec_info(plugin)) ==
        boost::json::value{{"apiVersion", v1}, {"kind", "ExecCredential"}, {"spec", {{"interactive", false}}}});
}

TEST_CASE("a plugin is told of the cluster if it asks for that") {
  exec_plugin plugin;
  plugin.api_version = v1;
  plugin.cluster_info = R"({"server":"https://a:1"})";
  const boost::json::value info = boost::json::parse(exec_info(plugin));
  CHECK(info.at("spec").at("cluster").at("server") == "https://a:1");
  CHECK(info.at("spec").at("interactive") == false);
}

TEST_CASE("a plugin's token is read, with its end") {
  exec_credential given;
  const boost::json::object status{{"token", "abc\n"}, {"expirationTimestamp", "2026-11-26T20:00:00Z"}};
  CHECK(read_exec_credential(boost::json::serialize(answer(status)) + "\n", v1, given) == "");
  CHECK(given.token == "abc");
  CHECK(given.certificate.empty());
  CHECK(given.expires == sys_days{std::chrono::year{2026} / 11 / 26} + 20h);
}

TEST_CASE("a plugin's certificate and key are read, and nulls are as good as nothing") {
  const auto client = isat::test::test_authority{}.sign_client("one");
  exec_credential given;
  const boost::json::object status{{"clientCertificateData", client.certificate},
                                   {"clientKeyData", client.key},
                                   {"token", nullptr},
                                   {"expirationTimestamp", nullptr}};
  CHECK(read_exec_credential(boost::json::serialize(answer(status)), v1, given) == "");
  CHECK(given.certificate == client.certificate);
  CHECK(given.key == client.key);
  CHECK_FALSE(given.expires.has_value());
}

TEST_CASE("what a plugin got wrong is told, without what it wrote") {
  const auto client = isat::test::test_authority{}.sign_client("one");
  const auto other = isat::test::test_authority{}.sign_client("one");
  CHECK(fault_of(answer({})) == "gave neither a token nor a client certificate");
  CHECK(fault_of(answer({{"token", " "}})) == "gave neither a token nor a client certificate");
  CHECK(fault_of(answer({{"token", 5}})) == "gave a token that is no string");
  CHECK(fault_of(answer({{"token", "a secret"}})) == "gave a token with a character that none may have");
  CHECK(fault_of(answer({{"clientCertificateData", client.certificate}})) ==
        "gave credentials that cannot be used: there is no key for the client certificate");
  CHECK(fault_of(answer({{"token", "a"}, {"clientKeyData", client.key}})) ==
        "gave credentials that cannot be used: there is no certificate for the client key");
  CHECK(fault_of(answer({{"clientCertificateData", client.certificate}, {"clientKeyData", other.key}})) ==
        "gave credentials that cannot be used: the client certificate and key do not belong together");
  CHECK(fault_of(answer({{"token", "a"}, {"expirationTimestamp", "tomorrow"}})) ==
        "gave an expirationTimestamp that is no RFC 3339 time");
}

TEST_CASE("a plugin must write the object that it was asked for") {
  const boost::json::object status{{"token", "secret"}};
  boost::json::value written = answer(status);
  CHECK(fault_of(written, "client.authentication.k8s.io/v1beta1") ==
        "does not answer with the apiVersion that is configured, client.authentication.k8s.io/v1beta1");
  written.at("kind") = "Pod";
  CHECK(fault_of(written) == "wrote an object that is no ExecCredential");
  CHECK(fault_of({{"apiVersion", v1}, {"kind", "ExecCredential"}}) == "wrote an ExecCredential without status");
  CHECK(fault_of("secret") == "wrote something else than one JSON object");
  exec_credential into;
  into.token = "before";
  const std::string whole = boost::json::serialize(answer(status));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK(read_exec_credential(whole.substr(0, size), v1, into) == "wrote something else than one JSON object");
  }
  CHECK(read_exec_credential(whole + whole, v1, into) == "wrote something else than one JSON object");
  CHECK(into.token == "before");
}

TEST_CASE("only the versions of the protocol that are understood are") {
  CHECK(is_exec_version(v1));
  CHECK(is_exec_version("client.authentication.k8s.io/v1beta1"));
  CHECK_FALSE(is_exec_version("client.authentication.k8s.io/v1alpha1"));
  CHECK_FALSE(is_exec_version(""));
}

TEST_CASE("an RFC 3339 time is read in any zone") {
  const auto noon = sys_days{std::chrono::year{2024} / 2 / 29} + 12h;
  CHECK(read_rfc3339("2024-02-29T12:00:00Z") == noon);
  CHECK(read_rfc3339("2024-02-29T12:00:00.999999999Z") == noon);
  CHECK(read_rfc3339("2024-02-29T14:30:00+02:30") == noon);
  CHECK(read_rfc3339("2024-02-29T04:00:59-08:00") == noon + 59s);
  CHECK(read_rfc3339("2024-03-01T00:00:00+12:00") == noon);
  CHECK(read_rfc3339("2016-12-31T23:59:60Z") == sys_days{std::chrono::year{2017} / 1 / 1});
}

TEST_CASE("what is no RFC 3339 time is refused") {
  for (const char* text : {"",
                           "2024",
                           "2023-02-29T12:00:00Z",
                           "2024-13-01T00:00:00Z",
                           "2024-00-01T00:00:00Z",
                           "2024-01-32T00:00:00Z",
                           "2024-01-01T24:00:00Z",
                           "2024-01-01T00:60:00Z",
                           "2024-01-01T00:00:61Z",
                           "2024-01-01 00:00:00Z",
                           "2024-01-01T00:00:00",
                           "2024-01-01T00:00:00.Z",
                           "2024-01-01T00:00:00z",
                           "2024-01-01T00:00:00Z ",
                           "2024-01-01T00:00:00+0100",
                           "2024-01-01T00:00:00+24:00",
                           "+024-01-01T00:00:00Z",
                           "9999-01-01T00:00:00Z",
                           "0001-01-01T00:00:00Z",
                           "2024-1-01T00:00:00Z"}) {
    CAPTURE(text);
    CHECK_FALSE(read_rfc3339(text).has_value());
  }
  const std::string whole = "2024-01-01T00:00:00.5+01:00";
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(read_rfc3339(whole.substr(0, size)).has_value());
}
