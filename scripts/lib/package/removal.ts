/**
 * Before the package is removed: not while a cluster on this node has resources of these agents. Their monitors would
 * fail here, and no stop could be carried out, so that the node would be blocked or fenced. An upgrade is never held up.
 */

/** Prints nothing; the exit code is that of cibadmin: 0 there are such resources, 105 none, 102 no cluster runs here. */
const ASK = `timeout 20 cibadmin --query --local --xpath "//primitive[@class='ocf' and @provider='ts']" >/dev/null 2>&1`

const REFUSAL = [
  'ocf-ts: the cluster on this node has resources of ocf:ts, which could not be stopped without their agents.',
  '  Stop the cluster here first (crm cluster stop, or pcs cluster stop), or give the resources other agents.',
]
const UNKNOWN = [
  'ocf-ts: cannot find out whether the cluster on this node has resources of ocf:ts (cibadmin: exit code CODE).',
  '  Stop the cluster here first (crm cluster stop, or pcs cluster stop).',
]

/** What the agents have made for themselves (lib/system/startup-snapshot.ts). */
const CLEAN = 'rm -rf /run/ocf-ts'

/** The script that Debian calls prerm. */
export function debPrerm(): string {
  const say = (lines: readonly string[]): string =>
    lines.map((line) => `  echo '${line.replace('CODE', `'"$code"'`)}' >&2`).join('\n')
  return `#!/bin/sh
set -e
[ "$1" = remove ] || exit 0
code=102
! command -v cibadmin >/dev/null || { code=0; ${ASK} || code=$?; }
case $code in
0)
${say(REFUSAL)}
  exit 1
  ;;
102 | 105) ;;
*)
${say(UNKNOWN)}
  exit 1
  ;;
esac
${CLEAN}
`
}

/** The same for %preun, in rpm's own Lua: it needs no shell in the system that it is removed from. */
export function rpmPreun(): string {
  const message = (lines: readonly string[]): string =>
    lines
      .map((line) => JSON.stringify(line).replace('CODE', '" .. tostring(code) .. "'))
      .join(' .. "\\n" .. ')
  return `if tonumber(arg[2]) == 0 then
  local found, _, code = os.execute([[${ASK}]])
  if found then
    error(${message(REFUSAL)}, 0)
  elseif code ~= 102 and code ~= 105 and code ~= 127 then
    error(${message(UNKNOWN)}, 0)
  end
  os.execute([[${CLEAN}]])
end`
}
