/** What clouds and providers answer in the place of an engine: to Pulumi's mocks of a test, and to those of a measured process, which loads nothing else. */
export type Inputs = Record<string, unknown>;

const ANSWERS: Record<string, Inputs> = {
  "aws:ec2/getInstanceType:getInstanceType": { supportedArchitectures: ["arm64"], ebsNvmeSupport: "required" },
  "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": { locations: ["sa-east-1b", "sa-east-1a"] },
  "aws:ec2/getRouteTable:getRouteTable": { routes: [{ cidrBlock: "0.0.0.0/0", gatewayId: "igw-0123456789abcdef0" }] },
  "aws:ec2/getRouteTables:getRouteTables": { ids: ["rtb-0123456789abcdef0"] },
  "aws:ec2/getSubnet:getSubnet": { id: "subnet-0123456789abcdef0", vpcId: "vpc-of-the-subnet", availabilityZone: "sa-east-1a" },
  "aws:ec2/getAmi:getAmi": { id: "ami-0123456789abcdef0" },
  "aws:index/getCallerIdentity:getCallerIdentity": { accountId: "123456789012" },
  "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": { arn: "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" },
  "aws:index/getPartition:getPartition": { partition: "aws" },
  "aws:route53/getZone:getZone": { zoneId: "Z0123456789" },
};

export const PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----";
const KEYS = { privateKeyOpenssh: PRIVATE, publicKeyOpenssh: "ssh-ed25519 AAAAC3Nz\n" };

/** What a server says that has nothing live. */
export const NOTHING_LIVE = '{"format":1,"live":null,"next":"1"}';

interface Resource {
  readonly type: string;
  readonly name: string;
  readonly inputs: Inputs;
  /** By whom it is made: `urn:pulumi:staging::recoloca::pulumi:providers:aws::aws::aws-id`; empty for the one of the type that nothing configures. */
  readonly provider?: string;
}

/** For `pulumi.runtime.setMocks`; `made` hears of each resource. */
export const mockedClouds = (made: (resource: Resource) => void) => ({
  newResource: ({ type, name, inputs, provider = "" }: Resource) => {
    made({ type, name, inputs, provider });
    const outputs =
      type === "pulumi:index:Stash"
        ? { output: inputs["input"] }
        : type.startsWith("tls:")
          ? KEYS
          : type.startsWith("random:")
            ? { result: `made-${name}` }
            : {};
    return { id: `${name}-id`, state: { ...inputs, arn: `arn:aws:x:::${name}`, publicIp: "198.51.100.7", ...outputs } };
  },
  call: ({ token }: { readonly token: string }) => ANSWERS[token] ?? {},
});
