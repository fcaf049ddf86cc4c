#include "support/paths.h"

namespace pharos::testing {

std::string source_dir() { return PHAROS_SOURCE_DIR; }
std::string binary_dir() { return PHAROS_BINARY_DIR; }

}  // namespace pharos::testing
