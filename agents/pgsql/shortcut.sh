# What needs no Node, while nobody can write: most of the up to eight notifications that a failover brings to every node,
# one after the other, the monitor that finds a dead server, and the end of one that has ended already. This is the quick
# half of notify.ts, monitor.ts, demote.ts and stop.ts: what it lets pass is decided there.

# Whether a list names this node. (Without this node's own name, a slash matches nothing.)
here() {
  case " $1 " in
    *" ${OCF_RESKEY_CRM_meta_on_node:-/} "*) return 0 ;;
  esac;
  return 1;
};

# Whether a list names three nodes or more.
several() {
  case "$1" in
    *[![:space:]]*[[:space:]]*[![:space:]]*[[:space:]]*[![:space:]]*) return 0 ;;
  esac;
  return 1;
};

# Whether no process of the database's account works in the data directory. Nobody else's is asked where it works: any
# account can have a file system of its own that does not answer, which no list of mounts shows (a user namespace, FUSE below
# an overlay). Where one of the account's may work on a machine that is gone, Node looks, which asks for its program first.
# (Processes that end meanwhile make find fail; the last that it prints is /proc, where it has seen them all.)
empty() {
  [ -d "${OCF_RESKEY_pgdata-}" ] && [ -e "/proc/$$" ] && [ -r /proc/self/mounts ] || return 1;
  while read -r _ _ type _; do
    case $type in
      fuse* | nfs* | cifs | smb* | 9p | ceph | afs | lustre | gfs*) return 1 ;;
    esac;
  done </proc/self/mounts;
  processes=$(timeout 1 find /proc -depth -maxdepth 1 '(' -user "${OCF_RESKEY_pgdba:-postgres}" -o -path /proc ')' 2>/dev/null);
  case $processes in
    */proc) ;;
    *) return 1 ;;
  esac;
  for process in $processes; do
    [ "$process/cwd" -ef "$OCF_RESKEY_pgdata" ] && return 1;
  done;
  return 0;
};

# Whether the disks of the data and of the WAL (before version 10 pg_xlog: not here) can be read and written, with room
# for a segment of 16 MB: they are not to blame. (What is no number is a title, or inodes that nobody counts.) The files are
# the database account's, which may put a link to any other in their place after the look: root does not open that.
healthy() {
  [ -f "$1/PG_VERSION" ] && [ -f "$1/global/pg_control" ] && [ -w "$1" ] && [ -w "$1/pg_wal" ] || return 1;
  for file in "$1/PG_VERSION" "$1/global/pg_control"; do
    timeout 1 dd if="$file" iflag=nofollow,nonblock bs=64 count=1 >/dev/null 2>&1 || return 1;
  done;
  for free in $(df -k --output=avail,iavail "$1" "$1/pg_wal" 2>/dev/null || echo 0); do
    case $free in
      *[!0-9]*) ;;
      *) [ "$free" -ge 16384 ] || return 1 ;;
    esac;
  done;
  return 0;
};

# Whether the postmaster that postmaster.pid names has gone, and all that it had started. The file is the database
# account's, which may make it endless or make a program that opens it wait: the shell itself does not read it. As long as
# the server runs that the monitor before this one has found (server-note.ts, a file of root's), no program is started for
# that.
gone() {
  note="${HA_RSCTMP:-/run/resource-agents}/ts-pgsql-server-${OCF_RESOURCE_INSTANCE%%:*}";
  [ -f "$note" ] && read -r server <"$note" && [ -n "$server" ] && [ ! -e "/proc/$server" ] || return 1;
  [ -f "$1" ] && [ ! -L "$1" ] && empty || return 1;
  pid=$(timeout 1 dd if="$1" iflag=nofollow,nonblock bs=64 count=1 2>/dev/null) || return 1;
  pid=${pid%%[!0-9]*};
  [ -n "$pid" ] && [ ! -e "/proc/$pid" ];
};

