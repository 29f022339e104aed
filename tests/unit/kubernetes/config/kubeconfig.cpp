// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/config/kubeconfig.hpp"
#include "scoped_variable.hpp"
#include "temporary_directory.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/system/errc.hpp>
#include <doctest/doctest.h>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace isat::kubernetes;
namespace errc = boost::system::errc;
namespace json = boost::json;
using isat::test::scoped_variable;

namespace {

/// Files that are nowhere but here.
struct shelf {
  std::map<std::string, std::string> files;
  std::string context;

  auto load() const {
    kubeconfig_options options;
    for (const auto& [path, text] : files) options.paths.push_back(path);
    return load(options);
  }
  boost::system::result<cluster_config, config_failure> load(kubeconfig_options options) const {
    options.context = context;
    return load_kubeconfig(
        options, [this](const std::string& path) -> boost::system::result<std::string, config_failure> {
          const auto found = files.find(path);
          if (found != files.end()) return found->second;
          return config_failure{make_error_code(errc::no_such_file_or_directory), path + " is not there"};
        });
  }
  /// Why nothing can be loaded; it must not hold what is secret in these tests.
  std::string failure() const {
    const auto loaded = load();
    if (loaded) return {};
    CHECK(loaded.error().error);
    CHECK(loaded.error().message.find("secret") == std::string::npos);
    CHECK(loaded.error().message.find('\n') == std::string::npos);
    return loaded.error().message;
  }
};

json::object named(std::string_view kind, std::string_view name, json::object fields) {
  return {{"name", name}, {kind, std::move(fields)}};
}

/// A file with one cluster, user and context, all as given.
std::string one_file(const json::object& cluster, const json::object& user,
                     const json::object& context = {{"cluster", "c"}, {"user", "u"}}) {
  return json::serialize(json::object{{"apiVersion", "v1"},
                                      {"kind", "Config"},
                                      {"current-context", "x"},
                                      {"clusters", json::array{named("cluster", "c", cluster)}},
                                      {"users", json::array{named("user", "u", user)}},
                                      {"contexts", json::array{named("context", "x", context)}}});
}

const json::object plain{{"server", "https://127.0.0.1:6443"}};

cluster_config of_user(const json::object& user) {
  shelf files;
  files.files["/etc/kube/a"] = one_file(plain, user);
  CHECK(files.failure() == "");
  return files.load().value();
}
std::string failure_of_user(const json::object& user) {
  shelf files;
  files.files["/etc/kube/a"] = one_file(plain, user);
  return files.failure();
}
std::string failure_of_cluster(const json::object& cluster) {
  shelf files;
  files.files["/etc/kube/a"] = one_file(cluster, {});
  return files.failure();
}
std::string failure_of_file(const std::string& text) {
  shelf files;
  files.files["/etc/kube/a"] = text;
  return files.failure();
}

json::object with(json::object object, std::string_view name, const json::value& value) {
  object[name] = value;
  return object;
}

}  // namespace

TEST_CASE("a context names a cluster, a user and a namespace") {
  shelf files;
  files.files["/etc/kube/a"] =
      one_file({{"server", "https://api.example:6443/path"},
                {"certificate-authority-data", "Q0E="},
                {"tls-server-name", "other.example"},
                {"unknown", {1, 2}}},
               {{"token", "secret"}, {"unknown", true}}, {{"cluster", "c"}, {"user", "u"}, {"namespace", "n"}});
  CHECK(files.failure() == "");
  cluster_config expected;
  expected.servers = {"https://api.example:6443/path"};
  expected.certificate_authority.text = "CA";
  expected.tls_server_name = "other.example";
  expected.user.token.text = "secret";
  expected.name_space = "n";
  CHECK(files.load().value() == expected);
}

TEST_CASE("a context is chosen by name, else by current-context") {
  shelf files;
  files.files["/a"] = R"({"current-context":"x","contexts":[
    {"name":"x","context":{"cluster":"c","namespace":"one"}},{"name":"y","context":{"cluster":"c","namespace":"two"}}],
    "clusters":[{"name":"c","cluster":{"server":"https://a"}}]})";
  CHECK(files.load().value().name_space == "one");
  files.context = "y";
  CHECK(files.load().value().name_space == "two");
  files.context = "z";
  CHECK(files.failure() == R"(/a: there is no context "z"; those that there are: "x", "y")");
}

