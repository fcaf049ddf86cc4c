#include "app/run_file.h"

#include <cerrno>
#include <fstream>
#include <iterator>

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <signal.h>

namespace pharos::app {
namespace {

std::filesystem::path path_in(const std::filesystem::path& data_directory) { return data_directory / "run.json"; }

}  // namespace

bool RunFile::write(const std::filesystem::path& data_directory, const RunInfo& info) {
  rapidjson::StringBuffer json;
  rapidjson::Writer<rapidjson::StringBuffer> writer(json);
  writer.StartObject();
  writer.Key("pid");
  writer.Int64(info.pid);
  writer.Key("relay");
  writer.String(info.relay.data(), static_cast<rapidjson::SizeType>(info.relay.size()));
  writer.Key("admin");
  writer.String(info.admin.data(), static_cast<rapidjson::SizeType>(info.admin.size()));
  writer.EndObject();

  const std::filesystem::path draft = data_directory / "run.json.new";
  {
    std::ofstream out(draft, std::ios::binary | std::ios::trunc);
    out << json.GetString() << '\n';
    if (!out.flush()) return false;
  }
  std::error_code error;
  std::filesystem::rename(draft, path_in(data_directory), error);
  return !error;
}

void RunFile::remove(const std::filesystem::path& data_directory) {
  std::error_code ignored;
  std::filesystem::remove(path_in(data_directory), ignored);
}

std::optional<RunInfo> RunFile::read(const std::filesystem::path& data_directory) {
  std::ifstream in(path_in(data_directory), std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  if (document.HasParseError() || !document.IsObject()) return std::nullopt;
  RunInfo info;
  const auto text_of = [&](const char* key) -> std::string {
    const auto found = document.FindMember(key);
    return found != document.MemberEnd() && found->value.IsString() ? found->value.GetString() : "";
  };
  const auto pid = document.FindMember("pid");
  if (pid == document.MemberEnd() || !pid->value.IsInt64()) return std::nullopt;
  info.pid = static_cast<long>(pid->value.GetInt64());
  info.relay = text_of("relay");
  info.admin = text_of("admin");
  if (info.pid <= 0 || (::kill(static_cast<pid_t>(info.pid), 0) != 0 && errno == ESRCH)) return std::nullopt;
  return info;
}

}  // namespace pharos::app
