// Where the project and its build lie. Functions, so that test objects do not depend on the place of the clone.
#pragma once

#include <string>

namespace pharos::testing {

std::string source_dir();
std::string binary_dir();

}  // namespace pharos::testing
