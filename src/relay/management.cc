#include "relay/management.h"

#include <algorithm>
#include <set>

#include "net/http_message.h"
#include "nostr/canonical.h"
#include "nostr/json_write.h"
#include "nostr/nip98.h"
#include "nostr/schnorr.h"
#include "relay/info.h"
#include "util/log.h"

namespace pharos::relay {
namespace {

using ingest::AccessRules;
using Method = ManagementCall::Method;

constexpr std::string_view kContentType = "application/nostr+json+rpc";

net::HttpResponse json_response(const Options& options, unsigned status, std::string body) {
  net::HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "application/json");
  response.headers.emplace_back("Cache-Control", "no-store");
  add_cors(response, options);
  response.body = std::move(body);
  return response;
}

net::HttpResponse error_response(const Options& options, unsigned status, std::string_view why) {
  std::string body;
  JsonObjectWriter writer(body);
  append_json_string(writer.member("error"), why);
  writer.end();
  return json_response(options, status, std::move(body));
}

// An array of what `append` writes for each element.
template <class Range, class Append>
void append_array(std::string& out, const Range& range, Append append) {
  out += '[';
  bool is_first = true;
  for (const auto& element : range) {
    if (!is_first) out += ',';
    is_first = false;
    append(element);
  }
  out += ']';
}

// [{<name>, "reason"}, ...] in the order of the names.
void append_listed(std::string& out, std::string_view name, const std::map<std::string, std::string>& listed) {
  append_array(out, listed, [&](const auto& entry) {
    JsonObjectWriter writer(out);
    append_json_string(writer.member(name), entry.first);
    if (!entry.second.empty()) append_json_string(writer.member("reason"), entry.second);
    writer.end();
  });
}

template <class Key>
std::map<std::string, std::string> by_hex(const ingest::ReasonByKey<Key>& listed) {
  std::map<std::string, std::string> out;
  for (const auto& [key, reason] : listed) out.emplace(key.hex(), reason);
  return out;
}

// With those of the settings, which say so.
template <class Keys>
std::map<std::string, std::string> with_fixed(std::map<std::string, std::string> listed, const Keys& fixed) {
  for (const PublicKey& key : fixed) listed.emplace(key.hex(), "in the settings");
  return listed;
}

std::string result_of(Method method, const AccessRules& rules) {
  const ingest::AccessLists& lists = rules.lists();
  const ingest::FixedAccess& fixed = rules.fixed();
  std::string out = R"({"result":)";
  switch (method) {
    case Method::supported_methods:
      append_array(out, management_methods(), [&](std::string_view name) { append_json_string(out, name); });
      break;
    case Method::list_banned_pubkeys:
      append_listed(out, "pubkey", with_fixed(by_hex(lists.banned_pubkeys), fixed.denied_pubkeys));
      break;
    case Method::list_allowed_pubkeys:
      append_listed(out, "pubkey", with_fixed(by_hex(lists.allowed_pubkeys), fixed.allowed_pubkeys));
      break;
    case Method::list_banned_events:
      append_listed(out, "id", by_hex(lists.banned_events));
      break;
    case Method::list_allowed_kinds: {
      std::set<unsigned> kinds;
      for (const auto& [kind, reason] : lists.allowed_kinds) kinds.insert(kind);
      for (const ingest::KindRange& range : fixed.allowed_kinds) {
        for (unsigned kind = range.first; kind <= range.last; ++kind) kinds.insert(kind);
      }
      append_array(out, kinds, [&](unsigned kind) { append_json_integer(out, kind); });
      break;
    }
    case Method::list_blocked_ips: {
      std::map<std::string, std::string> listed;
      for (const auto& [range, reason] : lists.blocked) listed.emplace(range.text(), reason);
      for (const IpRange& range : fixed.denied_addresses) listed.emplace(range.text(), "in the settings");
      append_listed(out, "ip", listed);
      break;
    }
    case Method::list_events_needing_moderation:  // everything is decided when it comes
    case Method::change:
      out += "[]";
  }
  return out + "}";
}

bool is_loopback(std::string_view host) { return host == "127.0.0.1" || host == "localhost" || host == "::1"; }

bool blocks_caller(const ingest::AccessChange& change, const std::string& peer_address) {
  if (change.action != ingest::AccessAction::block_address) return false;
  const auto range = IpRange::parse(change.subject);
  const auto caller = IpRange::of_endpoint(peer_address);
  return range && caller && range->contains(*caller);
}

// The URLs by which a request may be named: those of the settings, and what was asked where that is loopback, which is
// nobody else's name either.
std::vector<std::string> request_urls(const Options& options, const net::HttpRequest& request) {
  const std::size_t mark = request.target.find('?');
  const std::string query = mark == std::string::npos ? "" : request.target.substr(mark);
  std::vector<std::string> urls;
  for (const std::string& url : options.urls) urls.push_back(url + query);
  const std::string host = request.header("Host");
  for (const char* scheme : {"ws://", "wss://"}) {
    const auto url = RelayUrl::parse(scheme + host + request.target);
    if (url && is_loopback(url.value().host())) urls.push_back(url.value().text());
  }
  return urls;
}

}  // namespace

