import './harness.mjs'
import { Relay } from 'applesauce-relay'
import { clientSuite } from './suite.mjs'

clientSuite('applesauce-relay', async (url, user) => {
  const relay = new Relay(url)
  const signer = { getPublicKey: async () => user.pubkey, signEvent: user.signTemplate }
  relay.challenge$.subscribe((challenge) => challenge && relay.authenticate(signer))
  const collect = (filter) =>
    new Promise((resolve, reject) => {
      const events = []
      relay.req([filter]).subscribe({
        next: (message) => {
          if (message.type === 'EOSE') resolve(events)
          else if (message.type === 'CLOSED') reject(new Error(message.reason))
          else if (message.type === 'EVENT') events.push(message.event)
        },
        error: reject,
        complete: () => resolve(events),
      })
    })
  return {
    publish: async (event) => {
      const answer = await relay.publish(event, { retries: 0 })
      if (!answer.ok) throw new Error(answer.message)
    },
    query: collect,
    live: (filter, onEvent) =>
      new Promise((resolve, reject) => {
        relay.req([filter]).subscribe({
          next: (message) => {
            if (message.type === 'EOSE') resolve()
            else if (message.type === 'EVENT') onEvent(message.event)
          },
          error: reject,
        })
      }),
    count: (filter) =>
      new Promise((resolve, reject) => {
        relay.count([filter]).subscribe({ next: (answer) => resolve(answer.count), error: reject })
      }),
    close: () => relay.close(),
  }
})
