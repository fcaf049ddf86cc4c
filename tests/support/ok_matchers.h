// What an OK says.
#pragma once

#include <string_view>

#include <gmock/gmock.h>

#include "nostr/message.h"

namespace pharos::testing {

MATCHER(IsTaken, "is accepted") {
  *result_listener << "with \"" << arg.message << "\"";
  return arg.accepted;
}

// The prefix with its colon and space; words follow it.
MATCHER_P(IsRefused, prefix, std::string("is refused with ") + prefix) {
  *result_listener << (arg.accepted ? "accepted" : "refused") << " with \"" << arg.message << "\"";
  const std::string_view expected = prefix;
  return !arg.accepted && arg.message.starts_with(expected) && arg.message.size() > expected.size();
}

}  // namespace pharos::testing
