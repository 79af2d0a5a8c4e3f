/** HAProxy's configuration as text, from what each stack on this host serves. Pure. */
import type { Route } from "../release/plan.ts";
import { UNAVAILABLE_PAGE, pageFile } from "./edge-pages.ts";
import { challengeBackend, challengeRules, tlsDefaults, tlsRules, type EdgeTls } from "./edge-tls.ts";
import { other, type Slot } from "./store.ts";

export const SLOTS_MAP = "/etc/haproxy/recoloca/slots.map";
/** Stack to the word that lets a request pass, or to `off`. */
export const MAINTENANCE_MAP = "/etc/haproxy/recoloca/maintenance.map";
export const BYPASS_HEADER = "x-recoloca-bypass";
export const ADMIN_SOCKET = "/run/haproxy/admin.sock";
/** Seconds that a visitor's connection stays open with nothing asked. */
export const KEPT_OPEN = 60;

/** What the edge serves for one stack. */
export interface EdgeStack {
  readonly stack: string;
  /** Each slot has the routes of its own release: the switch changes both at once, and so does going back. */
  readonly routes: Record<Slot, readonly Route[]>;
  /** Address of each routed service in each slot. */
  readonly addresses: Record<Slot, Record<string, string>>;
  /** Paths that a load balancer or a monitor asks; they reach the application also while it is closed. */
  readonly probes?: readonly string[];
  /** The stack's own page for that time. */
  readonly page?: string | undefined;
  readonly tls?: EdgeTls | undefined;
}

export const backendName = (stack: string, route: Pick<Route, "service" | "port">, slot: Slot) => `${stack}.${route.service}-${route.port}.${slot}`;

/** Host names before `*`, then the longest path first: the first match is the best one. */
export function inOrder<T extends Pick<Route, "host" | "path">>(routes: readonly T[]): T[] {
  const any = (route: T) => (route.host === "*" ? 1 : 0);
  return [...routes].sort((a, b) => any(a) - any(b) || b.path.length - a.path.length || (a.host + a.path < b.host + b.path ? -1 : 1));
}

/** The route a request takes, as HAProxy decides it. */
export function routeFor(routes: readonly Route[], path: string, host?: string): Route | undefined {
  return inOrder(routes).find(
    (route) => (route.host === "*" || route.host === host) && (route.path === "/" || path === route.path || path.startsWith(`${route.path}/`)),
  );
}

/** A slot's backends without repetition: two paths may lead to one service. */
export function backends(stack: EdgeStack, slot: Slot): Pick<Route, "service" | "port">[] {
  const seen = new Map(stack.routes[slot].map((route) => [`${route.service}:${route.port}`, { service: route.service, port: route.port }]));
  return [...seen.keys()].sort().map((key) => seen.get(key)!);
}

const SLOTS = ["blue", "green"] as const;
const named = (stack: string) => stack.replaceAll("-", "_");
const variable = (stack: string) => `txn.${named(stack)}`;
const closed = (stack: string) => `txn.closed.${named(stack)}`;
const shut = (stack: string) => `txn.shut.${named(stack)}`;
const BYPASS = "txn.bypass";

const served = (stack: string, slot: Slot) => `{ var(${variable(stack)}) -m str ${slot} }`;

/**
 * Whether this visitor is turned away: it is closed, and he neither knows the word nor is a probe, which only reads. Said once in a
 * variable, because a rule of HAProxy's has at most 64 words.
 */
function shutRules({ stack, probes = [] }: EdgeStack): string[] {
  const away = `http-request set-var(${shut(stack)}) bool(true) if !{ var(${closed(stack)}) -m str off } !{ var(${closed(stack)}),strcmp(${BYPASS}) eq 0 }`;
  const probe = `probe.${stack}`;
  return [
    `http-request set-var(${closed(stack)}) str(${stack}),map(${MAINTENANCE_MAP},off)`,
    ...(probes.length === 0
      ? [away]
      : [...[...probes].sort().map((one) => `acl ${probe} path -m str ${one}`), `${away} !${probe}`, `${away} !{ method GET HEAD }`]),
  ];
}

function condition(live: string, route: Pick<Route, "host" | "path">): string {
  const host = route.host === "*" ? "" : ` { hdr(host),field(1,:),lower -m str ${route.host.toLowerCase()} }`;
  const prefix = route.path.replace(/\/$/, "");
  return prefix === "" ? `${live}${host}` : `${live}${host} { path -m str ${prefix} } || ${live}${host} { path -m beg ${prefix}/ }`;
}

