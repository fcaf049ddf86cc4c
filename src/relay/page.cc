#include "relay/info.h"
#include "relay/nips.h"

namespace pharos::relay {
namespace {

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out.append("&amp;");
        break;
      case '<':
        out.append("&lt;");
        break;
      case '>':
        out.append("&gt;");
        break;
      case '"':
        out.append("&quot;");
        break;
      case '\'':
        out.append("&#39;");
        break;
      default:
        out.push_back(c);
    }
  }
}

void append_row(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out.append("<dt>").append(name).append("</dt><dd>");
  append_escaped(out, value);
  out.append("</dd>\n");
}

}  // namespace

std::string relay_page(const Options& options) {
  const Info& info = options.info;
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>";
  append_escaped(out, info.name);
  out.append(
      "</title>\n<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}"
      "dt{font-weight:600}dd{margin:0 0 .6rem;overflow-wrap:anywhere}</style></head>\n<body><h1>");
  append_escaped(out, info.name);
  out.append("</h1>\n<p>");
  append_escaped(out, info.description);
  out.append(
      "</p>\n<p>This is a Nostr relay. Point a Nostr client at it; there is nothing else to see here.</p>\n<dl>\n");
  for (const std::string& url : options.urls) append_row(out, "Address", url);
  append_row(out, "Operator", info.pubkey);
  append_row(out, "Relay key", info.self);
  append_row(out, "Contact", info.contact);
  append_row(out, "Terms", info.terms_of_service);
  append_row(out, "Software", info.software);
  append_row(out, "Version", info.version);
  std::string numbers;
  for (const unsigned number : supported_nips(options)) {
    if (!numbers.empty()) numbers.append(", ");
    numbers.append(std::to_string(number));
  }
  append_row(out, "NIPs", numbers);
  out.append("</dl></body></html>\n");
  return out;
}

}  // namespace pharos::relay
