import hooks from "eslint-plugin-react-hooks";
import { readdirSync } from "node:fs";
import tseslint from "typescript-eslint";

const features = readdirSync("src/features");

/** Forbids imports by pattern. Imports between folders go through `@/`, never upwards. */
function forbid(message, patterns) {
  const upward = {
    regex: "^\\.\\./",
    message: "Import from other folders through `@/`.",
  };
  const group = patterns.map((regex) => ({ regex, message }));
  return { "no-restricted-imports": ["error", { patterns: [upward, ...group] }] };
}

const boundaries = features.map((feature) => ({
  files: [`src/features/${feature}/**`],
  rules: forbid(
    "A feature may import neither the app nor other features: move shared code to src/shared.",
    ["^@/app/", `^@/features/(?!${feature}/)`],
  ),
}));

export default tseslint.config(
  { ignores: ["dist", "node_modules", "public", "src/shared/api/generated.ts"] },
  ...tseslint.configs.strictTypeChecked,
  hooks.configs.flat.recommended,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.js"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "max-lines": ["error", { max: 250 }],
      "max-lines-per-function": ["error", { max: 90, skipBlankLines: true }],
      complexity: ["error", 12],
      eqeqeq: "error",
      "no-console": "error",
      // The virtual list (TanStack Virtual) is not compatible with the React compiler.
      "react-hooks/incompatible-library": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
    },
  },
  { files: ["src/**"], rules: forbid("", []) },
  {
    files: ["src/shared/**"],
    rules: forbid("Shared code may import neither the app nor features.", [
      "^@/app/",
      "^@/features/",
    ]),
  },
  ...boundaries,
  { files: ["**/*.test.ts", "**/*.test.tsx"], rules: { "max-lines": ["error", { max: 400 }] } },
  { files: ["eslint.config.js"], ...tseslint.configs.disableTypeChecked },
);
