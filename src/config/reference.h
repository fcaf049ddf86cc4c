// The table of settings as documents: the commented sample file and the reference. Pure.
#pragma once

#include <string>

namespace pharos::config {

// conf/pharos.toml: every key with its default, commented out, under its help.
std::string render_sample();

// For reading on a terminal.
std::string render_reference();

}  // namespace pharos::config
