// NIP-77 as the libraries speak it: each finds what it lacks and what the relay lacks.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Relay as ApplesauceRelay } from 'applesauce-relay'
import NDK from '@nostr-dev-kit/ndk'
import { NDKSync } from '@nostr-dev-kit/sync'
import { Pool, diff } from '@welshman/net'
import { nip77 } from 'nostr-tools'
import { Relay } from 'nostr-tools/relay'
import WebSocket from 'ws'
import { eventually, fill, history, ids, startPharos, user } from './harness.mjs'

let relay
before(async () => {
  relay = await startPharos()
})
after(() => relay.stop())

// An author of n notes: the relay lacks the first ten, the client the last ten.
async function scene(n = 400) {
  const alice = user()
  const notes = history(alice, n)
  await fill(relay.url, notes.slice(10))
  return {
    filter: { kinds: [1], authors: [alice.pubkey] },
    ours: notes.slice(0, -10),
    have: ids(notes.slice(0, 10)),
    need: ids(notes.slice(-10)),
  }
}

test('nostr-tools nip77 finds both differences', async () => {
  const { filter, ours, have, need } = await scene()
  const connection = await Relay.connect(relay.url)
  const storage = new nip77.NegentropyStorageVector()
  ours.forEach((event) => storage.insert(event.created_at, event.id))
  storage.seal()
  const found = { have: [], need: [] }
  await new Promise((resolve, reject) => {
    const sync = new nip77.NegentropySync(connection, storage, filter, {
      onhave: (id) => found.have.push(id),
      onneed: (id) => found.need.push(id),
      onclose: (reason) => (reason ? reject(new Error(reason)) : resolve()),
    })
    sync.start()
  })
  connection.close()
  assert.deepEqual([found.have.sort(), found.need.sort()], [have, need])
})

test('@nostr-dev-kit/sync fetches what it lacks', async () => {
  const { filter, ours, have, need } = await scene()
  const ndk = new NDK({ explicitRelayUrls: [relay.url], enableOutboxModel: false })
  const known = ours.map((event) => ({ id: event.id, created_at: event.created_at }))
  ndk.cacheAdapter = { locking: false, query: () => known, setEvent: async () => {} }
  await ndk.connect(2000)
  const result = await new NDKSync(ndk).sync(filter, { relayUrls: [relay.url], autoFetch: false })
  assert.deepEqual([[...result.have].sort(), [...result.need].sort()], [have, need])
  ndk.pool.relays.forEach((one) => one.disconnect())
})

test('welshman diff finds both differences', async () => {
  const { filter, ours, have, need } = await scene()
  const pool = new Pool()
  // Without a window it takes Node's crypto module to be the global of that name, and fails.
  globalThis.window = globalThis
  const [found] = await diff({ relays: [relay.url], filters: [filter], events: ours, context: { pool } })
  delete globalThis.window
  pool.clear()
  assert.deepEqual([found.have.sort(), found.need.sort()], [have, need])
})

test('applesauce-relay reconciles', async () => {
  // Few enough for one message each way: it sends no second one.
  const { filter, ours, have, need } = await scene(30)
  const connection = new ApplesauceRelay(relay.url)
  const found = { have: [], need: [] }
  const reconcile = async (ourIds, theirIds) => {
    found.have.push(...ourIds)
    found.need.push(...theirIds)
  }
  assert.equal(await connection.negentropy(ours, filter, reconcile), true)
  connection.close()
  assert.deepEqual([found.have.sort(), found.need.sort()], [have, need])
})

// Of the bare protocol, what the relay must say of a client that does it wrong.
async function talk(messages, count, url = relay.url) {
  const socket = new WebSocket(url)
  const answers = []
  socket.on('message', (text) => {
    const answer = JSON.parse(text)
    if (answer[0] !== 'AUTH') answers.push(answer)
  })
  await new Promise((resolve) => socket.on('open', resolve))
  messages.forEach((message) => socket.send(JSON.stringify(message)))
  await eventually(() => answers.length >= count)
  socket.close()
  return answers
}

test('faults are answered by NEG-ERR with a prefix, another version by ours', async () => {
  const answers = await talk(
    [
      ['NEG-OPEN', 'a', {}, '61zz'],
      ['NEG-OPEN', 'b', { kinds: [1059] }, '6100000200'],
      ['NEG-MSG', 'c', '6100000200'],
      ['NEG-CLOSE', 'a'],
      ['NEG-OPEN', 'e', {}, '62'],
    ],
    4,
  )
  assert.deepEqual(
    answers.map(([verb, name, text]) => [verb, name, text.split(' ')[0]]),
    [
      ['NEG-ERR', 'a', 'invalid:'],
      ['NEG-ERR', 'b', 'auth-required:'],
      ['NEG-ERR', 'c', 'closed:'],
      ['NEG-MSG', 'e', '61'],
    ],
  )
})

test('a set that is too big is blocked with the cap', async () => {
  const small = await startPharos('max_negentropy_records = 5')
  const alice = user()
  await fill(small.url, history(alice, 6))
  try {
    const [answer] = await talk([['NEG-OPEN', 'a', { kinds: [1] }, '6100000200']], 1, small.url)
    assert.deepEqual([answer[0], answer[2].split(' ')[0], answer[3]], ['NEG-ERR', 'blocked:', 5])
    const [limited] = await talk([['NEG-OPEN', 'a', { kinds: [1], limit: 5 }, '6100000200']], 1, small.url)
    assert.equal(limited[0], 'NEG-MSG')
  } finally {
    await small.stop()
  }
})

test('a search is of what matches it, and is refused where there is none', async () => {
  const alice = user()
  const found = alice.sign(1, { content: 'quokkas smile' })
  await fill(relay.url, [found, alice.sign(1, { content: 'no such animal' })])
  const open = ['NEG-OPEN', 'a', { authors: [alice.pubkey], search: 'quokkas' }, '6100000200']
  assert.deepEqual(await talk([open], 1), [['NEG-MSG', 'a', `6100000201${found.id}`]])
  const wordless = await startPharos('', { search: false })
  try {
    const [[verb, , reason]] = await talk([open], 1, wordless.url)
    assert.equal(verb, 'NEG-ERR')
    assert.match(reason, /^unsupported: /)
  } finally {
    await wordless.stop()
  }
})
