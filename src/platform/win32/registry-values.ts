/** A value of the registry as a setting: a text, one with variables to fill in, or why it is none. */
export type RegistryValue = { readonly text: string; readonly expand?: true } | { readonly trouble: string };

/** The types that we write and read. */
export const registryTypes = { text: 1, expandable: 2, number: 4, texts: 7, longNumber: 11 } as const;

/** A value as the text of a setting: texts as they are, several joined by commas, numbers in decimal. */
export function decodeValue(type: number, data: Buffer): RegistryValue {
  switch (type) {
    case registryTypes.text: return { text: decodeText(data) };
    case registryTypes.expandable: return { text: decodeText(data), expand: true };
    case registryTypes.texts: return { text: data.toString("utf16le").split("\0").filter((text) => text !== "").join(",") };
    case registryTypes.number: return data.length === 4 ? { text: String(data.readUInt32LE()) } : shortened(type);
    case registryTypes.longNumber: return data.length === 8 ? { text: String(data.readBigUInt64LE()) } : shortened(type);
    default: return { trouble: `${renderType(type)} is no type of a setting; write it as REG_SZ` };
  }
}

/** A text as a value holds it, with its zero. */
export function encodeValue(text: string): Buffer {
  return Buffer.from(`${text}\0`, "utf16le");
}

// What ends a text is written by whoever sets the value, and may be missing or come twice.
function decodeText(data: Buffer): string {
  const text = data.toString("utf16le");
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

function shortened(type: number): RegistryValue {
  return { trouble: `its bytes are no ${renderType(type)}; write it again, as REG_SZ` };
}

const names: Readonly<Record<number, string>> = { 0: "REG_NONE", 3: "REG_BINARY", 4: "REG_DWORD", 5: "REG_DWORD_BIG_ENDIAN", 6: "REG_LINK", 11: "REG_QWORD" };

function renderType(type: number): string {
  return names[type] ?? `type ${type}`;
}
