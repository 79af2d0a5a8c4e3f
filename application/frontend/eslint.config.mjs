import js from "@eslint/js";
import html from "eslint-plugin-html";
import globals from "globals";

export default [
  { ignores: ["node_modules", "coverage"] },
  js.configs.recommended,
  { files: ["**/*.js"], languageOptions: { sourceType: "commonjs", globals: globals.node } },
  // The page's own script.
  { files: ["**/*.html"], plugins: { html }, languageOptions: { sourceType: "script", globals: globals.browser } },
];
