#include "monitor/host_rules.h"

#include <algorithm>
#include <array>

#include "net/host_class.h"

namespace pharos::monitor {
namespace {

constexpr std::array<std::string_view, 8> kSpecialSuffixes{".local", ".internal", ".lan",       ".home.arpa",
                                                           ".test",  ".invalid",  ".localhost", ".example"};

}  // namespace

bool is_public_host(std::string_view host) {
  const net::HostClass host_class = net::classify_host(host);
  if (host_class != net::HostClass::name) return host_class == net::HostClass::public_address;
  if (host.find('.') == std::string_view::npos) return false;
  return std::ranges::none_of(kSpecialSuffixes, [&](std::string_view suffix) { return host.ends_with(suffix); });
}

bool has_route(Network network, bool proxy) {
  return network == Network::clearnet || (network == Network::tor && proxy);
}

OptOut::OptOut(const std::vector<std::string>& entries, std::vector<std::string>* bad) {
  for (const std::string& entry : entries) {
    if (entry.find("://") != std::string::npos) {
      if (auto url = RelayUrl::parse(entry)) {
        urls_.insert(url.value().text());
        continue;
      }
    } else if (auto host = RelayUrl::parse("wss://" + entry); host && host.value().target() == "/") {
      hosts_.insert(host.value().host());
      continue;
    }
    if (bad != nullptr) bad->push_back(entry);
  }
}

bool OptOut::covers(const RelayUrl& url) const { return hosts_.contains(url.host()) || urls_.contains(url.text()); }

}  // namespace pharos::monitor
