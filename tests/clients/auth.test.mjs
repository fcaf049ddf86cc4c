// AUTH (NIP-42) as the libraries go about it: refused first, they sign the challenge and ask or publish anew.
import { eventually, fill, ids, now, startPharos, tapped, user } from './harness.mjs'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import NDK, { NDKEvent, NDKPrivateKeySigner, NDKRelaySet } from '@nostr-dev-kit/ndk'
import { NRelay1 } from '@nostrify/nostrify'
import sdk from '@rust-nostr/nostr-sdk'
import { createRxForwardReq, createRxNostr } from 'rx-nostr'
import { seckeySigner, verifier } from '@rx-nostr/crypto'
import { AuthStatus, Pool, PublishStatus, makeSocketPolicyAuth, publishOne, requestOne } from '@welshman/net'
import { Relay as ApplesauceRelay } from 'applesauce-relay'
import { SimplePool } from 'nostr-tools/pool'
import { Relay, useWebSocketImplementation } from 'nostr-tools/relay'

await sdk.loadWasmAsync()

let relay
before(async () => {
  relay = await startPharos()
})
after(() => relay.stop())

const hex = (secret) => Buffer.from(secret).toString('hex')

// Each: (alice, sign, Socket, frames) -> { subscribe(filter, onEvent), publish(event), close() }, with alice's AUTH
// signed by sign(template). What goes over Socket is in frames; one that does not take it puts it there itself.
const libraries = {
  'nostr-tools': async (alice, sign, Socket) => {
    const pool = new SimplePool({ websocketImplementation: Socket })
    return {
      subscribe: (filter, onevent) => pool.subscribeMany([relay.url], filter, { onevent, onauth: sign }),
      publish: (event) => Promise.all(pool.publish([relay.url], event, { onauth: sign })),
      close: () => pool.destroy(),
    }
  },
  NDK: async (alice, sign) => {
    const signer = new NDKPrivateKeySigner(hex(alice.secret))
    signer.sign = async (event) => (await sign(event)).sig
    const ndk = new NDK({ explicitRelayUrls: [relay.url], signer, enableOutboxModel: false, aiGuardrails: false })
    // Its own policy signIn leaves out what it would publish again.
    ndk.relayAuthDefaultPolicy = async () => true
    await ndk.connect(2000)
    const relaySet = NDKRelaySet.fromRelayUrls([relay.url], ndk)
    return {
      subscribe: (filter, onEvent) => {
        const subscription = ndk.subscribe(filter, { closeOnEose: false, groupable: false, relaySet })
        subscription.on('event', (event) => onEvent(event.rawEvent()))
      },
      publish: (event) => new NDKEvent(ndk, event).publish(relaySet, 10_000, 1),
      close: () => ndk.pool.relays.forEach((one) => one.disconnect()),
    }
  },
  'applesauce-relay': async (alice, sign, Socket) => {
    const one = new ApplesauceRelay(relay.url, { WebSocket: Socket })
    const signer = { getPublicKey: async () => alice.pubkey, signEvent: sign }
    one.challenge$.subscribe((challenge) => challenge && one.authenticate(signer))
    return {
      subscribe: (filter, onEvent) =>
        one.subscription([filter]).subscribe((message) => message !== 'EOSE' && onEvent(message)),
      publish: (event) => one.publish(event),
      close: () => one.close(),
    }
  },
  Nostrify: async (alice, sign) => {
    const abort = new AbortController()
    const tags = (challenge) => [
      ['relay', relay.url],
      ['challenge', challenge],
    ]
    const auth = (challenge) => sign({ kind: 22242, created_at: now(), content: '', tags: tags(challenge) })
    const one = new NRelay1(relay.url, { auth })
    return {
      subscribe: async (filter, onEvent) => {
        try {
          for await (const [verb, , event] of one.req([filter], { signal: abort.signal })) {
            if (verb === 'EVENT') onEvent(event)
          }
        } catch (error) {
          if (!abort.signal.aborted) throw error
        }
      },
      publish: (event) => one.event(event),
      close: () => (abort.abort(), one.close()),
    }
  },
  welshman: async (alice, sign, Socket, frames) => {
    const pool = new Pool()
    const context = { pool }
    const socket = pool.get(relay.url)
    socket.on('receiving', (message) => frames.push([false, message]))
    socket.on('send', (message) => frames.push([true, message]))
    makeSocketPolicyAuth({ sign, shouldAuth: () => true })(socket)
    const abort = new AbortController()
    return {
      subscribe: (filter, onEvent) =>
        requestOne({ relay: relay.url, filters: [filter], context, signal: abort.signal, onEvent }),
      publish: (event) => publishOne({ event, relay: relay.url, context, timeout: 10_000 }),
      close: () => (abort.abort(), pool.clear()),
    }
  },
  'rx-nostr': async (alice, sign, Socket) => {
    const signer = { ...seckeySigner(hex(alice.secret)), signEvent: sign }
    const rx = createRxNostr({ websocketCtor: Socket, verifier, signer, authenticator: 'auto' })
    rx.setDefaultRelays([relay.url])
    return {
      subscribe: (filter, onEvent) => {
        const request = createRxForwardReq()
        rx.use(request).subscribe(({ event }) => onEvent(event))
        request.emit(filter)
      },
      publish: (event) => new Promise((complete, error) => rx.send(event).subscribe({ complete, error })),
      close: () => rx.dispose(),
    }
  },
}

