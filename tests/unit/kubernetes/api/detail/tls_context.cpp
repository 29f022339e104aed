// SPDX-License-Identifier: BSL-1.0

// Whom a client believes and who it is, over real handshakes: authorities, names, addresses, rotation, tokens and
// client certificates.
#include "api_laboratory.hpp"
#include "isat/kubernetes/api/detail/tls_context.hpp"
#include "isat/kubernetes/error.hpp"
#include "temporary_directory.hpp"
#include "test_certificates.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace {

namespace fake_api = isat::test::fake_api;
namespace kubernetes = isat::kubernetes;
using isat::test::api_laboratory;
using isat::test::leases_path;
using isat::test::read_of;
using isat::test::write_file;
using kubernetes::error;

bool says(const std::shared_ptr<isat::test::api_outcome>& what, std::string_view words) {
  return what->response.message.find(words) != std::string::npos;
}

TEST_CASE("a server of another authority is not believed") {
  api_laboratory at;
  auto cluster = at.server.cluster();
  cluster.certificate_authority.text = isat::test::test_authority{}.certificate();
  at.open(cluster);
  const auto got = at.ask(read_of(leases_path));
  CHECK(got->error == error::bad_certificate);
  CHECK(got->error == isat::condition::write_refused);
  CHECK(says(got, "cannot connect to " + at.server.url()));
  CHECK(says(got, "certificate"));
  CHECK(at.server.requests().size() == 0);
}

TEST_CASE("without an authority of its own the system's are believed, which do not know the server") {
  api_laboratory at;
  auto cluster = at.server.cluster();
  cluster.certificate_authority = {};
  at.open(cluster);
  CHECK(at.ask(read_of(leases_path))->error == error::bad_certificate);
}

TEST_CASE("a certificate for another name or address is not believed") {
  api_laboratory at;
  at.server.use_certificate(at.server.authority().sign_server({"api.example.test"}, {"192.0.2.1"}));
  const auto by_address = at.ask(read_of(leases_path));
  CHECK(by_address->error == error::bad_certificate);
  CHECK(says(by_address, "(it is not for 127.0.0.1)"));
  auto cluster = at.server.cluster();
  cluster.servers = {"https://localhost:" + std::to_string(at.server.port())};
  at.open(cluster);
  const auto by_name = at.ask(read_of(leases_path));
  CHECK(by_name->error == error::bad_certificate);
  CHECK(says(by_name, "(it is not for localhost)"));
}

TEST_CASE("an address in a DNS name of the certificate is no address") {
  api_laboratory at;
  at.server.use_certificate(at.server.authority().sign_server({"127.0.0.1"}, {}));
  CHECK(at.ask(read_of(leases_path))->error == error::bad_certificate);
}

TEST_CASE("the common name of a certificate is no name of the server") {
  api_laboratory at;
  isat::test::certificate_wishes wishes;
  wishes.common_name = "localhost";
  at.server.use_certificate(at.server.authority().sign(wishes));
  auto cluster = at.server.cluster();
  cluster.servers = {"https://localhost:" + std::to_string(at.server.port())};
  at.open(cluster);
  CHECK(at.ask(read_of(leases_path))->error == error::bad_certificate);
}

TEST_CASE("tls-server-name says what the certificate must be for") {
  api_laboratory at;
  at.server.use_certificate(at.server.authority().sign_server({"api.example.test"}, {}));
  auto cluster = at.server.cluster();
  cluster.tls_server_name = "api.example.test";
  at.open(cluster);
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  cluster.tls_server_name = "other.example.test";
  at.open(cluster);
  CHECK(at.ask(read_of(leases_path))->error == error::bad_certificate);
}

TEST_CASE("a certificate has its time and its use") {
  api_laboratory at;
  isat::test::certificate_wishes wishes;
  wishes.addresses = {"127.0.0.1"};
  wishes.valid_until = -60;
  at.server.use_certificate(at.server.authority().sign(wishes));
  const auto expired = at.ask(read_of(leases_path));
  CHECK(expired->error == error::bad_certificate);
  CHECK(says(expired, "expired"));
  wishes.valid_until = 3600;
  wishes.for_client = true;
  at.server.use_certificate(at.server.authority().sign(wishes));
  CHECK(at.ask(read_of(leases_path))->error == error::bad_certificate);
}

