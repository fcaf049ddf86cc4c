// Counts the allocations of a program by thread: malloc, calloc and realloc, so operator new and the C libraries as
// well. Linking allocation_counter.cc replaces those functions. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace pharos::bench {

// So far, by the name of the thread; threads of one name together, those that have ended are left out.
std::map<std::string, std::uint64_t> allocations_by_thread();

}  // namespace pharos::bench
