# What needs no Node, while nobody can write: most of the up to eight notifications that a failover brings to every node,
# one after the other, and the end of a server that has ended already. This is the quick half of notify.ts, demote.ts and
# stop.ts: what it lets pass is decided there.
case "$1 ${OCF_RESKEY_CRM_meta_notify_type-} ${OCF_RESKEY_CRM_meta_notify_operation-}" in
  'notify pre start' | 'notify pre stop' | 'notify pre demote') exit 0 ;;
  'notify pre promote')
    # It concerns those who are left over, of three nodes or more.
    case "${OCF_RESKEY_node_list-}" in
      *[![:space:]]*[[:space:]]*[![:space:]]*[[:space:]]*[![:space:]]*) ;;
      *) exit 0 ;;
    esac ;;
  'notify post promote')
    # What concerns the new primary it has done itself. (Without this node's own name, a slash matches nothing.)
    case " ${OCF_RESKEY_CRM_meta_notify_promote_uname-} " in
      *" ${OCF_RESKEY_CRM_meta_on_node:-/} "*) exit 0 ;;
    esac ;;
  'notify post demote')
    # It concerns those who had another primary.
    case " ${OCF_RESKEY_CRM_meta_notify_demote_uname-} ${OCF_RESKEY_CRM_meta_notify_promoted_uname-} ${OCF_RESKEY_CRM_meta_notify_master_uname-} " in
      *" ${OCF_RESKEY_CRM_meta_on_node:-/} "*) exit 0 ;;
    esac;
    # The same node is to be the primary again. It is stopped and started before this node's answer is needed, and its
    # promotion waits for that (baselines.ts): what takes Node is done behind the cluster's back.
    case "${OCF_RESKEY_CRM_meta_notify_promote_uname-} ${OCF_RESKEY_sync_method-} ${OCF_TS_BEHIND-}" in
      ' '* | *quorum*) ;;
      "${OCF_RESKEY_CRM_meta_notify_demote_uname-} "*' ') OCF_TS_BEHIND=1 "$0" "$@" </dev/null >/dev/null 2>&1 & exit 0 ;;
    esac ;;
  'notify post start' | 'notify post stop')
    # They concern the primary, and not one that has been demoted before.
    case " ${OCF_RESKEY_CRM_meta_notify_demote_uname-} " in
      *" ${OCF_RESKEY_CRM_meta_on_node:-/} "*) exit 0 ;;
    esac;
    # (Without this node's own name, anything matches.)
    case " ${OCF_RESKEY_CRM_meta_notify_promoted_uname-} ${OCF_RESKEY_CRM_meta_notify_master_uname-} " in
      *"${OCF_RESKEY_CRM_meta_on_node:+ $OCF_RESKEY_CRM_meta_on_node }"*) ;;
      *) exit 0 ;;
    esac ;;
  'demote '* | 'stop '*)
    # A primary that has crashed and is to be the primary here again: nothing of it is left to end, and a word of it
    # would make pacemaker plan afresh, with another primary. What decide-demote.ts and decide-stop.ts say of the rest,
    # of a data directory in which no process works.
    case " ${OCF_RESKEY_CRM_meta_notify_promote_uname-} " in
      *" ${OCF_RESKEY_CRM_meta_on_node:-/} "*)
        if [ $# -eq 1 ] && [ -e "${OCF_RESKEY_tmpdir:-/var/lib/pgsql/tmp}/PGSQL.lock" ] &&
          [ ! -e "${OCF_RESKEY_tmpdir:-/var/lib/pgsql/tmp}/rejoin.json" ] && [ -d "${OCF_RESKEY_pgdata-}" ]; then
          for process in /proc/[0-9]*; do
            [ "$process/cwd" -ef "$OCF_RESKEY_pgdata" ] && break;
            process=;
          done;
          [ -n "$process" ] || exit 0;
        fi ;;
    esac ;;
esac
