// Which commit this is. A file of its own, so that a new commit compiles nothing else anew.
#pragma once

namespace pharos::app {

// Twelve hex digits, "-dirty" behind them where the tree had changes; "unknown" when built outside a repository.
const char* revision();

}  // namespace pharos::app
