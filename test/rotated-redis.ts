/** An application that logs in to the sample's Redis at each request, by whatever login its release was given, and generations of it. */
import type { Plan } from "../release/plan.ts";
import { planFor } from "./host.ts";
import { FIRST, otherThan, passwordOf, SINCE, userOf as loginOf, webThatLogsIn } from "./rotated-logins.ts";
import { imagesOf, server } from "./site.ts";

/** Each answer wants a login of its own, and says who was let in. */
const WEB = webThatLogsIn(
  "redis",
  `with redis.Redis(host="cache", username=os.environ["REDIS_USER"], password=os.environ["P"]) as cache:
    body = cache.acl_whoami()`,
);

/** What is right of its answers. */
export const LET_IN = /^200 (default|shop_[ab])$/;
export const userOf = (generation: number) => loginOf(generation, "default");

const { backend, redis } = await imagesOf("1");
export const plain: Plan = planFor(backend, {
  // Ends with the last visitor: on a busy machine one that is in the middle of an answer takes more than a second.
  drain: 20,
  compose: `services:
  web: { image: web, init: true, command: ${JSON.stringify(["python3", "-c", WEB])}, environment: { REDIS_USER: "\${REDIS_USER:-default}", P: "\${REDIS_USER_PASSWORD}" } }
  cache:
    image: ${redis}
    command: ["sh", "-c", "[ -f /data/users.acl ] || echo \\"user default on >$$(cat /run/secrets/first) ~* &* +@all\\" > /data/users.acl; exec redis-server --bind 0.0.0.0 --dir /data --aclfile /data/users.acl"]
    secrets: [first]
    volumes: ["data:/data"]
    healthcheck: { test: ["CMD", "redis-cli", "ping"], start_period: 60s, start_interval: 300ms, interval: 10s }
volumes: { data: {} }
secrets: { first: { environment: REDIS_PASSWORD } }
`,
});

export function generation(number: number, change: Partial<Plan> = {}): Plan {
  const rotated = number > 1 && {
    logins: [
      { kind: "redis" as const, service: "cache", user: "REDIS_USER", password: "REDIS_USER_PASSWORD", closes: [otherThan(number)], first: "REDIS_PASSWORD" },
    ],
    generations: { REDIS_PASSWORD: { generation: number, since: SINCE } },
  };
  const variables = { REDIS_PASSWORD: FIRST, REDIS_USER_PASSWORD: passwordOf(number), ...(number > 1 && { REDIS_USER: userOf(number) }) };
  return { ...plain, release: `redis-${number}`, variables, masked: ["REDIS_PASSWORD", "REDIS_USER_PASSWORD"], ...rotated, ...change };
}

export async function opens(number: number): Promise<boolean> {
  const { output } = await server(`recoloca exec cache -- redis-cli --no-auth-warning --user ${userOf(number)} --pass ${passwordOf(number)} ping`);
  // Without this a server that does not answer would count as one that refuses.
  if (!/PONG|WRONGPASS|NOAUTH/.test(output)) throw new Error(`Redis says neither yes nor no: ${output}`);
  return output.includes("PONG");
}
