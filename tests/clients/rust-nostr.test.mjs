// rust-nostr as its WebAssembly package: a parser and a negentropy of their own.
import { eventually, fill, history, ids, now, startPharos, tapped, user } from './harness.mjs'
import 'fake-indexeddb/auto'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import sdk from '@rust-nostr/nostr-sdk'
import { clientSuite } from './suite.mjs'

const {
  Client,
  ClientMessage,
  Duration,
  Event,
  Filter,
  Keys,
  NostrDatabase,
  NostrSigner,
  RelayMessage,
  SyncDirection,
  SyncOptions,
} = sdk
await sdk.loadWasmAsync()

const patience = () => Duration.fromSecs(10)
const filterOf = (filter) => Filter.fromJson(JSON.stringify(filter))
const eventOf = (event) => Event.fromJson(JSON.stringify(event))
const plain = (event) => JSON.parse(event.asJson())
const signerOf = (user) => NostrSigner.keys(Keys.parse(Buffer.from(user.secret).toString('hex')))

async function connect(url, builder) {
  const client = builder.build()
  await client.addRelay(url)
  await client.tryConnect(patience())
  return client
}

// With what goes over its connection; it makes it of the global class.
async function tappedClient(builder) {
  const wire = tapped()
  const untapped = globalThis.WebSocket
  globalThis.WebSocket = wire.WebSocket
  try {
    return { client: await connect(relay.url, builder), wire }
  } finally {
    globalThis.WebSocket = untapped
  }
}

clientSuite('rust-nostr', async (url, user) => {
  const client = await connect(url, Client.builder().signer(signerOf(user)))
  const relay = await client.relay(url)
  return {
    publish: async (event) => {
      const { success, failed } = await client.sendEvent(eventOf(event))
      if (success.length === 0) throw new Error(failed[0].error)
    },
    query: async (filter) => (await client.fetchEvents(filterOf(filter), patience())).toVec().map(plain),
    // By message: events that it has published itself are none of its notifications.
    live: async (filter, onEvent) => {
      let standing = false
      client.handleNotifications({
        handleEvent: async () => false,
        handleMsg: async (_, message) => {
          const [verb, name, event] = JSON.parse(message.asJson())
          if (name !== 'live') return false
          if (verb === 'EVENT') onEvent(event)
          if (verb === 'EOSE') standing = true
          return false
        },
      })
      await client.subscribeWithId('live', filterOf(filter))
      await eventually(() => standing)
    },
    count: async (filter) => Number(await relay.countEvents(filterOf(filter), patience())),
    close: () => client.shutdown(),
  }
})

let relay
before(async () => {
  relay = await startPharos()
})
after(() => relay.stop())

test('rust-nostr takes every message for what it is', async () => {
  const alice = user()
  const { client, wire } = await tappedClient(Client.builder().signer(signerOf(alice)))
  const connection = await client.relay(relay.url)
  const notes = history(alice, 30)
  const liked = notes[0].id
  await fill(relay.url, [...notes, user().sign(7, { content: '+', tags: [['e', liked]] })])

  const odd = { content: 'déjà \u0001 vu \u2029', tags: [['t', 'a'], ['empty', '']] }
  await client.sendEvent(eventOf(alice.sign(1, odd)))
  await client.sendEvent(eventOf(notes[3]))
  await client.sendEvent(eventOf(alice.sign(1, { created_at: now() + 86_400 })))
  await client.fetchEvents(filterOf({ authors: [alice.pubkey] }), patience())
  await connection.countEvents(filterOf({ kinds: [7], '#e': [liked] }), patience())
  await connection.sync(filterOf({ authors: [alice.pubkey] }), new SyncOptions().direction(SyncDirection.Down))
  const send = (message) => client.sendMsgTo([relay.url], ClientMessage.fromJson(JSON.stringify(message)))
  const others = { kinds: [4], authors: [user().pubkey], '#p': [user().pubkey] }
  await send(['REQ', 'others', others])
  await send(['COUNT', 'others', others])
  await send(['NEG-OPEN', 'others', others, '6100000200'])
  await send(['REQ', '"quoted" \u00e9', { search: 'vu', limit: 1 }])
  await eventually(() => wire.received().some(([verb, name]) => verb === 'EOSE' && name === '"quoted" \u00e9'))
  await client.shutdown()

  const verbs = new Set(wire.received().map(([verb]) => verb))
  const all = ['AUTH', 'OK', 'EVENT', 'EOSE', 'COUNT', 'CLOSED', 'NEG-MSG', 'NEG-ERR']
  for (const verb of all) assert.ok(verbs.has(verb), verb)
  for (const message of wire.received()) {
    const understood = JSON.parse(RelayMessage.fromJson(JSON.stringify(message)).asJson())
    // It has no place for the registers.
    if (message[0] === 'COUNT') delete message[2].hll
    assert.deepEqual(understood, message)
  }
})

test('rust-nostr asks with several filters', async () => {
  const [alice, bob] = [user(), user()]
  const { client, wire } = await tappedClient(Client.builder())
  const both = alice.sign(1, { content: 'of both', tags: [['t', 'both']] })
  const tagged = bob.sign(1, { content: 'tagged', tags: [['t', 'both']] })
  const older = alice.sign(1, { content: 'older', created_at: now() - 100 })
  await fill(relay.url, [both, tagged, older, bob.sign(1, { content: 'neither' })])
  const filters = [{ authors: [alice.pubkey] }, { '#t': ['both'] }]
  const found = await Promise.all(filters.map((filter) => client.fetchCombinedEvents(filterOf(filter), patience())))
  assert.deepEqual(
    found.map((events) => ids(events.toVec().map(plain))),
    [ids([both, older]), ids([both, tagged])],
  )
  const request = ClientMessage.fromJson(JSON.stringify(['REQ', 'two', ...filters]))
  await client.sendMsgTo([relay.url], request)
  const ended = () => wire.received().some(([verb, name]) => verb === 'EOSE' && name === 'two')
  await eventually(ended)
  const events = wire.received().filter(([verb, name]) => verb === 'EVENT' && name === 'two')
  assert.deepEqual(
    events.map(([, , event]) => event.id).sort(),
    ids([both, tagged, older]),
  )
  await client.shutdown()
})

test('rust-nostr syncs both ways (NIP-77)', async () => {
  const alice = user()
  const notes = history(alice, 400)
  await fill(relay.url, notes.slice(10))
  const filter = { kinds: [1], authors: [alice.pubkey] }
  const database = await NostrDatabase.indexeddb('two-ways')
  const client = await connect(relay.url, Client.builder().signer(signerOf(alice)).database(database))
  for (const note of notes.slice(0, -10)) await client.database.save_event(eventOf(note))
  const both = () => new SyncOptions().direction(SyncDirection.Both)
  const { report, failed } = await client.sync(filterOf(filter), both())
  assert.deepEqual(failed, [])
  assert.deepEqual(
    [report.sent, report.received].map((some) => some.map((id) => id.toHex()).sort()),
    [ids(notes.slice(0, 10)), ids(notes.slice(-10))],
  )
  assert.equal(await client.database.count(filterOf(filter)), 400n)
  const connection = await client.relay(relay.url)
  const nothing = await connection.sync(filterOf(filter), both().dry_run())
  assert.deepEqual([nothing.local.length, nothing.remote.length], [0, 0])
  await client.shutdown()
})
