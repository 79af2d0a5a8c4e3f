/**
 * What a new instance does at its first start, before its SSH server does: it fetches its host key, mounts its data, and lets
 * one user in. No secret is in it: whoever may look at an instance may read its user data.
 */

export interface FirstBoot {
  readonly region: string;
  /** Name of the parameter that holds the private host key. */
  readonly hostKeyParameter: string;
  /** Public host key, `ssh-ed25519 AAAA...`. */
  readonly hostKey: string;
  /** The user that Pulumi logs in as, with sudo. */
  readonly user: string;
  /** Who may log in as that user: a public key. */
  readonly publicKey: string;
  /** Id of the volume that holds the data. */
  readonly volume: string;
}

/** Where the data volume is mounted. */
export const DATA = "/srv/recoloca";
/** Of the data volume's file system. */
export const DATA_LABEL = "recoloca-data";
/** Folders that outlive the instance: the engine's images and volumes, and the release store with its backups. */
const KEPT = ["docker", "recoloca"];

const LIMIT_SECONDS = 300;

/** The role's credentials may come some seconds after the instance; the parameter is asked for until they do. */
const hostKeyScript = ({ region, hostKeyParameter, hostKey }: FirstBoot) => `
metadata=http://169.254.169.254/latest
key=/run/recoloca-host-key
fetch() {
  token="$(curl -sSf -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' $metadata/api/token)" || return 1
  from="$metadata/meta-data/iam/security-credentials"
  role="$(curl -sSf -m 5 -H "X-aws-ec2-metadata-token: $token" "$from/")" || return 1
  curl -sSf -m 5 -H "X-aws-ec2-metadata-token: $token" "$from/$role" |
    python3 -c 'import json, sys
c = json.load(sys.stdin)
print("user = \\"%s:%s\\"\\nheader = \\"X-Amz-Security-Token: %s\\"" % (c["AccessKeyId"], c["SecretAccessKey"], c["Token"]))' |
    curl -sSf -m 20 --config - --aws-sigv4 aws:amz:${region}:ssm -H 'X-Amz-Target: AmazonSSM.GetParameter' \\
      -H 'Content-Type: application/x-amz-json-1.1' -d '{"Name":"${hostKeyParameter}","WithDecryption":true}' https://ssm.${region}.amazonaws.com/ |
    python3 -c 'import json, sys
sys.stdout.write(json.load(sys.stdin)["Parameter"]["Value"])' > $key
}
umask 077
waited=0
until fetch && [ -s $key ]; do
  waited=$((waited + 5))
  [ $waited -lt ${LIMIT_SECONDS} ] || { echo "recoloca: the host key did not come from ${hostKeyParameter}; without it nobody is let in"; exit 1; }
  sleep 5
done
rm -f /etc/ssh/ssh_host_*
install -m 600 $key /etc/ssh/ssh_host_ed25519_key
rm $key
umask 022
echo '${hostKey}' > /etc/ssh/ssh_host_ed25519_key.pub
`;

/** What is mounted where is written down before the disk is waited for: without it, what needs these folders refuses to start on the root disk. */
const dataScript = ({ volume }: FirstBoot) => `
echo 'LABEL=${DATA_LABEL} ${DATA} ext4 defaults,nofail,x-systemd.growfs 0 2' >> /etc/fstab
for folder in ${KEPT.join(" ")}; do
  echo "${DATA}/$folder /var/lib/$folder none bind,nofail,x-systemd.requires-mounts-for=${DATA} 0 0" >> /etc/fstab
done
device=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${volume.replace("-", "")}
waited=0
until mountpoint -q ${DATA} || [ -e $device ]; do
  waited=$((waited + 1))
  [ $waited -lt ${LIMIT_SECONDS} ] || { echo "recoloca: ${volume} was not attached in ${LIMIT_SECONDS}s"; exit 1; }
  sleep 1
done
if ! mountpoint -q ${DATA}; then
  found=0
  blkid -p $device > /dev/null || found=$?
  # Whatever else a disk has where a new one has zeros may be somebody's data.
  if [ $found = 2 ] && cmp -s -n 1048576 $device /dev/zero; then
    mkfs.ext4 -q -L ${DATA_LABEL} $device
  elif [ $found != 0 ]; then
    echo "recoloca: what is on ${volume} cannot be told (blkid ended with $found), so it is left as it is, and not mounted"
    exit 1
  fi
  mkdir -p ${DATA}
  mount ${DATA}
fi
for folder in ${KEPT.join(" ")}; do
  mkdir -p ${DATA}/$folder /var/lib/$folder
  mount --bind ${DATA}/$folder /var/lib/$folder
done
`;

/** An engine that starts without its disk would start an empty one, and serve an empty database. */
const NEEDS_DATA = `[Unit]
RequiresMountsFor=${KEPT.map((folder) => `/var/lib/${folder}`).join(" ")}
`;

/** Nothing that ssh-audit fails. Algorithms are taken away, not listed: a newer server's better ones stay. */
const sshd = (user: string) => `HostKey /etc/ssh/ssh_host_ed25519_key
HostKeyAlgorithms ssh-ed25519
KexAlgorithms -ecdh-sha2-*,diffie-hellman-*
MACs -umac-64*,hmac-sha1*
Ciphers -*-cbc,3des*
PermitRootLogin no
AllowUsers ${user}
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowAgentForwarding no
X11Forwarding no
MaxAuthTries 3
LoginGraceTime 20
`;

/** Security fixes come by themselves; a restart of the server waits for the stack's own window. */
const UPGRADES = `APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
Unattended-Upgrade::Automatic-Reboot "false";
`;

/** Cloud-init's own format; JSON is YAML too. */
export function userData(boot: FirstBoot): string {
  const file = (path: string, content: string, permissions = "0644") => ({ path, content, permissions });
  const needs = ["docker", "recoloca-resume"].map((unit) => file(`/etc/systemd/system/${unit}.service.d/recoloca-data.conf`, NEEDS_DATA));
  const config = {
    ssh_deletekeys: false,
    ssh_genkeytypes: [],
    ssh_pwauth: false,
    disable_root: true,
    users: [
      {
        name: boot.user,
        shell: "/bin/bash",
        lock_passwd: true,
        sudo: "ALL=(ALL) NOPASSWD:ALL",
        ssh_authorized_keys: [boot.publicKey],
      },
    ],
    // Before the SSH server starts, and only at an instance's first start.
    bootcmd: [["cloud-init-per", "instance", "recoloca", "sh", "-c", `set -eu\n${hostKeyScript(boot)}${dataScript(boot)}`]],
    write_files: [file("/etc/ssh/sshd_config.d/00-recoloca.conf", sshd(boot.user)), ...needs, file("/etc/apt/apt.conf.d/52recoloca", UPGRADES)],
    package_update: true,
    packages: ["unattended-upgrades"],
  };
  return `#cloud-config\n${JSON.stringify(config, null, 1)}\n`;
}