TEST_CASE("TLS is at least version 1.2") {
  api_laboratory at;
  at.server.limit_tls(TLS1_1_VERSION);
  const auto old = at.ask(read_of(leases_path));
  CHECK(old->error);
  CHECK(says(old, "cannot connect to " + at.server.url() + ": the server speaks no TLS 1.2 or newer: "));
  at.server.limit_tls(TLS1_2_VERSION);
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  kubernetes::detail::tls_context made{at.server.cluster(), {}};
  const auto context = made.make({});
  REQUIRE(context != nullptr);
  CHECK(SSL_CTX_get_min_proto_version(context->native_handle()) == TLS1_2_VERSION);
}

TEST_CASE("what speaks no TLS at all is told") {
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor acceptor{context, {boost::asio::ip::address_v4::loopback(), 0}};
  boost::asio::ip::tcp::socket peer{context};
  const std::string greeting = "HTTP/1.1 400 Bad Request\r\n\r\n";
  acceptor.async_accept(peer, [&](isat::error_code) {
    boost::asio::async_write(peer, boost::asio::buffer(greeting), [](isat::error_code, std::size_t) {});
  });
  api_laboratory at;
  auto cluster = at.server.cluster();
  cluster.servers = {"https://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port())};
  at.open(cluster);
  const auto got = at.start(read_of(leases_path));
  REQUIRE(at.until([&] {
    context.poll();
    return got->done;
  }));
  CHECK(says(got, "the server speaks no TLS 1.2 or newer: "));
}

TEST_CASE("a process that stands still during a handshake is late, whatever its last step was") {
  constexpr std::chrono::milliseconds limit{10};
  int late = 0;
  for (int steps = 0; steps < 24; ++steps) {
    CAPTURE(steps);
    api_laboratory at;
    kubernetes::api_client_options options;
    options.connect_timeout = limit;
    at.open(at.server.cluster(), options);
    const auto got = at.start(read_of(leases_path));
    for (int step = 0; step < steps && !got->done; ++step) at.context.run_one_for(limit / 2);
    std::this_thread::sleep_for(limit + limit / 2);  // sleep: this is what is tested
    REQUIRE(at.wait(got));
    CHECK_FALSE(says(got, "Bad file descriptor"));
    if (got->error == boost::asio::error::timed_out) ++late;
  }
  CHECK(late > 0);
}

TEST_CASE("HTTP/1.1 is offered to the server") {
  api_laboratory at;
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  REQUIRE(at.server.requests().size() == 1);
  CHECK(at.server.requests()[0].protocol == "http/1.1");
}

TEST_CASE("who does not verify is warned, once") {
  api_laboratory at;
  auto cluster = at.server.cluster();
  cluster.certificate_authority = {};
  cluster.insecure_skip_tls_verify = true;
  at.open(cluster);
  CHECK(at.warnings.empty());
  at.server.use_certificate(isat::test::test_authority{}.sign_server({"elsewhere"}, {}));
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  REQUIRE(at.warnings.size() == 1);
  CHECK(at.warnings[0].find("not verified") != std::string::npos);
}

TEST_CASE("an authority that cannot be read is told, and nothing is asked") {
  const isat::test::temporary_directory files;
  api_laboratory at;
  auto cluster = at.server.cluster();
  cluster.certificate_authority = {"", files / "ca.crt"};
  at.open(cluster);
  auto got = at.ask(read_of(leases_path));
  CHECK(got->error == error::no_credentials);
  CHECK(says(got, files / "ca.crt"));
  write_file(files / "ca.crt", "nothing\n");
  got = at.ask(read_of(leases_path));
  CHECK(got->error == error::no_credentials);
  CHECK(says(got, "holds no certificate"));
  write_file(files / "ca.crt", at.server.certificate_authority());
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
}

TEST_CASE("an authority that was replaced counts for the next connection") {
  const isat::test::temporary_directory files;
  const isat::test::test_authority next{"the next CA"};
  api_laboratory at;
  auto cluster = at.server.cluster();
  cluster.certificate_authority = {"", files / "ca.crt"};
  write_file(files / "ca.crt", at.server.certificate_authority());
  at.open(cluster);
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  at.server.drop_connections();
  at.server.use_certificate(next.sign_server());
  CHECK(at.ask(read_of(leases_path))->error == error::bad_certificate);
  write_file(files / "ca.crt", at.server.certificate_authority() + next.certificate());
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
}

TEST_CASE("an authority that turns bad changes nothing and is told once") {
  const isat::test::temporary_directory files;
  api_laboratory at;
  auto cluster = at.server.cluster();
  cluster.certificate_authority = {"", files / "ca.crt"};
  write_file(files / "ca.crt", at.server.certificate_authority());
  at.open(cluster);
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  write_file(files / "ca.crt", "");
  for (int count = 0; count < 3; ++count) {
    at.server.drop_connections();
    CHECK_FALSE(at.ask(read_of(leases_path))->error);
  }
  CHECK(at.warnings.size() == 1);
  CHECK(at.server.connections() >= 2);
}

TEST_CASE("a client certificate says who asks") {
  api_laboratory at;
  auto cluster = at.server.cluster();
  const auto pair = at.server.authority().sign_client("alice", {"friends"});
  cluster.user = {};
  cluster.user.client_certificate.text = pair.certificate;
  cluster.user.client_key.text = pair.key;
  at.open(cluster);
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  CHECK(at.server.requests()[0].wish.user == "alice");
}

TEST_CASE("a client certificate that was renewed is shown on a new connection") {
  const isat::test::temporary_directory files;
  api_laboratory at;
  const auto show = [&](const char* user) {
    const auto pair = at.server.authority().sign_client(user);
    write_file(files / "crt", pair.certificate);
    write_file(files / "key", pair.key);
  };
  auto cluster = at.server.cluster();
  cluster.user = {};
  cluster.user.client_certificate.file = files / "crt";
  cluster.user.client_key.file = files / "key";
  show("alice");
  at.open(cluster);
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  show("bob");
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  CHECK(at.server.requests()[1].wish.user == "bob");
}

TEST_CASE("a token that is not accepted is read again, and the request repeated once") {
  const isat::test::temporary_directory files;
  api_laboratory at;
  auto cluster = at.server.cluster();
  cluster.user = {};
  cluster.user.token.file = files / "token";
  write_file(files / "token", "admin-token\n");
  at.open(cluster);
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  at.server.access().tokens = {{"next-token", {"admin", {"system:masters"}}}};
  // The file is renewed while the request with the old token is on its way.
  at.server.clear_requests();
  at.server.on_request([&](const fake_api::request_record&) { write_file(files / "token", "next-token\n"); });
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  REQUIRE(at.server.requests().size() == 2);
  CHECK(at.server.requests()[0].status == 401);
  CHECK(at.server.requests()[1].status == 200);
  CHECK(at.server.connections() == 1);
}

TEST_CASE("a token that stays the same is refused once") {
  api_laboratory at;
  at.open(at.server.cluster("unknown-token"));
  const auto got = at.ask(read_of(leases_path));
  CHECK(got->error == error::unauthorized);
  CHECK(got->response.status == 401);
  CHECK(got->response.server == at.server.url());
  CHECK_FALSE(got->response.message.empty());
  CHECK_FALSE(says(got, "unknown-token"));
  CHECK(at.server.requests().size() == 1);
}

TEST_CASE("a token that cannot be read is told, and nothing is asked") {
  const isat::test::temporary_directory files;
  api_laboratory at;
  auto cluster = at.server.cluster();
  cluster.user = {};
  cluster.user.token.file = files / "token";
  at.open(cluster);
  const auto got = at.ask(read_of(leases_path));
  CHECK(got->error == error::no_credentials);
  CHECK(says(got, files / "token"));
  CHECK(at.server.connections() == 0);
}

}  // namespace