TEST_CASE("without a current-context, or with one that is not there, the contexts are listed") {
  const std::string contexts = R"("contexts":[{"name":"y","context":{"cluster":"c"}},{"name":"x\n","context":null}])";
  CHECK(failure_of_file("{" + contexts + "}") ==
        R"(/etc/kube/a: no context is named and there is no current-context; those that there are: "x ", "y")");
  CHECK(failure_of_file(R"({"current-context":"q",)" + contexts + "}") ==
        R"(/etc/kube/a: there is no context "q"; those that there are: "x ", "y")");
  CHECK(failure_of_file("{}") ==
        "/etc/kube/a: no context is named and there is no current-context; those that there are: none");
}

TEST_CASE("a cluster or a user that a context names must be there") {
  shelf files;
  files.files["/a"] = one_file(plain, {}, {{"cluster", "d"}, {"user", "u"}});
  CHECK(files.failure() == R"(/a: context "x": there is no cluster "d"; those that there are: "c")");
  files.files["/a"] = one_file(plain, {}, {{"cluster", "c"}, {"user", "v"}});
  CHECK(files.failure() == R"(/a: context "x": there is no user "v"; those that there are: "u")");
  files.files["/a"] = one_file(plain, {{"token", "secret"}}, {{"cluster", "c"}});
  CHECK(files.load().value().user == credentials{});
}

TEST_CASE("of several files the first definition of a name counts, whole, and the first current-context") {
  shelf files;
  files.files["/1/a"] = R"({"current-context":"","clusters":[{"name":"c","cluster":{"server":"https://first"}}],
    "users":[{"name":"u","user":{"tokenFile":"t"}}]})";
  files.files["/2/b"] = R"({"current-context":"x","clusters":[{"name":"c","cluster":{"server":"https://second",
    "tls-server-name":"n"}},{"name":"d","cluster":{"server":"https://d","certificate-authority":"ca"}}],
    "users":[{"name":"u","user":{"token":"secret"}}],"contexts":[{"name":"x","context":{"cluster":"c","user":"u"}}]})";
  files.files["/3/c"] = R"({"current-context":"y","contexts":[{"name":"x","context":{"cluster":"d"}},
    {"name":"y","context":{"cluster":"d","user":"u"}}]})";
  cluster_config expected;
  expected.servers = {"https://first"};
  expected.user.token.file = "/1/t";
  CHECK(files.failure() == "");
  CHECK(files.load().value() == expected);
  files.context = "y";
  expected.servers = {"https://d"};
  expected.certificate_authority.file = "/2/ca";
  CHECK(files.load().value() == expected);
}

TEST_CASE("files that are not there, or empty, are passed over unless there is no other") {
  shelf files;
  files.files["/b"] = one_file(plain, {});
  files.files["/c"] = "";
  files.files["/d"] = " \n";
  files.files["/e"] = "null";
  kubeconfig_options options;
  options.paths = {"/a", "/c", "/d", "/e", "/b", "/z"};
  CHECK(files.load(options).has_value());
  options.paths = {"/z", "/a"};
  const auto none = files.load(options);
  REQUIRE(none.has_error());
  CHECK(none.error().error == errc::no_such_file_or_directory);
  CHECK(none.error().message == "/z is not there");
  options.paths = {"/c"};
  CHECK(files.load(options).error().message ==
        "/c: no context is named and there is no current-context; those that there are: none");
  CHECK(files.load(kubeconfig_options{}).error().error == errc::no_such_file_or_directory);
}

TEST_CASE("a file that cannot be read is a failure, whatever the others say") {
  const auto read = [](const std::string& path) -> boost::system::result<std::string, config_failure> {
    if (path == "/good") return one_file(plain, {});
    return config_failure{make_error_code(errc::permission_denied), path + " is closed"};
  };
  kubeconfig_options options;
  options.paths = {"/good", "/bad"};
  const auto loaded = load_kubeconfig(options, read);
  REQUIRE(loaded.has_error());
  CHECK(loaded.error().message == "/bad is closed");
}

TEST_CASE("broken JSON is told with its place") {
  CHECK(failure_of_file("{\n  \"a\": secret\n}").starts_with("/etc/kube/a:2:8: not valid JSON"));
  CHECK(failure_of_file("apiVersion: v1\n").starts_with("/etc/kube/a:1:1: not valid JSON; a file in YAML"));
  CHECK(failure_of_file("{} {}").starts_with("/etc/kube/a:1:4: not valid JSON"));
  CHECK(failure_of_file("{\"a\":1").starts_with("/etc/kube/a:1:7: not valid JSON"));
  CHECK(failure_of_file("[]") == "/etc/kube/a: a kubeconfig is a map, not this");
}

