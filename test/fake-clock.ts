/** Another time for what systemd starts on the test server, in whose containers and for everyone else it is as late as it is. */
import { mustServer } from "./site.ts";

/** Read anew at each question. */
const CLOCK = "/run/recoloca-test-clock";
const VARIABLES = {
  LD_PRELOAD: "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
  FAKETIME_TIMESTAMP_FILE: CLOCK,
  FAKETIME_NO_CACHE: "1",
  FAKETIME_DONT_FAKE_MONOTONIC: "1",
};

/** `+1d`, `-2h`. */
export const setClock = async (by: string) => void (await mustServer(`echo '${by}' > ${CLOCK}`));

/** From now on; at the right time, until it is set. */
export async function fakeClock(): Promise<void> {
  await mustServer("dpkg -s libfaketime > /dev/null 2>&1 || { apt-get update -qq && apt-get install --yes --no-install-recommends libfaketime > /dev/null; }");
  await setClock("+0");
  await mustServer(
    `systemctl set-environment ${Object.entries(VARIABLES)
      .map((one) => one.join("="))
      .join(" ")}`,
  );
}

export const realClock = () => mustServer(`systemctl unset-environment ${Object.keys(VARIABLES).join(" ")}`);
