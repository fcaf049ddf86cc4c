// What is missing of a line that says what to do and with which value, and not what that value is.
#pragma once

#include <string>

namespace pharos::app {

// The lines that may be meant by "pharos ban VALUE", in a sentence; "" where the command is no ban, unban, allow or
// deny, or the value none of what it takes.
std::string missing_subject(const std::string& command, const std::string& value);

}  // namespace pharos::app
