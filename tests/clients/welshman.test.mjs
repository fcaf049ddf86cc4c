import './harness.mjs'
import { Pool, PublishStatus, makeSocketPolicyAuth, publishOne, requestOne } from '@welshman/net'
import { clientSuite } from './suite.mjs'

clientSuite('welshman', async (url, user) => {
  const pool = new Pool()
  const context = { pool }
  const authPolicy = makeSocketPolicyAuth({ sign: user.signTemplate, shouldAuth: () => true })
  authPolicy(pool.get(url))
  const abort = new AbortController()
  return {
    publish: async (event) => {
      const result = await publishOne({ event, relay: url, context, timeout: 5000 })
      if (result.status !== PublishStatus.Success) throw new Error(result.detail)
    },
    query: (filter) => requestOne({ relay: url, filters: [filter], context, autoClose: true }),
    live: (filter, onEvent) =>
      new Promise((resolve) => {
        requestOne({ relay: url, filters: [filter], context, signal: abort.signal, onEvent, onEose: () => resolve() })
      }),
    close: () => {
      abort.abort()
      pool.clear()
    },
  }
})
