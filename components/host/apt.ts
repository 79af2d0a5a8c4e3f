/** The distribution's packages, on a server that also looks after itself: one that has just been made installs some of its own, and fixes come at any time. */

/** Seconds for whoever installs something just now. */
const PATIENCE_SECONDS = 300;

/**
 * For a script: a function `apt` that is apt-get, asks nothing, is silent when all is well, and waits for its turn. apt-get itself waits
 * for the lock of dpkg only, not for that of the lists.
 */
export const APT = `apt() {
  command -v cloud-init >/dev/null && timeout ${PATIENCE_SECONDS} cloud-init status --wait >/dev/null 2>&1 || true
  waited=0
  until said="$(LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=${PATIENCE_SECONDS} "$@" 2>&1 </dev/null)"; do
    case "$said" in *"E: Could not get lock"*) ;; *) waited=${PATIENCE_SECONDS} ;; esac
    [ $waited -lt ${PATIENCE_SECONDS} ] || { printf '%s\\n' "$said" >&2; exit 100; }
    waited=$((waited + 5))
    sleep 5
  done
}
`;
