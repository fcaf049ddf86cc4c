import WebSocket from 'ws'
import { estimateCount, hllDecode } from 'nostr-tools/nip45'
import { Relay, useWebSocketImplementation } from 'nostr-tools/relay'
import { clientSuite } from './suite.mjs'

useWebSocketImplementation(WebSocket)

clientSuite('nostr-tools', async (url, user) => {
  const relay = await Relay.connect(url)
  relay.onauth = user.signTemplate
  // Bare Relay does not retry after auth-required, so do what its users do: authenticate and ask again.
  const withAuth = async (attempt) => {
    try {
      return await attempt()
    } catch (error) {
      if (!`${error?.message ?? error}`.startsWith('auth-required: ')) throw error
      await relay.auth(user.signTemplate)
      return attempt()
    }
  }
  const collect = (filter) =>
    new Promise((resolve, reject) => {
      const events = []
      const sub = relay.subscribe([filter], {
        onevent: (event) => events.push(event),
        oneose: () => {
          resolve(events)
          sub.close()
        },
        onclose: (reason) => reject(new Error(reason)),
      })
    })
  return {
    publish: (event) => withAuth(() => relay.publish(event)),
    query: (filter) => withAuth(() => collect(filter)),
    live: (filter, onevent) => new Promise((oneose) => relay.subscribe([filter], { onevent, oneose })),
    count: (filter) => relay.count([filter], {}),
    estimate: async (filter) => estimateCount(hllDecode((await relay.countWithHLL([filter], {})).hll)),
    keepsOrder: true,
    close: () => relay.close(),
  }
})