case "$1 ${OCF_RESKEY_CRM_meta_notify_type-} ${OCF_RESKEY_CRM_meta_notify_operation-}" in
  'notify pre start' | 'notify pre stop' | 'notify pre demote') exit 0 ;;
  'notify pre promote')
    # It concerns those who are left over, of three nodes or more.
    several "${OCF_RESKEY_node_list-}" || exit 0 ;;
  'notify post promote')
    # What concerns the new primary it has done itself.
    here "${OCF_RESKEY_CRM_meta_notify_promote_uname-}" && exit 0 ;;
  'notify post demote')
    # It concerns those who had another primary.
    here "${OCF_RESKEY_CRM_meta_notify_demote_uname-} ${OCF_RESKEY_CRM_meta_notify_promoted_uname-} ${OCF_RESKEY_CRM_meta_notify_master_uname-}" && exit 0;
    # The same node is to be the primary again. It is stopped and started before this node's answer is needed, and its
    # promotion waits for that (baselines.ts): what takes Node is done behind the cluster's back.
    case "${OCF_RESKEY_CRM_meta_notify_promote_uname-} ${OCF_RESKEY_sync_method-} ${OCF_TS_BEHIND-}" in
      ' '* | *quorum*) ;;
      "${OCF_RESKEY_CRM_meta_notify_demote_uname-} "*' ') OCF_TS_BEHIND=1 "$0" "$@" </dev/null >/dev/null 2>&1 & exit 0 ;;
    esac;
    # This node is to be the primary, and no other could be: its promotion says what it has. Only where the old primary
    # is also to be stopped must that be said before: its stop compares itself with it (stop.ts).
    if here "${OCF_RESKEY_CRM_meta_notify_promote_uname-}" && ! several "${OCF_RESKEY_node_list-}"; then
      case "${OCF_RESKEY_CRM_meta_notify_stop_uname-} ${OCF_RESKEY_sync_method-}" in
        *[![:space:]]*' '* | *quorum*) ;;
        *) exit 0 ;;
      esac;
    fi ;;
  'notify post start' | 'notify post stop')
    # They concern the primary, and not one that has been demoted before.
    here "${OCF_RESKEY_CRM_meta_notify_demote_uname-}" && exit 0;
    # (Without this node's own name, anything matches.)
    case " ${OCF_RESKEY_CRM_meta_notify_promoted_uname-} ${OCF_RESKEY_CRM_meta_notify_master_uname-} " in
      *"${OCF_RESKEY_CRM_meta_on_node:+ $OCF_RESKEY_CRM_meta_on_node }"*) ;;
      *) exit 0 ;;
    esac ;;
  'demote '* | 'stop '*)
    # A primary that has crashed and is to be the primary here again: nothing of it is left to end, and a word of it
    # would make pacemaker plan afresh, with another primary. What decide-demote.ts and decide-stop.ts say of the rest,
    # of a data directory in which no process works.
    here "${OCF_RESKEY_CRM_meta_notify_promote_uname-}" && [ $# -eq 1 ] &&
      [ -e "${OCF_RESKEY_tmpdir:-/var/lib/pgsql/tmp}/PGSQL.lock" ] &&
      [ ! -e "${OCF_RESKEY_tmpdir:-/var/lib/pgsql/tmp}/rejoin.json" ] && empty && exit 0 ;;
  'monitor '*)
    # A server that ran, and has died; not a probe, and not a person who asks.
    if [ $# -eq 1 ] && [ "${OCF_RESKEY_CRM_meta_interval:-0}" -gt 0 ] 2>/dev/null &&
      gone "${OCF_RESKEY_pgdata-}/postmaster.pid" && healthy "$OCF_RESKEY_pgdata"; then
      # A reader of standard error that has gone would end the shell by a signal.
      trap '' PIPE;
      line="INFO: PostgreSQL is not running: postmaster.pid names process $pid, which is gone";
      if [ -w "${HA_logfile-}" ] && [ -f "$HA_logfile" ] && [ ! -L "$HA_logfile" ]; then
        echo "pgsql(${OCF_RESOURCE_INSTANCE%%:*})[$$]:	$(date +%Y/%m/%d_%H:%M:%S) $line" >>"$HA_logfile";
      else
        echo "$line" >&2;
      fi;
      exit 7;
    fi ;;
esac
