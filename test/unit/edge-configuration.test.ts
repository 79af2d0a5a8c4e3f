import { expect, test } from "vitest";
import { edgeConfiguration, routeFor, type EdgeStack } from "../../server/edge-configuration.ts";
import { parseStat } from "../../server/edge.ts";

const routes = [
  { host: "*", path: "/", service: "frontend", port: 3000 },
  { host: "shop.example", path: "/api", service: "backend", port: 8000 },
];
const stack: EdgeStack = {
  stack: "shop-staging",
  routes: { blue: routes, green: [routes[0]!] },
  addresses: {
    blue: { backend: "10.201.0.10", frontend: "10.201.0.11" },
    green: { backend: "10.201.1.10", frontend: "10.201.1.11" },
  },
  probes: ["/health"],
};

test("host names stand before any host, each slot has its own routes, and the other slot's service stands by", () => {
  const text = edgeConfiguration([stack]);
  const rules = text.split("\n").filter((line) => /use_backend|set-var|acl /.test(line));
  const away =
    "http-request set-var(txn.shut.shop_staging) bool(true) if !{ var(txn.closed.shop_staging) -m str off } !{ var(txn.closed.shop_staging),strcmp(txn.bypass) eq 0 }";
  const [blue, green] = ["blue", "green"].map((slot) => `{ var(txn.shop_staging) -m str ${slot} }`);
  const shut = "{ var(txn.shut.shop_staging) -m bool }";
  const api = "{ hdr(host),field(1,:),lower -m str shop.example } { path -m str /api }";
  const below = "{ hdr(host),field(1,:),lower -m str shop.example } { path -m beg /api/ }";
  expect(rules).toEqual(
    [
      "http-request set-var(txn.bypass) req.hdr(x-recoloca-bypass)",
      "http-request set-var(txn.shop_staging) str(shop-staging),map(/etc/haproxy/recoloca/slots.map,none)",
      "http-request set-var(txn.closed.shop_staging) str(shop-staging),map(/etc/haproxy/recoloca/maintenance.map,off)",
      "acl probe.shop-staging path -m str /health",
      `${away} !probe.shop-staging`,
      `${away} !{ method GET HEAD }`,
      `use_backend shop-staging.maintenance if ${blue} ${shut} ${api} || ${blue} ${shut} ${below}`,
      `use_backend shop-staging.backend-8000.blue if ${blue} ${api} || ${blue} ${below}`,
      `use_backend shop-staging.maintenance if ${blue} ${shut}`,
      `use_backend shop-staging.frontend-3000.blue if ${blue}`,
      `use_backend shop-staging.maintenance if ${green} ${shut}`,
      `use_backend shop-staging.frontend-3000.green if ${green}`,
    ].map((line) => `    ${line}`),
  );
  expect(text.slice(text.indexOf("backend shop-staging.backend-8000.blue\n"))).toBe(`backend shop-staging.backend-8000.blue
    server blue 10.201.0.10:8000 check
    server green 10.201.1.10:8000 check backup disabled
    server blue-again 10.201.0.10:8000 no-check observe none backup

backend shop-staging.frontend-3000.blue
    server blue 10.201.0.11:3000 check
    server green 10.201.1.11:3000 check backup disabled
    server blue-again 10.201.0.11:3000 no-check observe none backup

backend shop-staging.frontend-3000.green
    server green 10.201.1.11:3000 check
    server blue 10.201.0.11:3000 check backup disabled
    server green-again 10.201.1.11:3000 no-check observe none backup
`);
});

test("the same stacks give the same bytes, whatever is live", () => {
  expect(edgeConfiguration([stack])).toBe(edgeConfiguration([structuredClone(stack)]));
});

test.each([
  ["/api", "shop.example", "backend"],
  ["/api/v1", "shop.example", "backend"],
  ["/apis", "shop.example", "frontend"],
  ["/api", "other.example", "frontend"],
])("%s on %s goes to %s", (path, host, service) => {
  expect(routeFor(routes, path, host)?.service).toBe(service);
});

test("reads HAProxy's table by its column names", () => {
  const csv = "# pxname,svname,scur,status,hrsp_2xx,hrsp_5xx\nb.blue,blue,3,UP,10,2\nb.blue,BACKEND,3,UP,10,2\n";
  expect(parseStat(csv)[0]).toEqual({ backend: "b.blue", server: "blue", status: "UP", sessions: 3, responses: 12, errors5xx: 2, responseTime: 0 });
});
