export { renderSuggestion, suggest } from "../base/suggest.ts";
