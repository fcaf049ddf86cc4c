// What a running process has used so far, as /proc tells. Nothing is known of what cannot be read: zeros then.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace pharos::bench {

struct ProcessUse {
  double cpu_seconds = 0;  // user and system, all threads
  // Sent towards the disk, as the kernel counts: where its page cache holds large folios, as that of ext4 does from
  // Linux 6.16 on, each of them whole that a write changed a page of.
  std::uint64_t bytes_written = 0;
  std::uint64_t bytes_passed = 0;  // to calls that write to files
  std::uint64_t switches = 0;      // context switches, wanted or not
  double rss_mb = 0;
  double anonymous_mb = 0;  // resident without the page cache
};

// The sum over the processes.
ProcessUse process_use(const std::vector<pid_t>& pids);

// CPU time of the calling thread.
double thread_cpu_seconds();

// "2 cores, <model>, Linux <release>"
std::string machine_line();

// Bytes of all files below a directory, holes not counted.
std::uint64_t bytes_on_disk(const std::string& directory);

// Lets this process and its children open as many files as the system allows; the limit reached.
std::uint64_t raise_file_limit(std::uint64_t wanted);

}  // namespace pharos::bench
