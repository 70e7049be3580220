/** What a helper process answers (account-helper.ts): it is another account's word, and so is read with care. */
import { constants } from 'node:fs'
import { getSystemErrorMap } from 'node:util'
import { type FileStats, type FileSystemStats } from './files'

/** It answered what no helper of ours answers. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer'
}

export type Answer = { readonly value: unknown } | { readonly errno: number }

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

/** @throws WrongAnswer */
export function readAnswer(text: string): Answer {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    throw new WrongAnswer('is no JSON')
  }
  if (isObject(answer)) {
    const { errno } = answer
    if (typeof errno === 'number' && getSystemErrorMap().has(errno)) return { errno }
    if ('value' in answer) return { value: answer['value'] }
  }
  throw new WrongAnswer('is no answer')
}

/** For a call that answers nothing but that it is done. */
export function readNothing(): undefined {
  return undefined
}

/** @throws WrongAnswer for anything but the number of a descriptor */
export function readDescriptor(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 2 && value < 2 ** 31) return value
  throw new WrongAnswer('is no descriptor')
}

/** @throws WrongAnswer for anything but a text */
export function readText(value: unknown): string {
  if (typeof value === 'string') return value
  throw new WrongAnswer('is no text')
}

/** @throws WrongAnswer for anything but names of a directory's entries */
export function readNames(value: unknown): readonly string[] {
  const isName = (name: unknown): boolean =>
    typeof name === 'string' && name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)
  if (Array.isArray(value) && value.every(isName)) return value as string[]
  throw new WrongAnswer('is no list of names')
}

function readNumbers(value: unknown, count: number): readonly number[] {
  if (Array.isArray(value) && value.length === count && value.every((one) => Number.isFinite(one)))
    return value as number[]
  throw new WrongAnswer(`is not ${count} numbers`)
}

/** What fstat(2) and its like say, as a helper sends it. */
class SentStats implements FileStats {
  constructor(
    readonly dev: number,
    readonly ino: number,
    readonly mode: number,
    readonly uid: number,
    readonly gid: number,
    readonly rdev: number,
    readonly size: number,
    readonly mtimeMs: number,
  ) {}

  #is(type: number): boolean {
    return (this.mode & constants.S_IFMT) === type
  }

  isFile(): boolean {
    return this.#is(constants.S_IFREG)
  }

  isDirectory(): boolean {
    return this.#is(constants.S_IFDIR)
  }

  isSymbolicLink(): boolean {
    return this.#is(constants.S_IFLNK)
  }

  isCharacterDevice(): boolean {
    return this.#is(constants.S_IFCHR)
  }
}

/** @throws WrongAnswer for anything but what stat(2) says */
export function readStats(value: unknown): FileStats {
  const [dev = 0, ino = 0, mode = 0, uid = 0, gid = 0, rdev = 0, size = 0, mtimeMs = 0] = readNumbers(
    value,
    8,
  )
  const isWhole = [dev, ino, mode, uid, gid, rdev, size].every((one) => Number.isInteger(one) && one >= 0)
  if (!isWhole || mode > 0o177777) throw new WrongAnswer("is no file's")
  return new SentStats(dev, ino, mode, uid, gid, rdev, size, mtimeMs)
}

/** @throws WrongAnswer for anything but what statfs(2) says */
export function readSystemStats(value: unknown): FileSystemStats {
  const [bsize = 0, blocks = 0, bavail = 0, files = 0, ffree = 0] = readNumbers(value, 5)
  return { bsize, blocks, bavail, files, ffree }
}

/** What a call was about, for its error. */
export interface Call {
  readonly name: string
  readonly path?: string
  readonly dest?: string
}

/** The error that Node's own call would have thrown: no word of it is the helper's. */
export function callError({ name, path, dest }: Call, errno: number): NodeJS.ErrnoException {
  const [code, text] = getSystemErrorMap().get(errno) ?? ['UNKNOWN', 'unknown error']
  const from = path === undefined ? '' : ` '${path}'`
  const to = dest === undefined ? '' : ` -> '${dest}'`
  const error = new Error(`${code}: ${text}, ${name}${from}${to}`)
  return Object.assign(error, { code, errno, syscall: name, path, dest })
}
