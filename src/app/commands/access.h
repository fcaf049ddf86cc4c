// What is wrong with a line that bans, unbans, allows or denies something of which it does not say what it is, or calls
// it by another name.
#pragma once

#include <string>

namespace pharos::app {

// The lines that may be meant by "pharos ban VALUE", in a sentence; "" where the command is no ban, unban, allow or
// deny, or the value none of what it takes.
std::string missing_subject(const std::string& command, const std::string& value);

// What may be meant by "pharos ban ADDRESS", to stand behind "unknown command": ", did you mean pharos ban ip?"; ""
// where the command is none of these, or the word for nothing that they take.
std::string meant_subject(const std::string& command, const std::string& word);

}  // namespace pharos::app
