import './harness.mjs'
import { NRelay1 } from '@nostrify/nostrify'
import { clientSuite } from './suite.mjs'

clientSuite('Nostrify', async (url, user) => {
  const relay = new NRelay1(url, {
    auth: (challenge) =>
      user.sign(22242, {
        tags: [
          ['relay', url],
          ['challenge', challenge],
        ],
      }),
  })
  const abort = new AbortController()
  return {
    publish: (event) => relay.event(event, { signal: AbortSignal.timeout(5000) }),
    query: (filter) => relay.query([filter], { signal: AbortSignal.timeout(10_000) }),
    live: (filter, onEvent) =>
      new Promise((resolve) => {
        const listen = async () => {
          for await (const [verb, , event] of relay.req([filter], { signal: abort.signal })) {
            if (verb === 'EOSE') resolve()
            if (verb === 'EVENT') onEvent(event)
          }
        }
        listen().catch(() => {})
      }),
    count: async (filter) => (await relay.count([filter])).count,
    close: async () => {
      abort.abort()
      await relay.close()
    },
  }
})
