#include "net/ws_extension.h"

#include <vector>

#include "net/http_message.h"

namespace pharos::net {
namespace {

constexpr std::string_view kName = "permessage-deflate";

struct Parameter {
  std::string_view name;
  std::optional<std::string_view> value;
};
struct Extension {
  std::string_view name;
  std::vector<Parameter> parameters;
};

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

// Neither names nor values of this extension contain separators, so quoting needs no escapes.
Extension parse_extension(std::string_view text) {
  Extension extension;
  bool first = true;
  for_each_element(text, ';', [&](std::string_view element) {
    if (first) {
      extension.name = element;
      first = false;
      return;
    }
    const std::size_t equals = element.find('=');
    if (equals == std::string_view::npos)
      extension.parameters.push_back({element, std::nullopt});
    else
      extension.parameters.push_back(
          {trimmed(element.substr(0, equals)), unquoted(trimmed(element.substr(equals + 1)))});
  });
  return extension;
}

std::optional<int> window_bits(std::string_view text) {
  if (text == "8" || text == "9") return text.front() - '0';
  if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5') return 10 + (text[1] - '0');
  return std::nullopt;
}

struct Parsed {
  bool server_no_takeover = false;
  bool client_no_takeover = false;
  std::optional<int> server_bits;
  bool client_bits_given = false;
  std::optional<int> client_bits;
};

// nullopt when a parameter is unknown, repeated or ill-formed.
std::optional<Parsed> parse_parameters(const std::vector<Parameter>& parameters) {
  Parsed parsed;
  for (const Parameter& parameter : parameters) {
    if (equals_ignoring_case(parameter.name, "server_no_context_takeover")) {
      if (parsed.server_no_takeover || parameter.value) return std::nullopt;
      parsed.server_no_takeover = true;
    } else if (equals_ignoring_case(parameter.name, "client_no_context_takeover")) {
      if (parsed.client_no_takeover || parameter.value) return std::nullopt;
      parsed.client_no_takeover = true;
    } else if (equals_ignoring_case(parameter.name, "server_max_window_bits")) {
      if (parsed.server_bits || !parameter.value) return std::nullopt;
      parsed.server_bits = window_bits(*parameter.value);
      if (!parsed.server_bits) return std::nullopt;
    } else if (equals_ignoring_case(parameter.name, "client_max_window_bits")) {
      if (parsed.client_bits_given) return std::nullopt;
      parsed.client_bits_given = true;
      if (parameter.value) {
        parsed.client_bits = window_bits(*parameter.value);
        if (!parsed.client_bits) return std::nullopt;
      }
    } else {
      return std::nullopt;
    }
  }
  return parsed;
}

}  // namespace

DeflateAnswer answer_deflate_offer(std::string_view offers, const WsOptions& options) {
  DeflateAnswer answer;
  if (!options.deflate) return answer;
  for_each_element(offers, ',', [&](std::string_view offer) {
    if (answer.params.enabled) return;
    const Extension extension = parse_extension(offer);
    if (!equals_ignoring_case(extension.name, kName)) return;
    const std::optional<Parsed> parsed = parse_parameters(extension.parameters);
    if (!parsed) return;
    // A deflate window of 8 bits does not exist in practice: compressors use 9 and break the promise.
    if (parsed->server_bits == 8) return;

    answer.params.enabled = true;
    answer.params.our_context_takeover = options.deflate_context_takeover && !parsed->server_no_takeover;
    answer.params.peer_context_takeover = options.deflate_context_takeover && !parsed->client_no_takeover;
    answer.params.our_window_bits = parsed->server_bits.value_or(15);
    answer.header = kName;
    if (!answer.params.our_context_takeover) answer.header += "; server_no_context_takeover";
    if (!answer.params.peer_context_takeover) answer.header += "; client_no_context_takeover";
    if (parsed->server_bits) answer.header += "; server_max_window_bits=" + std::to_string(*parsed->server_bits);
  });
  return answer;
}

std::string deflate_offer(const WsOptions& options) {
  if (!options.deflate) return {};
  std::string offer(kName);
  if (!options.deflate_context_takeover) offer += "; server_no_context_takeover; client_no_context_takeover";
  return offer;
}

std::optional<DeflateParams> accept_deflate_answer(std::string_view header, const WsOptions& options) {
  DeflateParams params;
  if (trimmed(header).empty()) return params;
  if (!options.deflate) return std::nullopt;
  const Extension extension = parse_extension(header);
  if (!equals_ignoring_case(extension.name, kName)) return std::nullopt;
  const std::optional<Parsed> parsed = parse_parameters(extension.parameters);
  if (!parsed || parsed->client_bits == 8 || (parsed->client_bits_given && !parsed->client_bits)) return std::nullopt;
  params.enabled = true;
  params.our_context_takeover = options.deflate_context_takeover && !parsed->client_no_takeover;
  // Some servers agree and keep their window all the same unless they say otherwise.
  params.peer_context_takeover = !parsed->server_no_takeover;
  params.our_window_bits = parsed->client_bits.value_or(15);
  return params;
}

}  // namespace pharos::net
