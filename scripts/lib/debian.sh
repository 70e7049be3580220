# shellcheck shell=bash
# Functions for scripts/setup: Debian packages, without starting what they bring.

# The release that this machine runs, as test/systems names it: debian12.
debian_release() (
  ID='' VERSION_ID=''
  [[ ! -r /etc/os-release ]] || source /etc/os-release
  printf '%s%s\n' "$ID" "$VERSION_ID"
)

# Which packages of the list serve these purposes on a release, one a line: debian_packages_for LIST RELEASE PURPOSE...
debian_packages_for() {
  local list=$1 release=$2
  shift 2
  awk -v release="$release" -v purposes=" $* " '!/^#/ {
    split($2, what, "@")
    if (index(purposes, " " what[1] " ") && (what[2] == "" || what[2] == release)) print $1
  }' "$list"
}

# Which of the packages are not installed, one a line.
debian_packages_missing() {
  local name status
  local -A installed=()
  while read -r name status; do
    [[ $status != installed ]] || installed[$name]=1
  done < <(dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
  for name; do
    [[ -n ${installed[$name]:-} ]] || printf '%s\n' "$name"
  done
}

# apt-get, without questions; patient with another apt at work.
debian_apt() {
  local try
  for try in 1 2 3; do
    DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -q -y -o DPkg::Lock::Timeout=300 \
      -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null && return 0
    printf 'scripts/setup: apt-get %s failed (try %d of 3)\n' "$1" "$try" >&2
    sleep $((try * 5))
  done
  return 1
}

# Whether packages can be installed here at all; says why not: debian_can_install PACKAGES...
debian_can_install() {
  ((EUID == 0)) || {
    printf 'scripts/setup: missing: %s. Run it as root to install them.\n' "$*" >&2
    return 1
  }
  command -v apt-get >/dev/null || {
    printf 'scripts/setup: missing: %s. It can install them only on Debian.\n' "$*" >&2
    return 1
  }
}

# Installs packages. No daemon is started, none is left to start with the machine, and no database is made: whoever
# tries this project out did not ask for a cluster on the machine itself.
debian_install() {
  debian_can_install "$@" || return
  (
    policy=/usr/sbin/policy-rc.d
    no_database=/etc/postgresql-common/createcluster.d/ocf-ts.conf
    undo=()
    trap 'rm -f -- "${undo[@]}"' EXIT
    trap 'exit 130' INT TERM
    if [[ ! -e $policy ]]; then
      undo+=("$policy")
      printf '#!/bin/sh\n# Made by scripts/setup of ocf-ts while it installs: start nothing.\nexit 101\n' >"$policy"
      chmod 755 "$policy"
    fi
    debian_apt update || printf 'scripts/setup: going on with the package lists there are\n' >&2
    if [[ " $* " == *' postgresql-'* ]]; then
      debian_apt install --no-install-recommends postgresql-common
      mkdir -p -- "${no_database%/*}"
      undo+=("$no_database")
      printf 'create_main_cluster = false\n' >"$no_database"
    fi
    debian_apt install --no-install-recommends "$@"
    debian_disable_services "$@"
  )
}

# Keeps the services of newly installed packages from starting with the machine.
debian_disable_services() {
  local name
  for name; do
    case $name in
      corosync | heartbeat | openssh-server | pacemaker | pcs | postgresql-*) ;;
      *) continue ;;
    esac
    [[ $name != openssh-server ]] || name=ssh
    [[ $name != pcs ]] || name='pcsd pcsd-ruby'
    [[ $name != postgresql-* ]] || name=postgresql
    # shellcheck disable=SC2086 # one package, several services
    ! command -v systemctl >/dev/null || systemctl disable --quiet $name >/dev/null 2>&1 || true
  done
}