TEST_CASE("a file cut anywhere is a failure with a sentence") {
  const std::string whole = one_file(plain, {{"token", "secret"}});
  REQUIRE(failure_of_file(whole) == "");
  for (std::size_t size = 1; size < whole.size(); ++size) {
    CHECK(failure_of_file(whole.substr(0, size)).find("not valid JSON") != std::string::npos);
  }
}

TEST_CASE("what has a wrong shape is named") {
  CHECK(failure_of_file(R"({"kind":"Pod"})") == "/etc/kube/a: kind must be Config");
  CHECK(failure_of_file(R"({"apiVersion":"v2"})") == "/etc/kube/a: apiVersion must be v1");
  CHECK(failure_of_file(R"({"current-context":7})") == "/etc/kube/a: current-context must be a string");
  CHECK(failure_of_file(R"({"clusters":{"secret":1}})") == "/etc/kube/a: clusters must be a list");
  CHECK(failure_of_file(R"({"users":[{},"secret"]})") == "/etc/kube/a: users[1] must be a map");
  CHECK(failure_of_file(R"({"users":[{"name":1}]})") == "/etc/kube/a: users[0].name must be a string");
  CHECK(failure_of_file(R"({"users":[{"name":"u","user":"secret"}]})") == "/etc/kube/a: users[0].user must be a map");
  CHECK(failure_of_file(R"({"contexts":[{"name":"x"},{"name":"y"},{"name":"x"}]})") ==
        R"(/etc/kube/a: contexts has two entries of the name "x")");
  CHECK(failure_of_user({{"token", 7}}) == R"(/etc/kube/a: user "u": token must be a string)");
  CHECK(failure_of_user({{"exec", "secret"}}) == R"(/etc/kube/a: user "u": exec must be a map)");
  CHECK(failure_of_cluster(with(plain, "insecure-skip-tls-verify", "true")) ==
        R"(/etc/kube/a: cluster "c": insecure-skip-tls-verify must be true or false)");
}

TEST_CASE("nulls are as good as nothing") {
  const json::object user{{"token", nullptr}, {"exec", nullptr}, {"username", nullptr}, {"auth-provider", nullptr}};
  CHECK(of_user(user).user == credentials{});
  CHECK(failure_of_file(R"({"clusters":null,"users":null,"contexts":null,"current-context":null})") ==
        "/etc/kube/a: no context is named and there is no current-context; those that there are: none");
}

TEST_CASE("a server is what an api_client takes: an https URL, or http on the loopback") {
  const auto fault = [](const char* what) { return R"(/etc/kube/a: cluster "c": server )" + std::string{what}; };
  CHECK(failure_of_cluster({}) == fault("is missing"));
  for (const char* server : {"http://127.0.0.1:8001", "http://[::1]:8001", "https://a/b@c", "https://[2001:db8::1]"}) {
    CAPTURE(server);
    CHECK(failure_of_cluster({{"server", server}}) == "");
  }
  for (const char* server : {"http://a", "http://localhost:8001", "http://10.0.0.1", "a:6443", "https://", "ftp://a",
                             "//a", "https://a:0", "https://a?b=c"}) {
    CAPTURE(server);
    CHECK(failure_of_cluster({{"server", server}}).starts_with(fault("cannot be used: the ")));
  }
  CHECK(failure_of_cluster({{"server", "http://10.0.0.1"}}) ==
        fault("cannot be used: the URL of the server is not https:// (http:// is for loopback addresses only)"));
  CHECK(failure_of_cluster({{"server", "https://user:secret@a"}}) ==
        fault("cannot be used: the URL of the server holds a user name"));
}

TEST_CASE("TLS is left unverified only where that is said and nothing contradicts it") {
  shelf files;
  files.files["/a"] = one_file(with(plain, "insecure-skip-tls-verify", true), {});
  CHECK(files.load().value().insecure_skip_tls_verify);
  files.files["/a"] = one_file(with(plain, "insecure-skip-tls-verify", false), {});
  CHECK_FALSE(files.load().value().insecure_skip_tls_verify);
  CHECK(failure_of_cluster(with(with(plain, "insecure-skip-tls-verify", true), "certificate-authority", "ca")) ==
        R"(/etc/kube/a: cluster "c": insecure-skip-tls-verify contradicts the certificate-authority beside it)");
}

