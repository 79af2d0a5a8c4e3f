/** What a reviewer must not overlook: what is made anew, what loses data, what visitors notice. Pure. */
import type { Change, Does, Preview } from "./preview.ts";

export const MARKS = ["data", "downtime", "replacement"] as const;
export type Mark = (typeof MARKS)[number];

export interface Risk {
  readonly mark: Mark;
  readonly says: string;
}

interface Rule {
  readonly mark: Exclude<Mark, "replacement">;
  readonly type: RegExp;
  readonly does: readonly Does[];
  /** Only where one of these properties differs. */
  readonly by?: readonly string[];
  readonly component?: string;
  readonly says: string;
}

const GONE: readonly Does[] = ["replaced", "deleted"];

const RULES: readonly Rule[] = [
  { mark: "data", type: /^aws:s3\/bucket:/, does: GONE, says: "the objects in it are not taken along" },
  { mark: "data", type: /^aws:ebs\/volume:/, does: GONE, says: "what is on it is not taken along" },
  { mark: "data", type: /^aws:kms\/key:/, does: GONE, says: "what it has encrypted cannot be read without it" },
  { mark: "data", type: /^aws:cloudwatch\/logGroup:/, does: GONE, says: "what was logged is not taken along" },
  { mark: "data", type: /^github:index\/repository:/, does: GONE, says: "the repository with all that is in it" },
  { mark: "downtime", type: /^aws:ec2\/instance:/, does: GONE, says: "the application is away until another server serves" },
  {
    mark: "downtime",
    type: /^aws:ec2\/instance:/,
    does: ["updated"],
    // What AWS takes of a stopped instance alone.
    by: ["instanceType", "userData", "userDataBase64", "ebsOptimized", "cpuOptions"],
    says: "the server is stopped and started again",
  },
  { mark: "downtime", type: /^aws:ec2\/volumeAttachment:/, does: GONE, says: "the disk with the data is taken off the server" },
  { mark: "downtime", type: /^aws:ec2\/eip(Association)?:/, does: GONE, says: "the server loses its address" },
  { mark: "downtime", type: /^aws:route53\/record:/, does: GONE, says: "the name leads nowhere meanwhile" },
  { mark: "downtime", type: /^aws:vpc\/securityGroup\w+Rule:/, does: GONE, says: "whoever came through it is shut out" },
  {
    mark: "downtime",
    type: /^aws:ec2\/(vpc|subnet|internetGateway|routeTable|routeTableAssociation|securityGroup):/,
    does: GONE,
    says: "the server's network is cut",
  },
  {
    mark: "downtime",
    type: /^command:remote:Command$/,
    component: "recoloca:index:ComposeDeployment",
    does: GONE,
    says: "the application is removed from its server",
  },
];

/** What the release's own lines say, in the words of `release/preview.ts`, of the first word or of what is between brackets. */
const LINES: readonly (readonly [RegExp, Mark, string])[] = [
  [/: it stops for a moment$/, "downtime", "is recreated"],
  [/^goes back +(\S+)/, "data", "is older than what is live"],
  [/^migration .*with the maintenance page up$/, "downtime", "visitors get the maintenance page"],
];

/** As Pulumi shows it: `aws:ec2:Instance`. */
export const shortType = (type: string) => type.replace(/\/\w+:/, ":");

export function risksOf({ changes, release }: Pick<Preview, "changes" | "release">): Risk[] {
  const found = [
    ...changes.flatMap((change) => ofChange(change)),
    ...release.flatMap((line) =>
      LINES.flatMap(([words, mark, says]) => {
        const found = words.exec(line);
        return found ? [{ mark, says: `${found[1] ?? line.split(/\s/)[0]!}: ${says}` }] : [];
      }),
    ),
  ];
  return MARKS.flatMap((mark) => found.filter((one) => one.mark === mark));
}

function ofChange({ does, type, component, name, properties }: Change): Risk[] {
  const what = `${shortType(type)} ${name} is ${does}`;
  const rules = RULES.filter(
    (rule) =>
      rule.type.test(type) &&
      rule.does.includes(does) &&
      (rule.component === undefined || rule.component === component) &&
      (rule.by === undefined || rule.by.some((one) => properties.includes(one))),
  );
  return [
    ...rules.map(({ mark, says }) => ({ mark, says: `${what}: ${says}` })),
    // What loses data or cuts somebody off is said with its reason already.
    ...(does === "replaced" && rules.length === 0 ? [{ mark: "replacement" as const, says: what }] : []),
  ];
}
