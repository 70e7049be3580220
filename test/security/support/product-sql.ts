/** Every statement in the source of what ships, so that none can be forgotten. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const REPOSITORY = join(__dirname, '../../..')
const FOLDERS = ['agents', 'lib', 'cli']

/** How a statement begins, in a text that is one. */
const BEGINNING =
  /^\s*(?:select\s|insert into |create schema |drop schema if|alter system |checkpoint$|START_REPLICATION |IDENTIFY_SYSTEM$|TIMELINE_HISTORY )/

export interface ProductStatement {
  readonly where: string
  /** Its text up to the first value that is put into it, blanks drawn together. */
  readonly pieces: readonly string[]
}

export interface ProductSql {
  readonly statements: readonly ProductStatement[]
  /** What is asked by a name, as it is written where it is asked: `file: name`. */
  readonly named: readonly string[]
}

export const withoutBlanks = (text: string): string => text.replace(/\s+/g, ' ').trim()

function piecesOf(node: ts.Node): readonly string[] | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text]
  if (!ts.isTemplateExpression(node)) return undefined
  return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)]
}

/** Looks at all sources. */
export function readProductSql(): ProductSql {
  const statements: ProductStatement[] = []
  const named: string[] = []
  for (const folder of FOLDERS) {
    for (const name of readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue
      const path = `${folder}/${name}`
      const source = ts.createSourceFile(
        path,
        readFileSync(join(REPOSITORY, path), 'utf8'),
        ts.ScriptTarget.Latest,
        true,
      )
      const visit = (node: ts.Node): void => {
        const pieces = piecesOf(node)
        if (pieces !== undefined && BEGINNING.test(pieces[0] ?? '')) {
          const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1
          statements.push({ where: `${path}:${line}`, pieces: pieces.map(withoutBlanks) })
        }
        if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
          const asked = node.arguments.find(
            (one) => !ts.isNumericLiteral(one) && !/_MS$|Ms$/.test(one.getText()),
          )
          if (node.expression.name.text === 'rows' && asked !== undefined && piecesOf(asked) === undefined) {
            named.push(`${path}: ${asked.getText()}`)
          }
        }
        ts.forEachChild(node, visit)
      }
      visit(source)
    }
  }
  return { statements, named }
}

/** Whether a text that a server has logged is this statement. */
export function isStatement({ pieces }: ProductStatement, logged: string): boolean {
  let from = 0
  return pieces.every((piece) => {
    const at = logged.indexOf(piece, from)
    from = at + piece.length
    return at >= 0
  })
}
