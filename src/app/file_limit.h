// How many files and sockets the process may hold open.
#pragma once

#include <cstddef>

namespace pharos::app {

// Raises the soft limit to the hard one and returns what holds then. Call it before sockets are made.
std::size_t raise_file_limit();

// What is needed besides one descriptor for each client: database, logs, upstreams, probes.
inline constexpr std::size_t kSpareDescriptors = 256;

}  // namespace pharos::app
