/** Steps that let a job work on a stack: its own credentials for minutes, Pulumi, the way to the server. */
import { expression, secret, variable, type Permissions, type Step } from "../model.ts";
import { planRoleVariable } from "../../secrets/variables.ts";
import { LOCKED, unlock } from "../lock.ts";
import type { WorkflowOptions } from "../options.ts";
import { VERSIONS } from "../pins.ts";
import { askFor, tokenOf } from "../pulumi-token.ts";
import { at, checkout, node, npmCi, RUN_URL } from "../steps.ts";

export interface Role {
  readonly says: string;
  /** An expression. */
  readonly variable: string;
}
export const DEPLOY_ROLE: Role = { says: "Take the role of a release run at AWS", variable: variable("AWS_ROLE") };
export const INFRASTRUCTURE_ROLE: Role = { says: "Take the role of an infrastructure run at AWS", variable: variable("AWS_ROLE") };
export const planRole = (environment: string): Role => ({
  says: "Take the read-only role at AWS",
  variable: expression(`vars.${planRoleVariable(environment)}`),
});

export const STACK_PERMISSIONS: Permissions = {
  contents: ["read", "check out"],
  "id-token": ["write", "take the environment's role at AWS for this run"],
};

/** Environment of a job that works on a stack; `stack` may be an expression. */
export const stackEnv = (options: WorkflowOptions, stack: string): Record<string, string> => ({
  STACK: stack,
  RUN: RUN_URL,
  ...(options.backend.kind === "s3" && options.backend.passphrase && { PULUMI_CONFIG_PASSPHRASE: secret("PULUMI_CONFIG_PASSPHRASE") }),
});

interface Ground {
  readonly role: Role;
  readonly ref?: string;
  readonly history?: boolean;
  /** Whether it changes nothing. @default false */
  readonly reads?: boolean;
  /** The stack as Pulumi names it, an expression. */
  readonly stack?: string;
}

/** From nothing to `pulumi` that knows the stack. */
export function stackGround(options: WorkflowOptions, { role, ref, history, stack, reads = false }: Ground): Step[] {
  const { aws, backend, programPath } = options;
  return [
    checkout({ ...(ref !== undefined && { ref }), ...(history && { history }) }),
    node(programPath, { cached: false }),
    npmCi(programPath),
    ...(aws
      ? [
          {
            name: role.says,
            uses: "aws-actions/configure-aws-credentials" as const,
            with: { "role-to-assume": role.variable, "aws-region": aws.region, "role-session-name": `github-${expression("github.run_id")}` },
          },
        ]
      : []),
    ...(backend.kind === "cloud"
      ? [
          {
            name: "Log in to Pulumi Cloud",
            uses: "pulumi/auth-actions" as const,
            with: askFor(backend.edition === undefined ? "organization" : tokenOf(backend.edition), {
              organization: backend.organization,
              application: options.application.name,
              stack: expression("env.STACK"),
              reads,
            }),
          },
        ]
      : []),
    { name: "Install Pulumi", uses: "pulumi/actions", with: { "pulumi-version": VERSIONS.pulumi } },
    {
      name: "Select the stack",
      env: { PULUMI_STACK: stack ?? variable("PULUMI_STACK") },
      ...at(programPath),
      run: `
pulumi login '${backendUrl(options)}'
${backend.kind === "cloud" ? `pulumi org set-default '${backend.organization}'\n` : ""}pulumi stack select "$PULUMI_STACK"`,
    },
  ];
}

const backendUrl = ({ backend }: WorkflowOptions) => (backend.kind === "s3" ? backend.url : "https://api.pulumi.com");

/** Of a step that uses `alone`. */
export const ALONE_ENV = { PULUMI_STACK: variable("PULUMI_STACK") };
/**
 * Shell that defines `alone LOG COMMAND...`: runs it and keeps what it says; where another run has the stack it waits for that one, 10 minutes at most.
 * The lock that a killed run leaves is a person's to take away: from here it looks like that of one which is at work.
 */
export const alone = (options: WorkflowOptions): string => `
alone() {
  local log="$1" code
  shift
  for _ in $(seq 60); do
    code=0
    "$@" 2>&1 | tee "$log" || code=$?
    if [ "$code" -eq 0 ] || ! grep --quiet --extended-regexp '${LOCKED}' "$log"; then return "$code"; fi
    echo "another run has the stack; again in 10 s"
    sleep 10
  done
  {
    echo "### $STACK is locked"
    echo "Another run has had it for 10 minutes, or was killed and left its lock. ${options.backend.kind === "s3" ? "Whose it is, and since when" : "Whose it is, Pulumi Cloud shows at the stack"}:"
    echo '\`\`\`'
    grep --extended-regexp --after-context 3 '${LOCKED}' "$log"
    echo '\`\`\`'
    echo "Once nobody is at it, in the folder of the program, and then this run again:"
    echo '\`\`\`'
    echo "pulumi login '${backendUrl(options)}'"
    echo "${unlock("$PULUMI_STACK")}"
    echo '\`\`\`'
  } >> "$GITHUB_STEP_SUMMARY"
  echo "::error::another run has had the stack for 10 minutes, or was killed and left its lock. Once nobody is at it: ${unlock("$PULUMI_STACK")}"
  return 1
}`;

/** A port of this machine that leads to the server's SSH, where it has no open one. */
export function way(options: WorkflowOptions): Step[] {
  if (options.reach === "direct") return [];
  return [
    {
      name: "Open a way to the server",
      why: "Session Manager carries the connection; the server has no open SSH port. The stack's configuration leads to this port.",
      ...at(options.programPath),
      run: `
instance="$(pulumi stack output instance)"
nohup aws ssm start-session --target "$instance" --document-name AWS-StartPortForwardingSession \\
  --parameters portNumber=22,localPortNumber=2222 > "$RUNNER_TEMP/tunnel.log" 2>&1 &
for _ in $(seq 300); do
  if (exec 3<> /dev/tcp/127.0.0.1/2222) 2> /dev/null; then exit 0; fi
  sleep 0.1
done
echo "::error::no way to $instance within 30 s"
cat "$RUNNER_TEMP/tunnel.log"
exit 1`,
    },
  ];
}
