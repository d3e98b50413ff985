import type { Rule } from "../rule.ts";
import { ambientRules } from "./ambients.ts";
import { artefactRules } from "./artefacts.ts";
import { budgetRules } from "./budgets.ts";
import { docsRules } from "./docs.ts";
import { importRules } from "./imports.ts";
import { languageRules } from "./language.ts";
import { libraryRules } from "./libraries.ts";
import { nameRules } from "./names.ts";
import { packageRules } from "./package.ts";
import { shapeRules } from "./shapes.ts";
import { testRules } from "./tests.ts";
import { verbRules } from "./verbs.ts";

/** Every rule that the repository is held against. */
export const allRules: readonly Rule[] = [
  ...budgetRules, ...importRules, ...ambientRules, ...libraryRules, ...languageRules, ...nameRules,
  ...verbRules, ...shapeRules, ...artefactRules, ...docsRules, ...testRules, ...packageRules,
];
