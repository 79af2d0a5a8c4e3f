/** A data disk is where it has to be before anything is put on the server, and its file system follows it: it grows while it is in use. It never shrinks. Pure. */

export interface DataDisk {
  /** Label of its file system. */
  readonly label: string;
  /** Where it is mounted. */
  readonly place: string;
  /** GiB. */
  readonly size: number;
}

/** Seconds within which the kernel knows a disk's new size, and a server that has just started has mounted it. */
const WITHIN = 120;
/** What a file system needs for itself at its end, in bytes. */
const SLACK = 2 ** 20;

/** On the root disk data would be gone with the next server, and an empty database served until then. */
const MISSING = `where the data was on it already, stop and start the instance at AWS, which mounts it, and pulumi up again;
  or another server in its place: recoloca:ec2.generation one higher, and pulumi up`;

/** `device`: by default the disk with the label. */
export const growScript = ({ label, place, size }: DataDisk, device = `/dev/disk/by-label/${label}`) => `set -eu
disk=${device}
waited=0
until mountpoint -q ${place}; do
  [ $waited -lt ${WITHIN} ] || { echo "the data disk, called ${label}, is not mounted at ${place} after ${WITHIN}s; nothing is put on the root disk in its place
  ${MISSING}"; exit 1; }
  waited=$((waited + 2))
  sleep 2
done
# What is mounted by another name is somebody else's, and he makes it larger.
[ -e $disk ] || { echo "what is at ${place} is no disk called ${label}: nothing to grow"; exit 0; }
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
