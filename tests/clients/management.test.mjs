// NIP-86 as client libraries speak it, authorized by NIP-98.
import { user, startPharos, eventually, fill } from './harness.mjs'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Relay, RelayManagement } from 'applesauce-relay'
import { makeHttpAuth, sendManagementRequest } from '@welshman/util'

const admin = user()
const spammer = user()
let pharos

before(async () => {
  pharos = await startPharos(`admins = ["${admin.pubkey}"]`)
})
after(() => pharos.stop())

const publish = (event) => fill(pharos.url, [event])
const document = async () =>
  (await fetch(pharos.httpUrl, { headers: { Accept: 'application/nostr+json' } })).json()

test('applesauce manages the relay', async () => {
  const relay = new Relay(pharos.url)
  const signer = { getPublicKey: async () => admin.pubkey, signEvent: admin.signTemplate }
  const management = new RelayManagement(relay, signer)
  const methods = await management.supportedMethods()
  for (const method of ['banpubkey', 'listblockedips', 'changerelayicon', 'assignrole']) assert.ok(methods.includes(method))

  await publish(spammer.sign(1, { content: 'spam' }))
  assert.equal(await management.banPubkey(spammer.pubkey, 'spam'), true)
  assert.deepEqual(await management.listBannedPubkeys(), [{ pubkey: spammer.pubkey, reason: 'spam' }])
  await assert.rejects(publish(spammer.sign(1, { content: 'more spam' })), /^Error: blocked: /)

  const event = user().sign(1, { content: 'unwanted' })
  await publish(event)
  assert.equal(await management.banEvent(event.id), true)
  assert.equal((await management.listBannedEvents())[0].id, event.id)
  await assert.rejects(publish(event), /^Error: blocked: /)
  assert.equal(await management.allowEvent(event.id), true)
  await publish(event)

  assert.deepEqual(await management.listEventsNeedingModeration(), [])
  await assert.rejects(management.banPubkey('nobody'), /RPC error: .*neither 64/)
  relay.close()
})

test('applesauce changes texts, kinds and addresses', async () => {
  const relay = new Relay(pharos.url)
  const signer = { getPublicKey: async () => admin.pubkey, signEvent: admin.signTemplate }
  const management = new RelayManagement(relay, signer)
  assert.equal(await management.changeRelayName('managed'), true)
  assert.equal((await document()).name, 'managed')
  assert.equal(await management.disallowKind(7), true)
  await assert.rejects(publish(user().sign(7, { content: '+' })), /^Error: blocked: /)
  assert.equal(await management.allowKind(7), true)
  await publish(user().sign(7, { content: '+' }))
  assert.deepEqual(await management.listAllowedKinds(), [])
  assert.equal(await management.blockIp('192.0.2.1', 'noise'), true)
  assert.deepEqual(await management.listBlockedIps(), [{ ip: '192.0.2.1', reason: 'noise' }])
  assert.equal(await management.unblockIp('192.0.2.1'), true)
  relay.close()
})

const ask = async (who, request) => {
  const template = await makeHttpAuth(pharos.httpUrl.replace(/\/$/, ''), 'POST', JSON.stringify(request))
  return sendManagementRequest(pharos.httpUrl, request, await who.signTemplate(template))
}

test('welshman manages the relay, and others do not', async () => {
  const other = user()
  const ban = { method: 'banpubkey', params: [other.pubkey, 'why'] }
  assert.deepEqual(await ask(admin, ban), { result: true })
  const listed = await ask(admin, { method: 'listbannedpubkeys', params: [] })
  assert.ok(listed.result.some((entry) => entry.pubkey === other.pubkey))
  assert.deepEqual(await ask(admin, { method: 'unbanpubkey', params: [other.pubkey] }), { result: true })
  assert.ok((await ask(other, ban)).error)
  assert.ok((await ask(admin, { method: 'nosuchmethod', params: [] })).error)
  await eventually(async () => (await document()).supported_nips.includes(86))
})
