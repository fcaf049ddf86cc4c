import './harness.mjs'
import NDK, { NDKEvent, NDKPrivateKeySigner, NDKRelayAuthPolicies, NDKRelaySet } from '@nostr-dev-kit/ndk'
import { clientSuite } from './suite.mjs'

clientSuite('NDK', async (url, user) => {
  const signer = new NDKPrivateKeySigner(Buffer.from(user.secret).toString('hex'))
  const ndk = new NDK({ explicitRelayUrls: [url], signer, enableOutboxModel: false, aiGuardrails: false })
  ndk.relayAuthDefaultPolicy = NDKRelayAuthPolicies.signIn({ ndk })
  await ndk.connect(2000)
  const relays = NDKRelaySet.fromRelayUrls([url], ndk)
  return {
    publish: async (event) => {
      const accepted = await new NDKEvent(ndk, event).publish(relays, 5000, 1)
      if (accepted.size === 0) throw new Error('no relay accepted')
    },
    query: async (filter) =>
      [...(await ndk.fetchEvents(filter, { closeOnEose: true, groupable: false, cacheUsage: 'ONLY_RELAY' }, relays))].map(
        (event) => event.rawEvent(),
      ),
    live: (filter, onEvent) =>
      new Promise((resolve) => {
        const sub = ndk.subscribe(filter, { closeOnEose: false, groupable: false, relaySet: relays })
        sub.on('event', onEvent)
        sub.on('eose', resolve)
      }),
    count: async (filter) => [...(await ndk.count(filter, {}, relays)).relayResults.values()][0].count,
    estimate: async (filter) => (await ndk.count(filter, {}, relays)).mergedHll.estimate(),
    close: () => ndk.pool.relays.forEach((relay) => relay.disconnect()),
  }
})
