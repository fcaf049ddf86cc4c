// The body of a management request (NIP-86): a method and its parameters. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pharos {

struct ManagementRequest {
  struct Absent {};  // null
  struct Other {};   // neither a text nor a whole number of 64 bits
  using Parameter = std::variant<Absent, std::string, std::int64_t, Other>;

  std::optional<std::string> method;
  bool has_bad_params = false;  // params is neither an array nor null
  std::vector<Parameter> params;
};

inline constexpr std::size_t kMaxManagementParams = 16;  // further ones are left out

// nullopt for what is no JSON object. Of a field that occurs twice the last counts, other fields are passed over.
std::optional<ManagementRequest> parse_management_request(std::string_view json);

}  // namespace pharos
