#include "monitor/result_store.h"

#include <algorithm>

#include "monitor/codec.h"
#include "storage/kv_table.h"
#include "storage/txn.h"

namespace pharos::monitor {
namespace {

using storage::KvTable;

// Erasing costs up to three writes each; an update must stay short.
constexpr std::uint64_t kPrunedPerRecord = 8;

std::uint64_t count_of(storage::WriteTxn& txn, const Digest& digest) {
  const auto bytes = storage::kv_get(txn, KvTable::misc, document_count_key(digest));
  return bytes ? decode_count(*bytes).value_or(0) : 0;
}

bool retain_document(storage::WriteTxn& txn, const Digest& digest, std::string_view document) {
  const std::uint64_t count = count_of(txn, digest);
  if (count == 0 && !storage::kv_put(txn, KvTable::document, document_key(digest), document)) return false;
  return storage::kv_put(txn, KvTable::misc, document_count_key(digest), encode_count(count + 1));
}

bool release_document(storage::WriteTxn& txn, const Digest& digest) {
  const std::uint64_t count = count_of(txn, digest);
  if (count > 1) return storage::kv_put(txn, KvTable::misc, document_count_key(digest), encode_count(count - 1));
  return storage::kv_erase(txn, KvTable::document, document_key(digest)) &&
         storage::kv_erase(txn, KvTable::misc, document_count_key(digest));
}

bool erase_result(storage::WriteTxn& txn, std::string_view url, std::uint64_t number) {
  const std::string key = result_key(url, number);
  const auto bytes = storage::kv_get(txn, KvTable::monitor_result, key);
  if (!bytes) return true;
  const auto result = decode_result(*bytes);
  if (result && result->nip11_digest && !release_document(txn, *result->nip11_digest)) return false;
  return storage::kv_erase(txn, KvTable::monitor_result, key);
}

bool write_target(storage::WriteTxn& txn, const TargetState& state) {
  return storage::kv_put(txn, KvTable::monitor_target, target_key(state.url), encode_target(state));
}

// An update must stay short, and a history may be long.
constexpr std::uint64_t kForgottenPerUpdate = 256;

// False when the relay was taken in anew meanwhile, with numbers of its own.
bool is_unchanged(storage::WriteTxn& txn, const TargetState& state) {
  const auto bytes = storage::kv_get(txn, KvTable::monitor_target, target_key(state.url));
  const auto stored = bytes ? decode_target(*bytes) : std::nullopt;
  return stored && stored->next_result == state.next_result;
}

bool forget_slice(storage::Store& store, const TargetState& state, std::function<void(bool)> done) {
  TargetState rest = state;
  rest.first_result = std::min(state.next_result, state.first_result + kForgottenPerUpdate);
  const bool last = rest.first_result == state.next_result;
  auto apply = [state, rest, last](storage::WriteTxn& txn) {
    for (std::uint64_t number = state.first_result; number < rest.first_result; ++number) {
      if (!erase_result(txn, state.url, number)) return false;
    }
    if (!is_unchanged(txn, state)) return true;
    return last ? storage::kv_erase(txn, KvTable::monitor_target, target_key(state.url)) : write_target(txn, rest);
  };
  auto next = [&store, rest, last, done = std::move(done)](bool durable) {
    if (last || !durable)
      done(durable);
    else if (!forget_slice(store, rest, done))
      done(false);
  };
  return store.submit_update(std::move(apply), std::move(next));
}

}  // namespace

Result<ResultStore::Loaded, storage::StorageFailure> ResultStore::load(std::size_t most) const {
  PHAROS_TRY(auto txn, store_.read());
  Loaded out;
  storage::kv_scan(txn, store_.tables(), KvTable::monitor_target, {}, {},
                   [&](std::string_view, std::string_view value) {
                     if (auto state = decode_target(value))
                       out.targets.push_back({*std::move(state), std::nullopt});
                     else
                       ++out.unreadable;
                     return out.targets.size() < most;
                   });
  for (auto& [state, last] : out.targets) {
    if (state.next_result == 0) continue;
    const std::string key = result_key(state.url, state.next_result - 1);
    if (const auto bytes = storage::kv_get(txn, store_.tables(), KvTable::monitor_result, key))
      last = decode_result(*bytes);
  }
  return out;
}

bool ResultStore::record(TargetState& state, const ProbeResult& result, std::function<void(bool)> done) {
  TargetState next = state;
  const std::uint64_t number = next.next_result++;
  const std::uint64_t kept = std::max<std::uint64_t>(next.next_result, history_per_target_) - history_per_target_;
  next.first_result = std::min(std::max(next.first_result, kept), state.first_result + kPrunedPerRecord);

  auto apply = [url = state.url, number, from = state.first_result, next, bytes = encode_result(result),
                digest = result.nip11_digest, document = result.nip11_document](storage::WriteTxn& txn) {
    if (digest && !retain_document(txn, *digest, document)) return false;
    if (!storage::kv_put(txn, KvTable::monitor_result, result_key(url, number), bytes)) return false;
    for (std::uint64_t old = from; old < next.first_result; ++old) {
      if (!erase_result(txn, url, old)) return false;
    }
    return write_target(txn, next);
  };
  if (!store_.submit_update(std::move(apply), std::move(done))) return false;
  state.first_result = next.first_result;
  state.next_result = next.next_result;
  return true;
}

bool ResultStore::save(const TargetState& state, std::function<void(bool)> done) {
  return store_.submit_update([state](storage::WriteTxn& txn) { return write_target(txn, state); }, std::move(done));
}

bool ResultStore::forget(const TargetState& state, std::function<void(bool)> done) {
  return forget_slice(store_, state, std::move(done));
}

std::vector<ProbeResult> ResultStore::history(std::string_view url, std::size_t most) const {
  std::vector<ProbeResult> out;
  auto txn = store_.read();
  if (!txn) return out;
  const auto target = storage::kv_get(txn.value(), store_.tables(), KvTable::monitor_target, target_key(url));
  const auto state = target ? decode_target(*target) : std::nullopt;
  if (!state) return out;
  for (std::uint64_t number = state->next_result; number > state->first_result && out.size() < most; --number) {
    const std::string key = result_key(url, number - 1);
    const auto bytes = storage::kv_get(txn.value(), store_.tables(), KvTable::monitor_result, key);
    auto result = bytes ? decode_result(*bytes) : std::nullopt;
    if (result) out.push_back(*std::move(result));
  }
  return out;
}

std::optional<std::string> ResultStore::document(const Digest& digest) const {
  auto txn = store_.read();
  if (!txn) return std::nullopt;
  const auto bytes = storage::kv_get(txn.value(), store_.tables(), KvTable::document, document_key(digest));
  return bytes ? std::optional<std::string>(*bytes) : std::nullopt;
}

}  // namespace pharos::monitor
