// nostr-fetch only reads, and reads whole histories: it pages on its own.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import WebSocket from 'ws'
import { NostrFetcher } from 'nostr-fetch'
import { fill, history, ids, now, startPharos, user } from './harness.mjs'

let relay
let fetcher
before(async () => {
  relay = await startPharos()
  fetcher = NostrFetcher.init({ webSocketConstructor: WebSocket })
})
after(async () => {
  fetcher.shutdown()
  await relay.stop()
})

test('nostr-fetch reads a whole history past the relay\'s limit', async () => {
  const alice = user()
  const notes = history(alice, 1300)
  await fill(relay.url, notes)
  const all = await fetcher.fetchAllEvents([relay.url], { kinds: [1], authors: [alice.pubkey] }, {})
  assert.deepEqual(ids(all), ids(notes))
})

test('nostr-fetch reads a time range with both ends included', async () => {
  const bob = user()
  const start = now() - 86_400
  const notes = history(bob, 40, start)
  await fill(relay.url, notes)
  const range = { since: start + 10, until: start + 19 }
  const some = await fetcher.fetchAllEvents([relay.url], { authors: [bob.pubkey] }, range)
  assert.deepEqual(ids(some), ids(notes.slice(10, 20)))
})

test('nostr-fetch reads the latest events and the last one', async () => {
  const carol = user()
  const notes = history(carol, 700)
  await fill(relay.url, notes)
  const latest = await fetcher.fetchLatestEvents([relay.url], { authors: [carol.pubkey] }, 600)
  assert.deepEqual(ids(latest), ids(notes.slice(100)))
  const last = await fetcher.fetchLastEvent([relay.url], { authors: [carol.pubkey] })
  assert.equal(last.id, notes.at(-1).id)
})

test('nostr-fetch sees a deleted event no more', async () => {
  const dave = user()
  const [note] = history(dave, 1)
  await fill(relay.url, [note])
  await fill(relay.url, [dave.sign(5, { tags: [['e', note.id]] })])
  const left = await fetcher.fetchAllEvents([relay.url], { kinds: [1], authors: [dave.pubkey] }, {})
  assert.deepEqual(ids(left), [])
})
