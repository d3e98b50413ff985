import js from "@eslint/js";
import tseslint from "typescript-eslint";

// What the compiler and test/qa prove is not asked again here: unused names, any, sizes, imports, ambients.
export default tseslint.config(
  { ignores: ["node_modules/", "dist/", "coverage/", ".cache/", "**/generated/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-unused-vars": "off",
      "@typescript-eslint/no-explicit-any": "off",
      "@typescript-eslint/ban-ts-comment": "off",
      // `Promise<Value | void>` says best that an abort gives nothing.
      "@typescript-eslint/no-invalid-void-type": "off",
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      // Numbers and booleans in a text are what one expects them to be.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      // A promise that nobody awaits on purpose is marked with void.
      "@typescript-eslint/no-floating-promises": ["error", { ignoreVoid: true }],
      "@typescript-eslint/no-confusing-void-expression": "off",
      // An interface may promise what this implementation knows at once.
      "@typescript-eslint/require-await": "off",
      // A signal or field that was narrowed before an await may have changed since; the compiler does not know.
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/prefer-readonly": "error",
      // Contexts and hosts are made of closures; an unbound method of a class with private fields fails at its first call.
      "@typescript-eslint/unbound-method": "off",
      eqeqeq: "error",
      "no-param-reassign": "error",
      "no-implicit-coercion": "error",
      "no-unused-vars": "off",
      "no-undef": "off",
    },
  },
  {
    files: ["test/**/*.ts", "tools/**/*.ts", "bench/**/*.ts"],
    rules: {
      // Mocha's `it` and `describe` take functions that it awaits itself.
      "@typescript-eslint/no-floating-promises": ["error", { allowForKnownSafeCalls: [{ from: "file", name: ["describe", "it"] }] }],
      // A test may break a type on purpose to see that the code withstands it.
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  {
    files: ["**/*.mjs", "eslint.config.js"],
    languageOptions: { globals: { process: "readonly", console: "readonly", setTimeout: "readonly", URL: "readonly" } },
  },
);
