/** The SSH server that these tests start, where this machine lacks it. */
import { ensureDebianPackages } from "../../tools/debian-packages.ts";

export default () => ensureDebianPackages({ "openssh-server": "test -x /usr/sbin/sshd", "openssh-client": "command -v ssh-keygen" });
