// The command line: parses it, runs the chosen command and returns the exit code of the process.
#pragma once

#include <string>

namespace pharos::app {

int run_command_line(int argc, char** argv);

// `pharos --help` and the help of every command, for the test that compares the documentation with it.
std::string all_help();

}  // namespace pharos::app
