// How numbers stand in what people read. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pharos::app {

// "1 event", "2 events"; by an s alone.
std::string counted(std::uint64_t number, std::string_view noun);

// "3.5 MiB"; "1.2 GiB" from there on.
std::string byte_size(std::uint64_t bytes);

}  // namespace pharos::app
