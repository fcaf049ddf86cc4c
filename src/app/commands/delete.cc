#include <fmt/format.h>
#include <rapidjson/document.h>

#include "app/commands/asking.h"
#include "app/deletion.h"
#include "app/filter_text.h"
#include "app/wording.h"

namespace pharos::app {
namespace {

struct Arguments {
  AskedInstance instance;
  std::string filter;
  bool dry_run = false;
};

ExitCode report(const std::string& json, bool dry_run) {
  rapidjson::Document document;
  document.Parse(json.c_str());
  if (!document.IsObject() || !document.HasMember("events") || !document["events"].IsUint64() ||
      !document.HasMember("bytes") || !document["bytes"].IsUint64()) {
    complain("the instance answered " + json);
    return ExitCode::failure;
  }
  fmt::print("{}, {} of records, {}\n", counted(document["events"].GetUint64(), "event"),
             byte_size(document["bytes"].GetUint64()), dry_run ? "would be erased" : "erased");
  if (document.HasMember("whole") && document["whole"].IsTrue()) return ExitCode::ok;
  complain("the instance was stopped, or could not read, before the end");
  return ExitCode::failure;
}

ExitCode delete_events(const Arguments& arguments) {
  const auto filter = read_filter(arguments.filter);
  if (!filter) {
    complain("--filter: " + filter.error());
    return ExitCode::usage;
  }
  const std::string order =
      "{\"filter\":" + arguments.filter + ",\"dry_run\":" + (arguments.dry_run ? "true" : "false") + "}";
  const auto answer =
      ask_instance(arguments.instance, {.path = "/api/v1/delete", .post = order, .timeout = kLongestDeletion});
  if (!answer) return answer.error();
  return report(answer.value(), arguments.dry_run);
}

}  // namespace

void add_delete(CLI::App& root, Action& action) {
  CLI::App* command = root.add_subcommand(
      "delete", "Erase stored events of the running instance; nothing keeps them from coming again, a ban does");
  auto arguments = std::make_shared<Arguments>();
  arguments->instance = add_instance_options(*command);
  command->add_option("--filter", arguments->filter, "NIP-01 filter as JSON: what matches goes")->required();
  command->add_flag("--dry-run", arguments->dry_run, "Only tell how much that is");
  command->callback([&action, arguments] { action = [arguments] { return delete_events(*arguments); }; });
}

}  // namespace pharos::app
