#include "app/samples.h"

#include <fstream>
#include <iterator>
#include <sstream>

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/revision.h"
#include "storage/info.h"

namespace pharos::app {
namespace {

using metrics::MetricId;

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// The n-th field of /proc/self/statm, in bytes.
double memory_bytes(int field) {
  std::ifstream in("/proc/self/statm");
  double pages = 0;
  for (int i = 0; i <= field; ++i) in >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_descriptors() {
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  double count = 0;
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count - 3;  // . and .. and the directory itself
}

double max_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

// Wall time now less the age, which counts from boot; the sandbox of the unit hides /proc/stat.
double start_time_seconds() {
  std::ifstream in("/proc/self/stat");
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  if (text.find(')') == std::string::npos) return 0;
  // Behind the name, which may hold anything, field 3 comes first; the start time is field 22.
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 22; ++field) fields >> skipped;
  double ticks = 0;
  fields >> ticks;
  timespec wall{};
  timespec boot{};
  ::clock_gettime(CLOCK_REALTIME, &wall);
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  return static_cast<double>(wall.tv_sec - boot.tv_sec) + static_cast<double>(wall.tv_nsec - boot.tv_nsec) * 1e-9 +
         ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

void sample_process(metrics::Registry& registry) {
  registry.gauge(MetricId::build_info, {PHAROS_VERSION, revision(), __VERSION__}).set(1);
  registry.sample(MetricId::process_cpu_seconds_total, {}, cpu_seconds);
  registry.sample(MetricId::process_resident_memory_bytes, {}, [] { return memory_bytes(1); });
  registry.sample(MetricId::anonymous_memory_bytes, {}, [] { return memory_bytes(1) - memory_bytes(2); });
  registry.sample(MetricId::process_open_fds, {}, open_descriptors);
  registry.sample(MetricId::process_max_fds, {}, max_descriptors);
  registry.sample(MetricId::process_start_time_seconds, {}, [start = start_time_seconds()] { return start; });
}

void sample_store(metrics::Registry& registry, const storage::Store& store, const std::filesystem::path& directory) {
  const auto map_size = registry.gauge(MetricId::lmdb_map_size_bytes);
  const auto map_used = registry.gauge(MetricId::lmdb_map_used_bytes);
  const auto free_pages = registry.gauge(MetricId::lmdb_free_pages_bytes);
  const auto readers = registry.gauge(MetricId::lmdb_readers);
  const auto max_readers = registry.gauge(MetricId::lmdb_max_readers);
  const auto events = registry.gauge(MetricId::stored_events);
  const auto unpacked = registry.gauge(MetricId::unpacked_cache_bytes);
  std::vector<metrics::Gauge> entries;
  for (const storage::TableSpec& spec : storage::kTableSpecs) {
    entries.push_back(registry.gauge(MetricId::lmdb_entries, {spec.name}));
  }
  registry.on_scrape([=, &store] {
    const auto txn = store.read();
    if (!txn) return;
    const auto info = storage::read_info(txn.value(), store.tables());
    map_size.set(static_cast<std::int64_t>(info.map_size_bytes));
    map_used.set(static_cast<std::int64_t>(info.used_bytes));
    free_pages.set(static_cast<std::int64_t>(info.free_page_bytes));
    readers.set(static_cast<std::int64_t>(info.readers));
    max_readers.set(static_cast<std::int64_t>(info.max_readers));
    events.set(static_cast<std::int64_t>(info.events));
    unpacked.set(static_cast<std::int64_t>(info.unpacked.bytes));
    for (std::size_t i = 0; i < entries.size(); ++i) {
      entries[i].set(static_cast<std::int64_t>(info.tables[i].entries));
    }
  });
  storage::EventBlockCache* cache = store.tables().unpacked;
  registry.sample(MetricId::unpacked_cache_lookups_total, {"hit"},
                  [cache] { return static_cast<double>(cache->usage().hits); });
  registry.sample(MetricId::unpacked_cache_lookups_total, {"miss"},
                  [cache] { return static_cast<double>(cache->usage().misses); });
  registry.sample(MetricId::filesystem_free_bytes, {}, [directory] {
    std::error_code error;
    const auto space = std::filesystem::space(directory, error);
    return error ? 0.0 : static_cast<double>(space.available);
  });
}

void sample_pool(metrics::Registry& registry, const WorkerPool& pool) {
  registry.gauge(MetricId::queue_capacity, {"workers"}).set(static_cast<std::int64_t>(pool.queue_capacity()));
  registry.sample(MetricId::queue_depth, {"workers"}, [&pool] { return static_cast<double>(pool.queue_depth()); });
}

void sample_relay_queues(metrics::Registry& registry, const relay::Options& options, std::size_t shards) {
  const auto set = [&registry](const char* queue, std::size_t capacity) {
    registry.gauge(MetricId::queue_capacity, {queue}).set(static_cast<std::int64_t>(capacity));
  };
  set("query", options.max_queued_slices);
  set("fanout", options.max_fanout_events * shards);
}

}  // namespace pharos::app
