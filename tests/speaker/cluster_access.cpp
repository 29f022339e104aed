// SPDX-License-Identifier: BSL-1.0

#include "cluster_access.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace speakerd;
using isat::kubernetes::credentials;

TEST_CASE("who asks is told by kind, and no secret with it") {
  credentials user;
  CHECK(describe_user(user) == "nobody in particular");
  user.client_certificate.text = "CERTIFICATE";
  user.client_key.text = "SECRET";
  CHECK(describe_user(user) == "client certificate");
  user.token.text = "SECRET";
  CHECK(describe_user(user) == "token and client certificate");
  user.token.file = "/run/token";
  CHECK(describe_user(user) == "token file /run/token and client certificate");
  user.client_certificate = {};
  CHECK(describe_user(user) == "token file /run/token");
  user.exec.emplace();
  user.exec->command = "/opt/plu\x1bgin";
  user.exec->arguments = {"SECRET"};
  user.exec->environment = {{"KEY", "SECRET"}};
  CHECK(describe_user(user) == "exec plugin /opt/plu\\x1bgin");
}

TEST_CASE("servers are told in their order") {
  isat::kubernetes::cluster_config cluster;
  CHECK(describe_servers(cluster).empty());
  cluster.servers = {"https://b", "https://a:6443"};
  CHECK(describe_servers(cluster) == "https://b, https://a:6443");
}