export function edgeConfiguration(stacks: readonly EdgeStack[]): string {
  const rules = inOrder(stacks.flatMap(placesOf)).flatMap(({ stack, host, path }) =>
    SLOTS.flatMap((slot) =>
      stack.routes[slot]
        .filter((route) => route.host === host && route.path === path)
        .flatMap((route) => [
          `use_backend ${stack.stack}.maintenance if ${condition(`${served(stack.stack, slot)} { var(${shut(stack.stack)}) -m bool }`, route)}`,
          `use_backend ${backendName(stack.stack, route, slot)} if ${condition(served(stack.stack, slot), route)}`,
        ]),
    ),
  );
  return `# Written by recoloca from what it deploys on this host; changes made here are lost.
global
    log /dev/log local0
    stats socket ${ADMIN_SOCKET} mode 660 level admin
    stats timeout 30s
    user haproxy
    group haproxy${tlsDefaults(stacks)}

defaults
    mode http
    log global
    option httplog
    option dontlognull
    option forwardfor
    # A server closes a connection that nobody uses, uvicorn and Node after 5 s. Whoever's request is on its way to it then gets no answer, and what is
    # not idempotent may not be sent twice: each request has a connection of its own to the application, which is next door.
    option http-server-close
    # A reload leaves a visitor's open connection to the process that has it, until its next answer: closed at once, it may meet a request half way.
    option idle-close-on-response
    # An application that is busy for a moment and whose queue is full leaves a connection unanswered: it is asked for again after a second, by the kernel.
    timeout connect 1500ms
    timeout client 60s
    timeout server 60s
    timeout http-request 10s
    timeout http-keep-alive ${KEPT_OPEN}s
    timeout queue 5s
    timeout check 500ms
    timeout tunnel 1h
    # Whoever asks for an application that is gone for good learns that within four seconds.
    retries 1
    option redispatch 1
    # A container that dies does not refuse, it vanishes: a check that is not answered until the next one, and another one is asked.
    default-server inter 100ms fall 1 rise 1 observe layer4 error-limit 1 on-error mark-down

frontend web
${tlsRules(stacks)
  .map((rule) => `    ${rule}`)
  .join("\n")}
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    http-request set-header X-Forwarded-Port %[dst_port]
    http-request set-var(${BYPASS}) req.hdr(${BYPASS_HEADER})
    http-request del-header ${BYPASS_HEADER}
${stacks
  .flatMap((stack) => [`http-request set-var(${variable(stack.stack)}) str(${stack.stack}),map(${SLOTS_MAP},none)`, ...shutRules(stack)])
  .map((rule) => `    ${rule}`)
  .join("\n")}
${[...challengeRules(stacks), ...rules].map((rule) => `    ${rule}`).join("\n")}
    default_backend unavailable

backend unavailable
    http-request return status 503 content-type "text/html; charset=utf-8" file ${UNAVAILABLE_PAGE} hdr Retry-After 5
${challengeBackend(stacks)}${stacks.map((stack) => `${maintenanceBackend(stack)}${stackBackends(stack)}`).join("")}`;
}

/** Each host name and path of a stack once, whichever of its slots has it. */
function placesOf(stack: EdgeStack): { stack: EdgeStack; host: string; path: string }[] {
  const all = SLOTS.flatMap((slot) => stack.routes[slot].map(({ host, path }) => [`${host}${path}`, { stack, host, path }] as const));
  return [...new Map(all).values()];
}

const maintenanceBackend = (stack: EdgeStack) => `
backend ${stack.stack}.maintenance
    http-request return status 503 content-type "text/html; charset=utf-8" file ${pageFile(stack)} hdr Retry-After 30
`;

/** What HAProxy's table calls a slot's server, and the same one once more, which the slot's own backends alone have. */
export const serversOf = (slot: Slot) => [slot, `${slot}-again`] as const;

/**
 * Per slot, the other slot's server stands by as backup; it is switched on only while the transaction watches. Whom nobody stands by for is asked once
 * more, whatever its checks say: it may be short of processor and not dead, and a visitor who waits gets an answer.
 */
function stackBackends(stack: EdgeStack): string {
  const server = (route: Pick<Route, "service" | "port">, slot: Slot, name: string, how: string) => {
    const address = stack.addresses[slot][route.service];
    return address && `    server ${name} ${address}:${route.port} ${how}`;
  };
  return SLOTS.flatMap((slot) =>
    backends(stack, slot).map((route) => {
      const [own, again] = serversOf(slot);
      const servers = [
        server(route, slot, own, "check"),
        server(route, other(slot), other(slot), "check backup disabled"),
        server(route, slot, again, "no-check observe none backup"),
      ];
      return `
backend ${backendName(stack.stack, route, slot)}
${servers.filter(Boolean).join("\n")}
`;
    }),
  ).join("");
}
