/** The file system of a data disk follows the disk: it grows while it is in use. It never shrinks. Pure. */

export interface DataDisk {
  /** Label of its file system. */
  readonly label: string;
  /** GiB. */
  readonly size: number;
}

/** Seconds within which the kernel knows a disk's new size. */
const WITHIN = 120;
/** What a file system needs for itself at its end, in bytes. */
const SLACK = 2 ** 20;

/** `device`: by default the disk with the label. */
export const growScript = ({ label, size }: DataDisk, device = `/dev/disk/by-label/${label}`) => `set -eu
disk=${device}
[ -e $disk ] || { echo "no disk is called ${label}: nothing to grow"; exit 0; }
wanted=${size * 2 ** 30 - SLACK}
has() { dumpe2fs -h $disk 2>/dev/null | awk -F: '/^Block count/ {n = $2} /^Block size/ {s = $2} END {printf "%.0f", n * s}'; }
before="$(has)"
waited=0
until [ "$(has)" -ge $wanted ]; do
  [ $waited -lt ${WITHIN} ] || { echo "the file system of ${label} has $(($(has) >> 30)) GiB, ${size} are wanted: resize2fs $disk says why it does not grow"; exit 1; }
  resize2fs $disk >/dev/null 2>&1 || true
  [ "$(has)" -ge $wanted ] || { waited=$((waited + 2)); sleep 2; }
done
[ "$(has)" = "$before" ] || echo "the file system of ${label} has grown to ${size} GiB"
`;
