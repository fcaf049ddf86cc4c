#include "nostr/canonical.h"

#include "nostr/sha256.h"
#include "util/release_memory.h"

namespace pharos {
namespace {

// Scratch kept between calls of a thread is at most this large.
constexpr std::size_t kKeptScratch = std::size_t{1} << 20;

}  // namespace

void append_canonical(std::string& out, const Event& event) {
  out += "[0,\"";
  append_hex(out, event.pubkey.data);
  out += "\",";
  append_json_integer(out, event.created_at);
  out += ',';
  append_json_integer(out, event.kind);
  out += ',';
  append_json_tags(out, event.tags);
  out += ',';
  append_json_string(out, event.content);
  out += ']';
}

EventId compute_id(const Event& event) {
  thread_local std::string scratch;
  scratch.clear();
  append_canonical(scratch, event);
  const EventId id{sha256(as_bytes(scratch))};
  if (scratch.capacity() > kKeptScratch) release_memory(scratch);
  return id;
}

}  // namespace pharos
