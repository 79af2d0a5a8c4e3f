/** Pairs of keys for SSH. */
import ssh2 from "ssh2";

/** One pair of 256 that ssh2 makes is none: it takes a first byte of zero away from it (https://github.com/mscdex/ssh2/issues/1390). Another one is made then. */
export function ed25519Pair(): { readonly private: string; readonly public: string } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519");
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error) && !(ssh2.utils.parseKey(pair.public) instanceof Error)) return pair;
  }
}
