// ban, unban, allow and deny: who may publish what, and from where, told to the running instance.

#include "app/commands/access.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "app/commands/asking.h"
#include "ingest/access_change.h"
#include "nostr/nip19.h"
#include "util/ip_range.h"

namespace pharos::app {
namespace {

using ingest::AccessAction;

struct Verb {
  std::string_view name;
  const char* help;
  // Of a pubkey, an event, a kind and an address; none where there is no such list.
  std::array<std::optional<AccessAction>, 4> actions;
};
constexpr std::array<const char*, 4> kSubjects{"pubkey", "event", "kind", "ip"};
constexpr std::array<const char*, 4> kSubjectHelp{
    "A public key: hex, npub or nprofile", "An event's id: hex, note or nevent", "A kind, 0 to 65535",
    "An address or a block of them: 192.0.2.1, 192.0.2.0/24, 2001:db8::/32"};
constexpr std::array<Verb, 4> kVerbs{
    Verb{"ban",
         "Take nothing of it any more, whoever brings it, and erase what is stored of a key or an event",
         {AccessAction::ban_pubkey, AccessAction::ban_event, AccessAction::disallow_kind, AccessAction::block_address}},
    Verb{"unban",
         "Take it again",
         {AccessAction::unban_pubkey, AccessAction::unban_event, AccessAction::undisallow_kind,
          AccessAction::unblock_address}},
    Verb{"allow",
         "Lift its ban and put it on the allow list: once there is a key or kind, clients may publish those alone, so "
         "that the first needs --only; an event is taken whoever wrote it",
         {AccessAction::allow_pubkey, AccessAction::allow_event, AccessAction::allow_kind, std::nullopt}},
    Verb{"deny",
         "Take it off the allow list; that is no ban: ban keeps it away",
         {AccessAction::unallow_pubkey, AccessAction::unallow_event, AccessAction::unallow_kind, std::nullopt}},
};

// What else people call them, in the order of kSubjects.
constexpr std::array<std::array<std::string_view, 6>, 4> kOtherNames{{
    {"pubkeys", "key", "npub", "author", "user", "member"},
    {"events", "id", "note", "nevent", "message", "post"},
    {"kinds", "type", "number", "", "", ""},
    {"ip", "ips", "address", "addr", "host", "cidr"},
}};

struct Arguments {
  AskedInstance instance;
  std::string subject;
  std::string reason;
  bool only = false;
};

std::string order(AccessAction action, const Arguments& arguments) {
  rapidjson::StringBuffer json;
  rapidjson::Writer<rapidjson::StringBuffer> writer(json);
  const auto member = [&writer](const char* key, std::string_view value) {
    writer.Key(key);
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  writer.StartObject();
  member("action", name(action));
  member("subject", arguments.subject);
  member("reason", arguments.reason);
  writer.Key("only");
  writer.Bool(arguments.only);
  writer.EndObject();
  return json.GetString();
}

ExitCode change(AccessAction action, const Arguments& arguments) {
  const auto answer = ask_instance(arguments.instance, {.path = "/api/v1/access", .post = order(action, arguments)});
  if (!answer) return answer.error();
  fmt::print("{}", answer.value());
  return ExitCode::ok;
}

bool is_subject(std::size_t subject, const std::string& value) {
  const bool is_hex = PublicKey::from_hex(value).has_value();
  const auto starts_with = [&value](const char* prefix) { return value.starts_with(prefix); };
  switch (subject) {
    case 0:
      return is_hex || starts_with("npub1") || starts_with("nprofile1");
    case 1:
      return is_hex || starts_with("note1") || starts_with("nevent1");
    case 2:
      return !value.empty() && value.size() <= 5 && value.find_first_not_of("0123456789") == std::string::npos;
    default:
      return IpRange::parse(value).has_value();
  }
}

}  // namespace

std::string missing_subject(const std::string& command, const std::string& value) {
  const auto verb = std::ranges::find(kVerbs, command, &Verb::name);
  if (verb == kVerbs.end()) return {};
  std::string out;
  for (std::size_t i = 0; i < kSubjects.size(); ++i) {
    if (verb->actions[i] && is_subject(i, value))
      out += fmt::format("{}pharos {} {} {}", out.empty() ? "" : " or ", command, kSubjects[i], value);
  }
  return out.empty() ? out : "say what it is: " + out;
}

std::string meant_subject(const std::string& command, const std::string& word) {
  const auto verb = std::ranges::find(kVerbs, command, &Verb::name);
  if (verb == kVerbs.end()) return {};
  for (std::size_t i = 0; i < kSubjects.size(); ++i) {
    if (std::ranges::find(kOtherNames[i], word) == kOtherNames[i].end()) continue;
    if (verb->actions[i]) return fmt::format(", did you mean pharos {} {}?", command, kSubjects[i]);
    return fmt::format(": there is no allow list of addresses, did you mean pharos {} {}?",
                       command == "allow" ? "unban" : "ban", kSubjects[i]);
  }
  return {};
}

void add_access(CLI::App& root, Action& action) {
  for (const Verb& verb : kVerbs) {
    CLI::App* group = root.add_subcommand(std::string(verb.name), verb.help);
    group->require_subcommand(1);
    for (std::size_t i = 0; i < kSubjects.size(); ++i) {
      if (!verb.actions[i]) continue;
      CLI::App* command = group->add_subcommand(kSubjects[i], kSubjectHelp[i]);
      auto arguments = std::make_shared<Arguments>();
      arguments->instance = add_instance_options(*command);
      command->add_option("value", arguments->subject, kSubjectHelp[i])->required();
      command->add_option("--reason", arguments->reason, "Why, for the list and the audit");
      if (verb.actions[i] == AccessAction::allow_pubkey || verb.actions[i] == AccessAction::allow_kind) {
        command->add_flag("--only", arguments->only,
                          "Also where it is the first on the list, which keeps all others from publishing");
      }
      command->callback([&action, arguments, what = *verb.actions[i]] {
        action = [arguments, what] { return change(what, *arguments); };
      });
    }
  }
}

}  // namespace pharos::app