const refused = ([verb, , second, third]) =>
  `${verb === 'OK' ? third : verb === 'CLOSED' ? second : ''}`.startsWith('auth-required: ')

// Runs work(client) with a client that puts off signing until it was refused, so that it meets with a refusal for sure.
async function withPatientClient(open, alice, work) {
  const wire = tapped()
  const untapped = globalThis.WebSocket
  globalThis.WebSocket = wire.WebSocket
  const sign = async (template) => {
    if (template.kind === 22242) await eventually(() => wire.received().some(refused))
    const { kind, created_at, tags, content } = template
    return alice.signTemplate({ kind, created_at: created_at ?? now(), tags, content })
  }
  const client = await open(alice, sign, wire.WebSocket, wire.frames)
  try {
    await work(client, wire)
  } finally {
    await client.close()
    globalThis.WebSocket = untapped
  }
}

// Where something stands in the frames, after the position given.
const place = (wire, after, sent, matches) =>
  wire.frames.findIndex(([way, message], at) => at > after && way === sent && matches(message))

for (const [name, open] of Object.entries(libraries)) {
  test(`${name} asks again for private messages once it may`, async () => {
    const [alice, bob, eve] = [user(), user(), user()]
    const theirs = [
      bob.sign(1059, { content: 'for alice', tags: [['p', alice.pubkey]] }),
      bob.sign(4, { content: 'to alice', tags: [['p', alice.pubkey]] }),
    ]
    await fill(relay.url, [...theirs, bob.sign(4, { content: 'to eve', tags: [['p', eve.pubkey]] })])
    await withPatientClient(open, alice, async (client, wire) => {
      const seen = new Map()
      client.subscribe({ kinds: [4, 1059], '#p': [alice.pubkey] }, (event) => seen.set(event.id, event))
      await eventually(() => seen.size === 2)
      assert.deepEqual(ids(seen.values()), ids(theirs))

      const live = bob.sign(1059, { content: 'later', tags: [['p', alice.pubkey]] })
      await fill(relay.url, [bob.sign(1059, { content: 'not hers', tags: [['p', eve.pubkey]] }), live])
      await eventually(() => seen.has(live.id))
      assert.equal(seen.size, 3)

      const refusal = place(wire, -1, false, (message) => message[0] === 'CLOSED' && refused(message))
      const answer = place(wire, refusal, true, ([verb]) => verb === 'AUTH')
      const accepted = place(wire, answer, false, ([verb, id, ok]) => verb === 'OK' && ok)
      const received = place(wire, accepted, false, ([verb, , event]) => verb === 'EVENT' && event.id === live.id)
      const order = [-1, refusal, answer, accepted, received]
      assert.deepEqual(order, [...new Set(order)].sort((a, b) => a - b), JSON.stringify(wire.frames))
    })
  })

  test(`${name} publishes a protected event again once it may`, async () => {
    const alice = user()
    const guarded = alice.sign(1, { content: 'protected', tags: [['-']] })
    await withPatientClient(open, alice, async (client, wire) => {
      await client.publish(guarded)
      const answers = () => wire.received().filter(([verb, id]) => verb === 'OK' && id === guarded.id)
      await eventually(() => answers().some(([, , ok]) => ok))
      const [first, ...others] = answers()
      assert.equal(first[2], false)
      assert.match(first[3], /^auth-required: /)
      assert.deepEqual(others[0].slice(2), [true, ''])
    })
  })
}

