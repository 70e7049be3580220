# What needs no Node: a failover brings up to eight notifications to every node, one after the other while nobody can
# write, and most of them are nothing to anybody. This is the quick half of notify.ts: what it lets pass is decided there.
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
    esac ;;
  'notify post start' | 'notify post stop')
    # They concern the primary. (Without this node's own name, anything matches.)
    case " ${OCF_RESKEY_CRM_meta_notify_promoted_uname-} ${OCF_RESKEY_CRM_meta_notify_master_uname-} " in
      *"${OCF_RESKEY_CRM_meta_on_node:+ $OCF_RESKEY_CRM_meta_on_node }"*) ;;
      *) exit 0 ;;
    esac ;;
esac
