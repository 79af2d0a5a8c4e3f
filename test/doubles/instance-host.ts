/**
 * EC2 instances that run: each is a container like the disposable server, with cloud-init, which boots the user data it is given.
 * Inside it finds what AWS gives: the metadata service, the parameter store, its volumes.
 *
 * A container has no block devices. A volume is a folder of one Docker volume that outlives the instances; attached, it is mounted
 * in the machine at the path that the test says, from that moment and at each boot until it is detached. Nothing has to be
 * formatted, so user data under test skips that where the path is mounted already. Its own line of fstab for that path, of a disk that
 * no container has, comes after the double's: of two for one path the first counts.
 */
import * as fs from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import * as path from "node:path";
import { attempt, must } from "../../local/command.ts";
import { buildImage } from "../../local/image-store.ts";
import { createMachine, engineVolume, ensureServer, removeMachine, serverImage, serverName, type ServerKind } from "../../local/server.ts";
import type { ObjectStore } from "../../local/object-store.ts";
import { inSite, type Site } from "../../local/site.ts";
import type { Machines } from "./aws-compute.ts";
import { INSTANCE } from "./aws-network.ts";
import { BucketEndpoint } from "./bucket-endpoint.ts";
import { metadataServer, newCredentials, userDataOf } from "./instance-metadata.ts";
import { nameServer } from "./name-server.ts";
import { parameterStore } from "./parameter-store.ts";
import { addressed, forward, isOpen } from "./public-address.ts";
import { record, text, type Values } from "./values.ts";
import type { World } from "./world.ts";
import { ZONES, zoneEndpoint } from "./zone-endpoint.ts";

export interface Hosting {
  /** Whose network, registry and ports: `sshPort` leads to port 22 of the instance with the public address, `httpPort` to 80. */
  readonly site: Site;
  /** Ports of this machine that lead to others of the instance, beside these two: `{ 8442: 443 }`. */
  readonly ports?: Readonly<Record<number, number>>;
  /** Where a volume is mounted in the machine, by its device name: `{ "/dev/sdf": "/data" }`. */
  readonly mounts?: Readonly<Record<string, string>>;
  /**
   * An address of this machine in the site's network (`gatewayOf`), for the world's public address: what is in that network reaches the
   * instance there by 22, 80 and 443, and is told so by the names of Route 53.
   */
  readonly address?: string;
  /** Certificates of authorities that the instances trust, as PEM. */
  readonly trusts?: readonly string[];
  /** What keeps the objects of buckets, and the names of those that an instance may ask for. Without it nobody answers there. */
  readonly objects?: { readonly store: ObjectStore; readonly buckets: readonly string[] };
  /** `ready`, the default: what a bootstrap installs is there already. `bare`: as the vendor's image has it. */
  readonly kind?: ServerKind;
}

/** Seconds that user data may take: it installs packages. */
const ENDED = 3 * 60;

interface Identity {
  readonly key: string;
  readonly certificate: string;
}

export class InstanceHost implements Machines {
  private readonly hosting: Hosting;
  private readonly world: World;
  private readonly launched = new Map<string, Values>();
  private readonly servers = new Map<string, readonly net.Server[]>();
  private listening: readonly { close(): void }[] = [];
  private restored = false;

  private constructor(hosting: Hosting, world: World) {
    this.hosting = hosting;
    this.world = world;
  }

  /** Takes the site's ports over from its plain server, which sleeps until `stop`. */
  static async start(hosting: Hosting, world: World): Promise<InstanceHost> {
    const host = new InstanceHost(hosting, world);
    host.restored = (await attempt("docker", ["stop", serverName(hosting.site)])).code === 0;
    const { address, site } = hosting;
    const open: [string, number, number][] = host.published.map(([here, inside]) => ["127.0.0.1", here, inside]);
    if (address !== undefined) for (const [here, inside] of [[site.sshPort, 22], [80, 80], [443, 443]] as const) open.push([address, here, inside]); // prettier-ignore
    host.listening = await Promise.all(open.map(([at, here, inside]) => forward(at, here, () => host.port(inside))));
    if (address !== undefined) host.listening = [...host.listening, await nameServer(address, world)];
    for (const one of world.all(INSTANCE)) await host.serve(text(one["id"]));
    return host;
  }

  async stop(): Promise<void> {
    for (const server of [...this.listening, ...[...this.servers.values()].flat()]) server.close();
    if (this.restored) await ensureServer(this.hosting.site);
  }

