import './harness.mjs'
import { Relay } from 'applesauce-relay'
import { clientSuite } from './suite.mjs'

clientSuite('applesauce-relay', async (url, user) => {
  const relay = new Relay(url)
  const signer = { getPublicKey: async () => user.pubkey, signEvent: user.signTemplate }
  const authenticate = () => relay.authenticate(signer)
  const collect = (filter) =>
    new Promise((resolve, reject) => {
      const events = []
      relay.req([filter]).subscribe({
        next: (message) => {
          if (message === 'EOSE' || message?.type === 'EOSE') resolve(events)
          else if (message?.type === 'CLOSED') reject(new Error(message.reason))
          else if (message?.type === 'EVENT') events.push(message.event)
          else if (message?.id) events.push(message)
        },
        error: reject,
        complete: () => resolve(events),
      })
    })
  const withAuth = async (attempt) => {
    try {
      return await attempt()
    } catch (error) {
      if (!`${error?.message ?? error}`.includes('auth-required')) throw error
      await authenticate()
      return attempt()
    }
  }
  return {
    publish: (event) =>
      withAuth(async () => {
        const answer = await relay.publish(event, { retries: 0 })
        if (!answer.ok) throw new Error(answer.message)
      }),
    query: (filter) => withAuth(() => collect(filter)),
    live: (filter, onEvent) =>
      new Promise((resolve, reject) => {
        relay.req([filter]).subscribe({
          next: (message) => {
            if (message === 'EOSE' || message?.type === 'EOSE') resolve()
            else if (message?.type === 'EVENT') onEvent(message.event)
            else if (message?.id) onEvent(message)
          },
          error: reject,
        })
      }),
    close: () => relay.close(),
  }
})
