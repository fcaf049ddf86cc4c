#include <algorithm>

#include "nostr/canonical.h"
#include "relay/info.h"
#include "relay/nips.h"

namespace pharos::relay {
namespace {

// Appends members of one JSON object.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_.push_back('{'); }
  ~ObjectWriter() { out_.push_back('}'); }
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  std::string& key(std::string_view name) {
    if (out_.back() != '{') out_.push_back(',');
    append_json_string(out_, name);
    out_.push_back(':');
    return out_;
  }
  void text(std::string_view name, std::string_view value) {
    if (!value.empty()) append_json_string(key(name), value);
  }
  void number(std::string_view name, std::uint64_t value) { key(name).append(std::to_string(value)); }
  void flag(std::string_view name, bool value) { key(name).append(value ? "true" : "false"); }

 private:
  std::string& out_;
};

std::size_t max_message_bytes(const Options& options) {
  std::size_t most = 0;
  for (const net::ServerOptions& listener : options.listeners) most = std::max(most, listener.ws.max_message_bytes);
  return most;
}

void append_limitation(std::string& out, const Options& options) {
  const ingest::AdmissionOptions& admission = options.admission;
  ObjectWriter object(out);
  object.number("max_message_length", max_message_bytes(options));
  object.number("max_subscriptions", options.limits.max_subscriptions);
  object.number("max_limit", options.limits.max_limit);
  object.number("default_limit", options.limits.default_limit);
  object.number("max_subid_length", options.limits.max_subscription_id);
  object.number("max_event_tags", admission.max_tags);
  object.number("max_content_length", admission.max_content_length);
  object.number("min_pow_difficulty", admission.min_pow_bits);
  object.flag("auth_required", false);
  object.flag("payment_required", false);
  object.flag("restricted_writes", false);
  if (admission.max_age.count() > 0) {
    object.number("created_at_lower_limit", static_cast<std::uint64_t>(admission.max_age.count()));
  }
  if (admission.max_ahead.count() > 0) {
    object.number("created_at_upper_limit", static_cast<std::uint64_t>(admission.max_ahead.count()));
  }
}

}  // namespace

std::string relay_document(const Options& options) {
  const Info& info = options.info;
  std::string out;
  {
    ObjectWriter object(out);
    object.text("name", info.name);
    object.text("description", info.description);
    object.text("banner", info.banner);
    object.text("icon", info.icon);
    object.text("pubkey", info.pubkey);
    object.text("self", info.self);
    object.text("contact", info.contact);
    object.text("terms_of_service", info.terms_of_service);
    std::string& nips = object.key("supported_nips");
    nips.push_back('[');
    for (const unsigned number : supported_nips(options)) nips.append(std::to_string(number)).push_back(',');
    nips.back() = ']';
    object.text("software", info.software);
    object.text("version", info.version);
    append_limitation(object.key("limitation"), options);
  }
  return out;
}

}  // namespace pharos::relay
