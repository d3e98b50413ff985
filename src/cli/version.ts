import description from "../../package.json" with { type: "json" };

/** Version of the program, from package.json. */
export const version: string = description.version;

/** What `--version` prints. */
export const versionLine = `linkerd-mesh ${version}`;