const authEvent = (one, challenge) => {
  const tags = [
    ['relay', relay.url],
    ['challenge', challenge],
  ]
  return one.sign(22242, { tags })
}

// The libraries that let several keys sign the challenge of one connection:
// (users) -> { query, count, publish, close }.
const sharing = {
  'applesauce-relay': async (users) => {
    const one = new ApplesauceRelay(relay.url)
    await new Promise((resolve) => {
      one.challenge$.subscribe((challenge) => challenge && resolve())
      one.watchTower.subscribe()
    })
    for (const { pubkey, signTemplate } of users) {
      const answer = await one.authenticate({ getPublicKey: async () => pubkey, signEvent: signTemplate })
      assert.equal(answer.ok, true)
    }
    return {
      query: (filter) =>
        new Promise((resolve, error) => {
          const events = []
          const complete = () => resolve(events)
          one.request([filter]).subscribe({ next: (event) => events.push(event), complete, error })
        }),
      count: (filter) =>
        new Promise((next, error) => one.count([filter]).subscribe({ next: ({ count }) => next(count), error })),
      publish: async (event) => assert.equal((await one.publish(event)).ok, true),
      close: () => one.close(),
    }
  },
  NDK: async (users) => {
    const ndk = new NDK({ explicitRelayUrls: [relay.url], enableOutboxModel: false, aiGuardrails: false })
    const challenged = new Promise((resolve) => ndk.pool.on('relay:auth', (...given) => resolve(given)))
    await ndk.connect(2000)
    const [one, challenge] = await challenged
    for (const each of users) await one.connectivity.auth(new NDKEvent(ndk, authEvent(each, challenge)))
    const relaySet = NDKRelaySet.fromRelayUrls([relay.url], ndk)
    const options = { closeOnEose: true, groupable: false, cacheUsage: 'ONLY_RELAY' }
    return {
      query: (filter) => ndk.fetchEvents(filter, options, relaySet),
      count: async (filter) => (await ndk.count(filter, {}, relaySet)).count,
      publish: (event) => new NDKEvent(ndk, event).publish(relaySet, 5000, 1),
      close: () => one.disconnect(),
    }
  },
  welshman: async (users) => {
    const pool = new Pool()
    const context = { pool }
    const { auth } = pool.get(relay.url)
    for (const { signTemplate } of users) {
      await auth.retryAuth(signTemplate)
      await eventually(() => auth.status === AuthStatus.Ok)
    }
    return {
      query: (filter) => requestOne({ relay: relay.url, filters: [filter], context, autoClose: true }),
      publish: async (event) => {
        const { status, detail } = await publishOne({ event, relay: relay.url, context, timeout: 5000 })
        assert.equal(status, PublishStatus.Success, detail)
      },
      close: () => pool.clear(),
    }
  },
  'rust-nostr': async (users) => {
    const client = new sdk.Client()
    const answered = new Set()
    const challenged = new Promise((resolve) =>
      client.handleNotifications({
        handleEvent: async () => false,
        handleMsg: async (_, message) => {
          const [verb, text, ok] = JSON.parse(message.asJson())
          if (verb === 'AUTH') resolve(text)
          if (verb === 'OK' && ok) answered.add(text)
          return false
        },
      }),
    )
    const parsed = (filter) => sdk.Filter.fromJson(JSON.stringify(filter))
    const eventOf = (event) => sdk.Event.fromJson(JSON.stringify(event))
    await client.addRelay(relay.url)
    await client.tryConnect(sdk.Duration.fromSecs(10))
    const challenge = await challenged
    for (const one of users) {
      const event = authEvent(one, challenge)
      await client.sendMsgTo([relay.url], sdk.ClientMessage.auth(eventOf(event)))
      await eventually(() => answered.has(event.id))
    }
    const connection = await client.relay(relay.url)
    return {
      query: async (filter) => {
        const events = await client.fetchEvents(parsed(filter), sdk.Duration.fromSecs(10))
        return events.toVec().map((event) => JSON.parse(event.asJson()))
      },
      count: async (filter) => Number(await connection.countEvents(parsed(filter), sdk.Duration.fromSecs(10))),
      publish: async (event) => assert.deepEqual((await client.sendEvent(eventOf(event))).success, [relay.url]),
      close: () => client.shutdown(),
    }
  },
}

