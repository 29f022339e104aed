// SPDX-License-Identifier: BSL-1.0

// The fake API server as a program, for kubectl and for tests in Python: writes its CA, a kubeconfig, an
// administrator's certificate and its URL to a folder, says `ready URL`, and obeys lines on its standard input, each
// answered by `ok` or `error …`. It ends when its input does.
#include "fake_api/server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <fmt/format.h>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <istream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace {

namespace fake_api = isat::test::fake_api;
namespace asio = boost::asio;

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream out{path};
  out << text;
  if (!out.flush()) throw std::runtime_error{"cannot write " + path.string()};
}

/// JSON is YAML.
std::string kubeconfig_of(const fake_api::server& server, const std::string& authority) {
  return fmt::format(
      R"({{"apiVersion":"v1","kind":"Config","current-context":"fake",)"
      R"("clusters":[{{"name":"fake","cluster":{{"server":"{}","certificate-authority":"{}"}}}}],)"
      R"("users":[{{"name":"fake","user":{{"token":"admin-token"}}}}],)"
      R"("contexts":[{{"name":"fake","context":{{"cluster":"fake","user":"fake","namespace":"default"}}}}]}})"
      "\n",
      server.url(), authority);
}

class console {
 public:
  console(asio::io_context& context, fake_api::server& server)
      : context_{context}, server_{server}, input_{context, ::dup(STDIN_FILENO)} {}

  void start() {
    asio::async_read_until(input_, buffer_, '\n', [this](const boost::system::error_code& error, std::size_t) {
      if (error) return context_.stop();
      std::istream stream{&buffer_};
      std::string line;
      std::getline(stream, line);
      obey(line);
      start();
    });
  }

 private:
  void obey(const std::string& line) {
    try {
      std::istringstream words{line};
      std::string command;
      words >> command;
      perform(command, words);
      fmt::print("ok\n");
    } catch (const std::exception& thrown) {
      fmt::print("error {}\n", thrown.what());
    }
    std::fflush(stdout);
  }

  void perform(const std::string& command, std::istream& words) {
    const std::map<std::string, std::function<void()>> commands{
        {"compact", [this] { server_.store().compact(); }},
        {"skip", [&] { server_.store().skip(number(words)); }},
        {"bookmark", [this] { server_.bookmark(); }},
        {"freeze", [this] { server_.freeze_cache(); }},
        {"thaw", [this] { server_.thaw_cache(); }},
        {"pause", [this] { server_.pause(); }},
        {"resume", [this] { server_.resume(); }},
        {"stop", [this] { server_.stop(); }},
        {"start", [this] { server_.start(); }},
        {"drop", [this] { server_.drop_connections(); }},
        {"end-watches", [this] { server_.end_watches(fake_api::ending::orderly); }},
        {"token", [&] { give_token(words); }},
        {"refuse", [&] { refuse(words); }},
        {"clear", [this] { server_.faults().clear(); }},
        {"expiry-by-status", [this] { server_.set_expiry(fake_api::expiry::status); }},
        {"put", [&] { put(words); }},
    };
    const auto found = commands.find(command);
    if (found == commands.end()) throw std::invalid_argument{"no such command: " + command};
    found->second();
  }

  static unsigned number(std::istream& words) {
    unsigned value = 0;
    if (!(words >> value)) throw std::invalid_argument{"a number is missing"};
    return value;
  }

  /// token TOKEN USER VERB...: a user who may do these only.
  void give_token(std::istream& words) {
    std::string token;
    std::string user;
    words >> token >> user;
    server_.access().tokens[token] = {user, {}};
    auto& verbs = allowed_[user];
    for (std::string verb; words >> verb;) verbs.insert(verb);
    server_.access().allows = [this](const fake_api::attributes& wish) {
      const auto known = allowed_.find(wish.user);
      return known == allowed_.end() || known->second.contains(wish.verb);
    };
  }

  /// refuse STATUS TIMES VERB
  void refuse(std::istream& words) {
    fake_api::fault made;
    made.effect = fake_api::effect::refuse;
    made.status = number(words);
    made.times = static_cast<int>(number(words));
    words >> made.verb;
    if (made.status == 429) made.retry_after = 1;
    server_.faults().add(std::move(made));
  }

  void put(std::istream& words) {
    std::string text;
    std::getline(words, text);
    server_.store().put(std::string_view{text});
  }

  asio::io_context& context_;
  fake_api::server& server_;
  asio::posix::stream_descriptor input_;
  asio::streambuf buffer_;
  std::map<std::string, std::set<std::string>> allowed_;
};

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    fmt::print(stderr, "usage: isat-fake-api-server FOLDER [PORT]\n");
    return 2;
  }
  try {
    asio::io_context context{1};
    fake_api::options how;
    if (count > 2) how.port = static_cast<std::uint16_t>(std::stoul(words[2]));
    fake_api::server server{context, how};
    const auto folder = std::filesystem::absolute(words[1]);
    write_file(folder / "ca.crt", server.certificate_authority());
    const auto admin = server.authority().sign_client("fake-admin", {"system:masters"});
    write_file(folder / "admin.crt", admin.certificate);
    write_file(folder / "admin.key", admin.key);
    write_file(folder / "kubeconfig", kubeconfig_of(server, (folder / "ca.crt").string()));
    write_file(folder / "url", server.url() + "\n");
    console commands{context, server};
    commands.start();
    fmt::print("ready {}\n", server.url());
    std::fflush(stdout);
    context.run();
  } catch (const std::exception& thrown) {
    fmt::print(stderr, "isat-fake-api-server: {}\n", thrown.what());
    return 1;
  }
  return 0;
}