TEST_CASE("paths are relative to the file that holds them, and data beats a path") {
  const credentials user = of_user({{"client-certificate", "pki/crt"},
                                    {"client-key", "/abs/key"},
                                    {"tokenFile", "../token"},
                                    {"token", "secret"}})
                               .user;
  CHECK(user.client_certificate == text_or_file{{}, "/etc/kube/pki/crt"});
  CHECK(user.client_key == text_or_file{{}, "/abs/key"});
  CHECK(user.token == text_or_file{"secret", "/etc/token"});
  const credentials data =
      of_user({{"client-certificate", "crt"}, {"client-certificate-data", "Y2Vy\ndA=="}, {"client-key-data", "a2V5"}})
          .user;
  CHECK(data.client_certificate == text_or_file{"cert", {}});
  CHECK(data.client_key == text_or_file{"key", {}});
}

TEST_CASE("paths in a file that is named by a relative path become absolute") {
  shelf files;
  files.files["kube/a"] = one_file(plain, {{"tokenFile", "token"}});
  const std::string path = files.load().value().user.token.file;
  CHECK(path.starts_with('/'));
  CHECK(path.ends_with("/kube/token"));
}

TEST_CASE("data that is no base64 is refused and not shown") {
  CHECK(failure_of_user({{"client-certificate-data", "secret!"}, {"client-key-data", "a2V5"}}) ==
        R"(/etc/kube/a: user "u": client-certificate-data must be base64)");
  CHECK(failure_of_user({{"client-certificate-data", "a2V5"}, {"client-key-data", "secret"}}) ==
        R"(/etc/kube/a: user "u": client-key-data must be base64)");
  CHECK(failure_of_cluster(with(plain, "certificate-authority-data", "\n")) ==
        R"(/etc/kube/a: cluster "c": certificate-authority-data must be base64)");
}

TEST_CASE("a client certificate and its key must both be there") {
  CHECK(failure_of_user({{"client-certificate", "crt"}}) ==
        R"(/etc/kube/a: user "u": client-key is missing beside client-certificate)");
  CHECK(failure_of_user({{"client-key-data", "a2V5"}}) ==
        R"(/etc/kube/a: user "u": client-certificate is missing beside client-key)");
}

TEST_CASE("what would change who asks, or the way, is refused rather than ignored") {
  for (const char* name : {"username", "password", "as", "as-uid"}) {
    CHECK(failure_of_user({{name, "secret"}}) == "/etc/kube/a: user \"u\": " + std::string{name} + " is not supported");
    CHECK(failure_of_user({{name, ""}}) == "");
  }
  CHECK(failure_of_user({{"auth-provider", {{"name", "secret"}}}}) ==
        R"(/etc/kube/a: user "u": auth-provider is not supported)");
  CHECK(failure_of_user({{"as-groups", {"secret"}}}) == R"(/etc/kube/a: user "u": as-groups is not supported)");
  CHECK(failure_of_cluster(with(plain, "proxy-url", "http://user:secret@proxy")) ==
        R"(/etc/kube/a: cluster "c": proxy-url is not supported)");
}

TEST_CASE("a plugin is taken over with its arguments, environment and hint") {
  const json::object exec{{"apiVersion", "client.authentication.k8s.io/v1"},
                          {"command", "get-token"},
                          {"args", {"-a", "b"}},
                          {"env", json::array{json::object{{"name", "N"}, {"value", "V"}}}},
                          {"installHint", "hint"},
                          {"interactiveMode", "IfAvailable"}};
  const auto plugin = of_user({{"exec", exec}}).user.exec;
  REQUIRE(plugin.has_value());
  exec_plugin expected;
  expected.command = "get-token";
  expected.arguments = {"-a", "b"};
  expected.environment = {{"N", "V"}};
  expected.api_version = "client.authentication.k8s.io/v1";
  expected.install_hint = "hint";
  CHECK(*plugin == expected);
  CHECK(of_user({{"exec", with(exec, "command", "./get")}}).user.exec->command == "/etc/kube/get");
  CHECK(of_user({{"exec", with(exec, "command", "bin/get")}}).user.exec->command == "/etc/kube/bin/get");
  CHECK(of_user({{"exec", with(exec, "command", "/bin/get")}}).user.exec->command == "/bin/get");
}

