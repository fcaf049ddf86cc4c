// A probe's result for people and for programs: the output of `pharos monitor check`. Pure; any thread.
#pragma once

#include <string>

#include "monitor/result.h"
#include "nostr/relay_url.h"

namespace pharos::monitor {

// Several lines, without a final newline:
//   wss://relay.example.com/  online (clearnet)
//     open    ok       84 ms   dns 12 ms, tcp 20 ms, tls 40 ms, http 12 ms
//     read    failed    9 ms   auth_required: auth-required: ...
std::string render_text(const RelayUrl& url, const ProbeResult& result);

// The verdict and each check in short, in one line, for a list of results.
std::string render_line(const ProbeResult& result);

// One JSON object, one line. nip11 is the document as received, null when there is none.
std::string render_json(const RelayUrl& url, const ProbeResult& result);

// The parts of an object that status and report share: "open":{...},"read":{...},...
void append_checks(std::string& out, const ProbeResult& result);

}  // namespace pharos::monitor
