#include "app/access_map.h"

#include "app/settings_reader.h"
#include "util/utf8.h"

namespace pharos::app {
namespace {

constexpr std::size_t kLeastCodeLength = 16;

class AccessMapper : private SettingsReader {
 public:
  AccessMapper(const config::Settings& settings, AllOptions& all, std::vector<config::SettingError>& errors)
      : SettingsReader(settings, errors), all_(all) {}

  void map_access() {
    ingest::FixedAccess& access = all_.access;
    for (const PublicKey& key : public_keys("ingest.deny_pubkeys")) access.denied_pubkeys.insert(key);
    for (const PublicKey& key : public_keys("ingest.allow_pubkeys")) access.allowed_pubkeys.insert(key);
    access.denied_kinds = kinds("ingest.deny_kinds");
    access.allowed_kinds = kinds("ingest.allow_kinds");
    access.auth_to_read = values_.boolean("relay.auth_to_read");
    access.auth_to_write = values_.boolean("relay.auth_to_write");
    const std::string members_only = values_.text("relay.members_only");
    if (members_only == "write") access.members_only = ingest::MembersOnly::write;
    if (members_only == "read_write") access.members_only = ingest::MembersOnly::read_write;
    map_membership();
    map_trust();
    access.open_kinds = whole_kinds("ingest.open_kinds");
    access.denied_addresses = ip_ranges("relay.deny_addresses");
    access.spared_addresses = {*IpRange::parse("127.0.0.0/8"), *IpRange::parse("::1")};
    for (const std::string& text : values_.list("relay.trusted_proxies")) {
      if (const auto proxy = IpRange::parse(text)) access.spared_addresses.push_back(*proxy);
    }
    all_.relay.admins = public_keys("relay.admins");
    const auto the_operator = PublicKey::from_hex(all_.relay.info.pubkey);
    if (the_operator && !all_.relay.admins.empty()) all_.relay.admins.push_back(*the_operator);
    access.exempt.insert(all_.relay.admins.begin(), all_.relay.admins.end());
    if (the_operator) access.exempt.insert(*the_operator);
  }

 private:
  void map_trust() {
    ingest::TrustOptions& trust = all_.trust;
    trust.roots = public_keys("ingest.trust_roots");
    trust.depth = static_cast<unsigned>(values_.integer("ingest.trust_depth"));
    trust.max_keys = values_.size("ingest.trust_max_keys");
    trust.pause = values_.duration("ingest.trust_pause");
    all_.access.trust = !trust.roots.empty();
    if (all_.access.trust && all_.access.members_only != ingest::MembersOnly::off)
      add_pair("ingest.trust_roots", "relay.members_only", "means nothing where relay.members_only is set");
  }

  void map_membership() {
    all_.access.takes_requests = values_.boolean("relay.join_requests");
    // Else whoever joins would make a list of one, which locks out all others.
    if (all_.access.takes_requests && all_.access.members_only == ingest::MembersOnly::off)
      add_pair("relay.join_requests", "relay.members_only", "needs relay.members_only to be write or read_write");
    const std::string invites = values_.text("relay.invites");
    all_.access.may_invite = ingest::MayInvite::members;
    if (invites == "admins") all_.access.may_invite = ingest::MayInvite::admins;
    if (invites == "nobody") all_.access.may_invite = ingest::MayInvite::nobody;
    ingest::MembershipOptions& membership = all_.membership;
    membership.codes = values_.list("relay.invite_codes");
    for (std::size_t i = 0; i < membership.codes.size(); ++i) {
      // By its place: an error is shown and logged, a code is a secret.
      if (count_code_points(membership.codes[i]) < kLeastCodeLength)
        add("relay.invite_codes", "code " + std::to_string(i + 1) + " of the list is shorter than " +
                                      std::to_string(kLeastCodeLength) + " characters, so that it could be guessed");
    }
    membership.invite_lifetime = seconds("relay.invite_lifetime");
    const auto& urls = all_.relay.urls;
    membership.welcome = "info: welcome to " + (urls.empty() ? all_.relay.info.name : urls.front()) + "!";
  }

  AllOptions& all_;
};

}  // namespace

void map_access(const config::Settings& settings, AllOptions& all, std::vector<config::SettingError>& errors) {
  AccessMapper(settings, all, errors).map_access();
}

}  // namespace pharos::app
