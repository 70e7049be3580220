/** The form of what another node's init asks this one to do. */
import { dictionary, flag, type Form, list, optional, record, text, whole } from '../../lib/system/state-file'
import { words } from '../nodes/answer'
import { type InitSpec, type Place } from './spec'

/** It becomes part of a line of pg_hba.conf, or of a statement. */
const name = text({ pattern: /^[^\0-\x1f\x7f]+$/ })
const node = text({ max: 255, pattern: /^[^\s\0-\x1f\x7f]+$/ })

/** Empty where the server is to be no standby of anybody. */
const ip = text({ pattern: /^[^\0-\x1f\x7f]*$/ })

const sentPlace = record({ ip, prefixLength: optional(whole(0, 128)) })

/** What is not set is not in the JSON. */
const place: Form<Place> = (value, trail) => {
  const sent = sentPlace(value, trail)
  return sent && { ip: sent.ip, prefixLength: sent.prefixLength }
}

const sentSpec = record({
  parameters: dictionary(words, 1000),
  nodes: list(node, 1000),
  repuser: name,
  rewinds: flag,
  slots: flag,
  restores: flag,
  database: name,
  replication: place,
  clients: list(place, 1000),
  auth: optional(name),
})

export const initSpecForm: Form<InitSpec> = (value, trail) => {
  const sent = sentSpec(value, trail)
  return sent && { ...sent, auth: sent.auth }
}
