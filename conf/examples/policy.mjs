#!/usr/bin/env node
// A write policy for Node: takes events of the authors on a list, and of clients that authenticated (NIP-42) as one of
// them; everybody may send profiles, relay lists and deletions.
//
//     policy.mjs FILE      one public key a line, 64 hex digits; # begins a comment
//
// In the settings of Pharos:
//
//     [plugin]
//     command = "/usr/local/lib/pharos/policy.mjs /etc/pharos/authors"
//
// policy.py tells what the lines hold. Under the systemd unit Node needs MemoryDenyWriteExecute=no (deploy/README.md).

import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const open = new Set([0, 5, 10002])
const authors = new Set(
  readFileSync(process.argv[2], 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter(Boolean)
)

function decide({ event, authed }) {
  if (open.has(event.kind) || authors.has(event.pubkey) || authors.has(authed)) return { action: 'accept' }
  return authed
    ? { action: 'reject', msg: 'restricted: you are not on the list' }
    : { action: 'reject', msg: 'auth-required: only for those on the list' }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  if (request.type !== 'new') {
    console.error('unknown type of request:', request.type)
    continue
  }
  console.log(JSON.stringify({ id: request.event.id, ...decide(request) }))
}
