import assert from "node:assert/strict";
import { Project } from "./project.ts";
import { renderFinding, renderFindings } from "./rule.ts";
import { allRules } from "./rules/index.ts";
import { renderSizes } from "./sizes.ts";

const repository = Project.fromFolder(".");

describe("the rules of the house", () => {
  for (const rule of allRules) {
    describe(`${rule.number}: ${rule.title}`, () => {
      it("holds in this repository", () => {
        const findings = [...rule.find(repository)];
        assert.ok(findings.length === 0, renderFindings(rule, findings));
      });

      for (const [index, { texts, finds }] of rule.bad.entries()) {
        it(`can fail: bad example ${index + 1}`, () => {
          const findings = [...rule.find(Project.fromTexts(texts))].map((finding) => renderFinding(finding));
          assert.ok(findings.some((finding) => finding.includes(finds)), `expected a finding with '${finds}', got: ${findings.join("; ") || "none"}`);
        });
      }

      it("leaves the good example alone", () => {
        assert.deepEqual([...rule.find(Project.fromTexts(rule.good))].map((finding) => renderFinding(finding)), []);
      });
    });
  }

  after(() => {
    console.log(`    ${renderSizes(repository)}`);
  });

  it("cover all fifteen, each with its reason, its remedy and a bad example", () => {
    const numbers = new Set(allRules.map((rule) => rule.number));
    assert.deepEqual(Array.from({ length: 15 }, (_, index) => index + 1).filter((number) => !numbers.has(number)), []);
    for (const rule of allRules) assert.ok(rule.bad.length > 0 && rule.why.length > 30 && rule.remedy.length > 20, rule.title);
  });
});
