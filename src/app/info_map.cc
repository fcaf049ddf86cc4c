#include "app/info_map.h"

#include "app/settings_reader.h"
#include "ingest/access_change.h"
#include "nostr/key_text.h"
#include "nostr/nip19.h"
#include "util/uri.h"
#include "util/utf8.h"

namespace pharos::app {
namespace {

class InfoMapper : private SettingsReader {
 public:
  InfoMapper(const config::Settings& settings, AllOptions& all, std::vector<config::SettingError>& errors)
      : SettingsReader(settings, errors), info_(all.relay.info) {}

  void map_info() {
    info_.name = values_.text("relay.name");
    if (count_code_points(info_.name) > ingest::kMaxRelayName)
      add("relay.name", "is longer than " + std::to_string(ingest::kMaxRelayName) + " characters");
    info_.description = values_.text("relay.description");
    info_.contact = contact();
    info_.icon = image("relay.icon");
    info_.banner = image("relay.banner");
    info_.terms_of_service = values_.text("relay.terms_of_service");
    info_.software = values_.text("relay.software");
    info_.version = PHAROS_VERSION;
    info_.pubkey = operator_key();
  }

 private:
  std::string contact() {
    const std::string& text = values_.text("relay.contact");
    if (text.empty() || is_uri(text)) return text;
    // Shown where it is an address alone: what else somebody pastes may be a secret.
    if (text.find('@') != std::string::npos && text.find_first_of(" :") == std::string::npos)
      add("relay.contact", "is no URI; for a mail address write \"mailto:" + text + "\"");
    else
      add("relay.contact", "is no URI such as mailto:admin@example.com or https://example.com/contact");
    return text;
  }

  std::string image(const std::string& key) {
    const std::string& text = values_.text(key);
    if (!text.empty() && !is_web_url(text))
      add(key, "is no address of an image: https://..., or http://..., which browsers do not show");
    return text;
  }

  // NIP-11 pubkey: hex, from hex or npub.
  std::string operator_key() {
    const std::string& text = values_.text("relay.pubkey");
    if (text.empty()) return text;
    if (const auto key = parse_public_key(text)) return key->hex();
    add("relay.pubkey", why_no_public_key(text));
    return {};
  }

  relay::Info& info_;
};

}  // namespace

void map_info(const config::Settings& settings, AllOptions& all, std::vector<config::SettingError>& errors) {
  InfoMapper(settings, all, errors).map_info();
}

}  // namespace pharos::app
