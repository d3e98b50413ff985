import type { Rule } from "../rule.ts";
import { ambientRules } from "./ambients.ts";
import { budgetRules } from "./budgets.ts";
import { importRules } from "./imports.ts";
import { languageRules } from "./language.ts";
import { libraryRules } from "./libraries.ts";

/** Every rule that the repository is held against. */
export const allRules: readonly Rule[] = [...budgetRules, ...importRules, ...ambientRules, ...libraryRules, ...languageRules];
