import { z } from "zod";
import type { MeshError } from "../../model/errors.ts";
import type { Resolution } from "../../model/settings/resolve.ts";
import type { Row } from "../../model/settings/row.ts";
import { settingKeys, settingRow, type SettingKey } from "../../model/settings/settings.ts";

/** A problem as `--output json` prints it. */
export const problemSchema = z.strictObject({
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
  /** The setting as its author wrote it. */
  target: z.string().optional(),
});

/** Something worth knowing that stops nothing. */
export const noticeSchema = z.strictObject({ setting: z.string().optional(), message: z.string() });

/** A setting with its value and origin; without a value it has neither. */
export const settingSchema = z.strictObject({
  setting: z.string(),
  value: z.string().optional(),
  origin: z.enum(["policy", "flag", "environment", "file", "registry", "group", "derived", "default"]).optional(),
  /** Where somebody said it: the flag, the variable, the line of the file. */
  saidBy: z.string().optional(),
});

/** What `config show` prints. */
export const reportSchema = z.strictObject({
  configFile: z.string().optional(),
  settings: z.array(settingSchema),
  notices: z.array(noticeSchema),
  problems: z.array(problemSchema),
});

/** All settings of one side with their origins, and all that is wrong. */
export type Report = z.infer<typeof reportSchema>;

/** What stands in place of a secret. */
export const mask = "(secret)";

/** The value as it may be shown. */
export function showable(row: Pick<Row<unknown>, "secret">, text: string): string {
  return row.secret === true ? mask : text;
}

/** Turns a resolution into what `config show` prints. */
export function reportOf(resolution: Resolution, side: "machine" | "server", configFile: string | undefined): Report {
  return {
    ...(configFile !== undefined && { configFile }),
    settings: settingKeys.filter((key) => isOf(key, side)).map((key) => reportSetting(key, resolution)),
    ...judgementOf(resolution),
  };
}

/** The notices and problems alone. */
export function judgementOf({ notices, problems }: Pick<Resolution, "notices" | "problems">): Pick<Report, "notices" | "problems"> {
  return {
    notices: notices.map(({ key, text }) => ({ ...(key !== undefined && { setting: key }), message: text })),
    problems: problems.map(reportProblem),
  };
}

function isOf(key: SettingKey, side: "machine" | "server"): boolean {
  const { of = "machine" } = settingRow(key);
  return of === side || of === "both";
}

function reportSetting(key: SettingKey, { resolved }: Resolution): Report["settings"][number] {
  const found = resolved.get(key);
  if (found === undefined) return { setting: key };
  const { text, origin, where } = found;
  return { setting: key, value: showable(settingRow(key), text), origin, ...(where !== undefined && { saidBy: where }) };
}

function reportProblem({ code, what, remedy, target }: MeshError): Report["problems"][number] {
  return { code, message: what, remedy, ...(target !== undefined && { target }) };
}