  /** Every instance and every volume, as if they had never been. */
  async removeAll(): Promise<void> {
    const names = (await must("docker", ["ps", "--all", "--filter", `label=recoloca.instance=${this.hosting.site.name}`, "--format", "{{.Names}}"])).split(
      "\n",
    );
    for (const name of names.filter(Boolean)) await removeMachine(name);
    await attempt("docker", ["volume", "rm", "--force", this.volumes]);
  }

  private name = (id: string) => `${this.hosting.site.name}-${id}`;
  private folder = (id: string) => inSite(this.hosting.site, id);
  private get volumes(): string {
    return `${this.hosting.site.name}-volumes`;
  }
  /** Pairs: here, and inside of the instance. */
  private get published(): readonly (readonly [number, number])[] {
    const { site, ports = {} } = this.hosting;
    return [[site.sshPort, 22], [site.httpPort, 80], ...Object.entries(ports).map(([here, inside]) => [Number(here), inside] as const)];
  }
  private instance = (id: string): Values => this.world.get(INSTANCE, id) ?? this.launched.get(id) ?? {};

  /** Runs a command line on an instance, past SSH: for what a test wants to know of it. */
  on = (id: string, command: string) => attempt("docker", ["exec", this.name(id), "sh", "-c", command]);

  /** Waits until cloud-init is through. Throws with its own log where it failed. */
  async booted(id: string): Promise<void> {
    const ran = await this.on(id, `timeout ${ENDED} cloud-init status --wait --long`);
    if (ran.code === 0) return;
    // Host keys, told in boxes and in full, take more lines than what went wrong.
    const { output } = await this.on(id, "grep -vE '^([|+]|<14>|ssh-|ecdsa-)' /var/log/cloud-init-output.log | tail -n 80");
    throw new Error(`the user data of ${id} did not come up: cloud-init status exits ${ran.code}\n${ran.output.trim()}\n\n${output}`);
  }

  /** As the power button does it; the address is the same afterwards. */
  async reboot(id: string): Promise<void> {
    await must("docker", ["restart", this.name(id)]);
  }

  async launch(id: string, instance: Values): Promise<void> {
    const { site, kind = "ready", address, trusts = [] } = this.hosting;
    this.launched.set(id, instance);
    const image = await buildImage("instance", path.join(import.meta.dirname, "instance"), { args: { BASE: await serverImage(kind) } });
    await this.serve(id);
    const region = text(instance["region"]);
    const ports = this.published.flatMap(([, inside]) => ["-p", `127.0.0.1::${inside}`]);
    const mounts = ["-v", `${this.folder(id)}:/cloud`, "-v", `${this.volumes}:/.volumes`];
    const names = this.names(region).flatMap((name) => ["--add-host", `${name}:127.0.0.2`]);
    // A bare one gets its engine's folder from a volume of the stack's, or has none.
    const engine = kind === "bare" ? [] : engineVolume(this.name(id));
    await createMachine(site, this.name(id), image, [
      "--label",
      `recoloca.instance=${site.name}`,
      ...engine,
      ...ports,
      ...mounts,
      ...names,
      ...(address ? ["--dns", address] : []),
    ]);
    const seed = (file: string, to: string, value: string) => {
      fs.writeFileSync(path.join(this.folder(id), file), value);
      return must("docker", ["cp", path.join(this.folder(id), file), `${this.name(id)}:${to}`]);
    };
    await seed("user-data", "/var/lib/cloud/seed/nocloud/user-data", userDataOf(instance) || "#cloud-config\n{}\n");
    await seed("meta-data", "/var/lib/cloud/seed/nocloud/meta-data", `instance-id: ${id}\n`);
    await seed("services.crt", "/usr/local/share/ca-certificates/cloud.crt", (await this.identity(region)).certificate);
    for (const [number, one] of trusts.entries()) await seed(`trusted-${number}.crt`, `/usr/local/share/ca-certificates/trusted-${number}.crt`, one);
    await must("docker", ["start", this.name(id)]);
  }

  async restart(id: string): Promise<void> {
    await this.reboot(id);
  }

  async terminate(id: string): Promise<void> {
    for (const server of this.servers.get(id) ?? []) server.close();
    this.servers.delete(id);
    await removeMachine(this.name(id));
    fs.rmSync(this.folder(id), { recursive: true, force: true });
  }