bool is_management_request(const net::HttpRequest& request) {
  const std::string type = request.header("Content-Type");
  return request.method == "POST" &&
         net::equals_ignoring_case(net::trimmed(std::string_view(type).substr(0, type.find(';'))), kContentType);
}

Management::Management(ingest::Moderation& moderation, const Clock& clock, const metrics::RelayMetrics& metrics)
    : moderation_(moderation), clock_(clock), metrics_(metrics), used_(2 * kHttpAuthWindowSeconds + 1) {}

Result<Event, std::string> Management::authorize(const Options& options, const net::HttpRequest& request) const {
  const auto refuse = [](HttpAuthFault fault) { return failure(std::string(describe(fault))); };
  auto read = parse_http_auth(request.header("Authorization"));
  if (!read) return refuse(read.error());
  const std::vector<std::string> urls = request_urls(options, request);
  const HttpAuthFault fault = check_http_auth(read.value(), {urls, request.method, request.body}, clock_.unix_now());
  if (fault != HttpAuthFault::none) return refuse(fault);
  if (verify_event(read.value()) != EventFault::none)
    return failure(std::string("id or signature of the authorization does not verify"));
  return std::move(read).value();
}

void Management::handle(const Options& options, const net::HttpRequest& request, const net::HttpAnswer& answer) {
  if (options.admins.empty()) {
    auto response = error_response(options, 405, "this relay is not managed over HTTP: it has no relay.admins");
    response.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
    return answer(std::move(response));
  }
  const auto authorization = authorize(options, request);
  if (!authorization) {
    count(Managed::unauthorized);
    auto response = error_response(options, 401, authorization.error());
    response.headers.emplace_back("WWW-Authenticate", "Nostr");
    return answer(std::move(response));
  }
  const Event& event = authorization.value();
  if (std::ranges::find(options.admins, event.pubkey) == options.admins.end()) {
    count(Managed::forbidden);
    log::debug("relay", "management refused to somebody who is no administrator",
               {{"pubkey", event.pubkey.hex()}, {"peer", request.peer_address}});
    return answer(error_response(options, 403, "this key is no administrator's"));
  }
  auto call = parse_management_call(request.body);
  if (!call) {
    count(Managed::invalid);
    return answer(error_response(options, 200, call.error()));
  }
  if (blocks_caller(call.value().change, request.peer_address)) {
    count(Managed::invalid);
    return answer(error_response(options, 200, "that would lock you out: your own address is in it"));
  }
  if (call.value().method == Method::change) return change(std::move(call).value(), event, options, answer);
  count(Managed::ok);
  answer(json_response(options, 200, result_of(call.value().method, *moderation_.rules()->get())));
}

void Management::change(ManagementCall call, const Event& authorization, const Options& options,
                        const net::HttpAnswer& answer) {
  switch (used_.use(authorization.id, clock_.unix_now())) {
    case ReplayGuard::Use::first:
      break;
    case ReplayGuard::Use::again:
      count(Managed::unauthorized);
      return answer(error_response(options, 401, "this authorization was used before"));
    case ReplayGuard::Use::full:
      count(Managed::failed);
      return answer(error_response(options, 503, "too many changes, try again in two minutes"));
  }
  // What goes with the answer; these options may be replaced until then.
  net::HttpResponse done = json_response(options, 200, R"({"result":true})");
  moderation_.submit(std::move(call.change), authorization.pubkey.hex(),
                     [this, answer, response = std::move(done)](const auto& result) mutable {
                       using Fault = ingest::Moderation::Fault;
                       if (result) {
                         count(Managed::ok);
                         return answer(std::move(response));
                       }
                       const bool is_ours = result.error().fault != Fault::invalid;
                       count(is_ours ? Managed::failed : Managed::invalid);
                       response.status = is_ours ? 503 : 200;
                       response.body.clear();
                       JsonObjectWriter writer(response.body);
                       append_json_string(writer.member("error"), result.error().detail);
                       writer.end();
                       answer(std::move(response));
                     });
}

}  // namespace pharos::relay
