// COUNT (NIP-45) as the libraries use it over more than one relay: they merge the registers of HyperLogLog.
import { fill, now, startPharos, user } from './harness.mjs'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import NDK, { NDKRelaySet } from '@nostr-dev-kit/ndk'
import * as nip45 from 'nostr-tools/nip45'
import { SimplePool } from 'nostr-tools/pool'
import { Relay, useWebSocketImplementation } from 'nostr-tools/relay'

useWebSocketImplementation(globalThis.WebSocket)

let relays
before(async () => {
  relays = await Promise.all([startPharos(), startPharos()])
})
after(() => Promise.all(relays.map((relay) => relay.stop())))

const urls = () => relays.map((relay) => relay.url)

// Events of 60 people on the first relay and of 60 on the second, 40 of them the same, but no event.
async function spread(kind, tags) {
  const people = Array.from({ length: 80 }, user)
  const events = (some, content) => some.map((one) => one.sign(kind, { tags, content }))
  await fill(relays[0].url, events(people.slice(0, 60), 'here'))
  await fill(relays[1].url, events(people.slice(20), 'there'))
  return people
}

// What the registers must be, by the code of nostr-tools.
const registersOf = (filter, people) => {
  const offset = nip45.computeOffset(nip45.getFilterFirstTagValue(filter))
  return nip45.hllEncode(people.reduce((all, { pubkey }) => nip45.feedPubkey(all, pubkey, offset), nip45.newHll()))
}

const about80 = (estimate) => assert.ok(estimate >= 60 && estimate <= 100, `${estimate} of 80`)

// Kinds of events and their tags, as nostr-tools asks for them.
const directives = {
  reactions: [7, 'e'],
  reposts: [6, 'e'],
  quotes: [1, 'q'],
  replies: [1, 'e'],
  comments: [1111, 'E'],
  followers: [3, 'p'],
}
for (const [directive, [kind, tag]] of Object.entries(directives)) {
  test(`nostr-tools merges the registers of two relays for ${directive}`, async () => {
    const target = user().sign(1, { content: directive }).id
    const people = await spread(kind, [[tag, target]])
    const pool = new SimplePool()
    const { count, hll } = await pool.countMany(urls(), target, directive)
    pool.destroy()
    assert.equal(count, 60)
    assert.equal(hll, registersOf({ [`#${tag}`]: [target] }, people))
    about80(nip45.estimateCount(nip45.hllDecode(hll)))
  })
}

test('NDK merges the registers of two relays', async () => {
  const target = user().sign(1).id
  const people = await spread(7, [['e', target]])
  const ndk = new NDK({ explicitRelayUrls: urls(), enableOutboxModel: false, aiGuardrails: false })
  await ndk.connect(2000)
  const filter = { kinds: [7], '#e': [target] }
  const { count, mergedHll, relayResults } = await ndk.count(filter, {}, NDKRelaySet.fromRelayUrls(urls(), ndk))
  ndk.pool.relays.forEach((relay) => relay.disconnect())
  assert.deepEqual([...relayResults.values()].map((one) => one.count), [60, 60])
  assert.equal(Buffer.from(mergedHll.registers).toString('hex'), registersOf(filter, people))
  about80(count)
})

test('nostr-tools reckons the same registers for addresses and words', async () => {
  const author = user()
  const client = await Relay.connect(relays[0].url)
  const tags = { a: `30023:${author.pubkey}:article`, t: 'nostr', r: 'https://example.com/é' }
  for (const [tag, value] of Object.entries(tags)) {
    const people = Array.from({ length: 30 }, user)
    await fill(relays[0].url, people.map((one) => one.sign(1, { tags: [[tag, value]] })))
    const filter = { kinds: [1], [`#${tag}`]: [value] }
    assert.deepEqual(await client.countWithHLL([filter], {}), { count: 30, hll: registersOf(filter, people) })
  }
  client.close()
})

test('nostr-tools counts an event once over several filters, and gets no registers then', async () => {
  const [alice, bob] = [user(), user()]
  const word = `word ${now()}`
  await fill(relays[0].url, [
    alice.sign(1, { tags: [['t', word]] }),
    alice.sign(1, { content: 'no tag' }),
    bob.sign(1, { tags: [['t', word]] }),
  ])
  const client = await Relay.connect(relays[0].url)
  const filters = [{ authors: [alice.pubkey] }, { '#t': [word] }]
  assert.deepEqual(await client.countWithHLL(filters, {}), { count: 3 })
  assert.equal((await client.countWithHLL([{ ...filters[1], since: 1 }], {})).hll, undefined)
  client.close()
})
