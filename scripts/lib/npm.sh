# shellcheck shell=bash
# Functions about npm packages for scripts/setup.

# Whether node_modules of a directory is what package-lock.json says, by the list that npm keeps in it. Without Node it
# is not: npm_is_current DIRECTORY
npm_is_current() {
  command -v node >/dev/null && (cd -- "$1" && node -e '
    const fs = require("node:fs")
    const packagesIn = (file) => JSON.parse(fs.readFileSync(file, "utf8")).packages
    const here = (list, value) => list === undefined || [list].flat().includes(value)
    // An optional package is left out where it does not fit, for example one for another processor.
    const mayBeMissing = ({ optional, os, cpu, libc }) =>
      optional && !(os && cpu && here(os, process.platform) && here(cpu, process.arch) && here(libc, "glibc"))
    try {
      const wanted = packagesIn("package-lock.json")
      const found = packagesIn("node_modules/.package-lock.json")
      const same = Object.entries(wanted).every(
        ([path, entry]) =>
          path === "" || (found[path] ? found[path].version === entry.version : mayBeMissing(entry)),
      )
      process.exit(same && Object.keys(found).every((path) => path in wanted) ? 0 : 1)
    } catch {
      process.exit(1)
    }
  ')
}

# Installs the packages of a directory as its package-lock.json pins them: npm_install DIRECTORY
npm_install() {
  cd -- "$1" && npm ci --no-audit --no-fund --loglevel=error
}
