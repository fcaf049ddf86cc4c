#include "app/admin_client.h"

#include <charconv>
#include <future>

#include <fmt/format.h>

#include "app/admin.h"
#include "app/run_file.h"
#include "net/http_message.h"
#include "net/ws_connector.h"

namespace pharos::app {
namespace {

constexpr std::size_t kMaxAnswerBytes = 64U << 20U;

using Answer = Result<net::Fetched, net::DialFailure>;

Answer fetch(const net::DialTarget& target, const AdminQuery& query) {
  net::IoShards shards(1);
  shards.start();
  std::promise<Answer> promise;
  auto future = promise.get_future();
  std::unique_ptr<net::PendingDial> pending;
  shards.background().post([&] {
    net::FetchOptions options;
    options.dial.timeout = query.timeout;
    options.max_body_bytes = kMaxAnswerBytes;
    options.max_redirects = 0;
    options.post = query.post;
    if (query.post) options.headers.emplace_back("Content-Type", "application/json");
    pending = net::http_get(shards.background(), target, options,
                            [&](Answer answer) { promise.set_value(std::move(answer)); });
  });
  Answer answer = future.get();
  // What belongs to the loop ends on the loop; stopping it drops what is still posted.
  std::promise<void> released;
  shards.background().post([&] {
    pending.reset();
    released.set_value();
  });
  released.get_future().wait();
  shards.stop();
  return answer;
}

bool is_marked(const net::Fetched& answer) {
  return net::header_of(answer.headers, kAdminHeader.first) == kAdminHeader.second;
}

// What the server says before the listener is asked: the request is too large, or there are too many connections.
bool is_of_any_server(unsigned status) { return status == 413 || status == 503; }

std::string trimmed(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

Result<std::string, AdminFailure> ask_admin(const AdminQuery& query) {
  std::string address = query.address;
  if (address.empty()) {
    const auto running = RunFile::read(query.data_directory);
    if (!running) {
      return failure(AdminFailure{ExitCode::unavailable,
                                  "no instance is running on " + query.data_directory.string() + " (no live run.json)",
                                  true});
    }
    address = running->admin;
  }
  net::DialTarget target;
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return failure(AdminFailure{ExitCode::usage, address + ": expected host:port"});
  target.host = address.substr(0, colon);
  if (target.host.starts_with('[') && target.host.ends_with(']')) {
    target.host = target.host.substr(1, target.host.size() - 2);
  }
  const char* const end = address.data() + address.size();
  const auto parsed = std::from_chars(address.data() + colon + 1, end, target.port);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return failure(AdminFailure{ExitCode::usage, address + ": expected host:port"});
  }
  target.target = query.path;
  target.host_header = address;
  const Answer answer = fetch(target, query);
  if (!answer) {
    return failure(AdminFailure{ExitCode::unavailable, "no answer from the admin listener at " + address + ": " +
                                                           answer.error().failure.detail});
  }
  const unsigned status = answer.value().status;
  if (!is_marked(answer.value()) && !is_of_any_server(status)) {
    return failure(AdminFailure{
        ExitCode::unavailable,
        fmt::format(
            "what answers at {} is not Pharos's admin listener; admin.listen of the settings says where that is, "
            "and the log of a start",
            address)});
  }
  if (status == 400) return failure(AdminFailure{ExitCode::usage, trimmed(answer.value().body)});
  if (status != 200 && status != 202) {
    return failure(AdminFailure{ExitCode::failure, fmt::format("{}{} answered {}: {}", address, query.path, status,
                                                               trimmed(answer.value().body))});
  }
  return success(answer.value().body);
}

}  // namespace pharos::app
