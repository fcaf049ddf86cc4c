// Targets and results as bytes of KvTable::monitor_target, monitor_result and document. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "monitor/result.h"
#include "monitor/target.h"

namespace pharos::monitor {

std::string encode_target(const TargetState& state);
// nullopt when the bytes are not a target of a known version.
std::optional<TargetState> decode_target(std::string_view bytes);

// Without nip11_document.
std::string encode_result(const ProbeResult& result);
std::optional<ProbeResult> decode_result(std::string_view bytes);

std::string target_key(std::string_view url);
std::string result_key(std::string_view url, std::uint64_t number);
// Prefix of all results of the target; they stand in the order of their numbers.
std::string result_prefix(std::string_view url);
std::string document_key(const Digest& digest);
// In KvTable::misc: how many results name the document.
std::string document_count_key(const Digest& digest);
std::string encode_count(std::uint64_t count);
std::optional<std::uint64_t> decode_count(std::string_view bytes);

}  // namespace pharos::monitor
