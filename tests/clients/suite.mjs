// What every client must be able to do with pharos. A client file brings an adapter:
//
//   connect(url, user) -> { publish(event), query(filter), live(filter, onEvent), close(), count(filter), estimate(filter),
//                           keepsOrder }
//
// publish resolves when the relay accepted and throws with its reason otherwise; query resolves with the stored events;
// live resolves once the subscription stands; count and estimate resolve with numbers and are left out where a library has
// no COUNT (NIP-45) or does not read HyperLogLog registers; keepsOrder says that query gives events as they came; the user signs AUTH challenges (NIP-42) as the library does it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, fill, history, ids, now, startPharos, user } from './harness.mjs'

// Walks back by `until`, as clients that know NIP-01 alone do.
async function walkBack(client, filter) {
  const seen = new Map()
  let until = now() + 60
  for (;;) {
    const page = await client.query({ ...filter, until, limit: 500 })
    const fresh = page.filter((event) => !seen.has(event.id))
    fresh.forEach((event) => seen.set(event.id, event))
    if (fresh.length === 0) return [...seen.values()]
    until = Math.min(...page.map((event) => event.created_at))
  }
}

export function clientSuite(name, connect) {
  let relay
  before(async () => {
    relay = await startPharos()
  })
  after(() => relay.stop())

  const withClient = async (work) => {
    const alice = user()
    const client = await connect(relay.url, alice)
    try {
      await work(client, alice)
    } finally {
      await client.close()
    }
  }

  test(`${name} publishes a note and queries it back`, () =>
    withClient(async (client, alice) => {
      const note = alice.sign(1, { content: 'héllo \u0007 "wörld" \u2028', tags: [['t', 'pharos'], ['x']] })
      await client.publish(note)
      const [stored] = await client.query({ ids: [note.id] })
      assert.deepEqual(
        [stored.id, stored.content, stored.tags, stored.sig],
        [note.id, note.content, note.tags, note.sig],
      )
      assert.deepEqual(ids(await client.query({ '#t': ['pharos'], authors: [alice.pubkey] })), [note.id])
    }))

  test(`${name} gets events live`, () =>
    withClient(async (client, alice) => {
      const old = alice.sign(1, { content: 'before', created_at: now() - 5 })
      await client.publish(old)
      const seen = new Set()
      await client.live({ kinds: [1], authors: [alice.pubkey] }, (event) => seen.add(event.id))
      const fresh = alice.sign(1, { content: 'after' })
      await fill(relay.url, [fresh])
      await eventually(() => seen.has(fresh.id) && seen.has(old.id))
    }))

  test(`${name} keeps only the newest version of a profile`, () =>
    withClient(async (client, alice) => {
      await client.publish(alice.sign(0, { content: '{"name":"old"}', created_at: now() - 10 }))
      const newest = alice.sign(0, { content: '{"name":"new"}' })
      await client.publish(newest)
      assert.deepEqual(ids(await client.query({ kinds: [0], authors: [alice.pubkey] })), [newest.id])
    }))

  test(`${name} authenticates to read its gift wraps and to publish a protected event`, () =>
    withClient(async (client, alice) => {
      const wrap = user().sign(1059, { content: 'sealed', tags: [['p', alice.pubkey]] })
      await fill(relay.url, [wrap])
      const read = await client.query({ kinds: [1059], '#p': [alice.pubkey] })
      assert.deepEqual(ids(read), [wrap.id])
      const guarded = alice.sign(1, { content: 'mine alone to publish', tags: [['-']] })
      await client.publish(guarded)
      assert.deepEqual(ids(await client.query({ ids: [guarded.id] })), [guarded.id])
    }))

  test(`${name} reads and publishes on a relay where both ask for AUTH`, async () => {
    const guarded = await startPharos('auth_to_read = true\nauth_to_write = true')
    const alice = user()
    const client = await connect(guarded.url, alice)
    try {
      const note = alice.sign(1, { content: 'behind the door' })
      assert.deepEqual(await client.query({ kinds: [1] }), [])
      await client.publish(note)
      assert.deepEqual(ids(await client.query({ kinds: [1] })), [note.id])
    } finally {
      await client.close()
      await guarded.stop()
    }
  })

  test(`${name} counts reactions, and the people who reacted`, () =>
    withClient(async (client, alice) => {
      if (!client.count) return
      const note = alice.sign(1, { content: 'liked' })
      const fans = Array.from({ length: 40 }, user)
      await fill(relay.url, [
        note,
        ...fans.map((fan) => fan.sign(7, { content: '+', tags: [['e', note.id]] })),
        ...fans.map((fan) => fan.sign(7, { content: '🤙', tags: [['e', note.id]] })),
      ])
      const reactions = { kinds: [7], '#e': [note.id] }
      assert.equal(await client.count(reactions), 80)
      assert.equal(await client.count({ kinds: [1], authors: [alice.pubkey] }), 1)
      if (!client.estimate) return
      const people = await client.estimate(reactions)
      assert.ok(people >= 30 && people <= 50, `${people} of 40`)
    }))

  test(`${name} searches, and gets the best first where it keeps the order`, () =>
    withClient(async (client, alice) => {
      const notes = [
        alice.sign(1, { content: 'quokkas smile', created_at: now() - 40 }),
        alice.sign(1, { content: 'quokkas and more quokkas', created_at: now() - 60 }),
        alice.sign(1, { content: 'Quokkas, among very many other animals of which little is said here', created_at: now() - 20 }),
        alice.sign(1, { content: 'no such animal', created_at: now() - 10 }),
      ]
      await fill(relay.url, notes)
      const filter = { kinds: [1], authors: [alice.pubkey] }
      assert.deepEqual(ids(await client.query({ ...filter, search: 'quokkas' })), ids(notes.slice(0, 3)))
      assert.deepEqual(ids(await client.query({ ...filter, search: 'QUOKKAS smile language:en' })), [notes[0].id])
      if (!client.keepsOrder) return
      const [best, next, last] = await client.query({ ...filter, search: 'quokkas' })
      assert.deepEqual([best.id, next.id, last.id], [notes[1].id, notes[0].id, notes[2].id])
    }))

  test(`${name} deletes by event id and by address`, () =>
    withClient(async (client, alice) => {
      const note = alice.sign(1, { content: 'regretted', created_at: now() - 20 })
      const article = alice.sign(30023, { content: 'long', tags: [['d', 'a:b']], created_at: now() - 20 })
      await client.publish(note)
      await client.publish(article)
      await client.publish(alice.sign(5, { tags: [['e', note.id], ['a', `30023:${alice.pubkey}:a:b`]] }))
      assert.deepEqual(ids(await client.query({ ids: [note.id, article.id] })), [])
      await assert.rejects(client.publish(note), 'a deleted event stays deleted')
    }))

  test(`${name} pages through more than one answer holds`, () =>
    withClient(async (client, alice) => {
      const notes = history(alice, 1200)
      await fill(relay.url, notes)
      const filter = { kinds: [1], authors: [alice.pubkey] }
      const all = await walkBack(client, filter)
      assert.deepEqual(ids(all), ids(notes))
    }))
}
