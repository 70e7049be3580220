# shellcheck shell=bash
# Functions about Node for scripts/setup and scripts/install.

# Whether a Node is one that package.json allows: node_is_new_enough NODE REPOSITORY
node_is_new_enough() {
  # Written for any Node, however old.
  "$1" -e '
    var needed = require(process.argv[1]).engines.node.replace(/[^0-9.]/g, "").split(".").map(Number)
    var found = process.versions.node.split(".").map(Number)
    process.exit(found[0] > needed[0] || (found[0] === needed[0] && found[1] >= (needed[1] || 0)) ? 0 : 1)
  ' "$2/package.json" 2>/dev/null
}

# The version that package.json asks for, to be named in a message: node_wanted REPOSITORY
node_wanted() {
  sed -n 's/.*"node": *"\([^"]*\)".*/\1/p' "$1/package.json"
}
