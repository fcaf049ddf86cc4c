#include "monitor/report.h"

#include <array>
#include <utility>
#include <vector>

#include "nostr/json_write.h"
#include "nostr/nip11.h"
#include "util/printable.h"

namespace pharos::monitor {
namespace {

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  if (out.size() < width) out.append(width - out.size(), ' ');
  return out;
}

std::string right(std::string text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

// Tenths of a millisecond.
std::string milliseconds(std::uint32_t microseconds) {
  const std::uint32_t tenths = (microseconds + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " ms";
}

using Stage = std::pair<std::string_view, std::uint32_t>;
std::array<Stage, 4> stages(const ProbeResult& r) {
  return {{{"dns", r.dns_us}, {"tcp", r.tcp_us}, {"tls", r.tls_us}, {"http", r.http_us}}};
}

std::string remark(Check which, const CheckResult& check, const ProbeResult& result) {
  std::string out;
  const auto add = [&](std::string_view part) {
    if (part.empty()) return;
    if (!out.empty()) out += ", ";
    out += part;
  };
  if (check.fault != Fault::none) {
    std::string why(name(check.fault));
    if (!check.detail.empty()) why += ": " + check.detail;
    add(why);
  } else if (!check.ok()) {
    add(check.detail);
  }
  if (which == Check::open) {
    for (const auto& [stage, time] : stages(result)) {
      if (time > 0) add(std::string(stage) + " " + milliseconds(time));
    }
  }
  if (which == Check::read && result.limit_ignored) add("gave more than the limit");
  if (which == Check::auth && check.outcome == Outcome::skipped && result.challenged) add("challenge seen");
  if (which == Check::nip11 && check.ok()) {
    RelayInformationLimits limits;
    limits.max_document = result.nip11_document.size();
    if (const auto information = parse_relay_information(result.nip11_document, limits)) {
      const RelayInformation& claims = information.value();
      add(printable(claims.name));
      const bool both = !claims.software.empty() && !claims.version.empty();
      add(printable(claims.software + (both ? " " : "") + claims.version));
    }
  }
  return out;
}

void append_bool(std::string& out, std::string_view key, bool value) {
  out += ",\"";
  out += key;
  out += value ? "\":true" : "\":false";
}

void append_requirement(std::string& out, std::string_view key, std::optional<bool> value, bool first = false) {
  if (!first) out += ',';
  append_json_string(out, key);
  out += !value ? ":null" : *value ? ":true" : ":false";
}

std::string requirement_list(const Requirements& r) {
  std::string out;
  const auto add = [&](std::string_view key, std::optional<bool> value) {
    if (!value) return;
    if (!out.empty()) out += ' ';
    if (!*value) out += '!';
    out += key;
  };
  add("auth", r.auth);
  add("writes", r.writes);
  add("pow", r.pow);
  add("payment", r.payment);
  return out;
}

std::string_view verdict(const ProbeResult& result) {
  if (!result.is_evidence()) return "not judged";
  if (!result.open.ok()) return "offline";
  return result.is_relay() ? "online" : "not a relay";
}

}  // namespace

std::string render_text(const RelayUrl& url, const ProbeResult& result) {
  std::string out = url.text() + "  " + std::string(verdict(result)) + " (" + std::string(name(url.network()));
  if (!result.address.empty()) out += ", " + result.address;
  out += ")";
  for (const Check which : kChecks) {
    const CheckResult& check = result.check(which);
    out += "\n  " + padded(name(which), 6) + padded(name(check.outcome), 8);
    const std::string time = check.outcome == Outcome::skipped ? "" : std::to_string(check.rtt_ms) + " ms";
    out += right(time, 9);
    const std::string text = remark(which, check, result);
    if (!text.empty()) out += "   " + text;
    out.erase(out.find_last_not_of(' ') + 1);
  }
  const std::string seen = requirement_list(observed_requirements(result));
  if (!seen.empty()) out += "\n  observed requirements: " + seen;
  return out;
}

std::string render_line(const ProbeResult& result) {
  std::string out = padded(verdict(result), 12);
  for (const Check which : kChecks) {
    const CheckResult& check = result.check(which);
    if (check.outcome == Outcome::skipped) continue;
    out += " " + std::string(name(which)) + " ";
    if (check.ok())
      out += std::to_string(check.rtt_ms) + " ms";
    else
      out += check.fault == Fault::none ? name(check.outcome) : name(check.fault);
  }
  return out;
}

void append_checks(std::string& out, const ProbeResult& result) {
  bool first = true;
  for (const Check which : kChecks) {
    const CheckResult& check = result.check(which);
    if (!first) out += ',';
    first = false;
    append_json_string(out, name(which));
    out += ":{\"outcome\":";
    append_json_string(out, name(check.outcome));
    if (check.outcome != Outcome::skipped) {
      out += ",\"ms\":";
      append_json_integer(out, check.rtt_ms);
    }
    if (check.fault != Fault::none) {
      out += ",\"fault\":";
      append_json_string(out, name(check.fault));
    }
    if (!check.detail.empty()) {
      out += ",\"detail\":";
      append_json_string(out, check.detail);
    }
    out += '}';
  }
}

std::string render_json(const RelayUrl& url, const ProbeResult& result) {
  std::string out = "{\"url\":";
  append_json_string(out, url.text());
  out += ",\"network\":";
  append_json_string(out, name(url.network()));
  out += ",\"started_at_ms\":";
  append_json_integer(out, result.started_unix_ms);
  append_bool(out, "online", result.open.ok());
  append_bool(out, "relay", result.is_relay());
  append_bool(out, "judged", result.is_evidence());
  out += ",\"address\":";
  append_json_string(out, result.address);
  out += ",\"checks\":{";
  append_checks(out, result);
  out += "},\"stages_us\":{";
  bool first = true;
  for (const auto& [stage, time] : stages(result)) {
    if (!first) out += ',';
    first = false;
    append_json_string(out, stage);
    out += ':';
    append_json_integer(out, time);
  }
  out += "},\"tls\":";
  if (result.tls_used) {
    out += "{\"not_after\":";
    append_json_integer(out, result.tls_not_after);
    out += ",\"issuer\":";
    append_json_string(out, result.tls_issuer);
    out += '}';
  } else {
    out += "null";
  }
  const Requirements seen = observed_requirements(result);
  out += ",\"observed\":{";
  append_requirement(out, "auth", seen.auth, true);
  append_requirement(out, "writes", seen.writes);
  append_requirement(out, "pow", seen.pow);
  append_requirement(out, "payment", seen.payment);
  append_bool(out, "challenged", result.challenged);
  append_bool(out, "limit_ignored", result.limit_ignored);
  out += "},\"nip11\":";
  // Only line breaks can keep a JSON text from standing in one line; strings hold none unescaped.
  std::string document = result.nip11_document.empty() ? "null" : result.nip11_document;
  for (char& c : document) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  out += document + "}";
  return out;
}

}  // namespace pharos::monitor