TEST_CASE("a plugin that cannot work is refused") {
  const json::object exec{{"apiVersion", "client.authentication.k8s.io/v1"}, {"command", "get-token"}};
  const auto failure = [&](std::string_view name, const json::value& value) {
    return failure_of_user({{"exec", with(exec, name, value)}});
  };
  const std::string where = R"(/etc/kube/a: user "u": )";
  CHECK(failure("command", nullptr) == where + "exec.command is missing");
  CHECK(failure("apiVersion", "client.authentication.k8s.io/v1alpha1")
            .starts_with(where + "exec.apiVersion must be client.authentication.k8s.io/v1 or"));
  CHECK(failure("apiVersion", nullptr).starts_with(where + "exec.apiVersion must be"));
  CHECK(failure("interactiveMode", "Always") == where + "exec.interactiveMode must not be Always: nobody can be asked");
  CHECK(failure("args", {1}) == where + "exec.args must be a list of strings");
  CHECK(failure("args", "secret") == where + "exec.args must be a list");
  CHECK(failure("env", {"secret"}) == where + "exec.env must be a list of maps with name and value");
  CHECK(failure("env", json::array{json::object{{"value", "secret"}}}) ==
        where + "exec.env[].name must be a variable's name");
  CHECK(failure("env", json::array{json::object{{"name", "N"}, {"value", 1}}}) ==
        where + "exec.env[].value must be a string");
}

TEST_CASE("a plugin that asks for it is told of the cluster") {
  const isat::test::temporary_directory directory;
  isat::test::write_file(directory / "ca", "CA");
  const json::object exec{
      {"apiVersion", "client.authentication.k8s.io/v1"}, {"command", "get-token"}, {"provideClusterInfo", true}};
  json::object cluster = with(plain, "certificate-authority", "ca");
  cluster["tls-server-name"] = "n";
  cluster["extensions"] =
      json::array{json::object{{"name", "other"}, {"extension", 1}},
                  json::object{{"name", "client.authentication.k8s.io/exec"}, {"extension", {1, 2}}}};
  shelf files;
  files.files[directory / "config"] = one_file(cluster, {{"exec", exec}});
  CHECK(files.failure() == "");
  CHECK(json::parse(files.load().value().user.exec->cluster_info) == json::value{{"server", "https://127.0.0.1:6443"},
                                                                                 {"tls-server-name", "n"},
                                                                                 {"certificate-authority-data", "Q0E="},
                                                                                 {"config", {1, 2}}});
  cluster["certificate-authority"] = "not there";
  files.files[directory / "config"] = one_file(cluster, {{"exec", exec}});
  CHECK(files.failure().find("certificate-authority cannot be read") != std::string::npos);
}

TEST_CASE("kubeconfig files are those of KUBECONFIG, else the one at home") {
  scoped_variable list{"KUBECONFIG", ":/a::b:/a:"};
  scoped_variable home{"HOME", "/home-of-test"};
  CHECK(default_kubeconfig_paths() == std::vector<std::string>{"/a", "b"});
  list.set("");
  CHECK(default_kubeconfig_paths() == std::vector<std::string>{"/home-of-test/.kube/config"});
  list.set(std::nullopt);
  CHECK(default_kubeconfig_paths() == std::vector<std::string>{"/home-of-test/.kube/config"});
  home.set(std::nullopt);
  CHECK(default_kubeconfig_paths().empty());
}

TEST_CASE("a program without settings is what its pod is, else what kubeconfig files say") {
  const isat::test::temporary_directory directory;
  const scoped_variable list{"KUBECONFIG", directory / "config"};
  scoped_variable host{"KUBERNETES_SERVICE_HOST"};
  const scoped_variable port{"KUBERNETES_SERVICE_PORT"};
  const auto missing = load_default_config();
  REQUIRE(missing.has_error());
  CHECK(missing.error().error == errc::no_such_file_or_directory);
  CHECK(missing.error().message.starts_with(directory / "config: cannot be read"));
  isat::test::write_file(directory / "config", one_file(plain, {}));
  CHECK(load_default_config().value().servers == std::vector<std::string>{"https://127.0.0.1:6443"});
  host.set("10.0.0.1");
  CHECK(load_default_config().error().message == "KUBERNETES_SERVICE_PORT is not set");
}
