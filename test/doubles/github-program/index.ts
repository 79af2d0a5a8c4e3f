/** What the stacks of this repository have at GitHub, by their own settings and components; their servers are left out. */
import { awsAccount } from "../../../components/aws-account/index.ts";
import { githubSide } from "../../../github.ts";
import { loadSettings } from "../../../settings/index.ts";
import { checkout } from "../../../tools/cache.ts";

const { cloud, github } = loadSettings(checkout);
githubSide(github!, cloud && awsAccount("aws", cloud.account));
