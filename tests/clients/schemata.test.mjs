// What the relay sends against the JSON schemas of nostrability, which know NIP-01, 11, 42 and 45 of what is a relay's.
import { eventually, now, startPharos, user } from './harness.mjs'
import Ajv from 'ajv'
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'

const folder = fileURLToPath(new URL('node_modules/@nostrability/schemata/dist/nips/', import.meta.url))

// A check by the schema in that place: it throws with what is wrong.
function schema(place, name = 'schema') {
  const path = `${folder}${place}/${name}.json`
  assert.ok(existsSync(path), 'run tests/clients/install')
  // The texts of errorMessage and the formats are plugins'.
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
  const check = ajv.compile(JSON.parse(readFileSync(path, 'utf8')))
  return (value) => assert.ok(check(value), `${JSON.stringify(value)}: ${JSON.stringify(check.errors, null, 1)}`)
}

const messages = {
  EVENT: 'nip-01/messages/relay-event',
  OK: 'nip-01/messages/relay-ok',
  EOSE: 'nip-01/messages/relay-eose',
  CLOSED: 'nip-01/messages/relay-closed',
  NOTICE: 'nip-01/messages/relay-notice',
  AUTH: 'nip-42/messages/relay-auth',
  COUNT: 'nip-45/messages/relay-count',
}
// Of negentropy (NIP-77) there are none yet.
const bare = {
  'NEG-MSG': ([, name, hex, ...more]) => typeof name === 'string' && /^([0-9a-f]{2})+$/.test(hex) && more.length === 0,
  'NEG-ERR': ([, name, reason]) => typeof name === 'string' && /^[a-z-]+: .+$/.test(reason),
}

const prefixes = 'duplicate pow blocked rate-limited invalid restricted mute error unsupported auth-required'.split(' ')
const ends = { REQ: ['EOSE', 'CLOSED'], COUNT: ['COUNT', 'CLOSED'], 'NEG-OPEN': ['NEG-MSG', 'NEG-ERR'] }

// Says lines to a relay and gives what it answered, when each EVENT and AUTH among them has its OK and each other
// message its end, and until(answers) besides. Nothing tells of the lines that are no messages: a message follows them.
async function converse(url, lines, until = () => true) {
  const socket = new WebSocket(url)
  const answers = []
  socket.onmessage = ({ data }) => answers.push(JSON.parse(data))
  await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }))
  for (const line of [...lines, ['REQ', 'the end', { limit: 0 }]]) {
    socket.send(typeof line === 'string' ? line : JSON.stringify(line))
  }
  const asked = lines.filter(([verb]) => ends[verb])
  const written = lines.filter(([verb]) => ['EVENT', 'AUTH'].includes(verb)).length
  const ended = ([verb, name]) => answers.some((answer) => ends[verb].includes(answer[0]) && answer[1] === name)
  await eventually(() => {
    const taken = answers.filter(([verb]) => verb === 'OK').length
    return taken >= written && [...asked, ['REQ', 'the end']].every(ended) && until(answers)
  })
  socket.close()
  return answers
}

