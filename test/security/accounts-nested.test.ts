/** Work for one account within that for another: each has its own rights, and root comes back in between only. */
import { expect, test } from '@jest/globals'
import { asUser } from '../../lib/system/as-user'
import { ROOT } from '../../lib/system/held-directory'
import { idOf } from '../root/support/server'

const account = (name: string) => ({ name, uid: idOf('-u', name), gid: idOf('-g', name) })
const [postgres, nobody] = [account('postgres'), account('nobody')]

const who = () => ({ uid: process.geteuid?.(), gid: process.getegid?.(), groups: process.getgroups?.() })

const as = ({ uid, gid }: { uid: number; gid: number }) => ({ uid, gid, groups: [gid] })

test('another account has its own rights, and afterwards the first one its own again', () => {
  const before = who()
  const seen = asUser(postgres, () => [who(), asUser(nobody, who), who(), asUser(postgres, who), who()])
  expect(seen).toEqual([postgres, nobody, postgres, postgres, postgres].map(as))
  expect(who()).toMatchObject({ uid: before.uid, gid: before.gid })
})

test('also where it fails', () => {
  const fail = (): never => {
    throw new Error('fails')
  }
  const seen = asUser(postgres, () => {
    expect(() => asUser(nobody, fail)).toThrow('fails')
    return who()
  })
  expect(seen).toEqual(as(postgres))
  expect(process.geteuid?.()).toBe(0)
})

test('nothing is done as root within it', () => {
  expect(() => asUser(postgres, () => asUser(ROOT, who))).toThrow('nothing is done as root')
  expect(process.geteuid?.()).toBe(0)
})