  async attach(instance: string, volume: string, device: string): Promise<void> {
    const at = this.mount(device);
    const line = `/.volumes/${volume} ${at} none bind 0 0`;
    const first = `touch /etc/fstab; { echo '${line}'; cat /etc/fstab; } > /etc/fstab.new && mv /etc/fstab.new /etc/fstab`;
    const ran = await this.on(instance, `mkdir -p ${at} /.volumes/${volume} && { ${first}; } && mount --bind /.volumes/${volume} ${at}`);
    if (ran.code !== 0) throw new Error(`${volume} cannot be mounted at ${at} of ${instance}:\n${ran.output}`);
  }

  async detach(instance: string, volume: string, device: string): Promise<void> {
    await this.on(instance, `umount --lazy ${this.mount(device)}; sed -i '\\|^/.volumes/${volume} |d' /etc/fstab`);
  }

  private mount(device: string): string {
    const at = this.hosting.mounts?.[device];
    if (at === undefined) throw new Error(`the test does not say where ${device} is mounted: startDoubles({ hosting: { mounts: { "${device}": "/data" } } })`);
    return at;
  }

  async deleteVolume(id: string): Promise<void> {
    const image = await serverImage(this.hosting.kind ?? "ready");
    await must("docker", ["run", "--rm", "--network", "none", "-v", `${this.volumes}:/.volumes`, image, "rm", "-rf", `/.volumes/${id}`]);
  }

  /** The services that an instance asks, on sockets in a folder that it sees. They live as long as this process. */
  private async serve(id: string): Promise<void> {
    const folder = this.folder(id);
    const instance = () => this.instance(id);
    fs.mkdirSync(folder, { recursive: true });
    const hops = record(instance()["metadataOptions"])["httpPutResponseHopLimit"] as number;
    fs.writeFileSync(path.join(folder, "hop-limit"), `${hops}\n`);
    const { objects } = this.hosting;
    const credentials = newCredentials();
    const { key, certificate } = await this.identity(text(instance()["region"]));
    const parameters = parameterStore(id, instance, this.world, credentials);
    const buckets = objects && new BucketEndpoint(objects.store, this.world);
    const zones = zoneEndpoint(id, instance, this.world, credentials);
    const services = https.createServer({ key, cert: certificate }, (request, response) => {
      const { host = "" } = request.headers;
      if (buckets && host.includes(".s3.")) return buckets.answer(instance(), credentials, request, response);
      return host === ZONES ? zones(request, response) : parameters(request, response);
    });
    const servers: [string, http.Server | https.Server][] = [
      ["metadata.sock", metadataServer(id, instance, this.world, credentials)],
      ["services.sock", services],
    ];
    for (const [file, server] of servers) {
      const socket = path.join(folder, file);
      fs.rmSync(socket, { force: true });
      await new Promise<void>((done, fail) => server.once("error", fail).listen(socket, done));
    }
    this.servers.set(id, servers.map(([, server]) => server)); // prettier-ignore
  }

  /** Of the services that answer at 127.0.0.2 of an instance. */
  private names(region: string): string[] {
    const { buckets = [] } = this.hosting.objects ?? {};
    return [`ssm.${region}.amazonaws.com`, ZONES, ...buckets.map((bucket) => `${bucket}.s3.${region}.amazonaws.com`)];
  }

  /** The certificate of the region's endpoints: made once, trusted in the instances only. */
  private async identity(region: string): Promise<Identity> {
    const [key, certificate] = ["key", "pem"].map((end) => inSite(this.hosting.site, `${this.names(region).join("+")}.${end}`)) as [string, string];
    if (!fs.existsSync(certificate)) {
      await must("openssl", [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "825", "-subj", `/CN=ssm.${region}.amazonaws.com`,
        "-addext", `subjectAltName=${this.names(region).map((name) => `DNS:${name}`).join(",")}`, "-keyout", key, "-out", `${certificate}.new`,
      ]); // prettier-ignore
      fs.renameSync(`${certificate}.new`, certificate);
    }
    return { key: fs.readFileSync(key, "utf8"), certificate: fs.readFileSync(certificate, "utf8") };
  }

  /** Which port of this machine leads to a port of the instance with the public address. */
  private async port(inside: number): Promise<number | undefined> {
    const instance = addressed(this.world);
    if (!instance || !isOpen(this.world, instance, inside)) return undefined;
    const ran = await attempt("docker", ["port", this.name(text(instance["id"])), String(inside)]);
    const found = /:(\d+)$/m.exec(ran.stdout);
    return found ? Number(found[1]) : undefined;
  }
}