for (const [name, open] of Object.entries(sharing)) {
  test(`${name} authenticates several keys on one connection`, async () => {
    const users = [user(), user(), user()]
    const bob = user()
    const wraps = users.map(({ pubkey }) => bob.sign(1059, { content: 'sealed', tags: [['p', pubkey]] }))
    await fill(relay.url, wraps)
    const client = await open(users)
    const all = { kinds: [1059], '#p': users.map(({ pubkey }) => pubkey) }
    assert.deepEqual(ids(await client.query(all)), ids(wraps))
    if (client.count) assert.equal(await client.count(all), 3)
    for (const one of users) await client.publish(one.sign(1, { content: `of ${one.pubkey}`, tags: [['-']] }))
    await client.close()
  })
}

test('nostr-tools counts private messages once it may, its own only', async () => {
  const [alice, bob, eve] = [user(), user(), user()]
  const to = (reader, content) => bob.sign(1059, { content, tags: [['p', reader.pubkey]] })
  await fill(relay.url, [to(alice, 'one'), to(alice, 'two'), to(eve, 'three')])
  useWebSocketImplementation(globalThis.WebSocket)
  const client = await Relay.connect(relay.url)
  const count = (reader) => client.count([{ kinds: [1059], '#p': [reader.pubkey] }], {})
  await assert.rejects(count(alice), /^Error: auth-required: /)
  await client.auth(alice.signTemplate)
  assert.equal(await count(alice), 2)
  assert.equal(await client.count([{ kinds: [1059], authors: [bob.pubkey] }], {}), 2)
  await assert.rejects(
    client.count([{ kinds: [1059], authors: [bob.pubkey], '#p': [eve.pubkey] }], {}),
    /^Error: restricted: /,
  )
  client.close()
})

test('applesauce-relay counts private messages once it may', async () => {
  const [alice, bob] = [user(), user()]
  await fill(relay.url, [bob.sign(1059, { content: 'sealed', tags: [['p', alice.pubkey]] })])
  const one = new ApplesauceRelay(relay.url)
  const count = () =>
    new Promise((next, error) =>
      one.count([{ kinds: [1059], '#p': [alice.pubkey] }]).subscribe({ next: (answer) => next(answer.count), error }),
    )
  await assert.rejects(count(), /auth-required: /)
  const later = count()
  await one.authenticate({ getPublicKey: async () => alice.pubkey, signEvent: alice.signTemplate })
  assert.equal(await later, 1)
  one.close()
})