test('every message is what its schema says', async () => {
  const relay = await startPharos()
  try {
    const [alice, bob] = [user(), user()]
    const tags = [['t', 'a'], [], ['e', 'not an id'], ['x']]
    const note = alice.sign(1, { content: 'héllo \u0001 "wörld" \u2028', tags })
    const gated = { kinds: [1059], authors: [bob.pubkey], '#p': [alice.pubkey] }
    const lines = [
      // Taken, known already, and refused in several ways.
      ['EVENT', note],
      ['EVENT', note],
      ['EVENT', alice.sign(7, { content: '+', tags: [['e', note.id]] })],
      ['EVENT', alice.sign(20_001, { content: 'ephemeral' })],
      ['EVENT', alice.sign(1, { content: 'protected', tags: [['-']] })],
      ['EVENT', alice.sign(1, { created_at: now() + 86_400 })],
      ['EVENT', alice.sign(1, { tags: [['expiration', '1']] })],
      ['EVENT', { ...note, content: 'forged' }],
      ['EVENT', { id: note.id }],
      ['AUTH', alice.sign(22242, { tags: [['challenge', 'wrong'], ['relay', relay.url]] })],
      // Answered and refused.
      ['REQ', 'all', {}],
      ['REQ', '\u00e9 "quoted" \u0001', { authors: [alice.pubkey] }],
      ['REQ', 'gated', gated],
      ['REQ', 'unknown', { colour: 'red' }],
      ['REQ', 'bad', { ids: ['abc'] }],
      ['REQ', 'none'],
      ['COUNT', 'plain', { kinds: [1] }],
      ['COUNT', 'registers', { kinds: [7], '#e': [note.id] }],
      ['COUNT', 'gated count', gated],
      ['NEG-OPEN', 'neg', {}, '6100000200'],
      ['NEG-OPEN', 'bad neg', {}, '61zz'],
      ['NEG-MSG', 'nobody', '61'],
      // No message at all.
      'nonsense',
      '[]',
      '{}',
      '["EVENT"]',
      '["HELLO","there"]',
      '["REQ",1,{}]',
    ]
    const answers = await converse(relay.url, lines, (some) => some.some(([verb]) => verb === 'EVENT'))
    const checks = Object.fromEntries(Object.entries(messages).map(([verb, place]) => [verb, schema(place)]))
    for (const message of answers) {
      const [verb] = message
      if (bare[verb]) {
        assert.ok(bare[verb](message), JSON.stringify(message))
        continue
      }
      assert.ok(checks[verb], JSON.stringify(message))
      // Its schema is older than the registers.
      if (verb === 'COUNT' && message[2].hll) {
        assert.match(message[2].hll, /^[0-9a-f]{512}$/)
        delete message[2].hll
      }
      checks[verb](message)
      const refusal = (verb === 'OK' && message[2] === false && message[3]) || (verb === 'CLOSED' && message[2])
      if (refusal) {
        const [prefix] = refusal.split(': ')
        assert.ok(prefixes.includes(prefix), refusal)
      }
    }
    const verbs = new Set(answers.map(([verb]) => verb))
    assert.deepEqual([...verbs].sort(), [...Object.keys(messages), ...Object.keys(bare)].sort())
  } finally {
    await relay.stop()
  }
})

const information = async (settings) => {
  const relay = await startPharos(settings)
  try {
    return await (await fetch(relay.httpUrl, { headers: { Accept: 'application/nostr+json' } })).json()
  } finally {
    await relay.stop()
  }
}

test('the information document is what its schema says, with little and with everything in it', async () => {
  const check = schema('nip-11')
  const plain = await information('')
  check(plain)
  const pubkey = user().pubkey
  const full = await information(
    [
      'url = ["wss://relay.example.com/"]',
      'description = "a \\"description\\""',
      'contact = "mailto:admin@example.com"',
      `pubkey = "${pubkey}"`,
      'icon = "https://example.com/icon.png"',
      'banner = "https://example.com/banner.png"',
      'terms_of_service = "https://example.com/terms"',
      'software = "https://example.com/pharos"',
      `admins = ["${pubkey}"]`,
      '[ingest]',
      'min_pow = 4',
    ].join('\n'),
  )
  check(full)
  const told = { contact: 'mailto:admin@example.com', pubkey, icon: 'https://example.com/icon.png' }
  assert.deepEqual({ contact: full.contact, pubkey: full.pubkey, icon: full.icon }, told)
  assert.ok(Object.keys(full).length > Object.keys(plain).length)
})

test('what the monitor publishes is what its schemas say', async () => {
  const target = await startPharos('contact = "mailto:admin@example.com"')
  const monitor = await startPharos(
    [
      'url = ["wss://monitor.example.com/"]',
      '[monitor]',
      'enabled = true',
      `targets = ["${target.url}"]`,
      'discover = false',
      'allow_private_addresses = true',
      'first_spread = "1s"',
      'geohash = "u33db"',
    ].join('\n'),
  )
  try {
    const checks = {
      0: schema('nip-01/kind-0'),
      10002: schema('nip-65/kind-10002'),
      10166: schema('nip-66/kind-10166'),
      30166: schema('nip-66/kind-30166'),
    }
    const kinds = Object.keys(checks).map(Number)
    const published = await eventually(async () => {
      const answers = await converse(monitor.url, [['REQ', 'monitor', { kinds }]])
      const events = answers.filter(([verb]) => verb === 'EVENT').map(([, , event]) => event)
      return kinds.every((kind) => events.some((event) => event.kind === kind)) && events
    }, 30_000)
    for (const event of published) checks[event.kind](event)
    const contents = {
      0: schema('nip-01/kind-0', 'schema.content'),
      30166: schema('nip-66/kind-30166', 'schema.content'),
    }
    for (const { kind, content } of published) contents[kind]?.(JSON.parse(content))
  } finally {
    await Promise.all([monitor.stop(), target.stop()])
  }
})
