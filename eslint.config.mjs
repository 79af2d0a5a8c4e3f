import tseslint from "typescript-eslint";

export default tseslint.config({ ignores: ["node_modules", ".local", "coverage", "application", "**/*.cjs"] }, ...tseslint.configs.recommendedTypeChecked, {
  languageOptions: {
    parserOptions: { projectService: { allowDefaultProject: ["eslint.config.mjs", "vitest.config.mts"] }, tsconfigRootDir: import.meta.dirname },
  },
  rules: {
    "@typescript-eslint/no-floating-promises": "error",
    "@typescript-eslint/require-await": "off",
    "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
  },
});
