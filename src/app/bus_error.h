// SIGBUS, which the system sends to who reads a mapped file beyond its end, or where the disk does not give it. One
// thread, before others.
#pragma once

namespace pharos::app {

// From now on it ends the process with a word about the database and ExitCode::io, instead of without one.
void tell_of_bus_errors();

}  // namespace pharos::app
