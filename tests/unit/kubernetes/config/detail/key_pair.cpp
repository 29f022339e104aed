// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/config/detail/key_pair.hpp"
#include "test_certificates.hpp"

#include <doctest/doctest.h>
#include <openssl/err.h>

#include <string>

using namespace isat::kubernetes::detail;

namespace {

// P-256, encrypted with a pass phrase.
const std::string encrypted_key = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhdGxlZLAQEyAICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEF02LtToXo3jEcu6ssIkYy8EgZDz
3/8MP7QRCdSBe/cMFkwsiaRqDEC/aDJ5wrZ2VYco5dD5cf/x5ME5AXU0cCC3j59P
xGa5yuyhqHb3BLEg3xBhUnTYXaeqo/HdldIm/gSH5i7ZPuGfBNcuVZfDblmm4oVf
+MRpHbO4ukB7YEpCl9cItzHlOXQxs0upS/frRF501rEjI5QRox0McKzWY7KHac0=
-----END ENCRYPTED PRIVATE KEY-----
)";

std::string fault_of(const std::string& certificate, const std::string& key) {
  const char* fault = fault_of_key_pair(certificate, key);
  CHECK(ERR_peek_error() == 0);  // what is left there is believed by the next TLS operation
  return fault != nullptr ? fault : "";
}

}  // namespace

TEST_CASE("a certificate and its key are a pair, also with a chain and text around them") {
  const isat::test::test_authority authority;
  const auto client = authority.sign_client("one");
  CHECK(fault_of(client.certificate, client.key) == "");
  CHECK(fault_of("text\n" + client.certificate + authority.certificate(), client.key) == "");
  CHECK(fault_of(client.certificate + client.key, client.certificate + client.key) == "");
}

TEST_CASE("a certificate and somebody else's key are no pair") {
  const isat::test::test_authority authority;
  const auto one = authority.sign_client("one");
  const auto other = authority.sign_client("one");
  CHECK(fault_of(one.certificate, other.key) == "the client certificate and key do not belong together");
  CHECK(fault_of(authority.certificate() + one.certificate, one.key) ==
        "the client certificate and key do not belong together");
}

TEST_CASE("what is cut, missing or no PEM is told apart") {
  const isat::test::test_authority authority;
  const auto client = authority.sign_client("one");
  const std::string cut = client.certificate.substr(0, client.certificate.size() / 2);
  CHECK(fault_of(cut, client.key) == "the client certificate is not PEM");
  CHECK(fault_of("certificate", client.key) == "the client certificate is not PEM");
  CHECK(fault_of(client.certificate, client.key.substr(0, 60)) == "the client key is not unencrypted PEM");
  CHECK(fault_of(client.certificate, client.certificate) == "the client key is not unencrypted PEM");
  CHECK(fault_of("", client.key) == "there is no certificate for the client key");
  CHECK(fault_of(client.certificate, "") == "there is no key for the client certificate");
}

TEST_CASE("an encrypted key is refused, and nobody is asked for its pass phrase") {
  const isat::test::test_authority authority;
  const auto client = authority.sign_client("one");
  CHECK(fault_of(client.certificate, encrypted_key) == "the client key is not unencrypted PEM");
}
