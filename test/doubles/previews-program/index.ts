/**
 * What a stack of this repository has at Pulumi Cloud, by its own settings and components. The state of a test is in a folder, which knows no
 * organizations: the configuration can name one as if it were elsewhere.
 */
import * as pulumi from "@pulumi/pulumi";
import { accessSide, previewSide } from "../../../previews.ts";
import { checkPreviews, previewsForm, previewsSettings } from "../../../settings/previews.ts";
import { githubForm } from "../../../settings/github-form.ts";
import { pulumiAccess } from "../../../settings/pulumi-access.ts";

const config = new pulumi.Config();
const values = {
  previews: previewsForm.parse(config.requireObject("previews")),
  github: githubForm.parse(config.requireObject("github")),
  repository: config.require("repository"),
};
const organization = new pulumi.Config("doubles").get("organization") ?? pulumi.getOrganization();
const wrong = checkPreviews(values, pulumi.getStack());
if (wrong.length > 0) throw new pulumi.RunError(wrong.map(({ says }) => says).join("\n"));
const role = config.get("role");
previewSide(
  previewsSettings(values, { organization, project: pulumi.getProject(), stack: pulumi.getStack() })!,
  role === undefined ? undefined : pulumi.output(role),
);

const [owner = "", repository = ""] = values.repository.split("/");
const access = pulumiAccess({
  github: values.github,
  application: "recoloca",
  owner,
  repository,
  organization,
  project: pulumi.getProject(),
  byWorkflow: true,
});
if (access) accessSide(access);
