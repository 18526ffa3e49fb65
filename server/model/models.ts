/** A model that lists the models which the fixtures were recorded of, if nobody recorded what the API says. */
import { MissError } from '../base/errors.ts'
import { fresh } from '../base/memo.ts'
import type { Store } from '../store/store.ts'
import type { Model } from './model.ts'

const JSON_TYPE = [['content-type', 'application/json']] as const

/** Makes a model that answers as `model` does, and `GET /v1/models` by itself if that has no fixture. */
export function listModels(model: Model, store: Store): Model {
  return async (call, signal) => {
    try {
      return await model(call, signal)
    } catch (error) {
      if (!(error instanceof MissError) || call.method !== 'GET' || call.path !== '/v1/models') throw error
      const data = (await store.models()).map((id) => ({ id, object: 'model', created: 0, owned_by: 'deltatape' }))
      const wire = JSON.stringify({ object: 'list', data })
      return { head: { status: 200, headers: JSON_TYPE, framing: 'json' }, records: [fresh([{ at: 0, wire }])] }
    }
  }
}
