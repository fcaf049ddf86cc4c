#include "monitor/answer.h"

#include <array>
#include <utility>

namespace pharos::monitor {
namespace {

constexpr std::array<std::pair<std::string_view, Fault>, 11> kPrefixes{{
    {"auth-required", Fault::auth_required},
    {"restricted", Fault::restricted},
    {"blocked", Fault::restricted},
    {"payment-required", Fault::restricted},
    {"pow", Fault::pow},
    {"rate-limited", Fault::rate_limited},
    {"invalid", Fault::own_fault},
    {"error", Fault::own_fault},
    {"unsupported", Fault::own_fault},
    {"duplicate", Fault::own_fault},
    {"mute", Fault::restricted},
}};

Fault by_prefix(std::string_view message) {
  for (const auto& [prefix, fault] : kPrefixes) {
    if (message.starts_with(prefix) && message.substr(prefix.size()).starts_with(':')) return fault;
  }
  return Fault::none;
}

}  // namespace

Fault judge_refusal(std::string_view message) {
  const Fault fault = by_prefix(message);
  return fault == Fault::none ? Fault::refused : fault;
}

Fault judge_notice(std::string_view message) {
  const Fault fault = by_prefix(message);
  return fault == Fault::auth_required || fault == Fault::restricted || fault == Fault::rate_limited ? fault
                                                                                                     : Fault::none;
}

bool is_machine_readable(std::string_view message) { return by_prefix(message) != Fault::none; }

}  // namespace pharos::monitor
