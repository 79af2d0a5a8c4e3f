/** Images: built once for a commit, on a machine of each platform's own kind, and from then on known by digest. */
import { expression, TOKEN, type Job, type Step } from "../model.ts";
import { abilitiesOf } from "../github-plan.ts";
import type { Part, Platform, WorkflowOptions } from "../options.ts";
import { checkout } from "../steps.ts";
import { RUNNER, RUNNERS } from "./runners.ts";

export const PARTS = ["backend", "frontend"] as const;

/** Each image and platform has its own; two that shared one would overwrite each other. */
export const cacheOf = (part: Part, platform: Platform): string => `type=gha,scope=${part.image.split("/").at(-1)}-${platform}`;

/**
 * Packages of the distribution are installed in a layer that the cache would keep for good, with what was found in them since. The Dockerfile takes the week
 * as `PACKAGES_OF`, so that each week's first build installs them anew.
 */
export const PACKAGES = {
  week: { name: "Which week's packages", id: "week", run: 'echo "of=$(date --utc +%G-W%V)" | tee --append "$GITHUB_OUTPUT"' },
  buildArgs: { "build-args": `PACKAGES_OF=${expression("steps.week.outputs.of")}` },
} as const;

/** A job for each image and platform, and `images`, whose outputs `backend` and `frontend` are image and digest. */
export function images(options: WorkflowOptions): Record<string, Job> {
  const { application } = options;
  const builds = Object.fromEntries(
    PARTS.flatMap((part) => application.platforms.map((platform): [string, Job] => [`build-${part}-${platform}`, build(part, application[part], platform)])),
  );
  return { ...builds, images: joined(options, Object.keys(builds)) };
}

function build(name: (typeof PARTS)[number], part: Part, platform: Platform): Job {
  return {
    name: `Build ${name} for ${platform}`,
    "runs-on": RUNNERS[platform],
    "timeout-minutes": 30,
    permissions: { contents: ["read", "check out"], packages: ["write", "push the image"] },
    outputs: { digest: expression("steps.there.outputs.digest || steps.build.outputs.digest") },
    steps: [
      checkout(),
      { name: "Set up Buildx", uses: "docker/setup-buildx-action" },
      login(),
      {
        name: "Was it built before?",
        id: "there",
        why: "A commit is built once: where the run is repeated, what is there is what goes on. A registry that does not answer has not said that nothing is there; one that refuses does so of a name that nothing was ever pushed under, too, and would refuse the push as well.",
        env: { IMAGE: `${part.image}:commit-${expression("github.sha")}-${platform}` },
        run: `
if digest="$(docker buildx imagetools inspect "$IMAGE" --format '{{json .Manifest.Digest}}' 2> "$RUNNER_TEMP/there.log" | jq --raw-output .)"; then
  echo "digest=$digest" | tee --append "$GITHUB_OUTPUT"
elif ! grep --quiet --extended-regexp ': not found$|403 Forbidden|denied' "$RUNNER_TEMP/there.log"; then
  cat "$RUNNER_TEMP/there.log"
  echo "::error::the registry does not say whether $IMAGE is there, and built again it would be another one: see above, and run the failed jobs again"
  exit 1
fi`,
      },
      PACKAGES.week,
      {
        name: "Build and push",
        id: "build",
        if: "steps.there.outputs.digest == ''",
        uses: "docker/build-push-action",
        with: {
          context: part.folder,
          platforms: `linux/${platform}`,
          push: true,
          tags: `${part.image}:commit-${expression("github.sha")}-${platform}`,
          labels: `org.opencontainers.image.source=${expression("github.server_url")}/${expression("github.repository")}\norg.opencontainers.image.revision=${expression("github.sha")}`,
          provenance: "mode=max",
          sbom: true,
          ...PACKAGES.buildArgs,
          "cache-from": cacheOf(part, platform),
          "cache-to": `${cacheOf(part, platform)},mode=max`,
        },
      },
    ],
  };
}

function joined(options: WorkflowOptions, builds: readonly string[]): Job {
  const { application } = options;
  const signed = abilitiesOf(options).attestations;
  const digests = Object.fromEntries(
    builds.map((id) => [id.replace("build-", "").replaceAll("-", "_").toUpperCase(), expression(`needs.${id}.outputs.digest`)]),
  );
  return {
    name: "Images of this commit",
    needs: builds,
    "runs-on": RUNNER,
    "timeout-minutes": 10,
    permissions: {
      packages: ["write", "push the index over all platforms"],
      ...(signed && {
        "id-token": ["write", "sign as this workflow"] as const,
        attestations: ["write", "keep the signature"] as const,
        "artifact-metadata": ["write", "record where the signed image is stored"] as const,
      }),
    },
    outputs: Object.fromEntries(PARTS.map((part) => [part, expression(`steps.${part}.outputs.image`)])),
    steps: [
      login(),
      ...PARTS.flatMap((part): Step[] => [
        {
          name: `One name for ${part}`,
          id: part,
          env: { IMAGE: application[part].image, COMMIT: expression("github.sha"), ...onlyOf(digests, part) },
          run: `
docker buildx imagetools create --tag "$IMAGE:commit-$COMMIT" ${application.platforms.map((platform) => `"$IMAGE@$${part.toUpperCase()}_${platform.toUpperCase()}"`).join(" ")}
digest="$(docker buildx imagetools inspect "$IMAGE:commit-$COMMIT" --format '{{json .Manifest.Digest}}' | jq --raw-output .)"
{ echo "image=$IMAGE@$digest"; echo "digest=$digest"; } | tee --append "$GITHUB_OUTPUT"
echo "- \\\`$IMAGE@$digest\\\`" >> "$GITHUB_STEP_SUMMARY"`,
        },
        ...(signed
          ? [
              {
                name: `Sign ${part}: this workflow built it, from this commit`,
                uses: "actions/attest" as const,
                with: { "subject-name": application[part].image, "subject-digest": expression(`steps.${part}.outputs.digest`), "push-to-registry": true },
              },
            ]
          : []),
      ]),
      {
        name: "Write down the digests",
        why: "A later release of this commit takes them from here, and not from a tag that somebody could move.",
        env: Object.fromEntries(PARTS.map((part) => [part.toUpperCase(), expression(`steps.${part}.outputs.image`)])),
        run: `jq --null-input '{ backend: env.BACKEND, frontend: env.FRONTEND }' > images.json`,
      },
      { name: "Keep the digests", uses: "actions/upload-artifact", with: { name: "images", path: "images.json", "retention-days": 90, overwrite: true } },
    ],
  };
}

const onlyOf = (digests: Record<string, string>, part: string) =>
  Object.fromEntries(Object.entries(digests).filter(([name]) => name.startsWith(part.toUpperCase())));

export const login = (): Step => ({
  name: "Log in to the registry",
  uses: "docker/login-action",
  with: { registry: "ghcr.io", username: expression("github.actor"), password: TOKEN },
});
