import node from "eslint-plugin-n";
import tseslint from "typescript-eslint";

/** What runs on a server, by the Node of its distribution: Ubuntu 24.04 has 18.19, Debian 13 has 20.19. */
const ON_A_SERVER = {
  files: ["server/**/*.ts", "release/**/*.ts"],
  plugins: { n: node },
  settings: { node: { version: "^18.19.0 || >=20.19.0" } },
  rules: {
    "n/no-unsupported-features/node-builtins": ["error", { allowExperimental: true }],
    "n/no-unsupported-features/es-builtins": "error",
    "no-restricted-syntax": [
      "error",
      { selector: "MemberExpression[property.name=/^to(Sorted|Reversed|Spliced)$/]", message: "Node 18 has none, and Ubuntu 24.04 has Node 18" },
    ],
  },
};

export default tseslint.config(
  { ignores: ["node_modules", ".local", "coverage", "application", "**/*.cjs"] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ["eslint.config.mjs", "vitest.config.mts"] }, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  ON_A_SERVER,
);
