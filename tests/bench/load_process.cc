#include "bench/load_process.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

namespace pharos::bench {
namespace {

std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The number that follows a label.
std::uint64_t number_after(const std::string& text, std::string_view label) {
  const std::size_t at = text.find(label);
  if (at == std::string::npos) return 0;
  const std::size_t digit = text.find_first_of("0123456789", at + label.size());
  if (digit == std::string::npos) return 0;
  std::uint64_t value = 0;
  std::from_chars(text.data() + digit, text.data() + text.size(), value);
  return value;
}

double stat_seconds(const std::string& process) {
  const std::string text = read_all(process + "/stat");
  const std::size_t end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos) return 0;
  std::istringstream fields(text.substr(end_of_name + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

void add_threads(const std::string& process, ProcessUse& use) {
  std::uint64_t nanoseconds = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(process + "/task", error)) {
    const std::string thread = entry.path().string();
    nanoseconds += number_after(read_all(thread + "/schedstat"), "");
    const std::string status = read_all(thread + "/status");
    use.switches += number_after(status, "\nvoluntary_ctxt_switches:");
    use.switches += number_after(status, "nonvoluntary_ctxt_switches:");
  }
  // To the nanosecond where the kernel keeps it so; `stat` counts in hundredths of a second.
  use.cpu_seconds += nanoseconds > 0 ? static_cast<double>(nanoseconds) * 1e-9 : stat_seconds(process);
}

}  // namespace

ProcessUse process_use(const std::vector<pid_t>& pids) {
  ProcessUse use;
  for (const pid_t pid : pids) {
    const std::string process = fmt::format("/proc/{}", pid);
    add_threads(process, use);
    const std::string io = read_all(process + "/io");
    use.bytes_written += number_after(io, "\nwrite_bytes:");
    use.bytes_passed += number_after(io, "\nwchar:");
    const std::string status = read_all(process + "/status");
    use.rss_mb += static_cast<double>(number_after(status, "VmRSS:")) / 1024;
    use.anonymous_mb += static_cast<double>(number_after(status, "RssAnon:")) / 1024;
  }
  return use;
}

double thread_cpu_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

std::string machine_line() {
  std::string model = "unknown processor";
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) model = line.substr(line.find(':') + 2);
  }
  utsname system{};
  ::uname(&system);
  return fmt::format("{} cores, {}, {} {}", std::thread::hardware_concurrency(), model, system.sysname, system.release);
}

std::uint64_t bytes_on_disk(const std::string& directory) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, error)) {
    struct stat status {};
    if (entry.is_regular_file() && ::stat(entry.path().c_str(), &status) == 0) {
      bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
  }
  return bytes;
}

std::uint64_t raise_file_limit(std::uint64_t wanted) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < wanted) {
    const rlimit more{wanted, wanted};  // for root alone
    if (::setrlimit(RLIMIT_NOFILE, &more) == 0) return wanted;
  }
  limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace pharos::bench
